"""Commands for the units that report and the rounds they report in."""

import click

from app.cli.console import fail, group, open_console, tell
from app.models import RoundState, UnitKind
from app.services.organisation import close_round, list_rounds, open_round
from app.services.unit_tree import KIND_NAMES, list_units
from app.services.units import (
    UnitEntry,
    add_unit,
    find_unit_id,
    move_unit,
    set_unit_active,
)
from form_schemas.catalogue import Catalogue, Edition

_KINDS = click.Choice([kind.value for kind in UnitKind])
_STATES = {
    RoundState.PREPARING: "准备中",
    RoundState.OPEN: "开放",
    RoundState.CLOSED: "已关闭",
}


@group()
def unit() -> None:
    """管理单位：新增、列出、移动、停用。"""


@unit.command("add")
@click.argument("code")
@click.option("--name", required=True, help="单位名称。")
@click.option(
    "--collection",
    "collections",
    multiple=True,
    help="填报哪个系列，如 talent；可以写几个，主管部门不写。",
)
@click.option("--kind", type=_KINDS, help="级别；不写按系列定。")
@click.option("--parent", help="上级单位的编号；不写是最上一级。")
def add(
    code: str,
    name: str,
    collections: tuple[str, ...],
    kind: str | None,
    parent: str | None,
) -> None:
    """新增单位 CODE；部门按这些系列的报表建好。"""
    _, workshop = open_console()
    editions = [_get_edition(workshop.catalogue, slug) for slug in collections]
    add_unit(
        workshop.engine,
        UnitEntry(code, name, editions),
        kind=UnitKind(kind) if kind else None,
        parent_id=find_unit_id(workshop.engine, parent) if parent else None,
    )
    tell(f"已新增单位 {code}（{name}）。")


@unit.command("list")
def list_all_units() -> None:
    """按上下级列出所有单位：编号、名称、级别、系列、状态。"""
    _, workshop = open_console()
    for line in list_units(workshop.engine):
        state = "" if line.is_active else "\t已停用"
        indent = "  " * line.depth
        click.echo(
            f"{indent}{line.code}\t{line.name}\t{KIND_NAMES[line.kind]}"
            f"\t{'、'.join(line.collections)}{state}"
        )


@unit.command("move")
@click.argument("code")
@click.option("--parent", help="新的上级单位的编号；不写移到最上一级。")
def move(code: str, parent: str | None) -> None:
    """把单位 CODE 连同下级移到另一个上级之下。"""
    _, workshop = open_console()
    engine = workshop.engine
    parent_id = find_unit_id(engine, parent) if parent else None
    move_unit(engine, find_unit_id(engine, code), parent_id)
    tell(f"已移动单位 {code}。")


@unit.command("deactivate")
@click.argument("code")
def deactivate(code: str) -> None:
    """停用单位 CODE：不再填报，数据不变。"""
    _, workshop = open_console()
    set_unit_active(workshop.engine, find_unit_id(workshop.engine, code), False)
    tell(f"单位 {code} 已停用。")


@unit.command("activate")
@click.argument("code")
def activate(code: str) -> None:
    """重新启用单位 CODE。"""
    _, workshop = open_console()
    set_unit_active(workshop.engine, find_unit_id(workshop.engine, code), True)
    tell(f"单位 {code} 已启用。")


@group("round")
def round_() -> None:
    """管理填报轮次：打开、列出、关闭。"""


@round_.command("open")
@click.argument("collection")
@click.option("--edition", help="用哪一年的报表，不写用最新的。")
@click.option("--title", default="", help="轮次名称。")
def open_new_round(collection: str, edition: str | None, title: str) -> None:
    """打开系列 COLLECTION 的新一轮填报，打印轮次编号。"""
    _, workshop = open_console()
    found = _get_edition(workshop.catalogue, collection, edition)
    click.echo(open_round(workshop.engine, found, title))


@round_.command("list")
def list_all_rounds() -> None:
    """列出所有轮次：编号、报表版本、名称、状态。"""
    _, workshop = open_console()
    for line in list_rounds(workshop.engine):
        place = f"{line.collection}/{line.edition}"
        click.echo(f"{line.id}\t{place}\t{line.title}\t{_STATES[line.state]}")


@round_.command("close")
@click.argument("round_id", type=int)
def close(round_id: int) -> None:
    """关闭轮次 ROUND_ID：数据只能看和导出，不能再改。"""
    _, workshop = open_console()
    close_round(workshop.engine, round_id)
    tell(f"轮次 {round_id} 已关闭。")


def _get_edition(catalogue: Catalogue, slug: str, year: str | None = None) -> Edition:
    found = [
        edition
        for edition in catalogue.editions
        if edition.collection == slug and year in (None, edition.year)
    ]
    if not found:
        known = "、".join(edition.name for edition in catalogue.editions)
        fail(f"没有 {slug}{f'/{year}' if year else ''} 的报表，现有 {known}。")
    return found[-1]
