"""The command that generates rows of a form from the step before it."""

import json
import sys

import click

from app.cli.console import OK, PROBLEMS, get_form, open_console
from app.errors import Refused
from app.services.generating.acts import generate, preview
from app.services.generating.orders import GenerationOrder
from app.services.generating.plans import Plan
from app.services.generating.undoing import find_last, undo
from app.services.installation import find_scope, get_console_user
from app.services.row_names import name_row
from app.storage.keys import key_text
from app.storage.rows import Row

_SHOWN = 50


@click.command("generate")
@click.argument("form")
@click.option("--unit", help="单位的编号、名称或 id；只有一个时可以不写。")
@click.option(
    "--round", "round_name", help="轮次的名称或 id；不写时取本版最新开放的一轮。"
)
@click.option("--dry-run", "is_dry", is_flag=True, help="只说会怎样，什么都不改。")
@click.option("--undo", "is_undo", is_flag=True, help="撤销最近一次生成。")
@click.option("--json", "as_json", is_flag=True, help="结果写成 JSON。")
def generate_(
    form: str,
    unit: str | None,
    round_name: str | None,
    is_dry: bool,
    is_undo: bool,
    as_json: bool,
) -> None:
    """从上一步生成表单 FORM 的行：只添加没有的，已有的不改。

    来源已没有的行只列出来，要删除请在页面上选。

    退出码：0 都添加了；1 有的行不能添加；3 没有做成。
    """
    _, workshop = open_console()
    spec = get_form(workshop.catalogue, form)
    if spec.generate is None:
        raise Refused(f"{spec.name} {spec.title}不由别的表生成。")
    scope = find_scope(workshop.engine, spec, unit, round_name)
    actor_id = get_console_user(workshop.engine)
    order = GenerationOrder(workshop.engine, workshop.catalogue, spec, scope, actor_id)
    if is_undo:
        _undo(order)
        return
    plan = preview(order)
    if plan.additions and not is_dry:
        generate(order, plan.digest)
    if as_json:
        click.echo(json.dumps(_to_json(plan, is_dry), ensure_ascii=False, indent=1))
    else:
        _show(plan, is_dry)
    sys.exit(PROBLEMS if plan.blocked else OK)


def _undo(order: GenerationOrder) -> None:
    last = find_last(order)
    if last is None:
        raise Refused("没有可以撤销的生成：没有生成过，或者已经撤销、提交过。")
    done = undo(order, last.id)
    click.echo(
        f"收回 {done.removed} 行，恢复 {done.restored} 行；"
        f"有人改过而留着的 {done.changed} 行，被引用而留着的 {done.used} 行。"
    )
    for reason in done.lost:
        click.echo(reason)


def _show(plan: Plan, is_dry: bool) -> None:
    word = "会添加" if is_dry else "已添加"
    click.echo(
        f"{word} {len(plan.additions)} 行，已有 {plan.here} 行没有动；"
        f"不能添加 {len(plan.blocked)} 行，来源已没有 {plan.gone_total} 行。"
    )
    for one in plan.blocked[:_SHOWN]:
        click.echo(f"不能添加\t{_name(plan, one.row)}\t{''.join(one.reasons)}")
    for gone in plan.gone[:_SHOWN]:
        click.echo(f"来源已没有\t{_name(plan, gone.stored.row)}\t{gone.reason}")
    left = len(plan.blocked[_SHOWN:]) + plan.gone_total - len(plan.gone[:_SHOWN])
    if left:
        click.echo(f"另有 {left} 行没有列出。")


def _to_json(plan: Plan, is_dry: bool) -> dict[str, object]:
    return {
        "form": plan.form.name,
        "added": 0 if is_dry else len(plan.additions),
        "missing": len(plan.additions),
        "present": plan.here,
        "blocked": [
            {"row": _name(plan, one.row), "reasons": list(one.reasons)}
            for one in plan.blocked
        ],
        "gone": [
            {"id": one.stored.id, "row": _name(plan, one.stored.row), "why": one.reason}
            for one in plan.gone
        ],
        "gone_total": plan.gone_total,
    }


def _name(plan: Plan, row: Row) -> str:
    return name_row(plan.form, key_text(plan.form, row))
