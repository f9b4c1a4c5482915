"""The command that writes the documentation of an edition."""

from pathlib import Path

import click

from app.cli.console import USAGE, fail, tell
from app.config import load_config
from app.services.documentation import make_workbook
from app.services.installation import load_files, load_forms
from app.services.schema_listing import get_edition


@click.command("document")
@click.argument("edition")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="写到哪里；不写时写到当前文件夹，文件名照这一版起。",
)
@click.option(
    "--files", is_flag=True, help="照文件写，不照正在用的；文件还没有启用时用。"
)
def document(edition: str, out: Path | None, files: bool) -> None:
    """把 EDITION（如 talent/2024）的填表说明写成工作簿：目录、字段、选项、规则。"""
    collection, _, year = edition.partition("/")
    if not year or "/" in year:
        fail(f"“{edition}”不是一版的名称，写法如 talent/2024。", USAGE)
    config = load_config()
    catalogue = load_files(config) if files else load_forms(config)
    found = get_edition(catalogue, collection, year)
    path = out or Path(f"{found.short_title} {found.year} 填表说明.xlsx")
    path.write_bytes(make_workbook(catalogue, found))
    tell(f"{found.title} {found.year}：{len(found.forms)} 张表，写在 {path}。")
