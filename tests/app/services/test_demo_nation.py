"""The nation of the demo: whole, sound, the same every time, and only made once."""

from collections import defaultdict
from itertools import islice

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import (
    Circular,
    CircularState,
    CircularUnit,
    Filing,
    FilingState,
    Membership,
    Round,
    RowMove,
    Unit,
    UnitKind,
    UnitRound,
    User,
)
from app.models.rounds import read_period
from app.permissions import actor_of
from app.services.account_kinds import normalise_login
from app.services.areas.views import AreaFilter, list_area
from app.services.contexts import make_context
from app.services.demo import prepare_demo
from app.services.demo_nation.filling import (
    describe_nation_accounts,
    fill_demo_nation,
)
from app.services.flows.listing import Asked, list_items, list_waiting
from app.services.offers import list_menu_offers, list_offers
from app.services.portal.articles import list_articles
from app.services.portal.directory import load_index
from app.services.portal.site import find_site
from app.services.progress.area import find_round, list_rounds
from app.services.progress.units import load_area
from app.services.rechecking import recheck_rows
from app.services.review_lists import list_wholes
from app.services.schema_changes import initialise
from app.services.statistics.grounds import find_public_ground
from app.services.statistics.labels import write_key
from app.services.statistics.sections import Asked as AskedStatistics
from app.services.statistics.sections import load_section
from app.services.surveys.finding import list_surveys, today
from app.services.surveys.results import load_results
from app.services.workshop import Workshop
from app.storage.binding import bind
from app.storage.content import combine, hash_content
from app.storage.engine import open_engine
from app.storage.files import FileStore
from app.storage.records import Scope
from app.storage.rows import RowStore
from exporters.gate import Limits
from form_schemas.kinds import FieldKind
from form_schemas.nodes import Field
from form_schemas.portal import ColumnKind
from tests.app.web.test_continuity import count_statements
from tests.support.catalogues import get_catalogue

UNITS = 40
PROVINCES = 31


@pytest.fixture(scope="module")
def nation(tmp_path_factory):
    """A workshop with a nation of few units that report."""
    folder = tmp_path_factory.mktemp("nation")
    workshop = make_workshop(folder)
    fill_demo_nation(workshop, units=UNITS)
    yield workshop
    workshop.engine.dispose()


@pytest.fixture(scope="module")
def edition(nation):
    return nation.catalogue.newest["group"]


def make_workshop(folder):
    catalogue = get_catalogue()
    engine = open_engine(f"sqlite:///{folder / 'nation.sqlite'}")
    initialise(engine, catalogue)
    prepare_demo(engine, catalogue, with_last_round=True)
    return Workshop(engine, catalogue, FileStore(str(folder / "files")), Limits())


def list_places(connection, catalogue, form):
    table = bind(catalogue, form).table
    found = select(table.c._unit_id, table.c._round_id).distinct()
    return [Scope(*one) for one in connection.execute(found)]


def list_levels(connection, catalogue, form):
    table = bind(catalogue, form).table
    return set(connection.scalars(select(table.c._level).distinct()))


def test_it_has_all_provinces_and_as_many_units_as_asked_for(nation):
    with nation.engine.connect() as connection:
        count = select(Unit.kind, func.count()).where(~Unit.code.startswith("demo-"))
        kinds = dict(map(tuple, connection.execute(count.group_by(Unit.kind))))
    assert kinds[UnitKind.PROVINCE] == PROVINCES
    assert kinds[UnitKind.GROUP] == UNITS
    assert kinds[UnitKind.CITY] > 1


def test_a_second_call_makes_nothing(nation):
    assert fill_demo_nation(nation, units=UNITS) == 0


def test_no_row_of_it_has_a_fault(nation, edition):
    levels = {}
    with nation.engine.begin() as connection:
        for form in edition.forms:
            for scope in islice(list_places(connection, nation.catalogue, form), 12):
                store = RowStore(connection, nation.catalogue)
                context = make_context(connection, store, form, scope)
                args = (connection, nation.catalogue, form, scope, context)
                recheck_rows(*args)
            levels[form.code] = list_levels(connection, nation.catalogue, form)
        connection.rollback()
    assert {code: found for code, found in levels.items() if found - {""}} == {}


