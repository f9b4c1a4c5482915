"""The command that judges schema files; `watching` does it on every save."""

from pathlib import Path

import click

from app.cli.console import PROBLEMS, close_afterwards, fail, tell
from app.config import Config, load_config
from app.services.derivation_lint import lint_derivations
from app.services.edition_checks import check_stored_values
from app.services.installation import load_files, open_database
from form_schemas.edition_lint import lint_against_former
from form_schemas.fault_places import PlacedFault, place_faults
from form_schemas.faults import Fault
from form_schemas.folders import edition_folders
from form_schemas.lint import lint_edition
from form_schemas.settings import COLLECTION_FILE
from form_schemas.stray_files import find_stray_files
from validators.examples import lint_edition_examples


@click.command("lint")
@click.argument("path", type=click.Path(exists=True, path_type=Path), required=False)
@click.option("--data", is_flag=True, help="也看数据库里已有的行合不合新的规定。")
def lint(path: Path | None, data: bool) -> None:
    """检查 PATH（一个文件、一版或全部）里的表单文件，一次列出所有错误。

    文件里的例子（x-tests）也逐个运行，看结论对不对；有上一版的，还与上一版比较。
    每行：文件:行:列 #位置：错在哪里，怎么改。“提醒”不是错误，是请再看一眼的地方。
    没有错误时退出码为 0，有则为 1。
    """
    config = load_config()
    root = config.forms_folder.resolve()
    chosen = root if path is None else path.resolve()
    faults = (*find_faults(chosen), *(_check_data(config, chosen) if data else ()))
    for fault in faults:
        click.echo(str(fault))
    hints = [one for one in faults if one.fault.is_hint]
    also = f"，另有 {len(hints)} 处提醒" if hints else ""
    if len(faults) > len(hints):
        fail(f"共 {len(faults) - len(hints)} 处错误{also}。", PROBLEMS)
    tell(f"没有发现错误{also}。")


def find_faults(path: Path) -> tuple[PlacedFault, ...]:
    """The faults of a file, an edition, a collection or all there is."""
    if path.is_file():
        name = "/".join(path.parts[-3:])
        return tuple(
            one for one in judge_edition(path.parent) if one.fault.file == name
        )
    found = (one for folder in list_editions(path) for one in judge_edition(folder))
    return (*_find_strays(path), *found)


def _find_strays(path: Path) -> tuple[PlacedFault, ...]:
    """Files at a path that nobody reads."""
    root = _find_root(path)
    within = "/".join(path.relative_to(root).parts)
    faults = [one for one in find_stray_files(root) if _is_at(one.file, within)]
    return place_faults(faults, root)


def _check_data(config: Config, path: Path) -> tuple[PlacedFault, ...]:
    """What stored rows say to the files at a path."""
    engine = open_database(config)
    close_afterwards(engine)
    found = check_stored_values(engine, load_files(config))
    within = "/".join(path.relative_to(_find_root(path)).parts)
    faults = [one for one in found if _is_at(one.file, within)]
    return place_faults(faults, config.forms_folder)


def _find_root(path: Path) -> Path:
    """The folder of all schema files, of which something lies at a path."""
    if path.is_file():
        return path.parents[2]
    if (path / COLLECTION_FILE).is_file():
        return path.parents[1]
    own = any(path.glob(f"*/{COLLECTION_FILE}"))
    return path.parent if own else path


def _is_at(file: str, within: str) -> bool:
    return not within or file == within or file.startswith(f"{within}/")


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
    faults: tuple[Fault, ...] = (
        *lint_edition(folder),
        *lint_edition_examples(folder),
        *lint_against_former(folder),
        *lint_derivations(folder),
    )
    return place_faults(faults, folder.parent.parent)
