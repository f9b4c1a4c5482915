import pytest
from sqlalchemy import insert

from app.errors import Forbidden, LockedForm, Refused
from app.models import FilingState, ImportJob, ImportState, JobState
from app.models.base import now_utc
from app.services.chain.emptying import (
    close_form,
    declare_empty,
    reopen_form,
    retract_empty,
)
from app.services.chain.submitting import submit
from app.services.chain.undoing import undo
from app.storage.records import Scope
from app.storage.rows import RowStore


@pytest.fixture
def form(school):
    return school.form("2")


def declare(school, form, actor=None, confirmed=True):
    actor = actor or school.filler
    return declare_empty(
        school.workshop, actor, school.scope, form, confirmed=confirmed
    )


def close(school, form, actor=None, confirmed=True):
    actor = actor or school.office
    return close_form(school.workshop, actor, school.scope, form, confirmed=confirmed)


def stage(school, form):
    """An import whose rows wait."""
    school.execute(
        insert(ImportJob.__table__).values(
            unit_id=school.unit_id,
            round_id=school.round_id,
            actor_id=school.filler.user_id,
            form_name=form.full_name,
            state=ImportState.STAGED,
            job_state=JobState.DONE,
            file_token="t",
            file_name="a.xlsx",
            file_hash="0" * 64,
            created_at=now_utc(),
        )
    )


def insert_row(school, form):
    with school.engine.begin() as connection:
        scope = Scope(school.unit_id, school.round_id)
        RowStore(connection, school.catalogue).insert(form, scope, {"name": "甲"}, 1)


def test_a_form_that_is_declared_empty_takes_no_rows_and_can_be_submitted(school, form):
    with pytest.raises(Refused, match="请先确认"):
        declare(school, form, confirmed=False)
    declare(school, form)
    with pytest.raises(LockedForm, match="本期无数据"):
        insert_row(school, form)
    with pytest.raises(Refused, match="不用再申报"):
        declare(school, form)
    moved = submit(school.workshop, school.filler, school.scope, form)
    assert moved.state is FilingState.SUBMITTED
    assert school.decisions()[-1].details["is_empty"]
    with pytest.raises(Refused, match="正在审核"):
        retract_empty(school.workshop, school.filler, school.scope, form)


def test_a_declaration_is_retracted_to_enter_rows(school, form):
    undo(school.workshop, school.filler, declare(school, form))
    insert_row(school, form)
    with pytest.raises(Refused, match="不用撤回"):
        retract_empty(school.workshop, school.filler, school.scope, form)


def test_rows_and_imports_that_wait_are_no_empty_form(school, form):
    stage(school, form)
    for act in (declare, close):
        with pytest.raises(Refused, match="临时库"):
            act(school, form)
    insert_row(school, form)
    for act in (declare, close):
        with pytest.raises(Refused, match="1 行数据"):
            act(school, form)


def test_only_the_lead_declares(school, form):
    for actor in (school.supplier, school.head, school.office):
        with pytest.raises(Forbidden):
            declare(school, form, actor)


def test_a_closable_form_is_closed_after_asking_twice_and_reopened(school, form):
    with pytest.raises(Refused, match="确认两次"):
        close(school, form, confirmed=False)
    close(school, form)
    assert school.filing("2").is_closed
    with pytest.raises(LockedForm, match="已关闭"):
        insert_row(school, form)
    with pytest.raises(Refused, match="已关闭"):
        submit(school.workshop, school.filler, school.scope, form)
    reopen_form(school.workshop, school.filler, school.scope, form)
    insert_row(school, form)
    with pytest.raises(Refused, match="没有关闭"):
        reopen_form(school.workshop, school.filler, school.scope, form)


def test_other_forms_are_not_closed(school):
    with pytest.raises(Refused, match="不能关闭"):
        close(school, school.form("3"))


def test_closing_is_for_the_office_and_the_lead(school, form):
    for actor in (school.supplier, school.head, school.leader, school.city):
        with pytest.raises(Forbidden):
            close(school, form, actor)
    close(school, form, school.filler)
    with pytest.raises(Forbidden):
        reopen_form(school.workshop, school.head, school.scope, form)
