"""The command that judges schema files; `watching` does it on every save."""

from pathlib import Path

import click

from app.cli.console import PROBLEMS, fail, tell
from form_schemas.catalogue import SCHEMAS_FOLDER, edition_folders
from form_schemas.fault_places import PlacedFault, place_faults
from form_schemas.faults import Fault
from form_schemas.lint import lint_edition
from form_schemas.settings import COLLECTION_FILE
from validators.examples import lint_edition_examples


@click.command("lint")
@click.argument(
    "path", type=click.Path(exists=True, path_type=Path), default=SCHEMAS_FOLDER
)
def lint(path: Path) -> None:
    """检查 PATH（一个文件、一版或全部）里的表单文件，一次列出所有错误。

    文件里的例子（x-tests）也逐个运行，看结论对不对。
    每行：文件:行:列 #位置：错在哪里，怎么改。没有错误时退出码为 0，有则为 1。
    """
    faults = find_faults(path.resolve())
    for fault in faults:
        click.echo(str(fault))
    if faults:
        fail(f"共 {len(faults)} 处错误。", PROBLEMS)
    tell("没有发现错误。")


def find_faults(path: Path) -> tuple[PlacedFault, ...]:
    """The faults of a file, an edition, a collection or all there is."""
    if path.is_file():
        name = "/".join(path.parts[-3:])
        return tuple(
            one for one in judge_edition(path.parent) if one.fault.file == name
        )
    return tuple(one for folder in list_editions(path) for one in judge_edition(folder))


def list_editions(path: Path) -> tuple[Path, ...]:
    """The folders of the editions at a path: one, a collection's, or all."""
    if path.is_file():
        return (path.parent,)
    if (path / COLLECTION_FILE).is_file():
        return (path,)
    own = sorted(found.parent for found in path.glob(f"*/{COLLECTION_FILE}"))
    return tuple(own or edition_folders(path))


def judge_edition(folder: Path) -> tuple[PlacedFault, ...]:
    """All faults of an edition, and of the examples in its files."""
    faults: tuple[Fault, ...] = (*lint_edition(folder), *lint_edition_examples(folder))
    return place_faults(faults, folder.parent.parent)
