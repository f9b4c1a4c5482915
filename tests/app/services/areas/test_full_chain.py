"""A group's report on its way: city, province, nation; and when the city drops out."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from app.config import Config
from app.errors import Forbidden
from app.models import AuditAction, FilingState, Notice, UnitRound
from app.policy import Action
from app.services.areas import changing
from app.services.booklets import begin_records
from app.services.chain.obstacles import NotReady
from app.services.chain.questions import Named
from app.services.chain.together import find_missing_in_booklet, hand_in_booklet
from app.services.chain.whole import return_whole
from app.services.desks import Desk
from app.services.recording import record_changes
from app.services.review_lists import list_wholes
from app.services.workshop import open_workshop
from app.storage.engine import begin_reading
from app.storage.rows import RowStore
from form_schemas.settings import list_booklets
from tests.support.areas import CITY, FAR_GROUP, GROUP, OTHER, PROVINCE
from tests.support.group_year import NATION, Year, fill_year
from tests.support.lending import get_engine
from tests.support.travelling import get_group_catalogue


@pytest.fixture(params=["sqlite", "postgresql"])
def year(request, lend, tmp_path):
    catalogue = get_group_catalogue()
    with lend(request.param, fill_year, catalogue) as url:
        config = Config(data_folder=tmp_path, database_url=url)
        yield Year.find(open_workshop(config, get_engine(url), catalogue))


def waits_for(year, unit):
    """The units whose rounds an authority finds in its list."""
    found = list_wholes(year.workshop, year.actor(unit))
    return [line.unit_name for line in found]


def test_a_report_passes_the_city_the_province_and_the_nation(year):
    year.give_rights(Action.REVIEW_FORM)
    rows = year.fill(GROUP)
    assert year.hand_in(GROUP).step == "city"
    assert waits_for(year, CITY) == [GROUP]
    assert not waits_for(year, PROVINCE)
    with pytest.raises(Forbidden):
        year.approve(GROUP, by=PROVINCE)
    form, row = year.edition.by_code["G1"], rows["G1"]
    named = {form: [Named(row.id, "lead_units", "wrong", "少了一家")]}
    given = year.workshop, year.actor(CITY), year.scope(GROUP), named, "请补齐"
    return_whole(*given)
    assert year.view(GROUP, by=GROUP).state is FilingState.RETURNED
    cells = {"lead_units": "砚溪机电职业技术学院；昭宁公司"}
    year.save(GROUP, "G1", cells, row)
    assert year.hand_in(GROUP).step == "city"
    steps = [year.approve(GROUP, by=unit).step for unit in (CITY, PROVINCE, NATION)]
    assert steps == ["province", "nation", ""]
    assert year.view(GROUP, by=GROUP).state is FilingState.APPROVED
    year.fill(FAR_GROUP)
    assert year.hand_in(FAR_GROUP).step == "province"
    assert waits_for(year, OTHER) == [FAR_GROUP]


def take_the_right_back(year):
    year.give_rights()


def close_the_account(year):
    engine, nation = year.workshop.engine, year.nation
    unit_id, user_id = nation.units[CITY], nation.user_id(CITY)
    changing.set_account_open(engine, nation.actor(PROVINCE), unit_id, user_id, False)


def close_the_city(year):
    engine, nation = year.workshop.engine, year.nation
    changing.set_open(engine, nation.actor(PROVINCE), nation.units[CITY], False)


@pytest.mark.parametrize(
    "drop_out", [take_the_right_back, close_the_account, close_the_city]
)
def test_a_report_that_waits_for_the_city_goes_on_without_it(year, drop_out):
    year.give_rights(Action.REVIEW_FORM)
    year.fill(GROUP)
    year.hand_in(GROUP)
    drop_out(year)
    assert year.view(GROUP, by=PROVINCE).step == "province"
    assert waits_for(year, PROVINCE) == [GROUP]
    steps = [year.approve(GROUP, by=unit).step for unit in (PROVINCE, NATION)]
    assert steps == ["nation", ""]


def test_the_province_is_told_what_waits_for_it_now(year):
    year.give_rights(Action.REVIEW_FORM)
    year.fill(GROUP)
    year.hand_in(GROUP)
    year.give_rights()
    with year.workshop.engine.connect() as connection:
        user_id = year.nation.user_id(PROVINCE)
        own = Notice.__table__.select().where(Notice.user_id == user_id)
        titles = [one.title for one in connection.execute(own)]
    assert f"{GROUP} 的数据等您审核（省级审核）" in titles
    # What came back to the city's people afterwards is theirs no more.
    with pytest.raises(Forbidden):
        year.approve(GROUP, by=CITY)


def test_what_is_missing_of_a_member_is_told_by_its_name(year):
    year.fill(GROUP)
    company = {"member_name": "砚溪重工有限公司", "organization_code": "5LCZD4Q46"}
    year.save(GROUP, "G5.6", company | {"is_lead_unit": "否"})
    with pytest.raises(NotReady) as told:
        year.hand_in(GROUP)
    assert {one.row_name for one in told.value.obstacles} == {"砚溪重工有限公司"}


def test_what_is_counted_is_what_is_handed_in(year):
    """The other account adds a member while the report is being handed in."""
    year.fill(GROUP)
    year.set_hours(GROUP, -1, 1)
    scope, form = year.scope(GROUP), year.edition.by_code["G5.6"]
    [booklet] = list_booklets(year.edition.settings)
    begin_records(year.workshop, year.place(GROUP), booklet)
    given = year.workshop, year.actor(GROUP), scope, booklet
    # From here on nothing is to be stored before the round is held.
    assert find_missing_in_booklet(*given) is None
    desk = Desk(year.workshop.engine, year.workshop.catalogue, year.place(GROUP), form)
    member = {"member_name": "砚溪重工有限公司", "organization_code": "KNQXNW0E4"}
    with ThreadPoolExecutor(1) as pool:
        with year.workshop.engine.begin() as connection:
            part = select(UnitRound.id).where(UnitRound.unit_id == scope.unit_id)
            connection.execute(part.with_for_update()).one()
            handed_in = pool.submit(hand_in_booklet, *given)
            time.sleep(0.5)
            store = RowStore(connection, year.workshop.catalogue)
            row = {**member, "is_lead_unit": False}
            store.insert(form, scope, row, desk.place.actor.user_id)
            record_changes(connection, desk, AuditAction.ROWS_SAVED, store)
        assert handed_in.result().step == "province"
    with begin_reading(year.workshop.engine) as connection:
        store = RowStore(connection, year.workshop.catalogue)
        [counts] = store.iterate_rows(year.edition.by_code["G4"], scope)
    assert (counts.row["enterprise_count"], counts.row["member_count"]) == (2, 3)
