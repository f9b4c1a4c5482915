"""The command line: results, messages, exit codes; the server as a real process."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook
from sqlalchemy import select, update

from app.cli import main
from app.models import ExportJob, FormDeclaration, JobState, User
from app.services.installation import CONSOLE
from app.storage.engine import open_engine
from form_schemas.folders import SCHEMAS_FOLDER
from tests.support.imports import SAMPLES

pytestmark = pytest.mark.long

MAJORS_FILE = str(SAMPLES / "01_0.1.1开设专业基础信息表.xlsx")
FAULTY_FILE = str(SAMPLES / "07_2.13.2奖助学情况表.xlsx")
OTHER_FORMS_FILE = str(SAMPLES / "12_0.1.3校内教师（交来的却是校外教师表）.xlsx")


@pytest.fixture
def settings(database_url, tmp_path):
    return make_settings(database_url, tmp_path / "data")


@pytest.fixture
def tianbao(settings):
    """Call a command: `tianbao("import", …)` gives its exit code and output."""
    return Caller(settings)


@pytest.fixture
def filled(installed_url, data_folder):
    """Call a command for the demo school, which has no rows."""
    return Caller(make_settings(installed_url, data_folder))


def test_every_command_has_help(tianbao):
    answer = tianbao("--help")
    assert answer.exit_code == 0
    for command in main.commands:
        assert tianbao(command, "--help").exit_code == 0
        assert f"\n  {command}" in answer.output


def test_demo_prints_its_accounts_and_fills_once(tianbao):
    few = ("--students", "20", "--units", "20")
    first = tianbao("demo", *few)
    assert (first.exit_code, "新造 0 行" in first.output) == (0, False)
    again = tianbao("demo", *few)
    assert "新造 0 行" in again.output
    assert "reviewer\t演示审核人\t" in again.output


def test_import_reports_in_the_agreed_words(filled):
    answer = filled("import", "talent/2.13.2", FAULTY_FILE, "--json")
    report = json.loads(answer.stdout)
    assert answer.exit_code == 1
    assert report["outcome"] == "partly"
    assert report["rows_read"] == 26
    assert {"row", "field", "kind", "message"} <= set(report["problems"][0])


def test_import_of_another_forms_file_is_refused(filled):
    answer = filled("import", "talent/0.1.3", OTHER_FORMS_FILE, "--json")
    report = json.loads(answer.stdout)
    assert (answer.exit_code, report["outcome"]) == (3, "refused_file")
    assert report["refusal"] == "other_form"


def test_passed_rows_are_exported_and_come_back_unchanged(filled, tmp_path):
    answer = filled("import", "talent/0.1.1", MAJORS_FILE, "--pass")
    assert (answer.exit_code, "新增 24 行" in answer.output) == (0, True)
    again = filled("import", "talent/0.1.1", MAJORS_FILE, "--pass")
    assert "没有重复导入" in again.output
    target = str(tmp_path / "out.xlsx")
    assert filled("export", "talent/0.1.1", "-o", target).exit_code == 0
    back = json.loads(filled("import", "talent/0.1.1", target, "--json").stdout)
    assert (back["rows_added"], back["rows_updated"]) == (0, 0)
    assert back["rows_unchanged"] == 24


def test_totals_below_the_data_are_left_out_and_named(filled, tmp_path):
    target = tmp_path / "majors.xlsx"
    workbook = load_workbook(MAJORS_FILE)
    sheet = workbook.worksheets[0]
    sheet.append(["合计", *[None] * 8, 120])
    number = sheet.max_row
    workbook.save(target)
    answer = filled("import", "talent/0.1.1", str(target), "--json")
    report = json.loads(answer.stdout)
    assert (report["rows_read"], report["rows_faulty"]) == (24, 0)
    assert report["totals"] == [{"number": number, "text": "合计"}]
    again = filled("import", "talent/0.1.1", str(target), "--dry-run")
    assert f"末尾的合计行（没有导入）：第 {number} 行“合计”" in again.stdout


def test_a_dry_run_changes_nothing(filled):
    first = filled("import", "talent/0.1.1", MAJORS_FILE, "--dry-run", "--json")
    assert json.loads(first.stdout)["rows_added"] == 24
    second = filled("import", "talent/0.1.1", MAJORS_FILE, "--dry-run", "--json")
    assert json.loads(second.stdout)["rows_added"] == 24


def test_personal_data_leave_in_full_with_a_reason_only(filled, tmp_path):
    target = str(tmp_path / "people.csv")
    assert filled("export", "talent/0.1.5", "-o", target, "--unmasked").exit_code == 3
    assert not list_exports(filled.database_url)
    answer = filled(
        "export", "talent/0.1.5", "-o", target, "--unmasked", "--reason", " 核对 "
    )
    assert answer.exit_code == 0
    [job] = list_exports(filled.database_url)
    assert job.details == {"unmasked": True, "reason": "核对"}


def test_an_export_is_kept_with_its_form_its_rows_and_who_made_it(filled, tmp_path):
    filled("import", "talent/0.1.1", MAJORS_FILE, "--pass")
    target = str(tmp_path / "out.csv")
    assert filled("export", "talent/0.1.1", "-o", target).exit_code == 0
    [job] = list_exports(filled.database_url)
    assert (job.form_names, job.file_format) == (["talent/2024/0.1.1"], "csv")
    assert (job.job_state, job.total, job.username) == (JobState.DONE, 24, CONSOLE)
    assert job.details == {"unmasked": False, "reason": ""}
    # Workers leave alone what was made at once.
    assert filled("worker", "--once").exit_code == 0
    assert list_exports(filled.database_url) == [job]


def test_template_opens(tianbao, tmp_path):
    target = tmp_path / "template.xlsx"
    assert tianbao("template", "talent/0.1.5", "-o", str(target)).exit_code == 0
    assert load_workbook(target).worksheets[0]["A1"].value


def test_a_template_is_made_for_a_round_that_is_named(filled, tmp_path):
    target = str(tmp_path / "template.xlsx")
    answer = filled("template", "talent/0.1.5", "--unit", "1", "-o", target)
    assert answer.exit_code == 0
    assert "检查" in load_workbook(target).sheetnames


def test_an_unknown_form_is_a_usage_error_with_suggestions(tianbao):
    answer = tianbao("template", "talent/0.1.55")
    assert answer.exit_code == 2
    assert "talent/0.1.5" in answer.output


def test_an_unknown_unit_is_named(filled):
    answer = filled("import", "talent/0.1.1", MAJORS_FILE, "--unit", "nowhere")
    assert answer.exit_code == 3
    assert "nowhere" in answer.output
    assert "demo-school" in answer.output


def test_schemas_are_clean_and_applied(filled):
    assert filled("schemas", "lint").exit_code == 0
    assert "没有要做的变更" in filled("schemas", "plan").output
    assert filled("schemas", "apply", "0" * 64).exit_code == 3


def test_rules_are_listed_with_examples(tianbao):
    answer = tianbao("schemas", "rules", "talent/1.2.2")
    assert answer.exit_code == 0
    assert "验收年月不能早于立项年月（错误，acceptance_date_order）" in answer.output
    assert "  违反的例子：" in answer.output


def test_rows_are_judged_anew_where_their_file_changed(filled):
    filled("import", "talent/0.1.1", MAJORS_FILE, "--pass")
    engine = open_engine(filled.database_url)
    with engine.begin() as connection:
        connection.execute(update(FormDeclaration).values(judged_by="another file"))
    engine.dispose()
    answer = filled("schemas", "apply")
    assert answer.exit_code == 0
    assert "talent/2024/0.1.1 的表单文件有改动" in answer.stderr
    assert "重新检查了 1 张表的 24 行" in answer.stderr
    assert "重新检查" not in filled("schemas", "apply").stderr


def test_lint_tells_file_place_and_fault(tianbao, tmp_path):
    edition = tmp_path / "talent" / "2024"
    edition.mkdir(parents=True)
    (edition / "collection.json").write_text("{}", encoding="utf-8")
    (edition / "1.1.json").write_text("{", encoding="utf-8")
    answer = tianbao("schemas", "lint", str(tmp_path))
    assert answer.exit_code == 1
    assert "talent/2024/1.1.json:1:2 #：" in answer.output


def test_lint_tells_the_line_and_the_column_of_a_fault(tianbao, tmp_path):
    folder = tmp_path / "talent" / "2024"
    shutil.copytree(SCHEMAS_FOLDER / "talent" / "2024", folder)
    path = folder / "1.2.1.json"
    text = path.read_text("utf-8").replace('"maximum": 6', '"maximun": 6')
    path.write_text(text, "utf-8")
    (line,) = [n for n, one in enumerate(text.split("\n"), 1) if "maximun" in one]
    column = text.split("\n")[line - 1].index('"maximun"') + 1
    for named in (tmp_path, folder.parent, folder, path):
        answer = tianbao("schemas", "lint", str(named))
        place = f"talent/2024/1.2.1.json:{line}:{column} "
        assert f"{place}#/properties/study_years/maximun：" in answer.output


def test_an_edition_is_documented_as_a_workbook(filled, tmp_path):
    path = tmp_path / "说明.xlsx"
    answer = filled("schemas", "document", "group/2014", "--out", str(path))
    assert (answer.exit_code, "24 张表" in answer.stderr) == (0, True)
    assert load_workbook(path).sheetnames == ["目录", "字段", "选项", "规则"]
    wrong = filled("schemas", "document", "group/2041", "--out", str(path))
    assert (wrong.exit_code, "group/2014" in wrong.stderr) == (3, True)
    assert filled("schemas", "document", "group").exit_code == 2


def test_accounts_are_added_listed_and_closed(filled):
    added = filled(
        "user",
        "add",
        "lin",
        "--name",
        "林",
        "--role",
        "filler",
        "--unit",
        "demo-school",
    )
    assert added.exit_code == 0
    assert filled("user", "deactivate", "lin").exit_code == 0
    line = next(
        line
        for line in filled("user", "list").stdout.splitlines()
        if line.startswith("lin\t")
    )
    assert "停用" in line
    assert filled("user", "password", "nobody").exit_code == 3


def test_a_unit_is_added_and_reports_in_a_round(tianbao):
    tianbao("schemas", "apply")
    added = tianbao("unit", "add", "s1", "--name", "一校", "--collection", "talent")
    assert added.exit_code == 0
    assert tianbao("unit", "list").stdout == "s1\t一校\t学校\ttalent\n"
    first = tianbao("round", "open", "talent").stdout.strip()
    assert tianbao("round", "close", first).exit_code == 0
    second = tianbao("round", "open", "talent", "--title", "第二轮").stdout.strip()
    listed = tianbao("round", "list").stdout
    assert "第二轮\t开放" in listed
    # Forms of no period have a round of their own, which nobody closes.
    (standing,) = (
        line.split("\t")[0]
        for line in listed.splitlines()
        if line.split("\t")[0] not in (first, second)
    )
    refused = tianbao("round", "close", standing)
    assert (refused.exit_code, "一直开放" in refused.stderr) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("unit", "add", "demo-school", "--name", "甲", "--collection=talent"), "换"),
        (("unit", "add", "s1", "--name", "甲", "--collection", "nothing"), "没有"),
        (("round", "open", "talent"), "还开着"),
        (("round", "open", "talent", "--edition", "1999"), "没有"),
        (("round", "close", "99"), "没有轮次"),
    ],
)
def test_units_and_rounds_that_cannot_be_are_refused(filled, arguments, part):
    answer = filled(*arguments)
    assert answer.exit_code == 3
    assert part in answer.stderr


def test_roles_prints_the_policy(tianbao):
    assert "| 填报员" in tianbao("roles").output


def test_a_database_that_is_away_is_said_so(tmp_path):
    settings = {
        "TIANBAO_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "TIANBAO_DATA_FOLDER": str(tmp_path),
    }
    answer = CliRunner().invoke(main, ["user", "list"], env=settings)
    assert answer.exit_code == 3
    assert "数据库" in answer.output


def test_the_server_answers_and_keeps_data_over_a_restart(settings, tmp_path):
    port = find_free_port()
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--port", str(port)],
            env={**os.environ, **settings},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert wait_for(f"http://127.0.0.1:{port}/healthz")["status"] == "ok"
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


def make_settings(url, folder):
    return {
        "TIANBAO_DATABASE_URL": url,
        "TIANBAO_DATA_FOLDER": str(folder),
    }


class Caller:
    def __init__(self, settings):
        self._settings = settings
        self.database_url = settings["TIANBAO_DATABASE_URL"]

    def __call__(self, *arguments):
        return CliRunner().invoke(main, arguments, env=self._settings)


def list_exports(url):
    engine = open_engine(url)
    with engine.connect() as connection:
        found = connection.execute(
            select(ExportJob.__table__, User.username).join(
                User, User.id == ExportJob.actor_id
            )
        ).all()
    engine.dispose()
    return found


def find_free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url):
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.load(answer)
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline
            time.sleep(0.1)