def test_two_earlier_rounds_are_closed_and_mostly_accepted(nation):
    with nation.engine.connect() as connection:
        rounds = connection.execute(
            select(Round.id, Round.state, Round.previous_id)
            .where(Round.collection == "group", ~Round.is_standing)
            .order_by(Round.id)
        ).all()
        accepted = [
            connection.scalar(
                select(func.count()).where(
                    UnitRound.round_id == one.id,
                    UnitRound.state == FilingState.APPROVED,
                )
            )
            for one in rounds
        ]
    assert [one.state.value for one in rounds] == ["closed", "closed", "open"]
    assert [one.previous_id for one in rounds] == [None, rounds[0].id, rounds[1].id]
    assert accepted[0] > UNITS * 0.8
    assert 0 < accepted[2] < UNITS / 2


def test_the_open_round_has_units_in_every_state(nation):
    with nation.engine.connect() as connection:
        open_id = connection.scalar(
            select(func.max(Round.id)).where(
                Round.collection == "group", ~Round.is_standing
            )
        )
        states = set(
            connection.execute(
                select(UnitRound.state, UnitRound.step).where(
                    UnitRound.round_id == open_id
                )
            ).all()
        )
        hours = connection.scalars(
            select(UnitRound.phases).where(UnitRound.round_id == open_id)
        ).all()
    assert states == {
        (FilingState.DRAFT, ""),
        (FilingState.SUBMITTED, "province"),
        (FilingState.SUBMITTED, "nation"),
        (FilingState.RETURNED, ""),
        (FilingState.APPROVED, ""),
    }
    # Whoever has not begun knows until when there is time, too.
    assert len(hours) == UNITS
    assert all(hours)


def test_what_was_handed_in_has_the_hash_of_its_rows(nation, edition):
    with nation.engine.connect() as connection:
        part = connection.execute(
            select(UnitRound).where(UnitRound.state == FilingState.APPROVED)
        ).first()
        filings = connection.execute(
            select(Filing.form_code, Filing.is_empty, Filing.content_hash).where(
                Filing.unit_id == part.unit_id, Filing.round_id == part.round_id
            )
        ).all()
        hashes = {
            one.form_code: hash_content(
                connection,
                nation.catalogue,
                edition.by_code[one.form_code],
                Scope(part.unit_id, part.round_id),
                is_empty=one.is_empty,
            )
            for one in filings
        }
    assert hashes == {one.form_code: one.content_hash for one in filings}
    assert part.content_hash == combine("round", hashes.values())


def test_rows_that_travel_stand_where_their_last_move_led(nation, edition):
    moved = 0
    with nation.engine.connect() as connection:
        for form in edition.forms:
            if form.flow is None:
                continue
            table = bind(nation.catalogue, form).table
            states = dict(
                map(
                    tuple,
                    connection.execute(select(table.c._id, table.c[form.flow.field])),
                )
            )
            last = dict(
                map(
                    tuple,
                    connection.execute(
                        select(RowMove.row_id, RowMove.after)
                        .where(RowMove.table_name == form.table_name)
                        .order_by(RowMove.id)
                    ),
                )
            )
            moved += len(last)
            initial = form.flow.initial
            assert states == {row_id: last.get(row_id, initial) for row_id in states}
    assert moved > UNITS / 2


def test_moves_that_make_rows_name_them(nation, edition):
    making = {
        (form.code, move.id)
        for form in edition.forms
        for move in (form.flow.moves if form.flow is not None else ())
        if move.creates is not None
    }
    with nation.engine.connect() as connection:
        log = connection.execute(select(RowMove)).all()
        made = [one for one in log if (one.form_code, one.move) in making]
        assert {(one.form_code, one.move) for one in made} == making
        for one in made:
            form = nation.catalogue.find(one.made_form)
            table = bind(nation.catalogue, form).table
            owner = select(table.c._unit_id).where(table.c._id == one.made_row_id)
            assert connection.scalar(owner) == one.actor_unit_id


