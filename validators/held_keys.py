"""Finds rows of a block whose key, or other unique values, another stored row holds."""

from collections.abc import Collection, Mapping, Sequence

from form_schemas.spec import FormSpec
from validators.conversion import Row
from validators.keys import Columns, Key, is_blank, key_tuple
from validators.references import Lookup


class HeldKeys:
    """What the formal rows of a form hold already."""

    def __init__(
        self,
        form: FormSpec,
        columns: Columns,
        lookup: Lookup,
        stored: Sequence[Row | None] | None,
        upsert: bool,
    ) -> None:
        """Ask for the rows of a block.

        Args:
            stored: the stored row that each row of the block changes, if any.
            upsert: a row stands for the stored one with its key.
        """
        self._form = form
        self._columns = columns
        self._lookup = lookup
        self._stored = stored
        self._upsert = upsert

    def find(
        self, ids: tuple[str, ...], keys: Sequence[Key], skipped: Collection[int]
    ) -> list[int]:
        """Find positions of rows whose values another stored row has."""
        asked = {
            index: key_tuple(key, ids)
            for index, key in enumerate(keys)
            if index not in skipped and not is_blank(key, ids)
        }
        if not self._upsert:
            asked = {i: key for i, key in asked.items() if key != self._old(i, ids)}
        if not asked:
            return []
        if ids == self._form.key:
            taken = set(self._lookup.existing_keys(self._form, asked.values()))
            return [index for index, key in asked.items() if key in taken]
        return self._find_held(ids, asked)

    def _find_held(
        self, ids: tuple[str, ...], asked: Mapping[int, tuple[object, ...]]
    ) -> list[int]:
        """Find rows whose unique values stand in a stored row with another key."""
        rows = self._lookup.find_rows(
            self._form.code,
            ids[0],
            {key[0] for key in asked.values()},
            {*ids, *self._form.key},
        )
        held = []
        for index, values in asked.items():
            own = self._own_key(index)
            holders = (r for r in rows.get(values[0], ()) if _values(r, ids) == values)
            if any(_values(row, self._form.key) != own for row in holders):
                held.append(index)
        return held

    def _own_key(self, index: int) -> tuple[object, ...] | None:
        """The key of the stored row that a row stands for."""
        if self._upsert:
            return tuple(self._columns[i][index] for i in self._form.key)
        return self._old(index, self._form.key)

    def _old(self, index: int, ids: tuple[str, ...]) -> tuple[object, ...] | None:
        stored = None if self._stored is None else self._stored[index]
        return None if stored is None else _values(stored, ids)


def _values(row: Row, ids: tuple[str, ...]) -> tuple[object, ...]:
    return tuple(row.get(field_id) for field_id in ids)
