"""Commands for what was published: list it, take it back."""

import click

from app.cli.console import REFUSED, USAGE, fail, open_console, tell, tell_rejudging
from app.models import PublicationState
from app.services.installation import get_console_actor
from app.services.keeping import CatalogueKeeper
from app.services.publications import Publication, list_publications
from app.services.publishing import Consent, read_reverse, revert
from app.services.rejudging import rejudge_forms
from app.services.schema_changes import Plan, plan
from app.services.schema_changes.operations import KIND_WORDS, RISK_WORDS, Risk


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
@click.argument("number", type=click.IntRange(1))
@click.argument("plan_hash", metavar="[HASH]", required=False)
@click.option("--accept", multiple=True, metavar="OPERATION", help="接受这一项变更。")
@click.option("--reason", default="", help="为什么撤销；接受变更时必须写。")
def revert_(
    number: int, plan_hash: str | None, accept: tuple[str, ...], reason: str
) -> None:
    """撤销第 NUMBER 次发布：文件和数据库都回到那次以前。

    不写 HASH 时只列出要做的变更；核对以后，带上列在末尾的编号再执行一次。
    那次以后又改过的文件不能这样撤销。
    """
    _, workshop = open_console()
    accepted = dict.fromkeys(accept, reason)
    if accept and not reason.strip():
        fail("接受变更要用 --reason 写明理由。", USAGE)
    if plan_hash is None:
        candidate = read_reverse(workshop, number)
        made = plan(workshop.engine, candidate.catalogue, accepted, back=True)
        _show(made)
        fail(f"请核对以上变更，再执行 schemas revert {number} {made.hash}。", REFUSED)
    actor = get_console_actor(workshop.engine)
    done = revert(workshop, actor, number, Consent(plan_hash, accepted, reason))
    tell(f"已撤销第 {number} 次发布，这是第 {done.id} 次。")
    renewed = CatalogueKeeper(workshop).get()
    rejudge_forms(renewed.engine, renewed.catalogue, tell_rejudging())


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


def _show(made: Plan) -> None:
    for one in made.operations:
        place = f"{one.form_name} {one.field_id}".strip()
        words = (RISK_WORDS[one.risk], KIND_WORDS[one.kind], place, one.summary)
        click.echo("\t".join(words))
        if one.risk is not Risk.SAFE and one.id not in made.accepted:
            click.echo(f"\t要接受，请加 --accept {one.id}")
    for refusal in made.refused:
        place = f"{refusal.form_name} {refusal.field_id}".strip()
        click.echo(f"不能做\t\t{place}\t{refusal.why}")
