"""Last period's values beside this one's: on pages, and in answers to saves."""

import json
import re

import pytest
from sqlalchemy import event, insert, select, update

from app.models import Round, RoundState, Unit
from app.storage.records import Scope
from app.storage.rows import RowStore
from tests.app.web.test_disclosing import MASKED, NUMBER, PUPILS
from tests.app.web.test_rows import GRANT, GRANTS, LAND, add, only

KEY = {"project_type": "国家奖学金", "fund_source": "中央财政"}
LAST_GRANTS = [
    {**KEY, "project_name": "校长奖学金", "awarded_count": 50},
    {**KEY, "project_name": "新星奖学金", "awarded_count": 7},
]


@pytest.fixture
def last_round(engine, catalogue):
    """The unit's rows of the round before this one, which is closed."""
    with engine.begin() as connection:
        this = connection.execute(
            select(Round.__table__).where(Round.collection == "talent")
        ).one()
        values = {**this._mapping, "title": "上一期"}
        del values["id"]
        number = connection.scalar(
            insert(Round.__table__).values(values).returning(Round.id)
        )
        connection.execute(
            update(Round.__table__)
            .where(Round.id == this.id)
            .values(previous_id=number)
        )
        unit = connection.scalar(select(Unit.id).where(Unit.code == "demo-school"))
        store, scope = RowStore(connection, catalogue), Scope(unit, number)
        form = catalogue.get(GRANTS)
        store.upsert_many(form, scope, LAST_GRANTS, None)
        store.insert(catalogue.get(LAND), scope, {"green_area": 5}, None)
        pupil = {"student_no": "S1", "id_number": NUMBER}
        store.insert(catalogue.get(PUPILS), scope, pupil, None)
        connection.execute(
            update(Round.__table__)
            .where(Round.id == number)
            .values(state=RoundState.CLOSED)
        )


def read_last(page):
    """Last period's values that a grid page brings."""
    block = re.search(r"data-last-values>(.*?)</script>", page.text, re.DOTALL)
    return json.loads(block.group(1))


def test_a_grid_brings_the_values_of_rows_with_the_same_key(filler, last_round):
    row = add(filler, GRANTS, GRANT)
    other = add(filler, GRANTS, {**GRANT, "project_name": "另一项"})
    found = read_last(filler.get(f"/forms/{GRANTS}/"))
    assert found[f"r{row['id']}"]["awarded_count"] == "50"
    assert f"r{other['id']}" not in found


def test_a_save_tells_the_values_of_a_new_key(filler, last_round):
    row = add(filler, GRANTS, GRANT)
    assert row["last"]["awarded_count"] == "50"
    cells = {"project_name": "新星奖学金"}
    renamed = only(filler.save(GRANTS, (row["id"], 1, cells)))
    assert renamed["last"] == {"awarded_count": "7"}


def test_a_record_that_is_not_begun_shows_last_periods_values(filler, last_round):
    page = filler.get(f"/forms/{LAND}/").text
    assert 'data-last="5.00">5.00</span>' in page


def test_the_page_of_a_row_shows_the_values_of_its_key(filler, last_round):
    row = add(filler, GRANTS, GRANT)
    page = filler.get(f"/forms/{GRANTS}/rows/{row['id']}").text
    assert 'data-last="50">50</span>' in page


def test_without_a_round_before_there_is_no_comparison(filler):
    row = add(filler, GRANTS, GRANT)
    assert "last" not in row
    page = filler.get(f"/forms/{GRANTS}/").text
    assert "data-last-values" not in page
    assert "旁边显示上年" not in page


def test_a_page_asks_as_often_for_many_rows_as_for_one(filler, last_round, engine):
    add(filler, GRANTS, GRANT)
    # The first look of the day is written down.
    filler.get(f"/forms/{GRANTS}/")
    one = count_statements(engine, lambda: filler.get(f"/forms/{GRANTS}/"))
    for number in range(10):
        add(filler, GRANTS, {**GRANT, "project_name": f"奖学金{number}"})
    many = count_statements(engine, lambda: filler.get(f"/forms/{GRANTS}/"))
    assert many == one


def count_statements(engine, act):
    asked = []

    def note(*given):
        asked.append(given[2])

    event.listen(engine, "before_cursor_execute", note)
    act()
    event.remove(engine, "before_cursor_execute", note)
    return len(asked)


def test_personal_data_of_last_period_are_masked_like_those_of_this_one(
    filler, last_round
):
    row = add(filler, PUPILS, {"student_no": "S1"})
    address = f"/forms/{PUPILS}/"
    for page in (filler.get(address), filler.get(f"{address}rows/{row['id']}")):
        assert MASKED in page.text
        assert NUMBER not in page.text
    saved = filler.save(PUPILS, (row["id"], 1, {"student_name": "某甲"}))
    assert only(saved)["last"]["id_number"] == MASKED
    shown = filler.post(f"{address}reveal", {"reason": "核对"})
    assert NUMBER in shown.text
