"""Public statistics of random worlds: each number is right, none of few is told.

What is expected is computed in plain Python from the rows themselves. What is hidden
is held against everything that is public of all pages at once: whether it follows from
that is asked by elimination over the rows, which knows nothing of tables and areas.
"""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from itertools import product
from random import Random

import pytest
from sqlalchemy import insert, update

from app.models import Base, FilingState, Round, RoundState, Unit, UnitKind, UnitRound
from app.services.portal.keeping import Kept
from app.services.statistics.grounds import find_public_ground
from app.services.statistics.hiding import find_determined
from app.services.statistics.secrecy import Secrecy
from app.services.statistics.sections import (
    BY_ABOVE,
    BY_ROUND,
    BY_UNIT,
    Asked,
    load_section,
)
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.tables import build_metadata
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of
from tests.support.lending import get_engine

SMALLEST = 5
ROUNDS = (1, 2)
KINDS, SORTS = ("甲", "乙"), ("东", "西", "南")
#: Province -> its cities -> their units; 0: units without a city.
AREAS = {
    10: {11: (111, 112, 113), 12: (121, 122)},
    20: {21: (211,), 0: (201, 202)},
    30: {0: (301, 302, 303)},
}
NATION = 1
PLACES = {
    unit: (province, city)
    for province, cities in AREAS.items()
    for city, units in cities.items()
    for unit in units
}
PERSONS = {"form": "S", "unit": "人", "by": ["kind", "sort"]}
MEASURES = [
    {**PERSONS, "id": "staff", "title": "职工", "kind": "sum", "value": "staff"},
    {**PERSONS, "id": "taught", "title": "培训", "kind": "sum", "value": "taught"},
    {
        "id": "share",
        "title": "培训比例",
        "unit": "%",
        "kind": "ratio",
        "numerator": "taught",
        "denominator": "staff",
        "digits": 1,
    },
    {**PERSONS, "id": "shops", "title": "网点", "unit": "个", "kind": "count"},
]


def _make_catalogue():
    form = schema_of(
        "S",
        number="code",
        kind=field_of("enum", enum=list(KINDS)),
        sort=field_of("enum", enum=list(SORTS)),
        staff="integer",
        taught="integer",
    )
    made = catalogue_of(editions={"2024": [form]})
    group = {"id": "people", "title": "人员", "measures": MEASURES}
    [edition] = made.editions
    settings = {**edition.settings, "x-measures": [group]}
    return replace(made, editions=(replace(edition, settings=settings),))


CATALOGUE = _make_catalogue()
GROUP = CATALOGUE.edition("test", "2024").measures.groups[0]


def _invent():
    """Round, unit -> how its report stands, and its rows."""
    random, world = Random(7), {}
    for at, unit in product(ROUNDS, PLACES):
        state = random.choice([*[FilingState.APPROVED] * 4, *FilingState])
        # Nobody is few in the last round.
        least = random.choice((0, 1, 3)) if at < ROUNDS[-1] else 40
        rows = [
            (
                kind,
                sort,
                random.choice([least, 6, 9, 30]),
                random.choice([least, 7, 25]),
            )
            for kind, sort in product(KINDS, SORTS)
            if random.random() < 0.7
        ]
        world[at, unit] = state, rows
    return world


WORLD = _invent()


def _fill(engine):
    with engine.begin() as connection:
        Base.metadata.create_all(connection, checkfirst=False)
        build_metadata(CATALOGUE).create_all(connection, checkfirst=False)
        _add_units(connection)
        for at in ROUNDS:
            connection.execute(
                insert(Round).values(
                    id=at,
                    collection="test",
                    edition="2024",
                    title=f"{at} 年",
                    previous_id=at - 1 or None,
                    periods={"snapshot": ["2024-01-01", "2024-12-31"]},
                )
            )
        store = RowStore(connection, CATALOGUE)
        form = CATALOGUE.get("test/2024/S")
        for (at, unit), (state, rows) in WORLD.items():
            told = [
                dict(
                    zip(("number", "kind", "sort", "staff", "taught"), row, strict=True)
                )
                for row in ((str(n), *one) for n, one in enumerate(rows))
            ]
            store.upsert_many(form, Scope(unit, at), told, None)
            place = {"unit_id": unit, "round_id": at, "phases": [], "state": state}
            connection.execute(insert(UnitRound).values(place))
        over = update(Round).where(Round.id < ROUNDS[-1])
        connection.execute(over.values(state=RoundState.CLOSED))


def _add_units(connection):
    def add(unit, kind, path):
        told = {"code": str(unit), "name": f"第 {unit}", "collections": ["test"]}
        parent = int(path.split("/")[-3]) if path.count("/") > 2 else None
        told |= {"id": unit, "kind": kind, "path": path, "parent_id": parent}
        connection.execute(insert(Unit).values(told))

    add(NATION, UnitKind.NATION, f"/{NATION}/")
    for province, cities in AREAS.items():
        add(province, UnitKind.PROVINCE, top := f"/{NATION}/{province}/")
        for city, units in cities.items():
            path = f"{top}{city}/" if city else top
            if city:
                add(city, UnitKind.CITY, path)
            for unit in units:
                add(unit, UnitKind.GROUP, f"{path}{unit}/")


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, lend):
    with lend(request.param, _fill) as url:
        yield get_engine(url)


