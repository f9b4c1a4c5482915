"""What a form of any catalogue would be like: its pages, choices and checks.

The catalogue need not be in use: it may come from a draft or from files on disk. No
row is read and none is stored. References pick from rows that are made up, the same
ones each time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import IO

from app.errors import NotFound
from app.services.choices import Option, Options, search_codes
from app.services.inventing.making import demo_rows
from app.services.inventing.world import World, in_order
from exporters.template import write_template
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import FormSpec
from renderers.display import mask, show
from validators.check import Checked, Stage, check_row
from validators.compiling import Env
from validators.conversion import RawRow, display
from validators.examples import make_setting
from validators.rules import hidden_fields

Row = Mapping[str, object]

#: Made-up rows of a form.
_ROWS = 3
_SEED = 2024


@dataclass(frozen=True)
class SampleRow:
    """A made-up row, as pages ask for stored ones."""

    id: int
    row: Row
    version: int = 1
    is_inherited: bool = False


@dataclass(frozen=True)
class Tried:
    """What became of a row that somebody typed into a preview."""

    checked: Checked
    #: texts of what the engine fills in
    cells: Mapping[str, str]
    #: field id -> name of the row that a reference picks
    meanings: Mapping[str, str]
    hidden: tuple[str, ...]


class Preview:
    """A form as it would be, among made-up rows of the forms it refers to."""

    def __init__(self, catalogue: Catalogue, form: FormSpec) -> None:
        self.catalogue = catalogue
        self.form = form
        self.edition = _with_periods(catalogue.edition_of(form), catalogue)
        self._world = _make_world(catalogue, self.edition, form)

    @property
    def period(self) -> tuple[date, date]:
        scene = self._world.scene(self.form)
        return scene.period_start, scene.period_end

    def env(self) -> Env:
        scene = self._world.scene(self.form)
        return Env(
            scene.today, scene.period_start, scene.period_end, ref=self._ask_reference
        )

    def list_samples(self) -> tuple[SampleRow, ...]:
        """A few rows as somebody might have entered them; none for computed forms."""
        rows = self._world.rows(self.form.code)
        return tuple(SampleRow(number, row) for number, row in enumerate(rows, 1))

    def find_options(self, field_id: str, text: str, page: int) -> Options:
        """What a picker would offer: codes as they are, made-up rows for references."""
        item = self.form.by_id.get(field_id)
        if item is None or item.is_given:
            raise NotFound("本表没有这一栏。")
        if item.reference is not None:
            found = [
                one for one in self._list_rows(item) if text in one.value + one.label
            ]
            return Options(tuple(found), more=False)
        codelist = self.catalogue.codelist_for(item)
        if codelist is None:
            return Options(tuple(Option(one, one) for one in item.options), more=False)
        return search_codes(item, codelist, text, page)

    def try_row(self, cells: Mapping[str, object], sample: int | None) -> Tried:
        """Judge a row as a save would; nothing is stored.

        Args:
            sample: number of the made-up row that was changed; None for a new one.
        """
        stored = {one.id: one.row for one in self.list_samples()}.get(sample or 0)
        known = {name: cell for name, cell in cells.items() if name in self.form.by_id}
        context = replace(self._world.context(self.form))
        checked = check_row(
            self.form, RawRow(1, known), context, Stage.DRAFT, stored=stored
        )
        row = checked.row
        return Tried(
            checked,
            {item.id: self._show(item, row.get(item.id)) for item in self._given()},
            self.name_references(row),
            tuple(sorted(hidden_fields(self.form, row, self.env()))),
        )

    def name_references(self, row: Row) -> dict[str, str]:
        """Field id -> name of the made-up row that a reference picks."""
        names = {}
        for item in self.form.fields:
            value = row.get(item.id)
            if item.reference is None or item.is_list or value is None:
                continue
            for option in self._list_rows(item):
                if option.value == str(value) != option.label:
                    names[item.id] = option.label
        return names

    def _given(self) -> Iterator[FieldSpec]:
        return (item for item in self.form.fields if item.is_given)

    def _show(self, item: FieldSpec, value: object) -> str:
        if value is None or item.value_kind in FILE_KINDS:
            return ""
        return mask_if_personal(item, show(item, value, self.catalogue.codelists))

    def _list_rows(self, item: FieldSpec) -> Iterator[Option]:
        for target in self.catalogue.targets(self.form, item):
            chosen = target.by_id[item.reference.field]
            for row in self._world.rows(target.code):
                value = row.get(chosen.id)
                if value is not None:
                    text = display(chosen, value, self.catalogue.codelists)
                    yield Option(text, self._title_of(target, row) or text, "例")

    def _title_of(self, target: FormSpec, row: Row) -> str:
        if target.title_field is None or row.get(target.title_field) is None:
            return ""
        title = target.by_id[target.title_field]
        text = show(title, row[title.id], self.catalogue.codelists)
        return mask_if_personal(title, text)

    def _ask_reference(self, row: Row, field_id: str, column: str) -> object:
        item = self.form.by_id[field_id]
        for target in self.catalogue.targets(self.form, item):
            table = self._world.table(target.code)
            for found in table.find(item.reference.field, row.get(field_id)):
                return found.get(column)
        return None


def mask_if_personal(item: FieldSpec, text: str) -> str:
    return mask(item, text) if item.sensitive and text else text


@lru_cache(maxsize=4)
def open_preview(catalogue: Catalogue, form: FormSpec) -> Preview:
    """The preview of a form; its made-up rows are kept for the page's next question.

    Few are kept: each save of a draft makes a catalogue of its own.
    """
    return Preview(catalogue, form)


def write_preview_template(
    catalogue: Catalogue, form: FormSpec, stream: IO[bytes]
) -> None:
    """Write the template as units would get it, without last period's values."""
    write_template(
        form, catalogue, stream, periods=open_preview(catalogue, form).period
    )


def _with_periods(edition: Edition, catalogue: Catalogue) -> Edition:
    """The edition with a period for each form: a draft's settings may lack some."""
    setting = make_setting(edition.forms, edition.settings, catalogue.codelists)
    periods = {
        name: [start.isoformat(), end.isoformat()]
        for name, (start, end) in setting.periods.items()
    }
    return replace(edition, settings={**edition.settings, "periods": periods})


def _make_world(catalogue: Catalogue, edition: Edition, form: FormSpec) -> World:
    world = World(catalogue, edition)
    wanted = _find_needed(catalogue, form)
    for one in in_order(catalogue, edition):
        if one.code in wanted and not one.is_derived:
            demo_rows(catalogue, one, _ROWS, _SEED, world)
    return world


def _find_needed(catalogue: Catalogue, form: FormSpec) -> set[str]:
    """The form, and all that its references lead to."""
    found: set[str] = set()
    waiting: Sequence[FormSpec] = [form]
    while waiting:
        found.update(one.code for one in waiting)
        waiting = [
            target
            for one in waiting
            for item in one.fields
            for target in catalogue.targets(one, item)
            if target.code not in found
        ]
    return found
