"""Commands for schema files: list them, bring the database to them."""

import click

from app.cli.console import (
    REFUSED,
    close_afterwards,
    fail,
    get_form,
    group,
    tell,
    tell_rejudging,
)
from app.config import load_config
from app.services.installation import load_files, open_database
from app.services.rejudging import rejudge_forms
from app.services.schema_changes import Plan, apply, initialise, plan
from form_schemas.catalogue import Catalogue
from form_schemas.reference import write_reference
from form_schemas.rule_listing import write_rules


@group()
def schemas() -> None:
    """检查表单文件，并让数据库跟上它们。"""


@schemas.command("plan")
def plan_changes() -> None:
    """比较表单文件与数据库，列出要做的变更；不改动任何东西。"""
    config = load_config()
    engine = open_database(config)
    close_afterwards(engine)
    _show(plan(engine, load_files(config)))


@schemas.command("apply")
@click.argument("plan_hash", metavar="[HASH]", required=False)
def apply_changes(plan_hash: str | None) -> None:
    """执行 schemas plan 给出的计划；HASH 是计划末尾的编号。

    数据库还是空的时候不需要 HASH，直接建好所有的表。
    表单文件改过的表，已有的行随后按新的规则重新检查；中断了，再次执行会接着做。
    """
    config = load_config()
    engine = open_database(config)
    close_afterwards(engine)
    forms = load_files(config)
    if plan_hash is None:
        initialise(engine, forms)
        made = plan(engine, forms)
        if made.is_empty:
            _rejudge(engine, forms)
            tell("数据库与表单文件一致。")
            return
        _show(made)
        fail("请核对以上变更，再执行 schemas apply HASH。", REFUSED)
    made = apply(engine, forms, plan_hash)
    tell(f"已执行 {len(made.operations)} 项变更。")
    _rejudge(engine, forms)


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


def _rejudge(engine, forms: Catalogue) -> None:
    found = rejudge_forms(engine, forms, tell_rejudging())
    if found.rows:
        tell(f"按新的规则重新检查了 {found.forms} 张表的 {found.rows} 行。")


def _show(made: Plan) -> None:
    for change in made.operations:
        click.echo(_line("执行", change))
    for change in made.refused:
        click.echo(_line("不能自动执行", change))
    if made.is_empty:
        tell("数据库与表单文件一致，没有要做的变更。")
    else:
        click.echo(f"计划编号：{made.hash}")


def _line(word: str, change) -> str:
    place = f"{change.form_name} {change.field_id}".strip()
    return f"{word}\t{change.kind.value}\t{place}\t{change.detail}"
