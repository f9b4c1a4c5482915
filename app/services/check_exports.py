"""Makes a check report into a workbook for whoever may see it."""

from pathlib import Path

from sqlalchemy import Engine

from app.models import RuleState
from app.services.check_cells import iterate_findings
from app.services.check_reports import (
    STATE_WORDS,
    CheckReport,
    RuleLine,
    Seen,
)
from app.services.findings import KEPT_CELLS
from app.services.workplaces import Workplace
from exporters.check_report import write_check_report
from form_schemas.rule_spec import LEVEL_WORDS


def write_report_file(
    engine: Engine, place: Workplace, report: CheckReport, seen: Seen, path: Path
) -> str:
    """Write the report of a unit's round; gives the name of the file."""
    lines = [line for form in report.forms for line in form.lines]
    titles = {reason.id: reason.title for reason in place.edition.reasons}
    write_check_report(
        path,
        [_count_line(line) for line in lines],
        [
            (
                found.form.code,
                found.form.title,
                found.row_name,
                found.label,
                LEVEL_WORDS[found.level],
                found.sentence,
                _explain(found, titles),
            )
            for found in iterate_findings(engine, report.scope, seen)
        ],
        _about(place, report, lines),
    )
    return f"检查报告（{place.unit_name}，{place.round_title}）.xlsx".replace("/", "／")


def _count_line(line: RuleLine) -> tuple[object, ...]:
    waits = "、".join(f"{form.code} {form.title}" for form in line.waits_for)
    is_broken = line.state is RuleState.BROKEN
    return (
        line.form.code,
        line.form.title,
        line.label,
        line.text,
        LEVEL_WORDS[line.level],
        STATE_WORDS[line.state],
        line.count if is_broken else None,
        line.confirmed if is_broken else None,
        waits,
    )


def _explain(found, titles: dict[str, str]) -> str:
    if not found.is_explained:
        return ""
    title = titles.get(found.reason_code, found.reason_code)
    words = "：".join(part for part in (title, found.reason_text) if part)
    return f"{words}（{found.explained_by}）"


def _about(
    place: Workplace, report: CheckReport, lines: list[RuleLine]
) -> list[tuple[str, str]]:
    newest = report.newest
    moment = f"{newest.astimezone():%Y-%m-%d %H:%M}" if newest else "还没有检查"
    about = [
        ("单位", place.unit_name),
        ("轮次", place.round_title),
        ("检查时间", moment),
        ("查过的报表", f"{len(report.checked)} 张，{report.rows} 行"),
    ]
    if report.changed:
        codes = "、".join(form.form.code for form in report.changed)
        about.append(("检查后改过", f"{codes}，这些表的结果可能已经不对，请重新检查"))
    if any(line.is_cut for line in lines):
        limit = f"每张表每条规则最多列出 {KEPT_CELLS} 处，处数以“汇总”为准"
        about.append(("没有列全", limit))
    return about
