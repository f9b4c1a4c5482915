"""What people of a whole round have on their desks: rows, and workbooks of them."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exporters.workbook import chunks_of, write_xlsx
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.kinds import FILE_KINDS, FieldKind
from form_schemas.spec import FormSpec, Shape
from validators.conversion import display

#: Of the forms that nothing refers to, one in so many has nothing to report.
_EMPTY_SHARE = 3
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Books:
    """The rows of every form, which fit each other."""

    catalogue: Catalogue
    edition: Edition
    rows: Mapping[str, Sequence[Mapping[str, object]]]
    #: forms whose invented rows other forms contradict: nothing happened there
    contradicted: frozenset[str]

    @property
    def filled_in(self) -> list[FormSpec]:
        """Forms that people fill in."""
        return [form for form in self.edition.forms if not form.is_derived]

    def has_files(self, form: FormSpec) -> bool:
        """Whether rows cannot do without a file, which no workbook holds."""
        return any(f.kind in FILE_KINDS and f.required for f in form.fields)

    def workbook(self, form: FormSpec, rows=None) -> dict[str, object]:
        """A workbook to be uploaded."""
        stream = io.BytesIO()
        rows = self.rows[form.code] if rows is None else rows
        chunks = chunks_of(form, self.catalogue, rows)
        write_xlsx(form, self.catalogue, chunks, stream)
        name = f"{form.code}.xlsx"
        return {"name": name, "mimeType": _XLSX, "buffer": stream.getvalue()}

    def find_row(self, form: FormSpec, known: Mapping[str, object]):
        """The row with the key of a stored one."""
        if form.shape is Shape.RECORD:
            return self.rows[form.code][0]
        return next(
            row
            for row in self.rows[form.code]
            if all(row.get(name) == known[name] for name in form.key)
        )

    def text(self, form: FormSpec, row: Mapping[str, object], field_id: str) -> str:
        """What one types for a value."""
        item = form.by_id[field_id]
        return display(item, row.get(field_id), self.catalogue.codelists)


@dataclass(frozen=True)
class Plan:
    """How each form of the second phase gets its rows."""

    empty: list[FormSpec]
    imported: list[FormSpec]
    #: another department supplies rows that it types
    shared: FormSpec
    #: a record, typed
    typed: FormSpec
    with_files: FormSpec
    #: cells of it are returned
    returned: FormSpec


def make_plan(books, forms):
    def is_free(form):
        """Whether nothing but its own rows counts in it."""
        referred = books.catalogue.referring(form)
        return not (form.is_carried or form.key_figures or referred)

    able = [form for form in forms if form.code not in books.contradicted]
    filed = [form for form in able if books.has_files(form)]
    free = [form for form in able if is_free(form) and form not in filed]
    alone = [form for form in free if len(form.departments) == 1]
    several = [form for form in free if len(form.departments) > 1]
    shared = next(form for form in several if find_free_text(books, form))
    typed = next(f for f in alone if f.shape is Shape.RECORD)
    returned = next(f for f in alone if find_free_text(books, f))
    chosen = {shared, typed, returned, filed[0]}
    left = [form for form in alone if form not in chosen]
    empty = [f for f in forms if f.code in books.contradicted or f in filed[1:]]
    empty += left[::_EMPTY_SHARE]
    others = [form for form in forms if form not in chosen and form not in empty]
    return Plan(empty, others, shared, typed, filed[0], returned)


def find_free_text(books, form):
    """A text that nothing depends on, given in the first row."""
    if form.shape is not Shape.ROWS:
        return None
    judged = {name for rule in form.rules for name in rule.fields}
    return next(
        (
            item.id
            for item in form.typed_fields
            if item.kind is FieldKind.TEXT
            and item.id not in judged
            and item.id not in form.key
            and books.rows[form.code][0].get(item.id)
        ),
        None,
    )
