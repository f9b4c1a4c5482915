"""Units of an area: made, renamed, closed, and never outside of it."""

from dataclasses import replace

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.errors import Forbidden, NotFound, Refused
from app.models import (
    Membership,
    Notice,
    Role,
    Round,
    RoundState,
    Unit,
    UnitKind,
    UnitRound,
)
from app.models.base import now_utc
from app.permissions import Place, can
from app.policy import Action
from app.services.account_search import find_places, get_account, list_accounts
from app.services.accounts import require_manageable
from app.services.areas import changing
from app.services.areas.entries import NewPerson, NewUnit
from app.services.areas.making import create_unit
from app.services.areas.views import (
    AreaFilter,
    get_area_unit,
    list_area,
    list_new_kinds,
    list_parents,
)
from app.services.installation import get_console_actor
from app.services.passwords import verify_password
from app.services.rounds.participation import find_open_round, find_part
from app.services.units import UnitEntry, change_unit, mark_shut_below, move_unit
from tests.support.areas import CITY, FAR_GROUP, GROUP, OTHER, PROVINCE, RIGHTS


def names_of(nation, actor, **wanted):
    found = list_area(nation.engine, nation.catalogue, actor, AreaFilter(**wanted))
    return [line.name for line in found.lines]


def page_of(nation, unit, actor):
    unit_id = nation.units[unit]
    return get_area_unit(nation.engine, nation.catalogue, actor, unit_id)


def switch_on(nation, rights=RIGHTS, actor=None):
    changing.set_rights(
        nation.engine,
        nation.catalogue,
        actor or nation.actor(PROVINCE),
        nation.units[CITY],
        nation.user_id(CITY),
        rights,
    )


def test_a_group_has_two_equal_accounts(nation):
    page = page_of(nation, GROUP, nation.actor(PROVINCE))
    assert [one.type.title for one in page.accounts] == ["集团管理员", "集团负责人"]
    for kind in ("group_admin", "group_leader"):
        user = nation.user(GROUP, kind)
        [held] = user.memberships
        assert (user.username, held.role) == (GROUP, Role.REPORTER)
        assert held.may_import


def test_a_province_sees_what_is_below_it_and_not_itself(nation):
    assert names_of(nation, nation.actor(PROVINCE)) == [CITY, GROUP]
    assert names_of(nation, nation.actor(OTHER)) == [FAR_GROUP]
    assert names_of(nation, nation.actor(PROVINCE), search="港航") == [GROUP]
    assert names_of(nation, nation.actor(PROVINCE), is_open=False) == []


def test_who_manages_no_area_sees_none(nation):
    for actor in (nation.actor(CITY), nation.actor(GROUP, "group_admin")):
        with pytest.raises(Forbidden):
            names_of(nation, actor)


@pytest.mark.parametrize("unit", [PROVINCE, OTHER, FAR_GROUP])
def test_nothing_happens_outside_of_the_area(nation, unit):
    """Nor to the own unit."""
    engine, actor, unit_id = nation.engine, nation.actor(PROVINCE), nation.units[unit]
    kind = "group_admin" if unit == FAR_GROUP else "gov_admin"
    user_id = nation.user_id(unit, kind)
    acts = (
        lambda: page_of(nation, unit, actor),
        lambda: changing.rename_unit(
            engine, nation.catalogue, actor, unit_id, "别的名称", ""
        ),
        lambda: changing.set_open(engine, actor, unit_id, False),
        lambda: changing.set_account_open(engine, actor, unit_id, user_id, False),
        lambda: changing.change_person(engine, actor, unit_id, user_id, "甲", ""),
        lambda: changing.give_unit_code(engine, "secret", actor, unit_id, user_id),
        lambda: changing.set_rights(
            engine, nation.catalogue, actor, unit_id, user_id, []
        ),
    )
    for act in acts:
        with pytest.raises(NotFound):
            act()


def test_an_account_of_another_unit_is_not_reached_through_an_own_one(nation):
    engine, actor, unit_id = nation.engine, nation.actor(PROVINCE), nation.units[GROUP]
    user_id = nation.user_id(FAR_GROUP, "group_admin")
    with pytest.raises(NotFound):
        changing.give_unit_code(engine, "secret", actor, unit_id, user_id)


def test_an_account_with_a_role_elsewhere_is_not_taken_over(nation):
    """Whoever has its password acts in the other unit, too."""
    engine, actor, unit_id = nation.engine, nation.actor(PROVINCE), nation.units[GROUP]
    user_id = nation.user_id(GROUP, "group_admin")
    with engine.begin() as connection:
        role = {"user_id": user_id, "role": Role.ANALYST, "may_import": False}
        far = {"unit_id": nation.units[FAR_GROUP], "granted": []}
        connection.execute(insert(Membership.__table__).values(**role, **far))
    for act in (
        lambda: changing.give_unit_code(engine, "secret", actor, unit_id, user_id),
        lambda: changing.set_account_open(engine, actor, unit_id, user_id, False),
        lambda: changing.change_person(engine, actor, unit_id, user_id, "某人", ""),
    ):
        with pytest.raises(Refused, match="以外还有角色"):
            act()


