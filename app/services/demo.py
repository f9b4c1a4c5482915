"""Fills a database with a demo school and a demo group: their rounds, and rows of every
form. Units and accounts are in `demo_people`, the course of the round in `demo_story`,
that of others in `demo_history`; `demo_neighbours` has further schools.

Nothing here knows a form: departments come from the forms' own lists, rows from
`inventing`. Calling it again adds only what is missing.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zlib import crc32

from sqlalchemy import Connection, Engine, select, update

from app.models import Round, RoundState, RowChange, Unit
from app.models.base import now_utc
from app.services.contexts import make_context
from app.services.demo_history import complete_round
from app.services.demo_nation.plan import find_plan
from app.services.demo_neighbours import (
    Neighbour,
    find_neighbour,
    list_begun,
    list_neighbour_accounts,
    play_neighbour,
    prepare_neighbours,
)
from app.services.demo_people import (
    DEMO_PASSWORD,
    SCHOOL,
    list_accounts_of,
    prepare_people,
    unit_code_of,
)
from app.services.inventing.making import demo_rows
from app.services.inventing.pruning import Made, leave_out
from app.services.inventing.tasks import is_about_classes, is_about_pupils
from app.services.inventing.world import Row, World, in_order
from app.services.organisation import find_round, insert_round
from app.services.rechecking import recheck_rows
from app.storage.assignments import Assignments, load_assignments
from app.storage.engine import begin_reading
from app.storage.records import Scope
from app.storage.rows import RowStore
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.kinds import FieldKind
from form_schemas.spec import FormKind, FormSpec

DEFAULT_STUDENTS = 300
DEFAULT_SEED = 2024

_ROWS = 12
#: Rows of a form, and persons, of a school beside the demo school.
_FEW = 4
_CLASS_SIZE = 40
#: Of the persons of this year's round: a school grows.
_LAST_SHARE = 0.95
_GENERATED_SHARE = 0.7
_FEBRUARY = 2
#: So many forms that nothing refers to, one is left empty.
_ONE_OF = 9


@dataclass(frozen=True)
class _Place:
    edition: Edition
    scope: Scope
    assignments: Assignments
    #: whether it is the round before the one that is open
    is_last: bool = False
    #: None: the demo school or group itself
    neighbour: Neighbour | None = None


def prepare_demo(
    engine: Engine, catalogue: Catalogue, *, with_last_round: bool = False
) -> None:
    """Units, rounds and accounts; quick, for the start of a server.

    Args:
        with_last_round: whether schools have a round of last year behind the open one.
    """
    editions = _sound_editions(catalogue)
    prepare_people(engine, editions)
    with engine.begin() as connection:
        for edition in editions:
            _prepare_rounds(connection, edition, with_last_round)


def fill_demo(
    engine: Engine,
    catalogue: Catalogue,
    *,
    students: int = DEFAULT_STUDENTS,
    seed: int = DEFAULT_SEED,
    tell: Callable[[str, int], None] = lambda title, rows: None,
) -> int:
    """Rows of every form people fill in, for each round that has none; how many.

    The rows of a round are one transaction: they are all there, or none. Last year's
    round is complete: every form approved, the whole of it too.
    """
    prepare_demo(engine, catalogue, with_last_round=True)
    editions = _sound_editions(catalogue)
    prepare_neighbours(engine, editions)
    made = 0
    for edition in editions:
        with begin_reading(engine) as connection:
            places = [
                place
                for place in _find_places(connection, edition, editions)
                if not _has_rows(connection, place.scope)
            ]
        if not places:
            continue
        own = list(_make_rows(catalogue, edition, students, seed))
        for place in places:
            if place.neighbour is None:
                forms = _choose_rows(catalogue, place, own, students)
            else:
                forms = _make_few(catalogue, edition, place.neighbour, seed)
            with engine.begin() as connection:
                for form, rows in forms:
                    made += _store(connection, catalogue, place, form, rows)
                    tell(form.full_name, len(rows))
                for form, _ in forms:
                    _judge(connection, catalogue, place.scope, form)
                if place.is_last:
                    complete_round(connection, catalogue, edition, place.scope)
                if place.neighbour is not None:
                    play_neighbour(
                        connection, catalogue, edition, place.scope, place.neighbour
                    )
    return made


def describe_accounts(catalogue: Catalogue) -> tuple[tuple[str, str, str], ...]:
    """User name, name and password of the demo accounts."""
    editions = _sound_editions(catalogue)
    accounts = (*list_accounts_of(editions), *list_neighbour_accounts(editions))
    return tuple((item.username, item.name, DEMO_PASSWORD) for item in accounts)


def find_people(catalogue: Catalogue, edition: Edition) -> FormSpec | None:
    """The form of an edition that most rows about pupils, else persons, refer to."""
    people = [
        form
        for form in edition.forms_for()
        if any(spec.kind is FieldKind.ID_CARD for spec in form.fields)
    ]
    return max(
        people,
        key=lambda form: (is_about_pupils(form), len(catalogue.referring(form))),
        default=None,
    )


def is_about_each(form: FormSpec, people: FormSpec | None) -> bool:
    """Whether it tells the base facts of every person."""
    if people is None or form.kind is not FormKind.BASE or len(form.key) != 1:
        return False
    reference = form.by_id[form.key[0]].reference
    return reference is not None and people.code in reference.tables


def _sound_editions(catalogue: Catalogue) -> list[Edition]:
    """The newest editions whose settings say what units and rounds they want."""
    return [edition for edition in catalogue.newest.values() if not edition.faults]


def _make_rows(
    catalogue: Catalogue, edition: Edition, students: int, seed: int, rows: int = _ROWS
) -> Iterator[tuple[FormSpec, list[Row]]]:
    world = World(catalogue, edition)
    people = find_people(catalogue, edition)
    for form in in_order(catalogue, edition):
        # Computed rows are not made. A form that must refer to some would find none to
        # pick: `test_no_form_people_fill_in_needs_computed_rows` watches.
        if not form.is_derived:
            count = _count_rows(form, people, students, rows)
            yield form, demo_rows(catalogue, form, count, seed, world)


def _make_few(
    catalogue: Catalogue, edition: Edition, neighbour: Neighbour, seed: int
) -> Made:
    """A few rows of other people than the demo school's."""
    made = _make_rows(catalogue, edition, _FEW, seed + 1, _FEW)
    begun = list_begun(edition, neighbour)
    return [(form, rows) for form, rows in made if form.code in begun]


