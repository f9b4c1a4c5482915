"""The unit at the top with its accounts, and its provinces."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFound, Refused
from app.models import Base, Role, Unit, UnitKind, User
from app.policy import Action
from app.services.areas.entries import NewUnit
from app.services.areas.founding import AuthorityNames, found_nation, found_provinces
from app.services.installation import get_console_actor
from app.services.passwords import verify_password
from tests.support.lending import get_engine

NAME = "全国职业教育管理部门"


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, lend, catalogue):
    with lend(request.param, _fill, catalogue) as url:
        yield get_engine(url)


def _fill(engine, catalogue):
    Base.metadata.create_all(engine)


def found(engine, catalogue, name=NAME, collection="group"):
    new = NewUnit(name, UnitKind.NATION, None, "nation-0")
    actor = get_console_actor(engine)
    return found_nation(engine, catalogue, actor, collection, new)


def spread(engine, catalogue, nation_id):
    given = engine, catalogue, get_console_actor(engine), "group", nation_id
    return found_provinces(*given, catalogue.codelists["gbt-2260"], AuthorityNames())


def test_the_nation_gets_the_accounts_that_its_collection_declares(engine, catalogue):
    nation_id, [made] = found(engine, catalogue)
    with Session(engine) as session:
        [user] = session.scalars(select(User).where(User.account_type != ""))
        assert (user.username, user.account_type) == (NAME, "gov_admin")
        assert user.must_change_password
        assert verify_password(user.password_hash, made.password)
        assert {one.role for one in user.memberships} == {
            Role.AUTHORITY,
            Role.REPORTER,
        }
        assert any(Action.MANAGE_AREA in one.granted for one in user.memberships)
        unit = session.get_one(Unit, nation_id)
        assert (unit.kind, unit.code, unit.path) == (
            UnitKind.NATION,
            "nation-0",
            f"/{nation_id}/",
        )
    # A second time adds nothing, and another name is not taken for a second nation.
    assert found(engine, catalogue) == (nation_id, ())
    with pytest.raises(Refused, match=f"已经有国家一级的单位“{NAME}”"):
        found(engine, catalogue, "另一个全国单位")
    with pytest.raises(NotFound, match="没有给这一级单位设账号类型"):
        found(engine, catalogue, collection="talent")


def test_each_area_of_the_list_gets_an_authority_once(engine, catalogue):
    nation_id, _ = found(engine, catalogue)
    made = {one.unit: one for one in spread(engine, catalogue, nation_id)}
    assert len(made) == 31
    assert {"山西省教育厅", "北京市教育委员会", "西藏自治区教育厅"} <= set(made)
    assert not any("台湾" in name for name in made)
    assert len({one.password for one in made.values()}) == 31
    assert not spread(engine, catalogue, nation_id)
    with Session(engine) as session:
        codes = session.scalars(
            select(Unit.code).where(Unit.parent_id == nation_id).order_by(Unit.code)
        ).all()
    assert codes[0] == "110000"
