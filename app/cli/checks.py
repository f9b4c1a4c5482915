"""The command that checks a unit's round by all rules."""

import json
import sys

import click

from app.cli.console import (
    OK,
    PROBLEMS,
    USAGE,
    end_progress,
    fail,
    get_form,
    open_console,
    show_progress,
)
from app.models import RuleState
from app.services.check_reports import (
    STATE_WORDS,
    CheckReport,
    FormCheck,
    RuleLine,
    find_report,
    see_all,
)
from app.services.checking import run_check
from app.services.installation import find_reporting_scope, get_console_actor
from app.services.workshop import Workshop
from app.storage.records import Scope
from form_schemas.catalogue import Edition
from form_schemas.rule_spec import LEVEL_WORDS
from form_schemas.spec import FormSpec


@click.command()
@click.option("--unit", help="单位的编号、名称或 id；只有一个时可以不写。")
@click.option("--round", "round_name", help="轮次的名称或 id；不写时取最新开放的一轮。")
@click.option(
    "--form", "names", multiple=True, help="只检查这张表，如 talent/1.1.4；可以写几个。"
)
@click.option("--all", "shows_all", is_flag=True, help="通过的规则也列出来。")
@click.option("--json", "as_json", is_flag=True, help="结果写成 JSON。")
def check(
    unit: str | None,
    round_name: str | None,
    names: tuple[str, ...],
    shows_all: bool,
    as_json: bool,
) -> None:
    """按全部规则检查一个单位一轮填报的数据，按表、规则、等级报告。

    跨行、跨表和对比上期的规则也在这里运行；所看的表还没有填的规则列为“等待”。
    结果存在数据库里，检查报告的页面看到的就是它。

    退出码：0 没有错误；1 有错误；3 没有检查成。
    """
    _, workshop = open_console()
    asked = [get_form(workshop.catalogue, name) for name in names]
    scope, edition = find_reporting_scope(
        workshop.engine, workshop.catalogue, unit, round_name, asked[:1]
    )
    forms = [_in_edition(edition, form) for form in asked] or list(edition.forms)
    actor = get_console_actor(workshop.engine)
    progress = show_progress("已检查 {} 张表")
    run_check(workshop, actor, scope.unit_id, scope.round_id, forms, progress)
    end_progress()
    report = _report(workshop, scope, edition, forms)
    if as_json:
        click.echo(json.dumps(_to_json(report), ensure_ascii=False, indent=1))
    else:
        _show(report, shows_all)
    sys.exit(PROBLEMS if report.errors else OK)


def _in_edition(edition: Edition, form: FormSpec) -> FormSpec:
    found = edition.by_code.get(form.code)
    if found is None or form.collection != edition.collection:
        fail(f"{form.name} 不在这一轮用的 {edition.name} 版报表里。", USAGE)
    return found


def _report(
    workshop: Workshop, scope: Scope, edition: Edition, forms: list[FormSpec]
) -> CheckReport:
    seen = {form: None for form in see_all(edition) if form in forms}
    return find_report(workshop.engine, workshop.catalogue, scope, seen)


def _show(report: CheckReport, shows_all: bool) -> None:
    for form in report.forms:
        lines = [ln for ln in form.lines if shows_all or _matters(ln)]
        if lines:
            click.echo(f"{form.form.code} {form.form.title}，{form.rows} 行")
        for line in lines:
            click.echo(f"  {_describe(line)}")
    click.echo(
        f"检查了 {len(report.checked)} 张表、{report.rows} 行："
        f"错误 {report.errors} 处，警告 {report.warnings} 处，"
        f"已说明 {report.confirmed} 处；"
        f"等待的规则 {report.waiting} 条，不适用的 {report.not_applicable} 条。"
    )


def _matters(line: RuleLine) -> bool:
    return line.state in (RuleState.BROKEN, RuleState.WAITING, RuleState.NOT_RUN)


def _describe(line: RuleLine) -> str:
    level, state = LEVEL_WORDS[line.level], STATE_WORDS[line.state]
    place = f"“{line.label}”：" if line.label else ""
    told = f"{place}{line.text}"
    if line.state is RuleState.BROKEN:
        explained = f"（已说明 {line.confirmed}）" if line.confirmed else ""
        return f"{level}\t{line.count}{explained}\t{told}"
    if line.state is RuleState.WAITING:
        waits = "、".join(f"{form.code} {form.title}" for form in line.waits_for)
        return f"{state}\t—\t{told}（等 {waits} 填好）"
    return f"{state}\t—\t{told}"


def _to_json(report: CheckReport) -> dict[str, object]:
    return {
        "unit": report.scope.unit_id,
        "round": report.scope.round_id,
        "checked_at": report.newest.isoformat() if report.newest else None,
        "rows": report.rows,
        "errors": report.errors,
        "warnings": report.warnings,
        "confirmed": report.confirmed,
        "waiting": report.waiting,
        "not_applicable": report.not_applicable,
        "forms": [_form_to_json(form) for form in report.forms],
    }


def _form_to_json(form: FormCheck) -> dict[str, object]:
    return {
        "form": form.form.name,
        "title": form.form.title,
        "rows": form.rows,
        "filled": form.is_filled,
        "results": [
            {
                "kind": line.kind,
                "field": line.field_id or None,
                "level": line.level.value,
                "state": line.state.value,
                "count": line.count,
                "confirmed": line.confirmed,
                "waits_for": [waited.name for waited in line.waits_for],
                "message": line.text,
            }
            for line in form.lines
        ],
    }
