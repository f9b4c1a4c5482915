"""Commands that take data in and out: template, import, export, demo."""

import json
import sys
from pathlib import Path

import click

from app.cli.console import (
    OK,
    PROBLEMS,
    REFUSED,
    end_progress,
    get_form,
    open_console,
    show_progress,
    tell,
)
from app.config import load_config
from app.errors import Refused
from app.jobs import make_name
from app.models import ExportKind, ImportState
from app.services.demo import (
    DEFAULT_SEED,
    DEFAULT_STUDENTS,
    describe_accounts,
    fill_demo,
)
from app.services.demo_nation.filling import (
    DEFAULT_UNITS,
    describe_nation_accounts,
    fill_demo_nation,
)
from app.services.demo_story import play_demo
from app.services.export_orders import ExportOrder
from app.services.exporting import FORMATS, name_export, write_order
from app.services.import_orders import Mode, Order, start_import
from app.services.importing import run_import
from app.services.installation import find_scope, get_console_user, load_forms
from app.services.passing import discard_import, pass_rows
from app.services.reports import ImportReport, make_report
from app.services.templates import write_template_for
from app.services.workshop import Workshop
from exporters.template import write_template
from form_schemas.rule_spec import LEVEL_WORDS
from form_schemas.spec import FormSpec
from validators.check import waiting_rules
from validators.messages import describe

_SHOWN_PROBLEMS = 50
_REASON = "命令行导入时一并通过"

_unit = click.option("--unit", help="单位的编号、名称或 id；只有一个时可以不写。")
_round = click.option(
    "--round", "round_name", help="轮次的名称或 id；不写时取本版最新开放的一轮。"
)


@click.command()
@click.argument("form")
@_unit
@_round
@click.option("-o", "--output", type=click.Path(path_type=Path), help="写到哪个文件。")
def template(
    form: str, unit: str | None, round_name: str | None, output: Path | None
) -> None:
    """生成表单 FORM（如 talent/1.1.4）的空白模板。

    写明 --unit 或 --round 时，按那个单位、那一轮的统计时期生成，并带上期的数值。
    """
    if unit is None and round_name is None:
        forms = load_forms(load_config())
        spec = get_form(forms, form)
        target = output or _name_template(spec)
        with target.open("wb") as stream:
            write_template(spec, forms, stream)
    else:
        _, workshop = open_console()
        spec = get_form(workshop.catalogue, form)
        scope = find_scope(workshop.engine, spec, unit, round_name)
        target = output or _name_template(spec)
        with target.open("wb") as stream:
            write_template_for(workshop.engine, workshop.catalogue, spec, scope, stream)
    click.echo(target)


def _name_template(form: FormSpec) -> Path:
    return Path(f"{form.code}{form.title}（模板）.xlsx".replace("/", "／"))


@click.command("import")
@click.argument("form")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_unit
@_round
@click.option(
    "--stage",
    "mode",
    flag_value="stage",
    default=True,
    help="放进临时库，等人核对（默认）。",
)
@click.option("--pass", "mode", flag_value="pass", help="没有错误的行直接入正式库。")
@click.option("--dry-run", "mode", flag_value="dry_run", help="只检查，什么都不留下。")
@click.option("--reason", default=_REASON, help="有警告的行入库的理由。")
@click.option("--json", "as_json", is_flag=True, help="结果写成 JSON。")
def import_(
    form: str,
    file: Path,
    unit: str | None,
    round_name: str | None,
    mode: str,
    reason: str,
    as_json: bool,
) -> None:
    """把工作簿 FILE 导入表单 FORM，报告每一处问题。

    退出码：0 每行都没有错误；1 有的行有错；3 整份文件没有被接收。
    """
    _, workshop = open_console()
    spec = get_form(workshop.catalogue, form)
    scope = find_scope(workshop.engine, spec, unit, round_name)
    actor_id = get_console_user(workshop.engine)
    order = Order(spec, scope, actor_id, file, file.name, Mode(mode))
    report, message = _import(workshop, order, reason)
    if as_json:
        found = report.to_json()
        if message:
            found |= {"message": message, "repeated": True}
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        _show(report, message)
    sys.exit(_exit_code(report))


