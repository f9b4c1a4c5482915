"""Booklets at a workplace: which there are, and how their lists and records stand.

Forms of a booklet are saved, checked and handed in like any others; here is only what
concerns several of them at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from app.errors import NotFound
from app.models import FilingState
from app.permissions import can
from app.policy import Action
from app.services.desks import CheckedRow, Desk
from app.services.entering import Entry, save_rows
from app.services.navigation import FormLine, list_lines
from app.services.rounds.participation import find_last_round, find_open_round
from app.services.unit_rounds import UnitPart, find_part
from app.services.workplaces import Workplace
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from app.storage.records import Query
from form_schemas.booklets import Booklet, Ticks, list_below, list_counted, list_forms
from form_schemas.catalogue import Catalogue
from form_schemas.codelists import CodeEntry, offered
from form_schemas.field_spec import FieldSpec
from form_schemas.settings import list_booklets
from form_schemas.spec import FormSpec, Shape
from validators.report import Problem

#: A checklist has one row a code.
_MOST_TICKS = 1000


@dataclass(frozen=True)
class Tick:
    """A code that can be ticked, and the row that says it is."""

    entry: CodeEntry
    #: None: not ticked
    row: CheckedRow | None
    #: what may be chosen below it
    below: tuple[CodeEntry, ...]
    chosen: frozenset[str] = frozenset()

    @property
    def problems(self) -> tuple[Problem, ...]:
        found = () if self.row is None else self.row.problems
        return tuple(problem for problem in found if problem.is_error)


@dataclass(frozen=True)
class CountLine:
    """A list that a block counts: this year beside the last one."""

    field: FieldSpec
    line: FormLine

    @property
    def change(self) -> int | None:
        return self.line.change


def find_booklets(place: Workplace) -> tuple[Booklet, ...]:
    """The booklets that the workplace's unit fills, as far as the person sees them."""
    declared = list_declared(place)
    if not declared:
        return ()
    known = {form.code for form in place.forms if place.can(Action.VIEW_ROWS, form)}
    return tuple(
        booklet
        for booklet in declared
        if {block.form for block in booklet.blocks} <= known
    )


def list_declared(place: Workplace) -> tuple[Booklet, ...]:
    """The booklets of units of this kind, whatever the round."""
    settings = place.edition.settings
    usual = settings.get("unitKind")
    return tuple(
        booklet
        for booklet in list_booklets(settings)
        if place.unit_kind == (booklet.unit_kind or usual)
    )


def get_declared(place: Workplace, booklet_id: str) -> Booklet:
    """The same booklet where its forms belong to another round than the place's."""
    return _get(list_declared(place), booklet_id)


def get_booklet(place: Workplace, booklet_id: str) -> Booklet:
    """The booklet of this id; NotFound where the unit does not fill it."""
    return _get(find_booklets(place), booklet_id)


def _get(booklets: Sequence[Booklet], booklet_id: str) -> Booklet:
    booklet = next((one for one in booklets if one.id == booklet_id), None)
    if booklet is None:
        raise NotFound("没有这一份填报，或者它不由这个单位填。")
    return booklet


def find_booklet_of(place: Workplace, form: FormSpec) -> Booklet | None:
    """The booklet that a form stands in."""
    found = (b for b in find_booklets(place) if form in forms_of(place, b))
    return next(found, None)


def forms_of(place: Workplace, booklet: Booklet) -> tuple[FormSpec, ...]:
    return list_forms(booklet, {form.code: form for form in place.forms})


def may_hand_in(place: Workplace) -> bool:
    """Whether the person hands the unit's round in."""
    return place.is_open and can(place.actor, Action.REPORT_ROUND, place.whole)


def find_state(workshop: Workshop, place: Workplace) -> UnitPart:
    with begin_reading(workshop.engine) as connection:
        return find_part(connection, place.edition, place.unit_id, place.round_id)


def find_yearly_rounds(
    engine: Engine, place: Workplace
) -> tuple[int | None, int | None]:
    """Ids of the unit's round that is open now and of its newest; None: none."""
    with begin_reading(engine) as connection:
        asked = connection, place.collection, place.unit_id
        open_now, last = find_open_round(*asked), find_last_round(*asked)
    return open_now and open_now.id, last and last.id


def is_handed_in(part: UnitPart) -> bool:
    return part.state in (FilingState.SUBMITTED, FilingState.APPROVED)


def begin_records(workshop: Workshop, place: Workplace, booklet: Booklet) -> None:
    """Store the records of a booklet that nobody has begun, empty as they are.

    A record of figures may stay empty, and nobody can type into one that only counts:
    both are there all the same, so that their rules are judged and what they require is
    missed field by field.
    """
    for form in list_beginnable(place, booklet):
        desk = Desk(workshop.engine, workshop.catalogue, place, form)
        if desk.find_record() is None:
            save_rows(desk, [Entry("record", None, None, {})])


def list_beginnable(place: Workplace, booklet: Booklet) -> tuple[FormSpec, ...]:
    """The records of a booklet that the person may begin."""
    return tuple(
        form
        for form in forms_of(place, booklet)
        if form.shape is Shape.RECORD and not place.find_obstacle(form)
    )


def list_counts(
    engine: Engine, catalogue: Catalogue, place: Workplace, form: FormSpec
) -> tuple[CountLine, ...]:
    """The lists that a form counts, in the order of its fields."""
    by_code = {one.code: one for one in place.forms}
    counted = [
        one
        for one in list_counted(form)
        if one.form in by_code and place.can(Action.VIEW_ROWS, by_code[one.form])
    ]
    lines = list_lines(engine, catalogue, place, [by_code[one.form] for one in counted])
    pairs = zip(counted, lines, strict=True)
    return tuple(CountLine(one.field, line) for one, line in pairs)


def list_ticks(desk: Desk, ticks: Ticks) -> tuple[Tick, ...]:
    """The outermost codes of a checklist with the rows that tick them."""
    codelist = desk.catalogue.codelists[ticks.key.codes or ""]
    rows = _find_rows(desk, ticks.key)
    entries = offered(codelist, ticks.key.pattern)
    codes = {entry.code for entry in entries}
    return tuple(
        Tick(
            entry,
            rows.get(entry.code),
            ()
            if ticks.below is None
            else list_below(codelist, ticks.below, entry.code),
            _read_chosen(rows.get(entry.code), ticks.below),
        )
        for entry in entries
        if entry.parent not in codes and (not entry.valid_to or entry.code in rows)
    )


def _find_rows(desk: Desk, key: FieldSpec) -> Mapping[object, CheckedRow]:
    page = desk.find_page(Query(size=_MOST_TICKS))
    return {row.stored.row.get(key.id): row for row in page.rows}


def _read_chosen(row: CheckedRow | None, below: FieldSpec | None) -> frozenset[str]:
    if row is None or below is None:
        return frozenset()
    value = row.stored.row.get(below.id)
    chosen: Sequence[object] = value if isinstance(value, tuple) else ()
    return frozenset(map(str, chosen))