def test_a_unit_is_not_put_outside_of_the_area(nation):
    for parent in (OTHER, None):
        with pytest.raises(Forbidden):
            nation.add(nation.actor(PROVINCE), "另一个职教集团", "group", parent)


@pytest.mark.parametrize(
    ("name", "kind", "parent", "more", "error", "part"),
    [
        ("  ", "group", PROVINCE, {}, Refused, "要填"),
        ("长" * 101, "group", PROVINCE, {}, Refused, "最多 100"),
        (GROUP, "group", PROVINCE, {}, Refused, "已经有叫"),
        ("青屿 港航职教集团", "group", PROVINCE, {}, Refused, "已经有叫"),
        ("甲集团", "group", GROUP, {}, Refused, "下面不能有"),
        ("甲市教育局", "city", CITY, {}, Refused, "下面不能有"),
        ("甲大学", "school", PROVINCE, {}, Refused, "没有按类型设的账号"),
        ("甲集团", "group", PROVINCE, {"code": "group 1"}, Refused, "空格"),
        ("甲集团", "group", PROVINCE, {"code": "NATION-of-tests"}, Refused, "已经有"),
        (
            "甲集团",
            "group",
            PROVINCE,
            {"people": {"group_admin": NewPerson(email="不是邮箱")}},
            Refused,
            "不是邮箱地址",
        ),
        (
            "甲集团",
            "group",
            PROVINCE,
            {"people": {"group_admin": NewPerson(phone="13900000000")}},
            Refused,
            "不用手机号",
        ),
    ],
)
def test_a_wrong_unit_is_refused_and_leaves_nothing(
    nation, name, kind, parent, more, error, part
):
    with pytest.raises(error) as refused:
        nation.add(nation.actor(PROVINCE), name, kind, parent, **more)
    assert part in refused.value.message
    assert names_of(nation, nation.actor(PROVINCE)) == [CITY, GROUP]


def test_what_can_be_added_follows_from_where_one_is(nation):
    def kinds(unit):
        given = nation.engine, nation.catalogue, nation.actor(unit)
        return [kind.value for kind in list_new_kinds(*given)]

    assert kinds(PROVINCE) == ["city", "group"]
    switch_on(nation)
    assert kinds(CITY) == ["group"]
    parents = list_parents(nation.engine, nation.actor(CITY), "group")
    assert [one.name for one in parents] == [CITY]


def test_rights_of_a_city_are_switched_one_by_one(nation):
    place = Place(nation.units[GROUP], unit_path=path_of(nation, GROUP))
    assert not can(nation.actor(CITY), Action.REVIEW_FORM, place)
    switch_on(nation, [Action.REVIEW_FORM])
    assert can(nation.actor(CITY), Action.REVIEW_FORM, place)
    assert not can(nation.actor(CITY), Action.MANAGE_AREA, place)
    switch_on(nation, [Action.MANAGE_AREA])
    assert not can(nation.actor(CITY), Action.REVIEW_FORM, place)
    assert names_of(nation, nation.actor(CITY)) == [GROUP]
    far = Place(nation.units[FAR_GROUP], unit_path=path_of(nation, FAR_GROUP))
    assert not can(nation.actor(CITY), Action.MANAGE_AREA, far)


def test_a_right_that_the_kind_has_not_is_refused(nation):
    with pytest.raises(Refused):
        switch_on(nation, [Action.DESIGN_FORMS])
    with pytest.raises(Refused):
        changing.set_rights(
            nation.engine,
            nation.catalogue,
            nation.actor(PROVINCE),
            nation.units[GROUP],
            nation.user_id(GROUP, "group_admin"),
            [Action.MANAGE_AREA],
        )


def test_stored_words_that_are_no_rights_give_none(nation):
    """What a hand wrote into the database beyond what may be granted."""
    with Session(nation.engine) as session, session.begin():
        held = session.scalars(
            select(Membership).where(Membership.unit_id == nation.units[CITY])
        ).first()
        held.granted = ["design_forms", "nonsense"]
    assert not can(nation.actor(CITY), Action.DESIGN_FORMS)


def test_the_user_name_follows_the_name(nation):
    actor, unit_id = nation.actor(PROVINCE), nation.units[GROUP]
    new = "青屿 海运职教集团"
    changing.rename_unit(nation.engine, nation.catalogue, actor, unit_id, new, "Q-1")
    user = nation.user(GROUP, "group_leader")
    assert user.username == "青屿海运职教集团"
    with Session(nation.engine) as session:
        unit = session.get(Unit, unit_id)
        assert (unit.name, unit.code) == (new, "Q-1")
        told = session.scalars(select(Notice).where(Notice.user_id == user.id)).all()
    assert any("用户名变了" in notice.title for notice in told)


def test_a_name_that_is_taken_is_refused(nation):
    actor, unit_id = nation.actor(PROVINCE), nation.units[GROUP]
    for name, code in ((FAR_GROUP, ""), (GROUP, "nation-of-tests")):
        with pytest.raises(Refused):
            changing.rename_unit(
                nation.engine, nation.catalogue, actor, unit_id, name, code
            )


