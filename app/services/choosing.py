"""Rows of the last round to choose from: those that this round does not have yet.

What is chosen is brought over by `rounds.carrying`, as whole forms are.
"""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

from app.errors import Refused
from app.services.desks import Desk
from app.services.rounds.carrying import Carried, carry_chosen
from app.storage.columns import iterate_blocks
from app.storage.engine import begin_reading
from app.storage.keys import initials, key_text
from app.storage.previous import list_previous_rows
from app.storage.records import Scope
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS
from renderers.display import mask, show

#: Rows of the last round that are listed at most; a list of members is far shorter.
MOST = 5000
_AT_ONCE = 2000
#: Columns of the list: what tells one row from another.
_COLUMNS = 6


@dataclass(frozen=True)
class Choosable:
    """A row of the last round."""

    key: str
    title: str
    #: its cells, in the order of `list_columns`
    cells: tuple[str, ...]

    @property
    def mark(self) -> str:
        """Names the row in a page: its key may be personal."""
        return sha256(self.key.encode()).hexdigest()[:32]


def list_columns(desk: Desk) -> tuple[FieldSpec, ...]:
    """The fields that a row keeps when it is brought over, the title first."""
    form = desk.form
    kept = [f for f in form.carried_fields if f.value_kind not in FILE_KINDS]
    first = [form.by_id[form.title_field]] if form.title_field else []
    key = [form.by_id[name] for name in form.key]
    return tuple(dict.fromkeys([*first, *key, *kept]))[:_COLUMNS]


def list_choosable(desk: Desk, search: str = "") -> tuple[Choosable, ...]:
    """The last round's rows whose keys are not here yet.

    Args:
        search: words that all occur in what is listed, or pinyin initials of the title.
    """
    form, place = desk.form, desk.place
    if place.previous_round_id is None or not form.is_carried:
        return ()
    last = Scope(place.unit_id, place.previous_round_id)
    with begin_reading(desk.engine) as connection:
        rows = list_previous_rows(connection, desk.catalogue, form, last, MOST)
        blocks = iterate_blocks(
            connection,
            desk.catalogue,
            form,
            Scope(place.unit_id, place.round_id),
            [],
            _AT_ONCE,
        )
        here = {key for block in blocks for key in block.keys}
    columns = list_columns(desk)
    found = (_make(desk, columns, row) for row in rows)
    words = search.lower().split()
    return tuple(
        one
        for one in found
        if one.key not in here and all(_matches(one, word) for word in words)
    )


def bring_over(desk: Desk, marks: Collection[str]) -> Carried:
    """Bring the chosen rows into this round.

    Raises:
        Refused: nothing was chosen.
    """
    desk.require_entry()
    wanted = set(marks)
    keys = [one.key for one in list_choosable(desk) if one.mark in wanted]
    if not keys:
        raise Refused("还没有选，或者选的已经在本期里。请勾选后再带入。")
    place = desk.place
    scope = Scope(place.unit_id, place.round_id)
    return carry_chosen(
        desk.engine, desk.catalogue, place.actor, scope, desk.form, keys
    )


def _make(desk: Desk, columns: tuple[FieldSpec, ...], row) -> Choosable:
    cells = tuple(_show(desk, item, row.get(item.id)) for item in columns)
    return Choosable(key_text(desk.form, row), cells[0] if cells else "", cells)


def _show(desk: Desk, item: FieldSpec, value: object) -> str:
    text = show(item, value, desk.catalogue.codelists)
    return mask(item, text) if item.sensitive and text else text


def _matches(one: Choosable, word: str) -> bool:
    text = " ".join(one.cells).lower()
    return word in text or word in (initials(one.title) or "")
