"""A look-up into rows that a test lays down."""

from collections.abc import Collection, Mapping, Sequence


class Rows:
    """Formal rows of a unit by the code of their form; remembers what was asked."""

    def __init__(self, **rows: list[dict]) -> None:
        self.rows = rows
        self.asked: list[tuple[str, str, frozenset]] = []

    def find_rows(
        self,
        table_code: str,
        field_id: str,
        values: Collection[object],
        columns: Collection[str] = (),
    ) -> Mapping[object, Sequence[dict]]:
        self.asked.append((table_code, field_id, frozenset(values)))
        found: dict[object, list[dict]] = {}
        for row in self.rows.get(table_code, ()):
            if row.get(field_id) in values:
                kept = {name: row.get(name) for name in columns}
                found.setdefault(row[field_id], []).append(kept)
        return found

    def existing_keys(self, form, keys: Collection[tuple]) -> set[tuple]:
        stored = self.rows.get(form.code, ())
        return {tuple(row.get(i) for i in form.key) for row in stored} & set(keys)
