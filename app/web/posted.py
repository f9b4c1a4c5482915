"""Cells that a page's form posted without a script."""

from collections.abc import Callable, Mapping

from flask import request

from app.errors import TooLarge
from app.services.desks import Desk
from app.services.files import WrongFile
from app.services.unlocking import find_opening
from app.web.uploads import keep_field_file
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS
from renderers.bindings import Control, control_of


def read_cells(
    desk: Desk, row_id: int | None = None
) -> tuple[dict[str, object], list[str]]:
    """The posted cells, and why files among them were not taken.

    A page shows cells that are locked as text, which no browser posts: they count as
    untouched, not as emptied.
    """
    is_open = _find_open(desk, row_id)
    resolving = "_resolve" in request.form
    cells: dict[str, object] = {}
    refused: list[str] = []
    for item in filter(is_open, desk.form.typed_fields):
        if resolving and (
            item.id not in request.form
            or request.form.get(f"choose-{item.id}", "mine") != "mine"
        ):
            continue
        if item.value_kind in FILE_KINDS:
            cells[item.id] = [
                *request.form.getlist(item.id),
                *_receive_files(desk, item, refused),
            ]
            if not item.is_list:
                cells[item.id] = next(reversed(cells[item.id]), "")
        else:
            cells[item.id] = read_cell(item)
    return cells, refused


def _find_open(desk: Desk, row_id: int | None) -> Callable[[FieldSpec], bool]:
    opening = find_opening(desk.place, desk.form)
    found = opening(row_id) if opening is not None and row_id is not None else None
    return lambda item: found is None or item.id in found


def read_cell(item: FieldSpec) -> str | list[str]:
    """A text, or those of the ticked boxes."""
    texts = request.form.getlist(item.id)
    if control_of(item) is Control.TICKS:
        return texts
    return texts[0] if texts else ""


def _receive_files(desk: Desk, item: FieldSpec, refused: list[str]) -> list[str]:
    tokens = []
    for sent in request.files.getlist(item.id):
        if not sent.filename:
            continue
        try:
            tokens.append(keep_field_file(desk, item.id, sent).token)
        except (WrongFile, TooLarge) as wrong:
            refused.append(wrong.message)
    return tokens


def to_texts(desk: Desk, cells: Mapping[str, object]) -> dict[str, object]:
    """What was typed, for the controls of the page that comes back."""
    return {
        name: tuple(cell) if isinstance(cell, list) else cell
        for name, cell in cells.items()
        if desk.form.by_id[name].value_kind not in FILE_KINDS
    }
