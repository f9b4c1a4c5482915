"""What generating adds, deletes and refuses, and how it is taken back."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from app.errors import LockedForm, Refused
from app.models import AuditAction, AuditEntry, FilingState
from app.services.audit_chain import verify
from app.services.generating.acts import Generated, StalePlan
from app.services.generating.undoing import find_last, preview_retreat, undo
from tests.support.generating import ACTOR

A = {"code": "S1", "state": "甲", "owner": "M1", "remark": "T1"}
B = {"code": "S2", "state": "甲", "owner": None, "remark": "T2"}


@pytest.fixture
def school(invented_school):
    """Two source rows that ask for one row each."""
    school = invented_school("T")
    school.fill({"M": [{"code": "M1", "name": "张三"}], "S": [A, B]})
    return school


def source(school, code):
    return next(one for one in school.read("S") if one.row["code"] == code)


def target(school, code):
    return next(one for one in school.read() if one.row["code"] == code)


def codes(school):
    return [one.row["code"] for one in school.read()]


# Adding.


def test_a_row_comes_with_what_follows_from_it_and_is_judged(school):
    assert school.generate() == Generated(2, 0)
    row = target(school, "T1")
    assert row.row == {
        "code": "T1",
        "owner": "M1",
        "owner_name": "张三",
        "count": 2,
        "twice": 4,
        "remark": None,
    }
    # The remark is required.
    assert (row.level, row.updated_by) == ("error", ACTOR)
    assert school.history() == [("insert", ACTOR, "由 S S 表生成")] * 2


def test_the_act_is_told_by_one_entry_that_holds_its_changes(school):
    school.generate()
    table = AuditEntry.__table__
    with school.engine.begin() as connection:
        (entry,) = connection.execute(
            select(table).where(table.c.unit_id == school.scope.unit_id)
        ).all()
    assert entry.action is AuditAction.ROWS_GENERATED
    assert entry.details["actions"] == {"insert": 2}
    assert verify(school.engine, with_changes=True).faults == ()


def test_rows_are_of_the_department_that_acts_and_keys_are_the_units(school):
    first, second = school.add_department("甲处"), school.add_department("乙处")
    school.add("T", {"code": "T1"}, first)
    school.act_for(second)
    assert school.generate() == Generated(1, 0)
    assert target(school, "T2").department_id == second


def test_a_second_time_there_is_nothing_to_do(school):
    school.generate()
    plan = school.preview()
    assert (plan.additions, plan.gone, plan.here) == ((), (), 2)
    with pytest.raises(Refused, match="没有要添加的行"):
        school.generate()


def test_a_row_that_refers_to_nothing_is_not_added_and_it_is_said_why(school):
    school.add("S", {"code": "S3", "state": "甲", "owner": "M9", "remark": "T3"})
    (blocked,) = school.preview().blocked
    assert blocked.row["code"] == "T3"
    assert "M9" in blocked.reasons[0]
    assert blocked.origin == source(school, "S3").id
    assert school.generate() == Generated(2, 0)


def test_a_row_without_a_required_part_of_its_key_is_not_added(school):
    school.add("S", {"code": "S3", "state": "甲"})
    (blocked,) = school.preview().blocked
    assert blocked.reasons == ("“code”在 S S 表 里没有填，请先补上。",)


def test_of_rows_with_one_key_the_first_is_added(invented_school):
    school = invented_school("L")
    school.fill({"S": [{"code": "X1"}, {"code": "X2"}, {"code": "Y1"}]})
    (blocked,) = school.preview().blocked
    assert blocked.row["code"] == "X2"
    assert "“letter”为“X”、“day”为空的一行，不能重复" in blocked.reasons[0]
    school.generate()
    assert codes(school) == ["X1", "Y1"]


# What was seen.


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.add("S", A | {"code": "S3", "remark": "T3"}),
        lambda s: s.change("S", source(s, "S1").id, state="乙"),
        lambda s: s.change("S", source(s, "S1").id, owner=None),
        lambda s: s.add("T", {"code": "T1"}),
        lambda s: s.add("T", {"code": "T9"}),
    ],
)
def test_a_plan_that_is_no_longer_right_is_not_carried_out(school, change):
    seen = school.preview().digest
    change(school)
    before = school.read()
    with pytest.raises(StalePlan, match="再看一遍"):
        school.generate(seen=seen)
    assert school.read() == before


def test_of_two_at_once_one_is_told_to_look_again(school):
    seen = school.preview().digest

    def act(_number):
        try:
            return school.generate(seen=seen)
        except StalePlan:
            return None

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(act, range(2)))
    assert sorted(done, key=str) == [Generated(2, 0), None]
    assert codes(school) == ["T1", "T2"]


# Where nothing may change.


@pytest.mark.parametrize("state", [FilingState.SUBMITTED, FilingState.APPROVED])
def test_nothing_is_generated_into_a_form_that_was_handed_in(school, state):
    school.set_filing(state=state)
    with pytest.raises(LockedForm, match="现在只能查看"):
        school.generate()
    assert school.read() == []


def test_nothing_is_generated_where_only_cells_were_returned(school):
    school.set_filing(state=FilingState.RETURNED)
    with pytest.raises(LockedForm, match="退回修改"):
        school.generate()


# Rows whose source has gone.


def test_a_row_whose_source_has_gone_is_listed_with_the_reason(school):
    school.generate()
    first, second = source(school, "S1"), source(school, "S2")
    school.change("S", first.id, state="乙")
    school.delete("S", second.id)
    school.change("T", target(school, "T2").id, remark="已核对")
    one, other = school.preview().gone
    assert (one.reason, one.origin) == ("状态不是“甲”，不生成行。", first.id)
    assert one.maintained == ()
    assert "没有对应的行了" in other.reason
    assert other.origin is None
    assert [field.id for field in other.maintained] == ["remark"]


def test_rows_of_other_departments_are_counted_only(school):
    first, second = school.add_department("甲处"), school.add_department("乙处")
    school.add("T", {"code": "T8"}, first)
    school.add("T", {"code": "T9"}, second)
    school.act_for(second)
    plan = school.preview()
    assert [one.stored.row["code"] for one in plan.gone] == ["T9"]
    assert (plan.gone_total, plan.gone_elsewhere) == (2, 1)


def test_only_chosen_rows_are_deleted_and_undoing_brings_them_again(school):
    department = school.add_department("甲处")
    school.add("T", {"code": "T8", "remark": "留"}, department)
    school.add("T", {"code": "T9", "remark": "删"}, department)
    chosen = target(school, "T9")
    assert school.generate([chosen.id]) == Generated(2, 1)
    assert codes(school) == ["T8", "T1", "T2"]
    done = school.undo()
    assert (done.removed, done.restored) == (2, 1)
    assert codes(school) == ["T8", "T9"]
    again = target(school, "T9")
    assert again.row == chosen.row
    assert (again.department_id, again.level) == (department, "")


def test_a_row_that_is_not_listed_is_not_deleted(school):
    school.add("T", {"code": "T1"})
    seen = school.preview().digest
    with pytest.raises(StalePlan):
        school.generate([target(school, "T1").id], seen)
    assert codes(school) == ["T1"]


def test_where_a_chosen_row_is_in_use_nothing_is_done(school):
    school.add("T", {"code": "T9"})
    school.add("U", {"number": "1", "picked": "T9"})
    with pytest.raises(Refused, match=r"“T9”不能删除.*U U 表"):
        school.generate([target(school, "T9").id])
    assert codes(school) == ["T9"]


# Taking back.


def test_what_somebody_changed_or_uses_stays(school):
    school.add("S", A | {"code": "S3", "remark": "T3"})
    school.generate()
    assert not find_last(school.order).is_touched
    school.change("T", target(school, "T1").id, remark="已核对")
    school.add("U", {"number": "1", "picked": "T2"})
    last = find_last(school.order)
    assert last.is_touched
    retreat = preview_retreat(school.order, last.id)
    assert (retreat.removed, retreat.changed, retreat.used) == (1, 1, 1)
    assert school.undo() == retreat
    assert codes(school) == ["T1", "T2"]
    assert verify(school.engine, with_changes=True).faults == ()


def test_it_is_taken_back_once(school):
    school.generate()
    last = find_last(school.order)
    school.undo()
    assert find_last(school.order) is None
    with pytest.raises(Refused, match="已经撤销"):
        undo(school.order, last.id)
    assert school.generate() == Generated(2, 0)


def test_once_the_form_was_handed_in_it_stays(school):
    school.generate()
    last = find_last(school.order)
    school.set_filing(submissions=1)
    assert find_last(school.order) is None
    with pytest.raises(Refused, match="不能再撤销"):
        undo(school.order, last.id)
    school.set_filing(submissions=0, state=FilingState.SUBMITTED)
    with pytest.raises(LockedForm):
        undo(school.order, last.id)
    assert codes(school) == ["T1", "T2"]


def test_a_deleted_row_whose_key_was_taken_meanwhile_does_not_come_again(school):
    school.add("T", {"code": "T9", "remark": "旧"})
    school.generate([target(school, "T9").id])
    school.add("T", {"code": "T9", "remark": "新"})
    done = school.undo()
    assert (done.removed, done.restored) == (2, 0)
    assert "“T9”没有恢复" in done.lost[0]
    assert [one.row["remark"] for one in school.read()] == ["新"]


def test_another_department_takes_nothing_of_it_back(school):
    first, second = school.add_department("甲处"), school.add_department("乙处")
    school.act_for(first)
    school.generate()
    last = find_last(school.order)
    school.act_for(second)
    assert preview_retreat(school.order, last.id).removed == 0
    with pytest.raises(Refused, match="没有可以撤销的了"):
        undo(school.order, last.id)
    assert codes(school) == ["T1", "T2"]
