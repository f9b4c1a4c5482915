"""The matrix of a school's round, its days, and the units below an authority."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, update

from app.models import FilingState, Round, Unit, UnitRound
from app.services.demo_people import find_actor
from app.services.form_states import FormState
from app.services.progress.area import find_round, list_rounds, search_units
from app.services.progress.history import load_history
from app.services.progress.matrix import load_matrix
from app.services.progress.units import load_area
from app.services.statistics.grounds import find_area_ground
from tests.support.standings import SchoolRound, add_second_school

LATE, NAMED = "0.1.1", ("准备", -9, -2, ["0.1.1"])
ALL = ("填报", -2, 3, ["*"])


@pytest.fixture
def school(workshop):
    return SchoolRound(workshop)


def row_of(matrix, code):
    return next(row for row in matrix.rows if row.form.code == code)


def test_the_matrix_counts_forms_and_departments(school):
    school.set_part(NAMED, ALL)
    school.file("1.1.1", FilingState.APPROVED)
    school.file("1.1.3", FilingState.SUBMITTED, step="department")
    matrix = load_matrix(school.engine, school.open_place("office"))
    assert len(matrix.rows) == 90
    assert (matrix.done, matrix.count("wait"), matrix.count("none")) == (1, 1, 88)
    assert sum(column.done for column in matrix.columns) == 1
    assert row_of(matrix, "1.1.3").judged.word == "待部门负责人审核"


def test_late_forms_come_first_and_name_their_departments(school):
    school.set_part(NAMED, ALL)
    matrix = load_matrix(school.engine, school.open_place("office"))
    first = matrix.rows[0]
    assert (first.form.code, first.days_late) == (LATE, 3)
    assert [column.name for column in matrix.late_columns] == [first.lead]


def test_what_is_handed_in_is_not_late(school):
    school.set_part(NAMED, ALL)
    school.file(LATE, FilingState.SUBMITTED, step="department")
    assert not load_matrix(school.engine, school.open_place("office")).late


def test_a_supplying_department_has_a_cell_of_its_own(school):
    place = school.open_place("office")
    form = next(
        form for form in place.edition.forms if len(place.assignments.ids(form)) > 1
    )
    row = row_of(load_matrix(school.engine, place), form.code)
    cells = [cell for cell in row.cells if cell is not None]
    assert sum(cell.is_lead for cell in cells) == 1
    assert len(cells) == len(place.assignments.suppliers(form))


def test_a_round_that_went_upward_shows_it(school):
    school.set_part(state=FilingState.SUBMITTED, step="city")
    school.file("1.1.1", FilingState.APPROVED)
    matrix = load_matrix(school.engine, school.open_place("office"))
    assert row_of(matrix, "1.1.1").judged.state is FormState.SENT
    assert matrix.unit.is_reported


def test_the_history_counts_what_was_done_on_each_day(school):
    school.set_part(("准备", -3, 3, ["*"]))
    kept = school.file("1.1.1", FilingState.APPROVED)
    school.decide(kept, "submit", "draft", 3)
    school.decide(kept, "approve", "submitted", 2)
    undone = school.file("1.1.3", FilingState.RETURNED)
    school.decide(undone, "approve", "submitted", 2)
    school.decide(undone, "return", "approved", 1)
    history = load_history(school.engine, school.open_place("office"))
    assert [day.done for day in history.days] == [0, 2, 1, 1]
    assert history.today.day == date.today()
    assert history.today.planned == 45


def test_without_phases_there_is_no_plan(school):
    done = school.file("1.1.1", FilingState.APPROVED)
    school.decide(done, "approve", "submitted", 1)
    history = load_history(school.engine, school.open_place("office"))
    assert [(day.planned, day.done) for day in history.days] == [(None, 1), (None, 1)]
    assert history.today.ahead is None
    assert history.days[0].day == date.today() - timedelta(days=1)


@pytest.fixture
def second(workshop):
    return add_second_school(workshop.engine)


def look(school, username):
    workshop = school.workshop
    rounds = list_rounds(workshop.engine, workshop.catalogue)
    round_ = find_round(rounds, school.round_id)
    actor = find_actor(workshop.engine, username)
    return load_area(workshop.engine, workshop.catalogue, actor, round_)


def test_an_authority_sees_every_unit_below_it(school, second):
    school.set_part(NAMED, ALL)
    school.file("1.1.1", FilingState.APPROVED)
    school.file("1.1.3", FilingState.RETURNED)
    area = look(school, "city")
    lines = {line.name: line for line in area.lines}
    assert set(lines) == {"演示职业技术学院", "第二职业学校"}
    own = lines["演示职业技术学院"]
    assert (own.done, own.returned, own.total, own.late) == (1, 1, 90, 1)
    assert own.above == "演示市教育局"
    assert sum(group.done for group in own.groups) == 1


def test_rates_count_the_units_that_have_done_a_form(school, second):
    school.file("1.1.1", FilingState.APPROVED)
    rates = {rate.form.code: rate for rate in look(school, "province").rates}
    assert (rates["1.1.1"].done, rates["1.1.1"].total) == (1, 2)
    assert rates["1.1.1"].percent == 50
    assert rates["1.1.3"].done == 0


def test_only_the_unit_of_the_step_has_to_decide(school, second):
    school.set_part(state=FilingState.SUBMITTED, step="city")
    assert [line.name for line in look(school, "city").mine] == ["演示职业技术学院"]
    assert not look(school, "province").mine


def test_a_school_sees_no_other_units(school, second):
    names = [line.name for line in look(school, "office").lines]
    assert names == ["演示职业技术学院"]


def test_a_round_for_some_units_leaves_the_others_out(school, second):
    school.set_part(ALL)
    with school.engine.begin() as connection:
        connection.execute(update(Round.__table__).values(by_unit=True))
    assert [line.name for line in look(school, "city").lines] == ["演示职业技术学院"]


@pytest.mark.parametrize("closed", [{"is_active": False}, {"is_shut_above": True}])
def test_a_closed_unit_counts_by_what_it_handed_in(school, second, closed):
    with school.engine.begin() as connection:
        connection.execute(
            update(Unit.__table__).where(Unit.id == second).values(**closed)
        )
    own = ["演示职业技术学院"]
    area = look(school, "city")
    assert [line.name for line in area.lines] == own
    assert area.rates[0].total == 1
    assert count_units(school) == 1
    hand_in_of(school, second)
    assert [line.name for line in look(school, "city").mine] == ["第二职业学校"]
    assert count_units(school) == 2


def count_units(school):
    """How many units the statistics of the city are about."""
    actor = find_actor(school.engine, "city")
    catalogue = school.workshop.catalogue
    ground = find_area_ground(
        school.engine, catalogue, actor, "talent", school.round_id
    )
    return ground.units


def hand_in_of(school, unit_id):
    with school.engine.begin() as connection:
        connection.execute(
            insert(UnitRound.__table__).values(
                unit_id=unit_id,
                round_id=school.round_id,
                phases=[],
                state=FilingState.SUBMITTED,
                step="city",
            )
        )


@pytest.mark.parametrize("words", ["第二", "SECOND", "dezyxx", "市教育局 第二"])
def test_units_are_found_by_name_code_and_initials(school, second, words):
    found = search_units(look(school, "city").lines, words)
    assert [line.name for line in found] == ["第二职业学校"]


def test_a_round_of_one_s_own_collection_is_shown_where_none_was_chosen(school):
    rounds = list_rounds(school.engine, school.workshop.catalogue)
    other = replace(rounds[0], id=rounds[0].id + 1, collection="other")
    found = find_round((other, *rounds), None, rounds[0].collection)
    assert found == rounds[0]
    assert find_round((other, *rounds), other.id, rounds[0].collection) == other
    assert find_round((other, *rounds), None) == other