SCOPES = (
    None,
    NATION,
    *AREAS,
    *(city for one in AREAS.values() for city in one if city),
)
ONLY = (None, *(("kind", one) for one in KINDS), *(("sort", one) for one in SORTS))
BYS = ("kind", "sort", BY_ABOVE, BY_UNIT, BY_ROUND)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def pages(request, lend):
    """Every page there is: scope, what it is narrowed to, split, round -> section."""
    # What differs between databases differs in any round.
    rounds = ROUNDS if request.param == "sqlite" else ROUNDS[:1]
    with lend(request.param, _fill) as url:
        return dict(_load_pages(get_engine(url), rounds))


def _load_pages(engine, rounds):
    kept = Kept()
    secrecy = Secrecy(
        CATALOGUE,
        find_public_ground(engine, CATALOGUE, "test"),
        SMALLEST,
        lambda key, make: kept.get(key, 600, make),
    )
    for scope, at in product(SCOPES, rounds):
        ground = find_public_ground(engine, CATALOGUE, "test", at, scope)
        for only, by in product(ONLY, BYS):
            asked = Asked(by=by, only=only, secrecy=secrecy)
            section = load_section(engine, CATALOGUE, ground, GROUP, asked)
            yield (scope, only, section.by.id, at), section


def list_rows(at, chosen):
    """Rows of approved reports: unit, kind, sort, staff, taught."""
    for (round_id, unit), (state, rows) in WORLD.items():
        if round_id == at and state is FilingState.APPROVED:
            yield from ((unit, *row) for row in rows if chosen((unit, *row)))


def is_in(scope, unit):
    return scope in (None, NATION, unit, *PLACES[unit])


def list_cells(pages):
    """Measure, round and which rows of each number, with the cell that is shown."""
    for (scope, only, by, at), section in pages.items():

        def chosen(row, scope=scope, only=only):
            known = {"kind": row[1], "sort": row[2]}
            return is_in(scope, row[0]) and (only is None or known[only[0]] == only[1])

        for figure in section.figures:
            name = figure.measure.id
            yield name, at, chosen, figure.whole.now
            for line in figure.lines:
                if by == BY_ROUND:
                    yield name, int(line.key), chosen, line.now
                    continue
                narrow = _narrow(chosen, by, line.key)
                yield name, at, narrow, line.now
                if section.has_last:
                    yield name, at - 1, narrow, line.last


def _narrow(chosen, by, key):
    if by in (BY_ABOVE, BY_UNIT):
        return lambda row: chosen(row) and is_in(int(key), row[0])
    place = {"kind": 1, "sort": 2}[by]
    return lambda row: chosen(row) and row[place] == key


def expect(name, rows):
    """A measure over rows, in plain Python."""
    if name == "shops":
        return Decimal(len(rows))
    staff, taught = (Decimal(sum(row[place] for row in rows)) for place in (3, 4))
    if name != "share":
        return {"staff": staff, "taught": taught}[name]
    # Half up, to a tenth of a percent.
    return Decimal(int(taught * 2000 // staff + 1) // 2) / 10 if staff else None


def test_every_number_that_is_shown_is_right(pages):
    shown = 0
    for name, at, chosen, cell in list_cells(pages):
        if not cell.is_hidden:
            assert cell.value == expect(name, [*list_rows(at, chosen)])
            shown += 1
    assert shown > 1000


def test_no_number_of_few_is_shown_and_things_are(pages):
    hidden = 0
    for name, at, chosen, cell in list_cells(pages):
        rows = [*list_rows(at, chosen)]
        numbers = [expect(one, rows) for one in ("staff", "taught")]
        told = {"staff": numbers[:1], "taught": numbers[1:], "share": numbers}
        few = any(0 < one < SMALLEST for one in told.get(name, ()))
        assert cell.is_hidden or not few
        assert not cell.is_hidden or name != "shops"
        hidden += cell.is_hidden
    assert hidden > 100


@pytest.mark.parametrize("name", ["staff", "taught"])
def test_nothing_hidden_follows_from_all_that_is_public(pages, name):
    place = {"staff": 3, "taught": 4}[name]
    shown, hidden = defaultdict(set), defaultdict(set)
    for one, at, chosen, cell in list_cells(pages):
        rows = [row for row in list_rows(at, chosen) if row[place]]
        cells = frozenset(row[:3] for row in rows)
        # A quotient tells its parts, as the other one is known.
        if one in (name, "share") and not cell.is_hidden:
            shown[at].add(cells)
        # Where two dimensions meet all is hidden, of many as well.
        elif one == name and 0 < sum(row[place] for row in rows) < SMALLEST:
            hidden[at].add(cells)
    assert any(hidden.values())
    for at, told in hidden.items():
        assert not told & shown[at]
        known = [dict.fromkeys(cells, 1) for cells in shown[at] if cells]
        for cells in told:
            equation = dict.fromkeys(cells, 1) | {"hidden": -1}
            assert "hidden" not in find_determined([*known, equation])


def test_where_nobody_is_few_only_two_dimensions_at_once_are_hidden(pages):
    for (_, only, by, at), section in pages.items():
        crossed = only is not None and by in ("kind", "sort") and only[0] != by
        if at == ROUNDS[-1] and by != BY_ROUND:
            lines = [line for one in section.figures[:2] for line in one.lines]
            assert {line.now.is_hidden for line in lines if line.now} <= {crossed}


def test_the_public_sees_the_last_round_that_is_over(engine):
    ground = find_public_ground(engine, CATALOGUE, "test")
    assert [one.is_open for one in ground.rounds] == [True, False]
    assert ground.round.id == ROUNDS[-2]
