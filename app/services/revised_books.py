"""Workbooks of the cells that a publication left to be entered or mended.

A person's own of one unit's round, and for administrators those of all departments.
"""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine

from app.permissions import Actor
from app.services.publications import Publication
from app.services.revisions import (
    RevisedCell,
    Revision,
    iterate_revised_cells,
    open_revision,
)
from app.services.schema_aftermath import Aftermath, Task, find_aftermath
from app.storage.records import Scope
from exporters.revision_book import write_revision_book
from form_schemas.catalogue import Catalogue
from form_schemas.rule_spec import LEVEL_WORDS


def write_cells_file(
    engine: Engine, catalogue: Catalogue, revision: Revision, place: str, path: Path
) -> str:
    """Write the workbook of a person's cells; gives the name of the file.

    Args:
        place: unit and round, as people name them.
    """
    lines = map(_write_line, iterate_revised_cells(engine, catalogue, revision))
    write_revision_book(path, lines, _describe(revision, place))
    return f"表样修订后要改的格（{place}）.xlsx".replace("/", "／")


def write_all_cells(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor,
    publication: Publication,
    path: Path,
) -> str:
    """Write the workbook of all departments' cells; gives the name of the file."""
    aftermath = find_aftermath(engine, catalogue, actor, publication)
    write_revision_book(
        path,
        _iterate_all(engine, catalogue, publication, aftermath),
        _describe_all(publication, aftermath),
        names_whose=True,
    )
    return f"第 {publication.id} 次发布后各部门要改的格.xlsx"


def _iterate_all(
    engine: Engine, catalogue: Catalogue, publication: Publication, found: Aftermath
) -> Iterator[tuple[str, ...]]:
    by_place: dict[tuple[int, int], list[Task]] = {}
    for task in found.tasks:
        if task.cells:
            by_place.setdefault((task.unit_id, task.round_id), []).append(task)
    for (unit_id, round_id), tasks in by_place.items():
        names = {(one.form, one.department_id): one.department for one in tasks}
        seen = {one.form: None for one in tasks}
        scope = Scope(unit_id, round_id)
        revision = open_revision(engine, catalogue, publication, scope, seen)
        for cell in iterate_revised_cells(engine, catalogue, revision):
            whose = names.get((cell.form, cell.department_id), "")
            yield (tasks[0].unit, tasks[0].round_title, whose, *_write_line(cell))


def _write_line(cell: RevisedCell) -> tuple[str, ...]:
    return (
        cell.form.code,
        cell.form.title,
        cell.row_name,
        cell.label,
        f"（空，原来是 {cell.value}）" if cell.is_former else cell.value,
        LEVEL_WORDS[cell.level],
        cell.sentence,
    )


def _describe_all(done: Publication, found: Aftermath) -> Iterator[tuple[str, str]]:
    yield "修订", f"第 {done.id} 次发布，{done.at.astimezone():%Y-%m-%d %H:%M}"
    yield "为什么改", done.reason or "没有写"
    yield "要改的格", f"{found.cells} 处"
    if found.unchecked:
        yield "还没有检查", f"{found.unchecked} 处（单位、部门和表），要改的格还不知道"


def _describe(revision: Revision, place: str) -> Iterator[tuple[str, str]]:
    done = revision.publication
    yield "范围", place
    yield "修订", f"第 {done.id} 次发布，{done.at.astimezone():%Y-%m-%d %H:%M}"
    yield "为什么改", done.reason or "没有写"
    for one in revision.forms:
        yield f"{one.form.code} {one.form.title}", one.words
    if revision.unchecked:
        names = "、".join(f"{form.code} {form.title}" for form in revision.unchecked)
        yield "还没有检查", f"{names}：这些表里要改的格还不知道，请检查以后再下载"
