"""Made-up next years of an edition: its files, and what is to become of its rows.

Forms and fields are chosen by what they are, none by its name, so that the same years
go over any edition. What rows become is said here once more, in plain Python.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy

from form_schemas.catalogue import Edition
from form_schemas.codelists import CodeList
from form_schemas.drafts import Source
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FieldKind
from form_schemas.renaming import NameFinder
from form_schemas.renaming import rename as rename_mentions
from form_schemas.spec import FormSpec
from tests.support.schema_acts import rename

Row = dict[str, object]
#: Code of a form -> its rows by their ids, of one unit and round; no empty cells.
Rows = dict[str, dict[int, Row]]
#: Whether a field is one that an act can be done to.
Fits = Callable[[FieldSpec], bool]


class NextYear:
    """The files of an edition while somebody edits them."""

    def __init__(self, edition: Edition, codelists: Mapping[str, CodeList]) -> None:
        self.edition = edition
        self.forms = [form for form in edition.forms if not form.is_derived]
        self.schemas: dict[str, dict] = {
            form.code: json.loads(json.dumps(form.schema)) for form in edition.forms
        }
        #: act -> the forms that it was done to
        self.done: dict[str, list[str]] = {}
        self._codelists = codelists
        self._finder = self._find_names()
        self._settings = json.dumps(edition.settings, ensure_ascii=False)
        self._chosen: set[tuple[str, str]] = set()
        self._carries: list[Callable[[Rows], None]] = []

    # What becomes of rows.

    def expect(self, carry: Callable[[Rows], None]) -> None:
        """Note what an act makes of rows."""
        self._carries.append(carry)

    def carry(self, rows: Rows) -> Rows:
        """What rows become, of one unit and an open round."""
        now = deepcopy(rows)
        for carry in self._carries:
            carry(now)
        return {
            code: {row_id: _without_empty(row) for row_id, row in own.items()}
            for code, own in now.items()
        }

    # Choosing.

    def choose(self, form: FormSpec, fits: Fits) -> FieldSpec | None:
        """A field that nothing asks about, and that nobody chose before."""
        return self._choose(form, lambda one: fits(one) and not self._asks(form, one))

    def choose_asked(self, form: FormSpec, fits: Fits) -> FieldSpec | None:
        """A field that expressions or other forms name, and nobody chose before."""
        return self._choose(form, lambda one: fits(one) and self._asks(form, one))

    def is_lonely(self, form: FormSpec) -> bool:
        """Whether neither the settings nor another form name it or a field of it."""
        names = [(form.code, name) for name in (None, *form.by_id)]
        places = [place for name in names for place in self._finder.find(name)]
        return f'"{form.code}"' not in self._settings and all(
            place.code == form.code for place in places
        )

    def is_told_in_settings(self, form: FormSpec) -> bool:
        return f'"{form.code}"' in self._settings

    def _choose(self, form: FormSpec, fits: Fits) -> FieldSpec | None:
        for item in form.typed_fields:
            place = (form.code, item.id)
            if place in self._chosen or f'"{item.id}"' in self._settings:
                continue
            if fits(item):
                self._chosen.add(place)
                return item
        return None

    def _asks(self, form: FormSpec, item: FieldSpec) -> bool:
        return item.id in form.key or any(
            not place.pointer.startswith(("/x-layout", "/required"))
            for place in self._finder.find((form.code, item.id))
        )

    # Editing.

    def do(self, act: "Act", form: FormSpec) -> bool:
        """Do something to a form, if it has what it takes."""
        is_done = act(self, form)
        if is_done:
            self.done.setdefault(act.__name__, []).append(form.code)
        return is_done

    def rename_everywhere(self, code: str, old: str | None, new: str) -> None:
        """Give a field, or with None the form, another name wherever it is named."""
        places = self._find_names().find((code, old))
        self.schemas |= rename_mentions(self.schemas, places, (code, old), new)
        if old is not None:
            rename(self.schemas[code], old, new)
            return
        schema = self.schemas.pop(code)
        schema["x-form"] |= {"code": new, "was": [code]}
        schema["$id"] = schema["$id"].removesuffix(code) + new
        self.schemas[new] = schema

    def list_sources(self) -> list[Source]:
        return [
            Source(
                f"{self.edition.name}/{code}.json",
                json.dumps(schema, ensure_ascii=False),
            )
            for code, schema in self.schemas.items()
        ]

    def _find_names(self) -> NameFinder:
        return NameFinder(self.edition.name, self.list_sources(), self._codelists)


#: Does something to a form; whether the form had what it takes.
Act = Callable[[NextYear, FormSpec], bool]


def do_in_turn(
    year: NextYear, acts: Iterable[Act], forms: Iterable[FormSpec], most: int
) -> None:
    """Do one act a form, each in its turn, until so many forms changed."""
    waiting = list(acts)
    for form in forms:
        if most == 0:
            return
        act = next((one for one in waiting if year.do(one, form)), None)
        if act is not None:
            waiting.remove(act)
            waiting.append(act)
            most -= 1


# What acts have in common.


def of_kind(*kinds: FieldKind) -> Fits:
    return lambda item: item.kind in kinds and item.default is None


def each_row(code: str, act: Callable[[Row], object]) -> Callable[[Rows], None]:
    """An act on every row of a form."""

    def carry(rows: Rows) -> None:
        for row in rows.get(code, {}).values():
            act(row)

    return carry


def rename_in(row: Row, old: str, new: str) -> None:
    if old in row:
        row[new] = row.pop(old)


def _without_empty(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}
