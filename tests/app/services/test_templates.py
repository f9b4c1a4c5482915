"""Templates for a unit and round, on both databases."""

import io
import re
from dataclasses import replace

import pytest
from openpyxl import load_workbook
from sqlalchemy import insert, select, update

from app.models import Round
from app.services.templates import write_template_for
from app.storage.rows import RowStore
from exporters.last_period import LAST_SHEET

#: A form of rows with numbers, and one with a rule about its period.
AWARDS = "talent/2.13.2"
DATED = "group/G1"


@pytest.fixture
def next_round(office, workshop, catalogue):
    """The round after the one of the demo."""
    before = office.scope(catalogue.get(AWARDS))
    with workshop.engine.begin() as connection:
        table = Round.__table__
        last = connection.execute(
            select(table).where(table.c.id == before.round_id)
        ).one()
        values = {**last._mapping, "title": "次年", "previous_id": last.id}
        del values["id"]
        round_id = connection.execute(
            insert(table).values(values)
        ).inserted_primary_key[0]
    return replace(before, round_id=round_id)


def make_row(form):
    """A key, and a number."""
    key = {field_id: (*form.by_id[field_id].options, "甲")[0] for field_id in form.key}
    return {**key, "awarded_count": 12}


def store_last(office, workshop, form, rows):
    scope = office.scope(form)
    with workshop.engine.begin() as connection:
        store = RowStore(connection, workshop.catalogue)
        store.upsert_many(form, scope, rows, actor_id=office.user_id)


def fetch(workshop, form, scope):
    stream = io.BytesIO()
    write_template_for(workshop.engine, workshop.catalogue, form, scope, stream)
    return load_workbook(stream)


def test_the_rows_of_last_round_come_along(office, workshop, catalogue, next_round):
    form = catalogue.get(AWARDS)
    store_last(office, workshop, form, [make_row(form)])
    book = fetch(workshop, form, next_round)
    rows = list(book[LAST_SHEET].iter_rows(values_only=True))
    assert len(rows) == 2
    assert 12 in rows[1]
    assert any(
        str(cell.value).startswith("上期：")
        for row in book.worksheets[0]["1:2"]
        for cell in row
    )


def test_rows_of_another_unit_do_not(office, workshop, catalogue, next_round):
    form = catalogue.get(AWARDS)
    store_last(office, workshop, form, [make_row(form)])
    other = replace(next_round, unit_id=office.unit_id + 1)
    assert LAST_SHEET not in fetch(workshop, form, other).sheetnames


def test_formulas_know_the_period_of_the_round(office, workshop, catalogue):
    form = catalogue.get(DATED)
    last = office.scope(form)
    assert find_years(fetch(workshop, form, last)) == {"2013"}
    with workshop.engine.begin() as connection:
        connection.execute(
            update(Round.__table__)
            .where(Round.__table__.c.id == last.round_id)
            .values(periods={"snapshot": ["2031-01-01", "2031-12-31"]})
        )
    assert find_years(fetch(workshop, form, last)) == {"2031"}


def find_years(book):
    """The years of the days that formulas of the first row name."""
    texts = [str(cell.value) for row in book.worksheets[0]["1:3"] for cell in row]
    return {year for text in texts for year in re.findall(r"DATE\((\d{4}),", text)}
