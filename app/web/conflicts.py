"""The page that lets a person choose where two people changed the same cells."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import render_template

from app.services.desks import Desk
from app.services.entering import Outcome
from app.services.merging import Conflict
from app.storage.records import StoredRow
from app.web.form_urls import url_of_row
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS


@dataclass(frozen=True)
class ConflictField:
    """A field that both changed."""

    id: str
    label: str
    unit: str
    base: str
    theirs: str
    mine: str


@dataclass(frozen=True)
class MergedField:
    """A field that only one of the two changed."""

    label: str
    before: str
    after: str
    by_me: bool


def show_conflict(desk: Desk, outcome: Outcome, cells: Mapping[str, object]) -> str:
    conflict = outcome.conflict
    fields = [desk.form.by_id[field_id] for field_id in conflict.fields]
    kept = [(name, cell) for name, cell in cells.items() if name in conflict.mine]
    return render_template(
        "conflict.html",
        form=desk.form,
        workplace=desk.place,
        outcome=outcome,
        conflict=conflict,
        fields=[_view_conflict(desk, item, conflict) for item in fields],
        merged=list(_view_merged(desk, conflict)),
        kept=[
            (name, cell if isinstance(cell, list) else [cell]) for name, cell in kept
        ],
        name=name_row(desk, conflict.current),
        action=url_of_row(desk.form, conflict.current.id),
    )


def _view_conflict(desk: Desk, item: FieldSpec, conflict: Conflict) -> ConflictField:
    return ConflictField(
        item.id,
        item.label,
        item.unit,
        _show_text(desk, item, conflict.base.get(item.id)),
        _show_text(desk, item, conflict.current.row.get(item.id)),
        _show_text(desk, item, conflict.mine.get(item.id)),
    )


def _view_merged(desk: Desk, conflict: Conflict):
    for item in desk.form.fields:
        if item.id in conflict.fields or item.is_given:
            continue
        base, theirs = conflict.base.get(item.id), conflict.current.row.get(item.id)
        mine = conflict.mine.get(item.id, base)
        if theirs != base or mine != base:
            after = mine if mine != base else theirs
            yield MergedField(
                item.label,
                _show_text(desk, item, base),
                _show_text(desk, item, after),
                mine != base,
            )


def _show_text(desk: Desk, item: FieldSpec, value: object) -> str:
    shown = desk.show_cell(item, value)
    if item.value_kind in FILE_KINDS:
        return f"{len(shown) if isinstance(shown, list) else 1} 个文件" if shown else ""
    return str(shown)


def name_row(desk: Desk, row: StoredRow) -> str:
    title = desk.form.title_field
    if title is None:
        return desk.form.title
    return _show_text(desk, desk.form.by_id[title], row.row.get(title))
