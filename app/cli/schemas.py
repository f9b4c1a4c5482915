"""Commands for schema files: list them, bring the database to them."""

import json
from collections.abc import Sequence

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
from app.cli.plans import (
    ACCEPT,
    REASON,
    join_reasons,
    pair_reasons,
    show_plan,
    tell_done,
)
from app.config import Config, load_config
from app.services.installation import load_files, open_database
from app.services.publishing import Consent, publish_files
from app.services.rejudging import rejudge_forms
from app.services.schema_changes import initialise, plan
from app.services.schema_changes.operations import write_plan
from app.services.schema_files import load_published
from app.services.workshop import Workshop, open_workshop
from app.storage.schema import migrate_database
from form_schemas.reference import write_reference
from form_schemas.rule_listing import write_rules


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
        show_plan(made)


@schemas.command("apply")
@click.argument("plan_hash", metavar="[HASH]", required=False)
@ACCEPT
@REASON
def apply_changes(
    plan_hash: str | None, accepted: Sequence[str], reasons: Sequence[str]
) -> None:
    """执行 schemas plan 给出的计划；HASH 是计划末尾的编号。

    数据库还是空的时候不需要 HASH，直接建好所有的表。
    表单文件改过的表，已有的行随后按新的规则重新检查；中断了，再次执行会接着做。
    """
    accept = pair_reasons(accepted, reasons)
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
        show_plan(made)
        fail("请核对以上变更，再执行 schemas apply HASH。", REFUSED)
    migrate_database(engine)
    done = publish_files(
        _open(config, engine), forms, Consent(plan_hash, accept, join_reasons(reasons))
    )
    tell_done(done)
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


def _open(config: Config, engine) -> Workshop:
    forms = load_published(engine, config.forms_folder)
    return open_workshop(config, engine, forms)


def _rejudge(config: Config, engine) -> None:
    forms = load_published(engine, config.forms_folder)
    found = rejudge_forms(engine, forms, tell_rejudging())
    if found.rows:
        tell(f"按新的规则重新检查了 {found.forms} 张表的 {found.rows} 行。")