def _choose_rows(
    catalogue: Catalogue, place: _Place, made: Made, students: int
) -> Made:
    """What a round holds of the rows that were made for this year's."""
    if place.is_last:
        people = find_people(catalogue, place.edition)
        return leave_out(made, people, round(students * _LAST_SHARE))
    return [(form, rows) for form, rows in made if not _is_left_empty(catalogue, form)]


def _is_left_empty(catalogue: Catalogue, form: FormSpec) -> bool:
    """Forms that this year's round has nothing in: some declare it, some wait."""
    if unit_code_of(catalogue.edition_of(form)) != SCHOOL or catalogue.referring(form):
        return False
    return form.closable or crc32(form.code.encode()) % _ONE_OF == 0


def _count_rows(
    form: FormSpec, people: FormSpec | None, students: int, rows: int
) -> int:
    if form is people or is_about_each(form, people):
        return students
    count = max(rows, students // _CLASS_SIZE) if is_about_classes(form) else rows
    # What is generated for people to maintain is not yet there for all.
    return count if form.generate is None else math.ceil(count * _GENERATED_SHARE)


def _store(
    connection: Connection,
    catalogue: Catalogue,
    place: _Place,
    form: FormSpec,
    rows: list,
) -> int:
    lead = place.assignments.lead(form)
    scope = replace(place.scope, department_id=lead and lead.department_id)
    store = RowStore(connection, catalogue, by_engine=True)
    return store.upsert_many(form, scope, rows, None, "演示数据").added


def _judge(
    connection: Connection, catalogue: Catalogue, scope: Scope, form: FormSpec
) -> None:
    """Note what is wrong with invented rows, as saving them would have."""
    context = make_context(connection, RowStore(connection, catalogue), form, scope)
    recheck_rows(connection, catalogue, form, scope, context)


def _prepare_rounds(connection: Connection, edition: Edition, with_last: bool) -> None:
    """An open round, and last year's before it where a school is new to the edition."""
    if find_round(connection, edition) is not None:
        return
    last_id = None
    for back in range(_count_earlier(edition) if with_last else 0, 0, -1):
        title = f"{edition.short_title}（{int(edition.year) - back}）"
        last_id = insert_round(connection, edition, title, last_id)
        periods = {
            sort: [_years_before(day, back) for day in days]
            for sort, days in edition.settings["periods"].items()
        }
        connection.execute(
            update(Round).where(Round.id == last_id).values(periods=periods)
        )
        if find_plan(edition.collection) is not None:
            _close(connection, last_id, back)
    insert_round(connection, edition, previous_id=last_id)


def _count_earlier(edition: Edition) -> int:
    """Rounds before the open one: a school's last one, or those of a nation's plan."""
    plan = find_plan(edition.collection)
    if plan is not None:
        return plan.earlier_rounds
    return int(unit_code_of(edition) == SCHOOL)


def _close(connection: Connection, round_id: int, back: int) -> None:
    """Close a round that nobody here plays: the nation's units were done with it."""
    closes_at = now_utc() - timedelta(days=365 * back)
    connection.execute(
        update(Round)
        .where(Round.id == round_id)
        .values(state=RoundState.CLOSED, closes_at=closes_at)
    )


def _years_before(day: str, years: int) -> str:
    found = date.fromisoformat(day)
    # No year before a leap year has a 29th of February.
    last = 28 if found.month == _FEBRUARY else found.day
    year = found.year - years
    return found.replace(year=year, day=min(found.day, last)).isoformat()


def _find_places(
    connection: Connection, edition: Edition, editions: Sequence[Edition]
) -> Iterator[_Place]:
    """Who reports an edition, in its rounds: the last one first."""
    rounds = connection.execute(
        select(Round.id, Round.previous_id)
        .where(
            Round.collection == edition.collection,
            Round.edition == edition.year,
            ~Round.is_standing,
        )
        .order_by(Round.id)
    ).all()
    if find_plan(edition.collection) is not None:
        # Its earlier rounds are those of the nation's units.
        rounds = rounds[-1:]
    before = {one.previous_id for one in rounds}
    own = unit_code_of(edition)
    for one in rounds:
        place = _make_place(connection, edition, own, one.id)
        yield replace(place, is_last=one.id in before)
    neighbour = find_neighbour(edition, editions)
    if neighbour is not None:
        place = _make_place(connection, edition, neighbour.code, rounds[-1].id)
        yield replace(place, neighbour=neighbour)


def _make_place(
    connection: Connection, edition: Edition, unit_code: str, round_id: int
) -> _Place:
    unit_id = connection.scalars(select(Unit.id).where(Unit.code == unit_code)).one()
    assignments = load_assignments(connection, unit_id, round_id)
    return _Place(edition, Scope(unit_id, round_id), assignments)


def _has_rows(connection: Connection, scope: Scope) -> bool:
    table = RowChange.__table__
    found = connection.execute(
        select(table.c.id)
        .where(table.c.unit_id == scope.unit_id, table.c.round_id == scope.round_id)
        .limit(1)
    )
    return found.first() is not None
