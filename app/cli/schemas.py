"""Commands for schema files: lint and list them, bring the database to them."""

from pathlib import Path

import click

from app.cli.console import (
    PROBLEMS,
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
from form_schemas.catalogue import SCHEMAS_FOLDER, Catalogue
from form_schemas.faults import Fault
from form_schemas.lint import lint_edition, lint_folder
from form_schemas.reference import write_reference
from form_schemas.rule_listing import write_rules
from form_schemas.settings import COLLECTION_FILE
from validators.examples import lint_edition_examples, lint_examples


@group()
def schemas() -> None:
    """检查表单文件，并让数据库跟上它们。"""


@schemas.command()
@click.argument(
    "path", type=click.Path(exists=True, path_type=Path), default=SCHEMAS_FOLDER
)
def lint(path: Path) -> None:
    """检查 PATH（一个文件、一版或全部）里的表单文件，一次列出所有错误。

    文件里的例子（x-tests）也逐个运行，看结论对不对。
    每行：文件#位置：错在哪里，怎么改。没有错误时退出码为 0，有则为 1。
    """
    faults = _find_faults(path.resolve())
    for fault in faults:
        click.echo(str(fault))
    if faults:
        fail(f"共 {len(faults)} 处错误。", PROBLEMS)
    tell("没有发现错误。")


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


def _find_faults(path: Path) -> tuple[Fault, ...]:
    if path.is_file():
        name = "/".join(path.parts[-3:])
        return tuple(f for f in _lint_edition(path.parent) if f.file == name)
    if (path / COLLECTION_FILE).is_file():
        return _lint_edition(path)
    if any(path.glob(f"*/{COLLECTION_FILE}")):
        editions = sorted(path.glob(f"*/{COLLECTION_FILE}"))
        return tuple(f for found in editions for f in _lint_edition(found.parent))
    return (*lint_folder(path), *lint_examples(path))


def _lint_edition(path: Path) -> tuple[Fault, ...]:
    return (*lint_edition(path), *lint_edition_examples(path))


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
