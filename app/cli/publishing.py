"""Commands for what was published: list it, take it back."""

from collections.abc import Sequence

import click

from app.cli.console import REFUSED, USAGE, fail, open_console, tell, tell_rejudging
from app.cli.plans import (
    ACCEPT,
    REASON,
    join_reasons,
    pair_reasons,
    show_plan,
    tell_done,
)
from app.models import PublicationState
from app.services.installation import get_console_actor
from app.services.keeping import CatalogueKeeper
from app.services.publications import (
    Publication,
    find_last,
    get_publication,
    list_publications,
)
from app.services.publishing import Consent, read_reverse, revert
from app.services.rejudging import rejudge_forms
from app.services.schema_changes import plan
from app.services.workshop import Workshop


@click.command()
@click.option("--edition", help="只列这一版的，如 talent/2024。")
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=50,
    show_default=True,
    help="最多列几次。",
)
def history(edition: str | None, limit: int) -> None:
    """列出发布过的表单变更，新的在前。

    每行：第几次、时间、谁、改了哪些文件、变更几项、理由；撤销过的注明由哪一次撤销。
    """
    _, workshop = open_console()
    found = list_publications(workshop.engine, 1, limit, edition)
    for one in found:
        click.echo(_line(one))
    if not found:
        tell("还没有发布过。")


@click.command("revert")
@click.argument("which", metavar="NUMBER|last")
@click.argument("plan_hash", metavar="[HASH]", required=False)
@ACCEPT
@REASON
def revert_(
    which: str,
    plan_hash: str | None,
    accepted: Sequence[str],
    reasons: Sequence[str],
) -> None:
    """撤销第 NUMBER 次发布：文件和数据库都回到那次以前；last 是最近一次。

    不写 HASH 时只列出要做的变更；核对以后，带上列在末尾的编号再执行一次。
    那次以后又改过的文件不能这样撤销。
    """
    _, workshop = open_console()
    accept = pair_reasons(accepted, reasons)
    publication = _find(workshop, which)
    if plan_hash is None:
        candidate = read_reverse(workshop, publication.id)
        made = plan(workshop.engine, candidate.catalogue, accept, back=True)
        show_plan(made)
        fail(f"请核对以上变更，再执行 schemas revert {which} {made.hash}。", REFUSED)
    actor = get_console_actor(workshop.engine)
    consent = Consent(plan_hash, accept, join_reasons(reasons))
    tell_done(revert(workshop, actor, publication.id, consent))
    tell(f"第 {publication.id} 次发布已撤销。")
    renewed = CatalogueKeeper(workshop).get()
    rejudge_forms(renewed.engine, renewed.catalogue, tell_rejudging())


def _find(workshop: Workshop, which: str) -> Publication:
    if which == "last":
        return find_last(workshop.engine)
    if not which.isdecimal():
        fail("请写第几次发布（schemas history 第一列），或 last。", USAGE)
    return get_publication(workshop.engine, int(which))


def _line(one: Publication) -> str:
    parts = [
        str(one.id),
        f"{one.at.astimezone():%Y-%m-%d %H:%M}",
        one.actor_name,
        "、".join(one.files),
        f"{len(one.operations)} 项",
        one.reason,
    ]
    if one.reverted_by is not None:
        parts.append(f"已由第 {one.reverted_by} 次撤销")
    if one.state is PublicationState.COMMITTED:
        parts.append("文件还没有写完，下次启动时补上")
    return "\t".join(parts)