def test_days_are_of_the_years_of_the_rounds(nation, edition):
    with nation.engine.connect() as connection:
        rounds = connection.scalars(
            select(Round.periods).where(Round.collection == "group")
        ).all()
        last = max(read_period(one, "calendar_year")[1].year for one in rounds)
        for form in edition.forms:
            days = [f.id for f in form.fields if f.kind is FieldKind.DATE]
            table = bind(nation.catalogue, form).table
            for name in days if form.flow is not None else ():
                newest = connection.scalar(select(func.max(table.c[name])))
                assert newest is None or newest.year <= last + 1


def test_every_column_of_the_portal_has_something_to_read(nation):
    site = find_site(nation)
    columns = [one for one in site.portal.columns if one.source is not None]
    assert columns
    assert [one.id for one in columns if not list_articles(site, one).total] == []
    directories = [
        one for one in site.portal.columns if one.kind is ColumnKind.DIRECTORY
    ]
    assert len(directories) == 1
    index = load_index(site)
    leads = [one.lead for one in index.entries if one.lead]
    assert len(leads) > UNITS * 0.8
    # Each unit's newest report alone: those of earlier years named it, too.
    assert not any("、" in lead for lead in leads)


def test_the_accounts_it_tells_of_are_there(nation):
    told = describe_nation_accounts(nation.catalogue, units=UNITS)
    assert len(told) > len({name for name, _, _ in told}) > 3
    types = {
        one["title"]: one["id"]
        for one in nation.catalogue.newest["group"].settings["accountTypes"]
    }
    with nation.engine.connect() as connection:
        table = Unit.metadata.tables["users"]
        known = set(
            connection.execute(select(table.c.username, table.c.account_type)).all()
        )
    wanted = {(normalise_login(n, types[title]), types[title]) for n, title, _ in told}
    assert wanted <= known


def test_both_databases_take_it(workshop):
    assert fill_demo_nation(workshop, units=3) > 0


def test_a_seed_makes_the_same_units_each_time():
    catalogue = get_catalogue()
    first = describe_nation_accounts(catalogue, units=UNITS, seed=7)
    assert first == describe_nation_accounts(catalogue, units=UNITS, seed=7)
    assert first != describe_nation_accounts(catalogue, units=UNITS, seed=8)


def test_authorities_wrote_circulars_with_receipts_partly_given(nation):
    with nation.engine.connect() as connection:
        states = set(connection.scalars(select(Circular.state)))
        title = Circular.title.startswith("关于召开")
        given, confirmed = connection.execute(
            select(func.count(), func.count(CircularUnit.confirmed_at))
            .join(Circular, Circular.id == CircularUnit.circular_id)
            .where(title)
        ).one()
    assert states == set(CircularState)
    assert given > PROVINCES
    assert 0 < confirmed < given


def test_one_survey_is_open_and_one_is_over_and_answered(nation):
    running, over = list_surveys(nation)
    assert running.refuses(today()) == ""
    assert over.is_closed
    assert over.is_anonymous
    for survey in (running, over):
        found = load_results(nation, survey, with_texts=True)
        assert found.respondents > 10
        for one in found.questions:
            shown = {choice.label for choice in one.choices}
            assert shown <= set(one.question.options)
            assert one.answered or one.texts is not None
    table = bind(nation.catalogue, over.edition.by_code[over.terms.answer.form]).table
    with nation.engine.begin() as connection:
        named = connection.scalars(select(table.c[over.terms.answer.who])).all()
        units = set(connection.scalars(select(Unit.name)))
    assert {who in units for who in named} == {True, False}


