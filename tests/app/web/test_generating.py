"""Pages on which rows are generated from the step before, and taken back."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from app.models import Filing, FilingState, UnitRound
from app.models.base import now_utc
from app.storage.filing_gate import lock_filing
from app.storage.timetable import PhaseTask, RoundPhase, write_phases
from tests.app.web.test_continuity import count_statements
from tests.app.web.test_rows import only
from tests.support.derived_school import DerivedSchool

CLASSES, HEADS = "Z1.1.28", "Z4.4.1"
PAGE = f"/forms/national/{HEADS}/"
ACT = f"{PAGE}generate/"
FIRST = {"class_code": "C2301", "class_name": "计算机 2301 班", "class_status": "在读"}
SECOND = {"class_code": "C2302", "class_name": "计算机 2302 班", "class_status": "在读"}
_SEEN = re.compile(r'name="seen" value="(\w+)"')


class School(DerivedSchool):
    """A school whose heads of classes are generated."""

    def read(self, code=HEADS):
        return super().read(code)

    def set_filing(self, **values):
        with self.engine.begin() as connection:
            filing = lock_filing(connection, self.get_form(HEADS), self.scope)
            connection.execute(
                update(Filing).where(Filing.id == filing.id).values(**values)
            )

    def end_phase(self):
        now = now_utc()
        begin, end = now - timedelta(days=9), now - timedelta(days=1)
        phase = RoundPhase("p1", "填报", begin, end, (PhaseTask("填", ("*",)),))
        part = {"unit_id": self.scope.unit_id, "round_id": self.scope.round_id}
        phases = write_phases((phase,))
        with self.engine.begin() as connection:
            changed = connection.execute(
                update(UnitRound.__table__).filter_by(**part).values(phases=phases)
            )
            if not changed.rowcount:
                connection.execute(
                    insert(UnitRound.__table__).values(
                        **part, phases=phases, opened_at=now
                    )
                )


@pytest.fixture
def school(engine, catalogue):
    """Two classes that study."""
    school = School(engine, catalogue)
    school.add(CLASSES, FIRST)
    school.add(CLASSES, SECOND)
    return school


def at(school, path=ACT):
    return f"{path}?at={school.at}"


def open_plan(browser, school):
    """The page of the plan, and what it was bound to."""
    answer = browser.get(at(school))
    assert answer.status_code == 200, answer.text
    return answer.text, _SEEN.search(answer.text).group(1)


def generate(browser, school, seen, **fields):
    return browser.post(at(school), {"seen": seen, **fields}, page=at(school))


def test_rows_are_seen_added_and_taken_back(filler, school):
    form_page = filler.get(at(school, PAGE)).text
    assert f'href="{ACT}?at={school.at}"' in form_page
    plan, seen = open_plan(filler, school)
    assert f'action="{ACT}?at={school.at}"' in plan
    assert "计算机 2301 班" in plan
    assert "添加 2 行" in plan
    done = generate(filler, school, seen)
    assert (done.status_code, done.location) == (303, at(school, PAGE))
    form_page = filler.get(done.location).text
    assert "已添加 2 行。原有的行没有改动。" in form_page
    assert "撤销这次生成" in form_page
    assert [one.row["class_name"] for one in school.read()] == [
        "计算机 2301 班",
        "计算机 2302 班",
    ]
    asked = filler.get(at(school, f"{ACT}undo")).text
    assert "收回添加的 2 行" in asked
    number = re.search(r'name="generation" value="(\d+)"', asked).group(1)
    undone = filler.post(at(school, f"{ACT}undo"), {"generation": number})
    assert undone.status_code == 303
    form_page = filler.get(undone.location).text
    assert "已撤销生成：收回 2 行。" in form_page
    assert "撤销这次生成" not in form_page
    assert school.read() == []


def test_a_second_tab_is_shown_what_is_left_to_do(filler, school):
    _, seen = open_plan(filler, school)
    assert generate(filler, school, seen).status_code == 303
    again = generate(filler, school, seen)
    assert again.status_code == 409
    assert "请再看一遍" in again.text
    assert "没有要添加的行" in again.text
    assert len(school.read()) == 2


@pytest.mark.parametrize("seen", ["", "0" * 64, "中文"])
def test_what_nobody_has_seen_is_not_carried_out(filler, school, seen):
    assert generate(filler, school, seen).status_code == 409
    assert school.read() == []


def test_a_second_tab_takes_nothing_back_twice(filler, school):
    generate(filler, school, open_plan(filler, school)[1])
    asked = filler.get(at(school, f"{ACT}undo")).text
    number = re.search(r'name="generation" value="(\d+)"', asked).group(1)
    for status in (303, 409):
        undone = filler.post(at(school, f"{ACT}undo"), {"generation": number})
        assert undone.status_code == status
    assert "已经撤销" in undone.text


def test_a_change_of_what_was_generated_ends_the_offer_on_the_form_page(filler, school):
    generate(filler, school, open_plan(filler, school)[1])
    row = school.read()[0]
    changed = filler.save(f"national/{HEADS}", (row.id, 1, {"allowance": "300"}))
    assert only(changed)["status"] == "saved"
    assert "撤销这次生成" not in filler.get(at(school, PAGE)).text
    plan, _ = open_plan(filler, school)
    assert "撤销那次生成" in plan
    asked = filler.get(at(school, f"{ACT}undo")).text
    assert "收回添加的 1 行" in asked
    assert "1 行后来有人改过或删除" in asked


def test_rows_without_a_source_are_ticked_only_where_nobody_went_on(filler, school):
    bare = school.add(HEADS, {"class_code": "C2301"})
    kept = school.add(HEADS, {"class_code": "C2302", "allowance": 300})
    for row in school.read(CLASSES):
        cells = {"class_status": "已毕业"}
        saved = filler.save(f"national/{CLASSES}", (row.id, row.version, cells))
        assert only(saved)["status"] == "saved"
    plan, seen = open_plan(filler, school)
    assert "班级状态不是“在读”，不生成行。" in plan
    ticks = {
        int(number): "checked" in rest
        for number, rest in re.findall(r'name="gone" value="(\d+)"([^>]*)>', plan)
    }
    assert ticks == {bare.id: True, kept.id: False}
    done = generate(filler, school, seen, gone=[str(bare.id)])
    assert done.status_code == 303
    assert [one.id for one in school.read()] == [kept.id]


def test_nothing_chosen_is_told_and_does_nothing(filler, school):
    generate(filler, school, open_plan(filler, school)[1])
    _, seen = open_plan(filler, school)
    answer = generate(filler, school, seen)
    assert answer.status_code == 409
    assert "没有要添加的行，也没有选要删除的行。" in answer.text


# Who may, and when.


@pytest.mark.parametrize("name", ["reviewer", "admin", "office"])
def test_who_enters_no_rows_generates_none(sign_in, school, name):
    browser = sign_in(name)
    assert "从上一步生成" not in browser.get(at(school, PAGE)).text
    assert browser.get(at(school)).status_code == 403
    assert browser.post(at(school), {"seen": "x"}).status_code == 403
    assert browser.get(at(school, f"{ACT}undo")).status_code == 403
    assert browser.post(at(school, f"{ACT}undo")).status_code == 403
    assert school.read() == []


def test_the_source_of_another_department_is_named_but_not_linked(sign_in, school):
    browser = sign_in("students")
    plan, seen = open_plan(browser, school)
    assert f"{CLASSES} 班级" in plan
    assert f"/forms/national/{CLASSES}/" not in plan
    assert generate(browser, school, seen).status_code == 303


def test_another_department_does_not_generate(sign_in, school):
    assert sign_in("teaching").get(at(school)).status_code == 403


@pytest.mark.parametrize("state", [FilingState.SUBMITTED, FilingState.APPROVED])
def test_a_form_that_was_handed_in_says_why_nothing_is_generated(filler, school, state):
    _, seen = open_plan(filler, school)
    school.set_filing(state=state)
    plan, _ = open_plan(filler, school)
    assert "现在不能生成。" in plan
    assert "btn-primary" not in plan.partition("foot-bar")[2]
    refused = generate(filler, school, seen)
    assert refused.status_code == 409
    assert "现在只能查看" in refused.text
    assert school.read() == []


def test_after_the_phase_nothing_is_generated(filler, school):
    _, seen = open_plan(filler, school)
    school.end_phase()
    assert "从上一步生成" not in filler.get(at(school, PAGE)).text
    assert "请向质量监督处申请延期" in open_plan(filler, school)[0]
    assert generate(filler, school, seen).status_code == 409
    assert school.read() == []


def test_a_form_that_nothing_generates_has_no_such_page(filler, school):
    answer = filler.get(at(school, f"/forms/national/{CLASSES}/generate/"))
    assert answer.status_code == 404


def test_the_page_asks_few_questions(filler, school, engine):
    page = at(school, "/forms/national/Z7.3.1/generate/")
    filler.get(page)
    assert count_statements(engine, lambda: filler.get(page)) <= 30
