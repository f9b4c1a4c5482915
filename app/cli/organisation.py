"""Commands for the units that report and the rounds they report in."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import click

from app.cli.console import fail, group, open_console, tell
from app.models import RoundState, UnitKind
from app.services.areas.entries import NewUnit
from app.services.areas.founding import AuthorityNames, found_nation, found_provinces
from app.services.areas.making import MadeAccount
from app.services.installation import get_console_actor
from app.services.organisation import close_round, list_rounds, open_round
from app.services.rounds.carrying import carry_forward
from app.services.rounds.extending import Wanted, extend
from app.services.rounds.opening import open_round_for
from app.services.rounds.overview import load_usual
from app.services.rounds.proposing import propose_for
from app.services.unit_tree import KIND_NAMES, list_units
from app.services.units import (
    UnitEntry,
    add_unit,
    find_unit_id,
    move_unit,
    set_unit_active,
)
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.codelists import CodeList
from form_schemas.faults import ask_nearest

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


@unit.command("found")
@click.argument("collection")
@click.option("--name", required=True, help="国家一级单位的名称，也是它的用户名。")
@click.option("--code", default="", help="它的编号；不写自动编。")
@click.option("--provinces", is_flag=True, help="连各省级主管部门一起建。")
@click.option(
    "--areas",
    default="gbt-2260",
    show_default=True,
    help="省份取自哪个代码表：有下级的最上一级。",
)
@click.option(
    "--authority",
    default=AuthorityNames.usual,
    show_default=True,
    help="省、自治区主管部门的名称。",
)
@click.option(
    "--city-authority",
    default=AuthorityNames.of_city,
    show_default=True,
    help="直辖市主管部门的名称。",
)
def found(
    collection: str,
    name: str,
    code: str,
    provinces: bool,
    areas: str,
    authority: str,
    city_authority: str,
) -> None:
    """建立系列 COLLECTION 最上一级的单位和账号；可以重做，只补没有的。

    打印每个账号的类型、用户名和一次性密码：只显示这一次，首次登录须改密码。
    """
    _, workshop = open_console()
    engine, catalogue = workshop.engine, workshop.catalogue
    _get_edition(catalogue, collection)
    codelist = _get_codelist(catalogue, areas)
    actor = get_console_actor(engine)
    new = NewUnit(name, UnitKind.NATION, None, code)
    nation_id, made = found_nation(engine, catalogue, actor, collection, new)
    # At once: should the provinces be refused, nobody would ever know its password.
    _tell_accounts(made)
    if provinces:
        names = AuthorityNames(authority, city_authority)
        given = engine, catalogue, actor, collection, nation_id, codelist, names
        _tell_accounts(below := found_provinces(*given))
        made += below
    if not made:
        tell("都已经有了，没有新建。")


def _tell_accounts(made: Sequence[MadeAccount]) -> None:
    if not made:
        return
    tell(f"已建 {len(made)} 个账号。类型、用户名、一次性密码：")
    for one in made:
        click.echo(f"{one.title}\t{one.unit}\t{one.password}")


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
    """管理填报轮次：打开、延期、由上期带入、列出、关闭。"""


@round_.command("open")
@click.argument("collection")
@click.option("--edition", help="用哪一年的报表，不写用最新的。")
@click.option("--title", default="", help="轮次名称。")
@click.option("--unit", "units", multiple=True, help="只给这个单位打开；可以写几个。")
@click.option(
    "--phases-from",
    type=click.DateTime(["%Y-%m-%d"]),
    help="按报表文件的阶段，从这一天开始；和 --unit 一起用，不写没有时间限制。",
)
def open_new_round(
    collection: str,
    edition: str | None,
    title: str,
    units: tuple[str, ...],
    phases_from: datetime | None,
) -> None:
    """打开系列 COLLECTION 的新一轮填报，打印轮次编号；不写 --unit 给所有单位。"""
    _, workshop = open_console()
    found = _get_edition(workshop.catalogue, collection, edition)
    if not units:
        if phases_from is not None:
            fail("--phases-from 要和 --unit 一起用。")
        click.echo(open_round(workshop.engine, found, title))
        return
    ids = [find_unit_id(workshop.engine, code) for code in units]
    first_day = None if phases_from is None else phases_from.date()
    draft = propose_for(workshop.engine, found, ids[0], first_day)
    draft = replace(
        draft,
        title=title or draft.title,
        phases=draft.phases if first_day else (),
        assigned=None,
    )
    click.echo(open_round_for(workshop.engine, None, ids, draft))


@round_.command("extend")
@click.argument("round_id", type=int)
@click.option("--unit", "code", required=True, help="单位编号。")
@click.option("--department", default="", help="部门名称；不写是所有部门。")
@click.option("--form", help="表号；不写是全部报表。")
@click.option(
    "--until",
    required=True,
    type=click.DateTime(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]),
    help="延到什么时候，如 2025-09-10 18:00。",
)
@click.option("--reason", required=True, help="原因，填报人看得到。")
def extend_deadline(
    round_id: int,
    code: str,
    department: str,
    form: str | None,
    until: datetime,
    reason: str,
) -> None:
    """把轮次 ROUND_ID 的截止时间给一个部门或一张表延后。"""
    _, workshop = open_console()
    unit_id = find_unit_id(workshop.engine, code)
    names = load_usual(workshop.engine, unit_id).departments
    if department and department not in names:
        fail(f"单位 {code} 没有部门“{department}”。{ask_nearest(department, names)}")
    department_id = names[department][0] if department else None
    wanted = Wanted(department_id, form, until.astimezone(), reason)
    scope = Scope(unit_id, round_id)
    extend(workshop.engine, workshop.catalogue, None, scope, wanted)
    tell(f"已延到 {until:%Y-%m-%d %H:%M}，并通知了有关的人。")


@round_.command("carry")
@click.argument("round_id", type=int)
@click.option("--unit", "code", required=True, help="单位编号。")
@click.option(
    "--form", "forms", multiple=True, help="只带这张表；可以写几个，不写带全部。"
)
def carry(round_id: int, code: str, forms: tuple[str, ...]) -> None:
    """把上期的基础表等带入轮次 ROUND_ID，打印每张表带入的行数。"""
    _, workshop = open_console()
    scope = Scope(find_unit_id(workshop.engine, code), round_id)
    done = carry_forward(
        workshop.engine, workshop.catalogue, None, scope, forms or None
    )
    for one in done:
        left = f"另有 {one.left} 行没有带入。" if one.left else ""
        note = one.obstacle or left + one.held_back
        click.echo(f"{one.form.code}\t{one.added}\t{note}")


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


def _get_codelist(catalogue: Catalogue, name: str) -> CodeList:
    if name not in catalogue.codelists:
        near = ask_nearest(name, catalogue.codelists)
        fail(f"没有代码表 {name}。{near}请改正。")
    return catalogue.codelists[name]