def test_the_user_name_follows_where_the_system_names_a_unit(nation):
    unit_id, entry = nation.units[GROUP], UnitEntry("Q-1", "青屿海运职教集团")
    change_unit(nation.engine, unit_id, entry)
    user = nation.user(GROUP, "group_leader")
    assert user.username == entry.name
    with Session(nation.engine) as session:
        titles = select(Notice.title).where(Notice.user_id == user.id)
        assert [*session.scalars(titles)] == ["登录的用户名变了"]
    with pytest.raises(Refused, match="已经有叫"):
        change_unit(nation.engine, unit_id, replace(entry, name=FAR_GROUP))


def test_a_closed_province_closes_what_is_below(nation):
    close(nation, PROVINCE)
    assert nation.actor(GROUP, "group_admin").grants == ()
    assert nation.actor(PROVINCE).grants == ()
    assert nation.actor(FAR_GROUP, "group_admin").grants
    close(nation, PROVINCE, is_open=True)
    assert nation.actor(GROUP, "group_admin").grants


def test_what_was_closed_by_itself_stays_closed(nation):
    close(nation, CITY)
    close(nation, PROVINCE)
    close(nation, PROVINCE, is_open=True)
    assert nation.actor(CITY).grants == ()
    assert nation.actor(GROUP, "group_admin").grants == ()
    close(nation, CITY, is_open=True)
    assert nation.actor(GROUP, "group_admin").grants


def test_a_unit_moved_from_under_a_closed_one_is_open(nation):
    close(nation, CITY)
    move_unit(nation.engine, nation.units[GROUP], nation.units[OTHER])
    assert nation.actor(GROUP, "group_admin").grants
    with nation.engine.begin() as connection:
        mark_shut_below(connection, "/")
    assert nation.actor(GROUP, "group_admin").grants


def test_nobody_is_put_under_a_closed_unit(nation):
    close(nation, CITY)
    with pytest.raises(Refused, match="已经停用"):
        nation.add(nation.actor(PROVINCE), "另一个职教集团", "group", CITY)


def test_phone_numbers_make_first_passwords_where_it_is_wished(nation):
    people = {"group_admin": NewPerson("甲", "139-0000 1234", "a@example.org")}
    parent = nation.units[PROVINCE]
    new = NewUnit("乙职教集团", UnitKind.GROUP, parent, people=people)
    given = nation.engine, nation.catalogue, nation.actor(PROVINCE), new
    unit_id, made = create_unit(*given, takes_phones=True)
    assert [one.is_phone for one in made] == [True, False]
    nation.units["乙职教集团"] = unit_id
    user = nation.user("乙职教集团", "group_admin")
    assert verify_password(user.password_hash, "001234")
    assert user.must_change_password
    assert (user.name, user.email) == ("甲", "a@example.org")


def close(nation, unit, *, is_open=False):
    console = get_console_actor(nation.engine)
    changing.set_open(nation.engine, console, nation.units[unit], is_open)


def path_of(nation, unit):
    with Session(nation.engine) as session:
        return session.get(Unit, nation.units[unit]).path


def test_who_comes_while_others_report_takes_part(nation):
    edition = nation.catalogue.newest["group"]
    phases = [
        {
            "id": "report",
            "title": "填报",
            "from": "2026-10-14T00:00:00+00:00",
            "to": "2099-12-25T00:00:00+00:00",
            "tasks": [{"title": "填报", "forms": ["*"]}],
        }
    ]
    with nation.engine.begin() as connection:
        opened = {"edition": edition.year, "state": RoundState.OPEN, "by_unit": True}
        round_id = connection.execute(
            insert(Round).values(
                collection="group",
                title="一轮",
                periods={},
                opens_at=now_utc(),
                **opened,
            )
        ).inserted_primary_key[0]
        part = {"unit_id": nation.units[GROUP], "round_id": round_id}
        connection.execute(insert(UnitRound).values(phases=phases, **part))
    nation.add(nation.actor(PROVINCE), "新来的职教集团", "group", PROVINCE)
    unit_id = nation.units["新来的职教集团"]
    with nation.engine.connect() as connection:
        found = find_open_round(connection, "group", unit_id)
        assert (found.id, found.part_id is None) == (round_id, False)
        assert find_part(connection, unit_id, round_id).phases == phases
        told = connection.scalars(select(Notice.title)).all()
    assert told == ["“一轮”正在填报"] * 2


def test_accounts_are_read_while_somebody_else_writes(nation):
    """On SQLite there is one writer, and an import may take half a minute."""
    console, user_id = get_console_actor(nation.engine), nation.user_id(CITY)
    with nation.engine.begin():
        found = list_accounts(nation.engine, actor=console)
        assert user_id in {line.id for line in found.lines}
        assert get_account(nation.engine, user_id, actor=console).id == user_id
        assert find_places(nation.engine, console, CITY).name == CITY
        require_manageable(nation.engine, user_id, console)
