"""A row among all rows of its round, and the rows that are found from there.

Where `interpreting` and `deriving` stand when they evaluate a tree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from form_schemas.spec import FormSpec
from validators.compiling import Env, Row
from validators.functions import BLANKS

#: The rows of a unit and round by code of form.
Tables = Mapping[str, Sequence[Row]]


@dataclass(frozen=True)
class Place:
    """A row among the rows of its round: where an expression is evaluated."""

    form: FormSpec
    #: stands among the rows of its form in `tables` too
    row: Row
    #: the forms of the edition by code
    forms: Mapping[str, FormSpec]
    tables: Tables
    #: today and the period; its `ref` is not asked
    env: Env
    #: the rows of the round before; None, or none at all, where nothing was filed
    previous: Tables | None = None
    #: the row around an aggregate or a filter
    this: "Place | None" = None
    #: in a derivation: the partner row of each alias; under "" the expanded values
    aliases: Mapping[str, "Place | None"] = field(default_factory=dict)
    #: the rows that functions of a group go through
    group: tuple["Place", ...] = ()

    @property
    def expanded(self) -> Row:
        """The values of the expanded columns."""
        found = self.aliases.get("")
        return {} if found is None else found.row


def enter(place: Place, code: str, row: Row, this: Place | None = None) -> Place:
    """The place of a row that is looked at from the place's row, or from `this`."""
    form, around = place.forms[code], this or place
    return replace(place, form=form, row=row, this=around, aliases={}, group=())


def get_around(place: Place) -> Place:
    """The row that `this` means; in a derivation's own level the row itself."""
    return place.this or place


def find_previous_row(place: Place) -> Row | None:
    """The row of the same key in the round before; the only one of a record."""
    assert place.previous is not None
    rows = place.previous.get(place.form.code, ())
    key = _key(place.form, place.row)
    return next((row for row in rows if _key(place.form, row) == key), None)


def read_renamed(form: FormSpec, row: Row, field_id: str) -> Any:
    """A value that an older edition may hold under an earlier id."""
    names = (field_id, *form.by_id[field_id].was)
    return next((row[name] for name in names if name in row), None)


def to_comparable(value: Any, by_month: bool = False) -> Any:
    """A value as it is compared: texts trimmed, dates cut to months if told so."""
    if isinstance(value, str):
        return value.strip(BLANKS)
    if isinstance(value, date) and by_month:
        return value.isoformat()[:7]
    return value


def _key(form: FormSpec, row: Row) -> list[Any]:
    return [to_comparable(read_renamed(form, row, field_id)) for field_id in form.key]
