"""An authority reminds units below it of their report."""

from dataclasses import replace

import pytest

from app.errors import BadRequest, Forbidden, Refused
from app.services.areas import changing
from app.services.progress.area import find_round, list_rounds
from app.services.progress.units import load_area
from app.services.reminding_units import remind_units
from tests.app.services.areas.test_full_chain import year
from tests.support.areas import CITY, FAR_GROUP, GROUP, OTHER, PROVINCE
from tests.support.group_year import NATION, TITLE
from tests.support.people import notices_of

__all__ = ["year"]


def remind(year, unit, **round_):
    engine, catalogue = year.workshop.engine, year.workshop.catalogue
    found = find_round(list_rounds(engine, catalogue), year.round_id)
    actor = year.actor(unit)
    area = load_area(engine, catalogue, actor, found)
    return remind_units(engine, actor, replace(found, **round_), area.lines)


def test_who_has_not_reported_is_reminded_once(year):
    engine, nation = year.workshop.engine, year.nation
    done = remind(year, PROVINCE)
    assert (done.told, done.spared, done.deserted) == ((GROUP,), (), ())
    for kind in ("group_admin", "group_leader"):
        [notice] = notices_of(engine, nation.user_id(GROUP, kind))
        assert notice.title == f"请尽快上报：{TITLE}"
        assert notice.link == f"/?at={year.key(GROUP)}"
    assert notices_of(engine, nation.user_id(FAR_GROUP, "group_admin")) == []
    with pytest.raises(Refused, match="分钟内刚催过"):
        remind(year, PROVINCE)
    # The nation reaches those that the province did not.
    done = remind(year, NATION)
    assert (done.told, done.spared) == ((FAR_GROUP,), (GROUP,))


def test_nobody_is_reminded_without_need_or_right(year):
    with pytest.raises(Forbidden):
        remind(year, CITY)
    with pytest.raises(Refused, match="已经结束"):
        remind(year, PROVINCE, is_open=False)
    year.fill(FAR_GROUP)
    year.hand_in(FAR_GROUP)
    with pytest.raises(BadRequest, match="都已上报"):
        remind(year, OTHER)
    engine, nation = year.workshop.engine, year.nation
    for kind in ("group_admin", "group_leader"):
        user_id = nation.user_id(GROUP, kind)
        unit_id = nation.units[GROUP]
        changing.set_account_open(
            engine, nation.actor(PROVINCE), unit_id, user_id, False
        )
    with pytest.raises(Refused, match=f"{GROUP}没有在用的账号"):
        remind(year, PROVINCE)