@pytest.mark.parametrize("kind", [UnitKind.NATION, UnitKind.PROVINCE])
@pytest.mark.parametrize(
    ("look", "most"),
    [
        (lambda w, actor: list_wholes(w, actor), 8),
        (lambda w, actor: list_items(w, actor, Asked()), 30),
        (lambda w, actor: list_waiting(w, actor), 10),
        (lambda w, actor: load_area(w.engine, w.catalogue, actor, _round(w)), 12),
        (lambda w, actor: list_area(w.engine, w.catalogue, actor, AreaFilter()), 12),
        (lambda w, actor: list_offers(w.engine, w.catalogue, actor, size=12), 3),
        (lambda w, actor: list_menu_offers(w.engine, w.catalogue, actor), 3),
    ],
    ids=["reviews", "items", "waiting", "progress", "area", "offers", "menu"],
)
def test_lists_of_an_area_ask_as_much_whatever_is_below(nation, kind, look, most):
    actor = find_authority(nation, kind)
    look(nation, actor)
    assert count_statements(nation.engine, lambda: look(nation, actor)) <= most


def find_authority(nation, kind):
    with Session(nation.engine) as session:
        of_kind = select(User).join(Membership).join(Unit).where(Unit.kind == kind)
        demo = Unit.code.startswith("demo-province")
        return actor_of(session.scalars(of_kind.where(~demo).limit(1)).one())


def _round(nation):
    return find_round(list_rounds(nation.engine, nation.catalogue), None, "group")


def test_each_page_of_statistics_is_right_by_each_of_its_dimensions(nation, edition):
    ground = find_public_ground(nation.engine, nation.catalogue, edition.collection)
    assert not ground.round.is_open
    seen = set()
    for group in edition.measures.groups:
        for dimension in group.dimensions:
            asked = AskedStatistics(by=dimension.id)
            args = (nation.engine, nation.catalogue, ground, group, asked)
            for figure in load_section(*args).figures:
                one = figure.measure.find_dimension(figure.measure.form, dimension.id)
                if not _is_plain(figure.measure):
                    continue
                rows = list(_list_counted(nation, edition, ground, figure.measure))
                whole = sum(_weigh(figure.measure, row) for row in rows)
                assert figure.whole.now.value == whole
                if not figure.is_split:
                    continue
                shown = {line.key: line.now.value for line in figure.lines}
                assert {k: v for k, v in shown.items() if v} == _add_up(
                    figure.measure, one, rows
                )
                seen.add((group.id, dimension.id))
    assert len(seen) > 12


def _list_counted(nation, edition, ground, measure):
    """Rows of the measure's form in the round's approved reports."""
    form = edition.by_code[measure.form]
    table = bind(nation.catalogue, form).table
    approved = select(UnitRound.unit_id).where(
        UnitRound.round_id == ground.round.id, UnitRound.state == FilingState.APPROVED
    )
    rows = select(*(table.c[name] for name in form.by_id)).where(
        table.c._round_id == ground.round.id, table.c._unit_id.in_(approved)
    )
    with nation.engine.begin() as connection:
        for values in connection.execute(rows):
            yield dict(zip(form.by_id, values, strict=True))


def _is_plain(measure):
    """Whether it counts rows or adds up a field: no quotient, no expression."""
    call = measure.quantities[0].call
    adds_up = call.name == "total" and isinstance(call.arguments[0], Field)
    return len(measure.quantities) == 1 and (adds_up or not call.arguments)


def _weigh(measure, row):
    call = measure.quantities[0].call
    return 1 if call.name == "rows" else row[call.arguments[0].id] or 0


def _add_up(measure, dimension, rows):
    """Key as addresses name it -> sum; of codes that begin alike by their beginning."""
    sums = defaultdict(int)
    for row in rows:
        name = dimension.filtered_by or next(iter(dimension.value.fields))
        value = row[name]
        values = value if isinstance(value, tuple | list) else [value]
        for each in values or [None]:
            key = write_key(each)
            if not dimension.filtered_by and each is not None:
                key = key[:2]
            sums[key] += _weigh(measure, row)
    return {key: number for key, number in sums.items() if number}
