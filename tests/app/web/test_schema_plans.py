"""Pages of plans and publications: seen first, agreed to, done, taken back."""

import re

import pytest

from tests.support.postgres import create_database
from tests.support.publishing import (
    file_of,
    install_small,
    major,
    opened,
    write_form,
)
from tests.support.schema_pages import (
    draft_of,
    hand_in,
    open_pages,
    sign_in,
    store_rows,
)

PLAN, HISTORY = "/admin/schemas/plan/", "/admin/schemas/history/"


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'tianbao.sqlite'}"


@pytest.fixture
def postgresql_url(postgres_server):
    with create_database(postgres_server) as url:
        yield url


@pytest.fixture
def config(database_url, tmp_path):
    return install_small(database_url, tmp_path)


@pytest.fixture
def folder(config):
    return config.forms_folder


@pytest.fixture
def workshop(config):
    with opened(config) as workshop:
        yield workshop


@pytest.fixture
def app(config, workshop):
    return open_pages(config, workshop)


@pytest.fixture
def administrator(app):
    return sign_in(app, "guan")


def find_hash(page):
    return re.search(r'name="hash" value="([^"]+)"', page).group(1)


def agree(browser, url, **said):
    """Read a plan, then agree to it."""
    page = browser.get(url).text
    fields = {"hash": find_hash(page), "reason": "部里更正", **said}
    return browser.post(url, fields, page="")


def plan_of(draft):
    return f"/admin/schemas/drafts/{draft.id}/plan/"


def test_nothing_to_do_is_said_so(administrator):
    assert "数据库与表单文件一致" in administrator.get(PLAN).text


def test_files_that_changed_on_disk_are_planned_for(administrator, folder):
    (folder / file_of("M")).write_text(write_form(major(level="text")), "utf-8")
    page = administrator.get(PLAN).text
    assert "加字段" in page
    assert "待确认" in page


def test_a_draft_is_published_as_its_plan_said(administrator, workshop, folder):
    draft = draft_of(workshop, M=major(level="text"))
    answer = agree(administrator, plan_of(draft))
    assert answer.status_code == 303, answer.text
    page = administrator.get(answer.location).text
    assert "部里更正" in page
    assert "加字段" in page
    assert "level" in (folder / file_of("M")).read_text("utf-8")
    assert "部里更正" in administrator.get(HISTORY).text


def test_a_plan_is_not_carried_out_without_a_reason(administrator, workshop):
    draft = draft_of(workshop, M=major(level="text"))
    answer = agree(administrator, plan_of(draft), reason=" ")
    assert answer.status_code == 422
    assert "请写明为什么改" in answer.text


def test_a_plan_that_nobody_saw_is_refused(administrator, workshop, folder):
    draft = draft_of(workshop, M=major(level="text"))
    answer = agree(administrator, plan_of(draft), hash="0" * 16)
    assert answer.status_code == 409
    assert "什么都没有改动" in answer.text
    assert "level" not in (folder / file_of("M")).read_text("utf-8")


def test_a_loss_takes_a_tick_and_a_reason(administrator, workshop):
    store_rows(workshop, "M", {"code": "1", "name": "甲"})
    lossy = major()
    del lossy["properties"]["name"]
    draft = draft_of(workshop, M=lossy)
    page = administrator.get(plan_of(draft)).text
    name = re.search(r'name="accept" value="([^"]+)"', page).group(1)
    assert agree(administrator, plan_of(draft)).status_code == 409
    half = agree(administrator, plan_of(draft), accept=name)
    assert half.status_code == 409
    assert f'value="{name}" checked' in half.text
    done = agree(
        administrator,
        plan_of(draft),
        **{"accept": name, f"reason|{name}": "通知里没有这一栏了"},
    )
    assert done.status_code == 303, done.text
    assert "通知里没有这一栏了" in administrator.get(done.location).text


def test_forms_in_reviewers_hands_are_named_before(administrator, workshop):
    store_rows(workshop, "M", {"code": "1", "name": "甲"})
    hand_in(workshop, "M")
    draft = draft_of(workshop, M=major(level="text"))
    page = administrator.get(plan_of(draft)).text
    assert "第 1 单位" in page
    assert "待审" in page


def test_faults_of_a_draft_stand_above_its_plan(administrator, workshop):
    broken = major(level="text")
    broken["properties"]["level"]["x-unti"] = "级"
    draft = draft_of(workshop, M=broken)
    page = administrator.get(plan_of(draft)).text
    assert "x-unti" in page
    assert "还不能执行" in page
    fields = {"hash": "0" * 16, "reason": "部里更正"}
    assert administrator.post(plan_of(draft), fields, page="").status_code == 409


def test_a_new_id_under_an_old_label_is_asked_about(administrator, workshop):
    renamed = major()
    renamed["properties"]["full_name"] = renamed["properties"].pop("name")
    page = administrator.get(plan_of(draft_of(workshop, M=renamed))).text
    assert "请再看一眼" in page
    assert "x-was" in page


def test_what_has_to_be_mended_is_listed_with_its_page(administrator, workshop):
    store_rows(workshop, "M", {"code": "1", "name": "甲"})
    wanted = major(level="text")
    wanted["required"] = ["level"]
    done = agree(administrator, plan_of(draft_of(workshop, M=wanted)))
    page = administrator.get(done.location).text
    assert "/forms/test/M/?at=1-1" in page
    assert "第 1 单位" in page


def test_a_publication_is_taken_back_by_a_plan(administrator, workshop, folder):
    draft = draft_of(workshop, M=major(level="text"))
    done = agree(administrator, plan_of(draft))
    back = f"{done.location}revert/"
    assert "停用字段" in administrator.get(back).text
    undone = agree(administrator, back, reason="通知撤回了")
    assert undone.status_code == 303, undone.text
    assert (folder / file_of("M")).read_text("utf-8") == write_form(major())
    assert "已撤销" in administrator.get(done.location).text
    assert administrator.get(back).status_code == 409


def test_the_texts_before_and_after_are_compared(administrator, workshop):
    done = agree(administrator, plan_of(draft_of(workshop, M=major(level="text"))))
    page = administrator.get(done.location).text
    assert 'class="add"' in page
    assert "test/2024/M.json" in page


@pytest.mark.parametrize("path", [PLAN, HISTORY, f"{HISTORY}1/"])
def test_others_see_nothing_of_it(app, path):
    assert sign_in(app, "tian").get(path).status_code == 403


def test_a_publication_that_is_not_there_is_not_found(administrator):
    assert administrator.get(f"{HISTORY}99/").status_code == 404
