"""The page of a new row that holds values already, as the address of a link names them.

Values are judged as if they had been typed; nothing is stored before somebody saves.
"""

from collections.abc import Mapping
from dataclasses import replace

from flask import request

from app.services.desks import Desk
from app.services.entering import Entry, check_rows
from app.web.form_pages import show_record
from app.web.form_urls import PRESET
from app.web.posted import to_texts
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import FormSpec
from renderers.bindings import Control, control_of


def show_new_row(desk: Desk) -> str:
    """A new row, with `?set.<field>=<value>` in it; a list takes several."""
    cells = _read_preset(desk.form)
    if not cells:
        return show_record(desk, None)
    (outcome,) = check_rows(desk, [Entry("row", None, None, cells)])
    told = tuple(one for one in outcome.problems if one.field_id in cells)
    refused = {name: cells[name] for name in outcome.unstored if name in cells}
    return show_record(
        desk,
        None,
        preset={name: v for name, v in outcome.row.items() if v is not None},
        texts=to_texts(desk, refused),
        outcome=replace(outcome, problems=told),
    )


def _read_preset(form: FormSpec) -> Mapping[str, object]:
    """Texts by field; what no address should hold (personal data) is passed over."""
    cells: dict[str, object] = {}
    for item in form.typed_fields:
        texts = request.args.getlist(PRESET + item.id)
        if texts and not item.sensitive and item.value_kind not in FILE_KINDS:
            cells[item.id] = texts if control_of(item) is Control.TICKS else texts[0]
    return cells
