"""Commands for editions: the files of a next one, what differs between two."""

import click

from app.cli.console import tell
from app.config import load_config
from app.services.new_editions import write_new_edition


@click.command("new-edition")
@click.argument("collection")
@click.argument("year")
@click.option("--from", "source", help="照哪一年的做；不写时照最新的一版。")
def new_edition(collection: str, year: str, source: str | None) -> None:
    """建立系列 COLLECTION（如 talent）YEAR 年的一版：照上一版的文件做。

    统计时间和阶段按相差的年数往后推。随后列出还写着年份的地方，请逐处看要不要改。
    """
    root = load_config().forms_folder.resolve()
    made = write_new_edition(root, collection, year, source)
    for hint in made.hints:
        click.echo(f"提醒\t{hint}")
    count = len(made.edition.files) - 1
    tell(
        f"已照 {collection}/{made.source} 建立 {made.edition.name}，"
        f"{count} 张表，在 {made.folder}。改好以后用 schemas lint 检查。"
    )
