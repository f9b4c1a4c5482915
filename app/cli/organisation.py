"""Commands for the units that report and the rounds they report in."""

import click

from app.cli.console import fail, group, open_console, tell
from app.models import RoundState
from app.services.organisation import (
    add_unit,
    close_round,
    list_rounds,
    list_units,
    open_round,
)
from form_schemas.catalogue import Catalogue, Edition

_STATES = {
    RoundState.PREPARING: "准备中",
    RoundState.OPEN: "开放",
    RoundState.CLOSED: "已关闭",
}


@group()
def unit() -> None:
    """管理填报单位：新增、列出。"""


@unit.command("add")
@click.argument("code")
@click.option("--name", required=True, help="单位名称。")
@click.option(
    "--collection",
    "collections",
    multiple=True,
    required=True,
    help="填报哪个系列，如 talent；可以写几个。",
)
def add(code: str, name: str, collections: tuple[str, ...]) -> None:
    """新增单位 CODE；部门按这些系列的报表建好。"""
    _, workshop = open_console()
    editions = [_get_edition(workshop.catalogue, slug) for slug in collections]
    add_unit(workshop.engine, code, name, editions)
    tell(f"已新增单位 {code}（{name}）。")


@unit.command("list")
def list_all_units() -> None:
    """列出所有单位：编号、名称、系列。"""
    _, workshop = open_console()
    for line in list_units(workshop.engine):
        click.echo(f"{line.code}\t{line.name}\t{'、'.join(line.collections)}")


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
