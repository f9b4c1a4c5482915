"""Find rows that have the key, or the values of another unique set, of another row.

Within a file the later rows are told of; `SeenKeys` carries what was seen from chunk to
chunk. Whether stored rows have a key is asked of a look-up by `check`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from form_schemas.spec import FormSpec
from validators.report import Code, Finding, quote

#: A key: the value of a one-field set, else a tuple of values.
Key = object
Columns = Mapping[str, Sequence[object]]


class SeenKeys:
    """The keys of the rows of a file so far, with the numbers of their rows."""

    def __init__(self, form: FormSpec) -> None:
        self._rows: dict[tuple[str, ...], dict[Key, int | None]] = {
            ids: {} for ids in unique_sets(form)
        }

    def note(
        self, columns: Columns, numbers: Sequence[int | None], count: int | None = None
    ) -> None:
        """Remember the keys of rows checked before, as when an import resumes."""
        for ids, seen in self._rows.items():
            keys = key_column(columns, ids, len(numbers))
            for key, number in zip(keys, numbers, strict=True):
                seen.setdefault(key, number)

    def find_repeated(
        self,
        ids: tuple[str, ...],
        columns: Columns,
        numbers: Sequence[int | None],
        skipped: Collection[int],
    ) -> Iterator[tuple[int, int | None]]:
        """Yield positions of rows whose key an earlier row has, with its number."""
        seen = self._rows[ids]
        keys = key_column(columns, ids, len(numbers))
        if not skipped and self._are_all_new(seen, keys):
            seen.update(zip(keys, numbers, strict=True))
            return
        for index, (key, number) in enumerate(zip(keys, numbers, strict=True)):
            if index in skipped or is_blank(key, ids):
                continue
            if key in seen:
                yield index, seen[key]
            else:
                seen[key] = number

    @staticmethod
    def _are_all_new(seen: Mapping[Key, object], keys: Sequence[Key]) -> bool:
        different = set(keys)
        return len(different) == len(keys) and seen.keys().isdisjoint(different)


def unique_sets(form: FormSpec) -> tuple[tuple[str, ...], ...]:
    """The sets of fields whose values identify a row: the key first."""
    sets = (form.key, *form.unique) if form.key else form.unique
    return tuple(dict.fromkeys(sets))


def key_column(columns: Columns, ids: tuple[str, ...], count: int) -> Sequence[Key]:
    """Give each row's key; an empty part counts as a value."""
    nothing = (None,) * count
    parts = [columns.get(field_id, nothing) for field_id in ids]
    return parts[0] if len(parts) == 1 else list(zip(*parts, strict=True))


def key_tuple(key: Key, ids: tuple[str, ...]) -> tuple[object, ...]:
    """Give a key as a tuple, however many fields it has."""
    if len(ids) == 1:
        return (key,)
    assert isinstance(key, tuple)
    return key


def is_blank(key: Key, ids: tuple[str, ...]) -> bool:
    """Whether nothing of a key is filled in: such rows are told to be incomplete."""
    return all(part is None for part in key_tuple(key, ids))


def describe_repeated(
    form: FormSpec, ids: tuple[str, ...], key: Key, first_row: int | None
) -> Finding:
    """Say that an earlier row of the file has the same values."""
    details = _details(form, ids, key)
    if first_row is not None:
        details["first_row"] = first_row
    return Finding(Code.DUPLICATE, {**details, "where": "file"})


def describe_stored(form: FormSpec, ids: tuple[str, ...], key: Key) -> Finding:
    """Say that a stored row has the same values."""
    return Finding(Code.DUPLICATE, {**_details(form, ids, key), "where": "stored"})


def _details(form: FormSpec, ids: tuple[str, ...], key: Key) -> dict[str, object]:
    values = [quote(part) if part is not None else "" for part in key_tuple(key, ids)]
    return {"fields": list(ids), "values": values}
