"""Forms of no period stand in a round of their own; kinds of units have their forms."""

from dataclasses import replace

import pytest
from sqlalchemy import insert, select

from app.errors import NotFound
from app.models import Role, Round, RoundState, Unit, UnitKind
from app.permissions import Actor, Grant
from app.services.offers import find_offer, list_menu_offers
from app.services.rounds.parts import find_part_of
from app.services.schema_changes import initialise
from app.services.standing_rounds import keep_standing_rounds
from app.services.workplaces import open_workplace
from app.storage.engine import open_engine
from app.storage.records import Scope
from form_schemas.loading import load_catalogue
from tests.support.forms import field_of, schema_of
from tests.support.places import add_round
from tests.support.publishing import SECRET, write_edition

PROVINCE, SCHOOL, NATION = 1, 2, 3
YEARLY = 20


def with_words(schema, **words):
    return schema | {"x-form": schema["x-form"] | words}


def yearly():
    return schema_of("Y", name="text")


def news(**fields):
    fields = {"title": "text", **fields}
    kinds = ["nation", "school"]
    return with_words(schema_of("N", **fields), standing=True, unitKinds=kinds)


def policy():
    return with_words(schema_of("P", name="text"), unitKinds=["province", "school"])


@pytest.fixture
def folder(tmp_path):
    write_edition(tmp_path / "forms", yearly(), news(), policy())
    return tmp_path / "forms"


@pytest.fixture
def small(folder, database_url):
    """A province above a school that reports, a nation; a round of 2024 for all."""
    engine = open_engine(database_url, SECRET)
    catalogue = load_catalogue(folder)
    initialise(engine, catalogue)
    with engine.begin() as connection:
        for unit_id, kind, path in (
            (PROVINCE, UnitKind.PROVINCE, "/1/"),
            (SCHOOL, UnitKind.SCHOOL, "/1/2/"),
            (NATION, UnitKind.NATION, "/3/"),
        ):
            connection.execute(
                insert(Unit).values(
                    id=unit_id,
                    code=f"u{unit_id}",
                    name=f"第 {unit_id} 单位",
                    kind=kind,
                    path=path,
                    collections=["test"],
                )
            )
        keep_standing_rounds(connection, catalogue)
        add_round(connection, YEARLY, "test", "2024")
    yield engine, catalogue
    engine.dispose()


def province():
    grant = Grant(Role.AUTHORITY, PROVINCE, unit_path="/1/")
    return Actor(7, "province", "省", (grant,))


def codes_at(engine, catalogue, **wanted):
    offer = find_offer(engine, catalogue, province(), **wanted)
    assert offer is not None
    place = open_workplace(engine, catalogue, province(), offer)
    assert [form.code for form in place.forms] == list(place.standings)
    return place.unit_id, [form.code for form in place.forms]


def standing_round(engine):
    with engine.begin() as connection:
        return connection.execute(
            select(Round.__table__).where(Round.is_standing)
        ).all()


def test_units_have_the_forms_of_their_kind(small):
    assert codes_at(*small, unit_id=SCHOOL) == (SCHOOL, ["P", "Y"])
    assert codes_at(*small, unit_id=PROVINCE) == (PROVINCE, ["P"])


def test_forms_of_no_period_stand_in_a_round_of_their_own(small):
    assert codes_at(*small, unit_id=SCHOOL, standing=True) == (SCHOOL, ["N"])


def test_the_standing_round_is_not_offered_but_where_it_is_named(small):
    engine, catalogue = small
    offered = list_menu_offers(engine, catalogue, province())
    assert {offer.round_id for offer in offered.offers} == {YEARLY}
    [found] = standing_round(engine)
    named = find_offer(engine, catalogue, province(), unit_id=SCHOOL, round_id=found.id)
    assert named is not None
    assert named.round_id == found.id


def test_who_has_nothing_but_forms_of_no_period_is_offered_them(small):
    engine, catalogue = small
    below = Grant(Role.AUTHORITY, PROVINCE, unit_path="/1/")
    own = Grant(Role.REPORTER, NATION, unit_path="/3/")
    nation = Actor(8, "nation", "国", (below, own))
    offered = list_menu_offers(engine, catalogue, nation).offers
    assert {one.unit_id for one in offered} == {NATION, PROVINCE, SCHOOL}
    chosen = find_offer(engine, catalogue, replace(nation, grants=(own,)))
    assert chosen is not None
    assert open_workplace(engine, catalogue, nation, chosen).forms[0].code == "N"
    others = list_menu_offers(engine, catalogue, province()).offers
    assert NATION not in {one.unit_id for one in others}


def test_a_form_of_another_kind_of_unit_is_not_found(small):
    engine, catalogue = small
    offer = find_offer(engine, catalogue, province(), unit_id=PROVINCE)
    with pytest.raises(NotFound):
        open_workplace(engine, catalogue, province(), offer).get_form("Y")


def test_there_is_one_of_them_however_often_it_is_asked_for(small):
    engine, catalogue = small
    with engine.begin() as connection:
        keep_standing_rounds(connection, catalogue)
    assert [one.state for one in standing_round(engine)] == [RoundState.OPEN]


def test_nobody_manages_or_closes_it(small):
    engine, catalogue = small
    [found] = standing_round(engine)
    with engine.begin() as connection, pytest.raises(NotFound):
        find_part_of(connection, catalogue, None, Scope(SCHOOL, found.id))


def test_it_follows_a_newer_edition_that_reads_its_rows(small, folder):
    engine, _ = small
    write_edition(folder, yearly(), news(author="text"), policy(), year="2025")
    with engine.begin() as connection:
        keep_standing_rounds(connection, load_catalogue(folder))
    assert [one.edition for one in standing_round(engine)] == ["2025"]


def test_it_stays_where_values_would_have_to_be_converted(small, folder):
    engine, _ = small
    kept = field_of("enum", enum=["甲"], recode={"乙": "甲"})
    before = news(sort=field_of("enum"))
    write_edition(folder, yearly(), before, policy())
    write_edition(folder, yearly(), news(sort=kept), policy(), year="2025")
    with engine.begin() as connection:
        keep_standing_rounds(connection, load_catalogue(folder))
    assert [one.edition for one in standing_round(engine)] == ["2024"]
