"""A city's own step of review, there only where it was given the right."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from app.errors import Forbidden
from app.models import Unit, UnitKind
from app.permissions import Place
from app.policy import Action
from app.services.areas import changing
from app.services.chain.steps import find_chain, require_step
from app.services.chain.telling import find_reviewers
from app.services.rounds.staff import find_missing_levels, load_staff
from form_schemas.chain import find_faulty_steps
from tests.support.areas import CITY, FAR_GROUP, GROUP, PROVINCE

STEPS = [
    {"id": "submit", "title": "提交", "role": "filler"},
    {
        "id": "city",
        "title": "市级审核",
        "role": "authority",
        "whole": True,
        "level": "city",
        "optional": True,
    },
    {
        "id": "province",
        "title": "省级审核",
        "role": "authority",
        "whole": True,
        "level": "province",
    },
]


@pytest.fixture
def edition(catalogue):
    edition = catalogue.newest["group"]
    return replace(edition, settings={**edition.settings, "reviewSteps": STEPS})


def steps_of(nation, edition, unit):
    with nation.engine.connect() as connection:
        found = find_chain(connection, edition, nation.units[unit]).whole_steps
    return [step.id for step in found]


def switch(nation, *rights):
    given = nation.engine, nation.catalogue, nation.actor(PROVINCE)
    changing.set_rights(*given, nation.units[CITY], nation.user_id(CITY), rights)


def test_the_step_comes_and_goes_with_the_right(nation, edition):
    assert steps_of(nation, edition, GROUP) == ["province"]
    switch(nation, Action.MANAGE_AREA)
    assert steps_of(nation, edition, GROUP) == ["province"]
    switch(nation, Action.REVIEW_FORM)
    assert steps_of(nation, edition, GROUP) == ["city", "province"]
    assert steps_of(nation, edition, FAR_GROUP) == ["province"]
    unit_id, user_id = nation.units[CITY], nation.user_id(CITY)
    actor = nation.actor(PROVINCE)
    changing.set_account_open(nation.engine, actor, unit_id, user_id, False)
    assert steps_of(nation, edition, GROUP) == ["province"]


def test_who_was_given_the_right_takes_the_step_and_is_told(nation, edition):
    switch(nation, Action.REVIEW_FORM)
    with nation.engine.connect() as connection:
        chain = find_chain(connection, edition, nation.units[GROUP])
        city, province = chain.whole_steps
        told = find_reviewers(connection, city)
        told_above = find_reviewers(connection, province)
        path = connection.scalar(
            select(Unit.path).where(Unit.id == nation.units[GROUP])
        )
    assert told == (nation.user_id(CITY),)
    assert told_above == (nation.user_id(PROVINCE),)
    place = Place(nation.units[GROUP], unit_path=path)
    require_step(nation.actor(CITY), city, place)
    for actor, step in (
        (nation.actor(CITY), province),
        (nation.actor(PROVINCE), city),
        (nation.actor(GROUP, "group_admin"), city),
    ):
        with pytest.raises(Forbidden):
            require_step(actor, step, place)


def test_nothing_is_missing_where_the_step_is_not(nation, edition):
    with nation.engine.connect() as connection:
        path = connection.scalar(
            select(Unit.path).where(Unit.id == nation.units[FAR_GROUP])
        )
        staff = load_staff(connection, nation.units[FAR_GROUP], path)
    assert find_missing_levels(staff, edition.steps) == ()
    assert UnitKind.CITY not in staff.authorities


def test_only_steps_of_a_level_are_optional():
    own = {"id": "own", "title": "自审", "role": "leadership", "optional": True}
    told = [*find_faulty_steps([STEPS[0], own])]
    assert [(place, "optional" in message) for place, message in told] == [
        ("/reviewSteps/1", True)
    ]
