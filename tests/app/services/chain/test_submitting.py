from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from app.errors import Forbidden, LockedForm, Refused
from app.models import (
    AuditAction,
    AuditEntry,
    DecisionKind,
    FilingState,
    UnitRound,
)
from app.services.chain.deciding import approve
from app.services.chain.obstacles import NotReady, ObstacleKind
from app.services.chain.submitting import find_missing, submit, withdraw
from app.storage.rows import RowStore


@pytest.fixture
def form(school):
    """A form that one department fills alone."""
    return school.form("2")


@pytest.fixture
def row(school):
    return school.add("2", name="甲", count="3")


def limit_hours(school, seconds):
    """The only phase ends so many seconds from now."""
    now = datetime.now(UTC)
    phase = {
        "id": "fill",
        "title": "填报",
        "from": (now - timedelta(days=1)).isoformat(),
        "to": (now + timedelta(seconds=seconds)).isoformat(),
        "tasks": [{"title": "填报", "forms": ["*"]}],
    }
    school.execute(
        insert(UnitRound.__table__).values(
            unit_id=school.unit_id,
            round_id=school.round_id,
            phases=[phase],
            opened_at=now,
        )
    )


def test_a_submitted_form_waits_for_the_first_review(school, form, row):
    moved = submit(school.workshop, school.filler, school.scope, form, "请审")
    assert (moved.state, moved.step) == (FilingState.SUBMITTED, "department")
    filing = school.filing("2")
    assert (filing.state, filing.step) == (FilingState.SUBMITTED, "department")
    assert filing.content_hash == moved.content_hash
    assert (filing.submissions, filing.submitted_by) == (1, school.filler.user_id)
    (decision,) = school.decisions()
    assert (decision.kind, decision.step, decision.remark) == (
        DecisionKind.SUBMIT,
        "first",
        "请审",
    )
    assert decision.details["rows"] == 1


def test_a_submission_is_audited_and_told_to_the_reviewer(school, form, row):
    submit(school.workshop, school.filler, school.scope, form)
    (notice,) = school.notices(school.head)
    assert notice.title == "2 2 表 等您审核"
    assert notice.link == f"/reviews/test/2/?at={school.unit_id}-{school.round_id}"
    entries = school.ask(
        AuditEntry.__table__.select().where(AuditEntry.action == AuditAction.DECISION)
    )
    assert [entry.details["kind"] for entry in entries] == ["submit"]
    assert entries[0].form_name == "test/2024/2"


def test_a_submitted_form_can_not_be_changed(school, form, row):
    submit(school.workshop, school.filler, school.scope, form)
    with pytest.raises(Forbidden, match="正在审核"):
        school.edit("2", row.id, count="4")


def test_only_the_department_that_leads_submits(school, form, row):
    for actor in (school.supplier, school.head, school.office, school.city):
        with pytest.raises(Forbidden, match="教务处的填报员"):
            submit(school.workshop, actor, school.scope, form)


def test_an_empty_form_is_no_answer(school, form):
    with pytest.raises(NotReady) as refusal:
        submit(school.workshop, school.filler, school.scope, form)
    assert [one.kind for one in refusal.value.obstacles] == [ObstacleKind.NO_ROWS]
    assert "本期无数据" in refusal.value.message


def test_errors_and_unexplained_warnings_are_listed_by_cell(school):
    faulty = school.add("1", name="甲", count="-1")
    warned = school.add("1", name="乙", count="101")
    form = school.form("1")
    with pytest.raises(NotReady) as refusal:
        submit(school.workshop, school.filler, school.scope, form)
    found = {
        one.kind: (one.row_id, one.row_name, one.field_id)
        for one in refusal.value.obstacles
    }
    assert found == {
        ObstacleKind.NOT_HANDED: (None, "", ""),
        ObstacleKind.ERROR: (faulty.id, "甲", "count"),
        ObstacleKind.WARNING: (warned.id, "乙", "count"),
    }
    missing = find_missing(school.workshop, school.filler, school.scope, form)
    assert missing.obstacles == refusal.value.obstacles
    assert school.filing("1").state is FilingState.DRAFT


def test_key_figures_need_a_leader_first(school):
    school.add("3", name="甲", money="1.5")
    with pytest.raises(NotReady, match="审批"):
        submit(school.workshop, school.filler, school.scope, school.form("3"))


def test_outside_its_hours_nothing_is_submitted(school, form, row):
    limit_hours(school, -1)
    with pytest.raises(Refused, match="截止"):
        submit(school.workshop, school.filler, school.scope, form)


def test_a_form_is_not_submitted_twice(school, form, row):
    submit(school.workshop, school.filler, school.scope, form)
    with pytest.raises(Refused, match="正在审核"):
        submit(school.workshop, school.filler, school.scope, form)


def test_what_was_submitted_can_be_taken_back_until_somebody_decides(school, form, row):
    moved = submit(school.workshop, school.filler, school.scope, form)
    back = withdraw(school.workshop, school.filler, school.scope, form)
    assert back.state is FilingState.DRAFT
    assert school.edit("2", row.id, count="4").message == ""
    moved = submit(school.workshop, school.filler, school.scope, form)
    approve(school.workshop, school.head, school.scope, form, moved.content_hash)
    with pytest.raises(Refused, match="已经有人审核"):
        withdraw(school.workshop, school.filler, school.scope, form)


def test_what_could_not_come_again_is_not_taken_back(school, form, row):
    limit_hours(school, 3600)
    submit(school.workshop, school.filler, school.scope, form)
    school.execute(UnitRound.__table__.update().values(phases=[]))
    school.execute(UnitRound.__table__.delete())
    limit_hours(school, -1)
    with pytest.raises(Refused, match="填报时间已过"):
        withdraw(school.workshop, school.filler, school.scope, form)


def test_the_store_itself_refuses_what_is_locked(school, form, row):
    submit(school.workshop, school.filler, school.scope, form)
    with school.engine.begin() as connection, pytest.raises(LockedForm):
        RowStore(connection, school.catalogue).insert(
            form, school.scope, {"name": "乙"}, school.filler.user_id
        )
