"""Commands for the audit log: search it, prove it, print its end."""

from datetime import datetime

import click

from app.cli.console import PROBLEMS, close_afterwards, fail, group, open_console, tell
from app.config import load_config
from app.models import AuditAction
from app.services.audit_chain import Verdict, find_end, read_anchor, show_anchor, verify
from app.services.auditing import AuditLine, AuditSearch, iterate_entries
from app.services.installation import get_console_actor, open_database

_ACTIONS = click.Choice([action.value for action in AuditAction])
_DAY = click.DateTime(["%Y-%m-%d"])


@group()
def audit() -> None:
    """操作记录：查找、验证有没有被改过、打印结尾。"""


@audit.command("search")
@click.option("--who", default="", help="姓名或用户名的一部分。")
@click.option("--action", type=_ACTIONS, help="做了什么，如 rows_saved。")
@click.option("--unit", "unit_id", type=int, help="单位的 id。")
@click.option("--round", "round_id", type=int, help="轮次的 id。")
@click.option("--form", default="", help="报表，如 0.1.5。")
@click.option("--from", "since", type=_DAY, help="从哪一天起，如 2026-09-01。")
@click.option("--to", "until", type=_DAY, help="到哪一天止（含）。")
@click.option("--text", default="", help="对象或详情里的词，几个词用空格隔开。")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
def search(
    since: datetime | None,
    until: datetime | None,
    limit: int,
    action: str | None,
    **wanted: object,
) -> None:
    """列出操作记录，新的在前。"""
    _, workshop = open_console()
    engine = workshop.engine
    found = AuditSearch(
        action=AuditAction(action) if action else None,
        since=since.date() if since else None,
        until=until.date() if until else None,
        **wanted,
    )
    lines = iterate_entries(engine, get_console_actor(engine), found, limit)
    shown = [click.echo(_show(line)) for line in lines]
    tell(f"列出 {len(shown)} 条。")


@audit.command("verify")
@click.option("--anchor", help="以前 audit head 打印的“编号:校验码”，也要对得上。")
@click.option(
    "--changes", is_flag=True, help="连同记录里提到的数据变动（row_change）一起验证。"
)
def prove(anchor: str | None, changes: bool) -> None:
    """验证操作记录：有改动、删除、插入、调换或截断，都会指出第一处。

    不改动数据库；退出码为 1 表示记录不完整。
    """
    known = read_anchor(anchor) if anchor else None
    # Nothing is made ready here: a log that was emptied must not be begun anew.
    verdict = verify(_open(), known, with_changes=changes)
    if not verdict.is_intact:
        _complain(verdict)
    since = f"{verdict.since:%Y-%m-%d %H:%M}"
    tell(f"操作记录完整：共 {verdict.entries} 条，从 {since}（UTC）起。锚点：")
    click.echo(show_anchor(verdict.head))


@audit.command()
def head() -> None:
    """打印操作记录的结尾“编号:校验码”，抄存在别处，以后验证时作锚点。"""
    found = find_end(_open())
    if found is None:
        fail("还没有操作记录。")
    click.echo(show_anchor(found))


def _open():
    engine = open_database(load_config())
    close_afterwards(engine)
    return engine


def _complain(verdict: Verdict) -> None:
    for fault in verdict.faults:
        click.echo(fault.message)
    fail(
        f"操作记录不完整：读到 {verdict.entries} 条，第一处在第 "
        f"{verdict.faults[0].number} 条。请保存好数据库备份，查明是谁直接改过数据库。",
        PROBLEMS,
    )


def _show(line: AuditLine) -> str:
    who = f"{line.name}（{line.username}）" if line.username else "—"
    parts = (
        str(line.number),
        f"{line.at.astimezone():%Y-%m-%d %H:%M:%S}",
        who,
        line.word,
        line.subject,
        line.unit_name,
        line.text,
    )
    return "\t".join(parts)
