"""Where the values of a form stand in a unit's last round, and as what.

The last round may have run by another edition, which had other ids, types and options.
"""

from collections.abc import Collection, Mapping
from functools import cached_property

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    case,
    literal,
    null,
    type_coerce,
)

from app.storage.binding import bind
from app.storage.expression_rows import find_edition, find_stored
from app.storage.previous import find_previous_rows
from app.storage.records import Scope
from app.storage.types import keep_as
from form_schemas.catalogue import Catalogue
from form_schemas.descent import Descent, find_descent
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec


class EarlierValues:
    """The rows of a form as a unit's last round has them."""

    def __init__(
        self,
        connection: Connection,
        catalogue: Catalogue,
        form: FormSpec,
        source: Scope,
    ) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._source = source
        self._now = bind(catalogue, form).table
        self.form = form
        #: the form of that round
        self.earlier, self._descent = _find_earlier(connection, catalogue, form, source)
        #: its rows
        self.table = bind(catalogue, self.earlier).table.alias("last_round")

    def value_of(self, item: FieldSpec) -> ColumnElement:
        """A field's value in the last round, under whichever id it had then."""
        own = self._now.c[item.id]
        if item.id not in self.names:
            return _null_of(own)
        found = keep_as(own, self.table.c[self.names[item.id]], self._connection)
        if found is None:
            return _null_of(own)
        recode = self._find_recode(item)
        if not recode or item.is_list:
            return found
        known = [(found == old, literal(new, own.type)) for old, new in recode.items()]
        return type_coerce(case(*known, else_=found), own.type)

    def _find_recode(self, item: FieldSpec) -> Mapping[str, str | None]:
        origin = self._descent.origin_of(self.form, item.id)
        return {} if origin is None else origin.recode

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Field -> the field of the earlier form that has its value."""
        origins = (
            (item.id, self._descent.origin_of(self.form, item.id))
            for item in self.form.fields
        )
        return {
            name: origin.field.id
            for name, origin in origins
            if origin is not None
            and origin.field is not None
            and origin.form is self.earlier
        }

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """Fields whose values stood in another form, or are computed of the row."""
        return tuple(
            item.id
            for item in list_copied_fields(self.form)
            if item.id not in self.names
            and self._descent.origin_of(self.form, item.id) is not None
        )

    def find_elsewhere(self, keys: Collection[str]) -> dict[str, dict[str, object]]:
        """The values of the last round's rows in these fields, by key of the row."""
        found = find_previous_rows(
            self._connection, self._catalogue, self.form, self._source, keys
        )
        names = self.elsewhere
        return {key: {name: row[name] for name in names} for key, row in found.items()}


def _null_of(column: Column) -> ColumnElement:
    return type_coerce(null(), column.type)


def _find_earlier(
    connection: Connection, catalogue: Catalogue, form: FormSpec, source: Scope
) -> tuple[FormSpec, Descent]:
    """The form as the last round had it; itself where that round had none."""
    now = catalogue.edition_of(form)
    then = find_edition(connection, catalogue, source.round_id) or now
    return find_stored(catalogue, form, then), find_descent(catalogue, then, now)


def has_same_key(form: FormSpec, earlier: FormSpec, descent: Descent) -> bool:
    """Whether rows of an earlier edition have the same keys."""
    if len(form.key) != len(earlier.key):
        return False
    origins = (descent.origin_of(form, name) for name in form.key)
    return all(
        origin is not None
        and origin.form is earlier
        and origin.field is not None
        and origin.field.id == old
        and not origin.recode
        for origin, old in zip(origins, earlier.key, strict=True)
    )


def list_copied_fields(form: FormSpec) -> tuple[FieldSpec, ...]:
    """What is typed, and what follows from the row alone; the rest is asked anew."""
    carried = {item.id for item in form.carried_fields}
    wider = {item.id for item in form.wider_fields}
    return tuple(
        item
        for item in form.fields
        if item.id in carried or (item.is_given and item.id not in wider)
    )
