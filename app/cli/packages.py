"""Commands for sealed packages: make one, and say whether one is as it was made."""

from pathlib import Path

import click

from app.cli.console import PROBLEMS, group, open_console, tell
from app.services.exporting import write_package
from app.services.installation import find_reporting_scope, get_console_user
from app.services.sealed.ordering import make_order
from app.services.sealed.verifying import SealState, Verdict, verify_sealed
from app.storage.engine import begin_reading, get_audit_key

_SEALS = {
    SealState.GENUINE: "封签有效：由本系统生成，生成后没有改动。",
    SealState.FOREIGN: "封签由另一套系统盖出，只有那套系统能核验。"
    "请与出具单位核对校验码，一致即为原件。",
    SealState.BROKEN: "封签无效：内容被人改过，或不是本系统生成的。",
}


@group()
def package() -> None:
    """上报包：生成和核验。"""


@package.command("export")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--unit", help="单位的编号、名称或序号；只有一个时可以不写。")
@click.option("--round", "round_name", help="轮次的名称或序号；不写取开放的一轮。")
@click.option(
    "--reason", required=True, help="用途；包里有完整的个人信息，会记录下来。"
)
def export_package(
    path: Path, unit: str | None, round_name: str | None, reason: str
) -> None:
    """把一个单位一轮的数据、审核记录和校验值打成上报包 PATH。"""
    _, workshop = open_console()
    scope, edition = find_reporting_scope(
        workshop.engine, workshop.catalogue, unit, round_name
    )
    actor_id = get_console_user(workshop.engine)
    order = make_order(edition, scope, actor_id, reason)
    sealed = write_package(workshop, order, path)
    tell(f"已生成 {path}，共 {sealed.rows} 行。校验码：")
    click.echo(sealed.code)


@package.command("verify")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--code", help="出具单位告知的校验码；写了就一并核对。")
@click.pass_context
def verify_package(ctx: click.Context, path: Path, code: str | None) -> None:
    """核验上报包 PATH：文件、数据、校验值和封签；不一致时退出码为 1。"""
    _, workshop = open_console()
    with begin_reading(workshop.engine) as connection:
        key = get_audit_key(connection)
    verdict = verify_sealed(path, key)
    for fault in verdict.faults:
        click.echo(fault)
    _tell_manifest(verdict)
    is_same = code is None or code.strip().upper() == verdict.code
    if not is_same:
        click.echo("校验码与告知的不一致：这不是出具单位所说的那份上报包。")
    ctx.exit(0 if verdict.is_intact and is_same else PROBLEMS)


def _tell_manifest(verdict: Verdict) -> None:
    if verdict.manifest is None:
        return
    unit, found = verdict.manifest.get("unit", {}), verdict.manifest.get("round", {})
    click.echo(f"{unit.get('name', '')} {found.get('title', '')}")
    click.echo(f"生成于 {verdict.manifest.get('made_at', '')}")
    click.echo(f"校验码 {verdict.code}")
    click.echo(_SEALS[verdict.seal])
