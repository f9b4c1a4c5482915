"""What follows from the unit, as its name: given everywhere, right when it changes."""

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from app.models import Round, RoundState, Unit
from app.services.templates import write_template_for
from app.storage.binding import bind
from app.storage.records import Scope
from tests.app.web.test_booklets import BASICS, PAGE, complete, reporter

__all__ = ["complete", "reporter"]

FORM = "group/G1"
NEW = "砚溪智能制造职业教育集团"


@pytest.fixture
def stored_name(engine, catalogue):
    """The name that the group's report holds."""

    def stored_name():
        table = bind(catalogue, catalogue.get(FORM)).table
        with engine.connect() as connection:
            return connection.scalar(select(table.c.group_name))

    return stored_name


@pytest.fixture
def rename(engine):
    def rename(name):
        group = update(Unit).where(Unit.code == "demo-group")
        with engine.begin() as connection:
            connection.execute(group.values(name=name))

    return rename


def read_name(engine):
    with engine.connect() as connection:
        return connection.scalar(select(Unit.name).where(Unit.code == "demo-group"))


def test_what_is_typed_for_the_unit_s_name_counts_for_nothing(
    engine, reporter, stored_name
):
    reporter.save(FORM, (None, None, BASICS | {"group_name": "别的集团"}))
    assert stored_name() == read_name(engine)


def test_a_new_name_reaches_the_open_report(reporter, stored_name, rename):
    reporter.save(FORM, (None, None, BASICS))
    rename(NEW)
    assert NEW in reporter.get(PAGE).text
    assert stored_name() == NEW


def test_a_report_handed_in_keeps_the_name_it_had(
    engine, complete, stored_name, rename
):
    complete.post(PAGE, {"act": "submit"}, page=PAGE)
    before = read_name(engine)
    rename(NEW)
    complete.get(PAGE)
    assert stored_name() == before


def test_a_closed_round_keeps_the_name_it_had(engine, reporter, stored_name, rename):
    reporter.save(FORM, (None, None, BASICS))
    before = read_name(engine)
    with engine.begin() as connection:
        connection.execute(update(Round).values(state=RoundState.CLOSED))
    rename(NEW)
    reporter.get(PAGE)
    assert stored_name() == before


def test_the_template_says_whose_it_is(engine, catalogue, tmp_path):
    path = tmp_path / "template.xlsx"
    form = catalogue.get(FORM)
    with engine.connect() as connection:
        unit = connection.scalar(select(Unit.id).where(Unit.code == "demo-group"))
        here = Round.collection == "group", Round.is_standing.is_(False)
        round_id = connection.scalar(select(Round.id).where(*here))
    with path.open("wb") as stream:
        write_template_for(engine, catalogue, form, Scope(unit, round_id), stream)
    sheet = load_workbook(path).worksheets[0]
    texts = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value]
    assert any(read_name(engine) in text for text in texts)
