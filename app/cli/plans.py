"""How commands show a plan of schema changes, and take what is accepted of it."""

from collections.abc import Mapping, Sequence

import click

from app.cli.console import USAGE, fail, tell
from app.services.publications import Publication
from app.services.schema_changes import Plan
from app.services.schema_changes.operations import (
    KIND_WORDS,
    RISK_WORDS,
    Example,
    Operation,
    Refusal,
)

ACCEPT = click.option(
    "--accept",
    "accepted",
    metavar="OPERATION",
    multiple=True,
    help="接受一项要对应或会丢数据的变更，写 plan 列出的变更名；可写多个。",
)
REASON = click.option(
    "--reason",
    "reasons",
    metavar="TEXT",
    multiple=True,
    help="理由，写入审计；每个 --accept 一个，或共用一个。",
)


def pair_reasons(accepted: Sequence[str], reasons: Sequence[str]) -> Mapping[str, str]:
    """Each operation with its reason; one reason may serve all."""
    if len(reasons) == 1:
        reasons = reasons * len(accepted)
    if len(accepted) != len(reasons):
        fail("每个 --accept 都要配一个 --reason，写明为什么接受。", USAGE)
    return dict(zip(accepted, reasons, strict=True))


def join_reasons(reasons: Sequence[str]) -> str:
    """Why all of it is done."""
    return "；".join(dict.fromkeys(reasons))


def tell_done(done: Publication) -> None:
    if done.backup:
        tell(f"执行前的数据库副本：{done.backup}")
    tell(f"已执行 {len(done.operations)} 项变更（第 {done.id} 次发布）。")


def show_plan(made: Plan) -> None:
    for operation in made.operations:
        _show_operation(operation)
    for refusal in made.refused:
        _show_refusal(refusal)
    if made.is_empty:
        tell("数据库与表单文件一致，没有要做的变更。")
        return
    if made.refused:
        tell("有不能做的变更，先改正它们，再看计划。")
    elif made.open:
        tell(f"有 {len(made.open)} 项要先定：在文件里给出去处，或用 --accept 接受。")
    click.echo(f"计划编号：{made.hash}")


def _show_operation(one: Operation) -> None:
    touched = one.touched
    counts = (
        f"{touched.rows} 行 {touched.units} 单位 {touched.rounds} 轮次"
        if touched.rows
        else ""
    )
    parts = (RISK_WORDS[one.risk], KIND_WORDS[one.kind], one.id, one.summary, counts)
    click.echo("\t".join(part for part in parts if part))
    _show_examples(one.examples)
    if one.demands:
        click.echo(f"\t{one.demands}")


def _show_refusal(one: Refusal) -> None:
    place = f"{one.form_name} {one.field_id}".strip()
    click.echo(f"不能做\t{place}\t{one.why}")
    _show_examples(one.examples)


def _show_examples(examples: Sequence[Example]) -> None:
    for one in examples:
        change = f"{one.before} → {one.after or '（空）'}" if one.before else ""
        place = f"{one.unit} {one.round} {one.row}".rstrip()
        click.echo(f"\t例：{place}：{change}".rstrip("："))
