"""Which units and rounds a person may choose from, and which one is taken."""

import pytest
from sqlalchemy import insert, update

from app.models import FilingState, Round, RoundState, Unit, UnitRound
from app.services.demo_people import find_actor
from app.services.offers import MENU_SIZE, find_offer, list_menu_offers, list_offers
from tests.support.standings import SchoolRound, add_second_school


@pytest.fixture
def school(workshop):
    return SchoolRound(workshop)


@pytest.fixture
def offers(workshop):
    def list_for(username, **wanted):
        actor = find_actor(workshop.engine, username)
        wanted = {"size": 12, **wanted}
        return list_offers(workshop.engine, workshop.catalogue, actor, **wanted)

    return list_for


@pytest.fixture
def offer(workshop):
    def find_for(username, **wanted):
        actor = find_actor(workshop.engine, username)
        return find_offer(workshop.engine, workshop.catalogue, actor, **wanted)

    return find_for


@pytest.fixture
def close_school(workshop, school):
    """Close the school, or what is above it."""

    def close(values):
        changed = update(Unit.__table__).where(Unit.id == school.unit_id)
        with workshop.engine.begin() as connection:
            connection.execute(changed.values(values))

    return close


def hand_in(school):
    """Have the school's round reported; gives its id."""
    part = {"unit_id": school.unit_id, "round_id": school.round_id}
    with school.engine.begin() as connection:
        connection.execute(
            insert(UnitRound.__table__).values(state=FilingState.SUBMITTED, **part)
        )
    return school.round_id


def add_round(school, **values):
    with school.engine.begin() as connection:
        given = {"collection": "talent", "edition": "2024", "title": "又一轮"}
        done = connection.execute(insert(Round.__table__).values({**given, **values}))
        return done.inserted_primary_key[0]


def test_a_unit_is_offered_with_what_it_reports(offers):
    found = offers("filler")
    assert {one.collection for one in found.offers} == {"talent", "national"}
    assert found.total == 2


def test_open_rounds_come_first(offers, school):
    add_round(school, state=RoundState.CLOSED)
    assert [one.is_open for one in offers("filler").offers] == [True, True, False]


@pytest.mark.parametrize(
    "values", [{"state": RoundState.PREPARING}, {"edition": "1999"}, {"by_unit": True}]
)
def test_a_round_nobody_can_work_at_is_not_offered(offers, school, values):
    add_round(school, **values)
    assert offers("filler").total == 2


def test_a_list_has_pages(offers, workshop):
    add_second_school(workshop.engine)
    first = offers("city", page=1, size=2)
    second = offers("city", page=2, size=2)
    assert (first.total, len(first.offers), len(second.offers)) == (3, 2, 1)
    assert not {*first.offers} & {*second.offers}


@pytest.mark.parametrize("open_rounds", [0, 1, MENU_SIZE])
def test_the_menu_is_where_the_list_begins(offers, school, workshop, open_rounds):
    add_second_school(workshop.engine)
    with workshop.engine.begin() as connection:
        connection.execute(update(Round.__table__).values(state=RoundState.CLOSED))
    for n in range(MENU_SIZE):
        state = RoundState.OPEN if n < open_rounds else RoundState.CLOSED
        add_round(school, state=state)
    for name in ("filler", "city"):
        actor = find_actor(workshop.engine, name)
        menu = list_menu_offers(workshop.engine, workshop.catalogue, actor)
        listed = offers(name, size=MENU_SIZE)
        assert menu.offers == listed.offers
        assert menu.has_more is (listed.total > MENU_SIZE)


@pytest.mark.parametrize("words", ["第二", "dezyxx", "second 人才"])
def test_a_search_finds_names_codes_and_initials(offers, workshop, words):
    add_second_school(workshop.engine)
    found = offers("city", search=words)
    assert [one.unit_name for one in found.offers] == ["第二职业学校"]
    assert found.total == 1


def test_the_chosen_unit_goes_before_the_chosen_round(offer, school, workshop):
    second = add_second_school(workshop.engine)
    national = SchoolRound(workshop, "national").round_id
    found = offer("city", unit_id=second, round_id=national)
    assert (found.unit_id, found.collection) == (second, "talent")


def test_a_collection_narrows_the_choice(offer):
    assert offer("filler", collection="national").collection == "national"
    assert offer("filler", collection="group") is None


def test_what_one_may_not_see_is_not_found(offer, school, workshop):
    second = add_second_school(workshop.engine)
    found = offer("filler", unit_id=second, round_id=school.round_id)
    assert found.unit_id == school.unit_id


@pytest.mark.parametrize("closed", [{"is_active": False}, {"is_shut_above": True}])
@pytest.mark.parametrize("username", ["filler", "city"])
def test_a_closed_unit_is_offered_nobody(offers, close_school, username, closed):
    close_school(closed)
    assert offers(username).total == 0


def test_what_a_closed_unit_handed_in_is_offered_above(offers, close_school, school):
    round_id = hand_in(school)
    close_school({"is_shut_above": True})
    assert [one.round_id for one in offers("city").offers] == [round_id]
