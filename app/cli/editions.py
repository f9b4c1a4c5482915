"""Commands for editions: the files of a next one, what differs between two."""

from pathlib import Path

import click

from app.cli.console import USAGE, fail, tell
from app.config import load_config
from app.services.edition_changes import find_changes, write_changes_file
from app.services.installation import load_forms
from app.services.new_editions import write_new_edition
from form_schemas.catalogue import ARCHIVED, Catalogue
from form_schemas.differences import FormDifference
from form_schemas.faults import ask_nearest


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


@click.command("diff")
@click.argument("before")
@click.argument("after")
@click.option("--department", help="只列这个部门的。")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="另存为给各部门的工作簿（xlsx）。",
)
def diff(before: str, after: str, department: str | None, out: Path | None) -> None:
    """按表和字段说明 AFTER（如 talent/2025）比 BEFORE（如 talent/2024）改了什么。

    比的是文件；中途修订以前的版本写作 talent/2024@1，从数据库里取。
    每行：表号、字段、种类、说明。
    """
    (collection, old), (other, new) = _split(before), _split(after)
    if collection != other:
        fail("只能比较同一系列的两版。", USAGE)
    config = load_config()
    is_archived = ARCHIVED in old + new
    catalogue = load_forms(config) if is_archived else Catalogue((), {})
    changes = find_changes(
        catalogue, config.forms_folder.resolve(), collection, old, new
    )
    if department and department not in changes.departments:
        near = ask_nearest(department, changes.departments)
        fail(f"“{department}”没有要填的表有变化，或没有这个部门。{near}", USAGE)
    chosen = changes.choose((department,) if department else ())
    for difference in chosen:
        click.echo(_line(difference))
    if out is not None:
        write_changes_file(changes, out, (department,) if department else ())
    if changes.broken:
        tell(f"这些文件有错，没有比较：{'、'.join(changes.broken)}。")
    tell(
        f"{changes.forms} 张表有变化，共 {len(chosen)} 处。" if chosen else "没有变化。"
    )


def _split(name: str) -> tuple[str, str]:
    collection, _, year = name.partition("/")
    if not year or "/" in year:
        fail(f"“{name}”不是一版的名称，写法如 talent/2024。", USAGE)
    return collection, year


def _line(one: FormDifference) -> str:
    place = f"{one.code} {one.title}" if one.code else "总则"
    return f"{place}\t{one.label}\t{one.kind.word}\t{one.sentence}"