@click.command()
@click.argument("form")
@_unit
@_round
@click.option("-o", "--output", type=click.Path(path_type=Path), help="写到哪个文件。")
@click.option("--format", "file_format", type=click.Choice(FORMATS), help="文件格式。")
@click.option("--unmasked", is_flag=True, help="个人信息不遮蔽；要写明理由。")
@click.option("--reason", default="", help="不遮蔽的理由，必须写明，记入导出记录。")
def export(
    form: str,
    unit: str | None,
    round_name: str | None,
    output: Path | None,
    file_format: str | None,
    unmasked: bool,
    reason: str,
) -> None:
    """把表单 FORM 的正式数据导出为 xlsx 或 csv。

    导出了什么、多少行、是否遮蔽和理由，都记在导出记录里。
    """
    if unmasked and not reason.strip():
        raise Refused("导出完整的个人信息要用 --reason 写明理由。")
    _, workshop = open_console()
    spec = get_form(workshop.catalogue, form)
    scope = find_scope(workshop.engine, spec, unit, round_name)
    suffix = output.suffix.lstrip(".").lower() if output else ""
    chosen = file_format or (suffix if suffix in FORMATS else "xlsx")
    target = output or Path(name_export(spec, chosen))
    order = ExportOrder(
        ExportKind.EXPORT,
        (spec,),
        scope,
        get_console_user(workshop.engine),
        file_format=chosen,
        is_unmasked=unmasked,
        reason=reason.strip(),
    )
    rows = write_order(workshop, order, target, show_progress("已导出 {} 行"))
    end_progress()
    tell(f"导出 {rows} 行。")
    click.echo(target)


@click.command()
@click.option(
    "--students",
    type=click.IntRange(1, 200_000),
    default=DEFAULT_STUDENTS,
    show_default=True,
    help="学生（人员主表）的行数。",
)
@click.option(
    "--seed", type=int, default=DEFAULT_SEED, show_default=True, help="种子。"
)
@click.option(
    "--units",
    type=click.IntRange(0, 5000),
    default=DEFAULT_UNITS,
    show_default=True,
    help="全国平台上填报单位的个数，0 不造。",
)
def demo(students: int, seed: int, units: int) -> None:
    """给每张表造演示数据，并建好演示单位、轮次和账号。

    同样的种子造出同样的数据；已有数据的轮次不动。人名、证件号都是编造的。
    """
    _, workshop = open_console()
    progress = show_progress("已写入 {} 张表")
    done = 0

    def count(_form: str, _rows: int) -> None:
        nonlocal done
        done += 1
        progress(done)

    rows = fill_demo(
        workshop.engine,
        workshop.catalogue,
        students=students,
        seed=seed,
        tell=count,
    )
    end_progress()
    play_demo(workshop)
    rows += fill_demo_nation(workshop, units=units, seed=seed)
    tell(f"新造 {rows} 行。演示账号（用户名、姓名或账号类型、密码）：")
    nation = describe_nation_accounts(workshop.catalogue, units=units, seed=seed)
    for account in (*describe_accounts(workshop.catalogue), *nation):
        click.echo("\t".join(account))


def _import(workshop: Workshop, order: Order, reason: str) -> tuple[ImportReport, str]:
    """Do at once what a worker would do; also says whether it was done before."""
    holder = make_name()
    started = start_import(workshop, order, holder)
    if not started.is_repeated:
        progress = show_progress("已读到第 {} 行")
        run_import(workshop, started.import_id, holder, progress)
        end_progress()
    report = make_report(workshop, started.import_id)
    if started.is_repeated:
        report = report.as_repeated()
    if order.mode is Mode.PASS and report.job.state is ImportState.STAGED:
        pass_rows(workshop, None, started.import_id, reason=reason)
        report = make_report(workshop, started.import_id)
    if order.mode is Mode.DRY_RUN:
        discard_import(workshop, started.import_id)
    return report, started.message


def _show(report: ImportReport, message: str) -> None:
    job = report.job
    if message:
        click.echo(message)
    if job.refusal:
        click.echo(f"文件没有被接收：{job.refusal_message}")
        return
    click.echo(
        f"读到 {job.rows_read} 行：{job.rows_clean} 行没有错误，"
        f"{job.rows_faulty} 行有错，{job.rows_warned} 行只有警告。"
        f"新增 {report.rows_added} 行，更新 {report.rows_updated} 行，"
        f"无变化 {report.rows_unchanged} 行。"
    )
    if job.columns_missing:
        labels = [report.form.by_id[name].label for name in job.columns_missing]
        click.echo(f"文件里没有的列（原值不动）：{'、'.join(labels)}")
    if job.columns_unknown:
        click.echo(f"本表没有的列（没有读）：{'、'.join(job.columns_unknown)}")
    if report.totals:
        told = (f"第 {total.number} 行“{total.text}”" for total in report.totals)
        click.echo(f"末尾的合计行（没有导入）：{'、'.join(told)}")
    if rules := len(waiting_rules(report.form)):
        click.echo(f"没有判断的规则：{rules} 条，入库后用 tianbao check 检查。")
    for problem in report.problems[:_SHOWN_PROBLEMS]:
        word = LEVEL_WORDS[problem.level]
        click.echo(f"{word}\t{describe(report.form, problem)}")
    left = report.problems_total - _SHOWN_PROBLEMS
    if left > 0:
        click.echo(f"另有 {left} 处，用 --json 可以看全。")


def _exit_code(report: ImportReport) -> int:
    if report.job.refusal or report.job.outcome is None:
        return REFUSED
    return PROBLEMS if report.job.rows_faulty else OK
