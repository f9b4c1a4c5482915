"""The command that drafts a schema file from a blank workbook."""

from pathlib import Path

import click

from app.cli.console import PROBLEMS, REFUSED, USAGE, fail, tell
from app.config import load_config
from app.services.drafting import draft_file


@click.command("from-workbook")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--collection", default="", help="系列，如 talent。")
@click.option("--edition", default="", help="年度，如 2024；不写时用最新的一版。")
@click.option(
    "--code", default="", help="表号，如 9.1.2；不写时取标题里的，没有就暂编一个。"
)
@click.option("--sheet", default="", help="工作表的名称；不写时取第一张像表的。")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="草稿写到这个文件；不写时打印出来。",
)
def from_workbook(
    file: Path, collection: str, edition: str, code: str, sheet: str, out: Path | None
) -> None:
    """照空表 FILE（xlsx）起草一张表的文件，请核对后再放进表单文件夹。

    读列名、合并的表头、必填的星号、单位、下拉框、数据有效性、单元格格式、批注、填表说明和例子。
    凡是猜的都列在后面，一处一行；已有的文件不会被覆盖。草稿有错时退出码为 1。
    """
    root = load_config().forms_folder.resolve()
    if out is not None and out.exists():
        fail(f"已经有文件 {out}，没有改动它。请换一个名称。", REFUSED)
    drafted = draft_file(file, root, _name(root, collection, edition), code, sheet)
    if out is None:
        click.echo(drafted.text, nl=False)
    else:
        out.write_text(drafted.text, encoding="utf-8")
    for note in drafted.notes:
        tell(f"核对\t{note}")
    for fault in drafted.faults:
        tell(f"错误\t{fault}")
    place = f"，写在 {out}" if out else ""
    tell(f"照工作表“{drafted.sheet}”起草了 {drafted.file}（{drafted.title}）{place}。")
    if drafted.faults:
        fail(f"草稿还有 {len(drafted.faults)} 处错误，改好才能用。", PROBLEMS)


def _name(root: Path, collection: str, edition: str) -> str:
    """`talent/2024` out of what was given; empty where nothing was."""
    if not collection:
        if edition:
            fail("写了年度也要写系列，如 --collection talent --edition 2024。", USAGE)
        return ""
    years = sorted(path.name for path in root.glob(f"{collection}/[0-9]*"))
    year = edition or (years[-1] if years else "")
    return f"{collection}/{year}"
