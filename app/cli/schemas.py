"""Commands for schema files: list them, bring the database to them."""

import json
from collections.abc import Mapping, Sequence

import click

from app.cli.console import (
    REFUSED,
    USAGE,
    close_afterwards,
    fail,
    get_form,
    group,
    tell,
    tell_rejudging,
)
from app.config import Config, load_config
from app.services.installation import get_console_actor, load_files, open_database
from app.services.publications import Publication, find_by_hash
from app.services.publishing import Consent, publish_files, read_reverse, revert
from app.services.rejudging import rejudge_forms
from app.services.schema_changes import Plan, initialise, plan
from app.services.schema_changes.operations import (
    KIND_WORDS,
    RISK_WORDS,
    Example,
    Operation,
    Refusal,
    write_plan,
)
from app.services.schema_files import load_published
from app.services.workshop import Workshop, open_workshop
from app.storage.schema import migrate_database
from form_schemas.reference import write_reference
from form_schemas.rule_listing import write_rules

_ACCEPT = click.option(
    "--accept",
    "accepted",
    metavar="OPERATION",
    multiple=True,
    help="接受一项要对应或会丢数据的变更，写 plan 列出的变更名；可写多个。",
)
_REASON = click.option(
    "--reason",
    "reasons",
    metavar="TEXT",
    multiple=True,
    help="接受的理由，写入审计；每个 --accept 一个，或共用一个。",
)


@group()
def schemas() -> None:
    """检查表单文件，并让数据库跟上它们。"""


@schemas.command("plan")
@click.option("--json", "as_json", is_flag=True, help="按 JSON 打印，给程序读。")
def plan_changes(as_json: bool) -> None:
    """比较表单文件与数据库，列出要做的变更；不改动任何东西。

    每行：风险、变更名、内容、触及的行，和几个例子。最后一行是计划的编号。
    """
    config = load_config()
    engine = open_database(config)
    close_afterwards(engine)
    made = plan(engine, load_files(config))
    if as_json:
        click.echo(json.dumps(write_plan(made), ensure_ascii=False, indent=2))
    else:
        _show(made)


@schemas.command("apply")
@click.argument("plan_hash", metavar="[HASH]", required=False)
@_ACCEPT
@_REASON
def apply_changes(
    plan_hash: str | None, accepted: Sequence[str], reasons: Sequence[str]
) -> None:
    """执行 schemas plan 给出的计划；HASH 是计划末尾的编号。

    数据库还是空的时候不需要 HASH，直接建好所有的表。
    表单文件改过的表，已有的行随后按新的规则重新检查；中断了，再次执行会接着做。
    """
    accept = _pair(accepted, reasons)
    config = load_config()
    engine = open_database(config)
    close_afterwards(engine)
    forms = load_files(config)
    if plan_hash is None:
        initialise(engine, forms)
        made = plan(engine, forms)
        if made.is_empty:
            _rejudge(config, engine)
            tell("数据库与表单文件一致。")
            return
        _show(made)
        fail("请核对以上变更，再执行 schemas apply HASH。", REFUSED)
    migrate_database(engine)
    done = publish_files(_open(config, engine), forms, Consent(plan_hash, accept))
    _tell_done(done)
    _rejudge(config, engine)


@schemas.command("reverse")
@click.argument("plan_hash", metavar="HASH|last")
@click.option(
    "--apply", "way_back", metavar="HASH", help="执行这条回头路，写它的计划编号。"
)
@_ACCEPT
@_REASON
def reverse_changes(
    plan_hash: str,
    way_back: str | None,
    accepted: Sequence[str],
    reasons: Sequence[str],
) -> None:
    """列出撤销一次执行要做的变更；HASH 是那次的计划编号，last 是最近一次。

    看过以后加 --apply 编号 执行：表单文件写回修改前的样子，数据回到原来的列。
    """
    accept = _pair(accepted, reasons)
    config = load_config()
    engine = open_database(config)
    close_afterwards(engine)
    migrate_database(engine)
    workshop = _open(config, engine)
    publication = find_by_hash(engine, None if plan_hash == "last" else plan_hash)
    if way_back is None:
        candidate = read_reverse(workshop, publication.id)
        _show(plan(engine, candidate.catalogue, back=True))
        return
    actor = get_console_actor(engine)
    _tell_done(revert(workshop, actor, publication.id, Consent(way_back, accept)))
    _rejudge(config, engine)


@schemas.command()
def reference() -> None:
    """打印表单文件能写哪些词，即 docs/dialect.zh.md 的内容。"""
    click.echo(write_reference(), nl=False)


@schemas.command()
@click.argument("form")
def rules(form: str) -> None:
    """打印 FORM（如 talent/1.2.1）的规则，每条带一个违反它的例子。"""
    forms = load_files(load_config())
    spec = get_form(forms, form)
    click.echo(write_rules(spec, forms.edition_of(spec).by_code), nl=False)


def _pair(accepted: Sequence[str], reasons: Sequence[str]) -> Mapping[str, str]:
    """Each operation with its reason; one reason may serve all."""
    if accepted and len(reasons) == 1:
        reasons = reasons * len(accepted)
    if len(accepted) != len(reasons):
        fail("每个 --accept 都要配一个 --reason，写明为什么接受。", USAGE)
    return dict(zip(accepted, reasons, strict=True))


def _open(config: Config, engine) -> Workshop:
    forms = load_published(engine, config.forms_folder)
    return open_workshop(config, engine, forms)


def _rejudge(config: Config, engine) -> None:
    forms = load_published(engine, config.forms_folder)
    found = rejudge_forms(engine, forms, tell_rejudging())
    if found.rows:
        tell(f"按新的规则重新检查了 {found.forms} 张表的 {found.rows} 行。")


def _tell_done(done: Publication) -> None:
    if done.backup:
        tell(f"执行前的数据库副本：{done.backup}")
    tell(f"已执行 {len(done.operations)} 项变更（第 {done.id} 次发布）。")


def _show(made: Plan) -> None:
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
