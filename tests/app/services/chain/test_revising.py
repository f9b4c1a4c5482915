"""A form is changed while a round is open: what was handed in comes back."""

from copy import deepcopy
from dataclasses import replace

import pytest
from sqlalchemy import select

from app.models import Confirmation, DecisionKind, FilingState, NoticeKind, ThreadState
from app.services.chain.deciding import approve
from app.services.chain.questions import Named
from app.services.chain.returning import return_form
from app.services.chain.submitting import submit
from app.services.chain.threads import list_threads
from app.services.confirming import Reason, confirm
from app.services.rejudging import rejudge_forms
from app.services.schema_changes import apply, plan
from tests.support.applied import as_applied
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of


def revise(school, code, change, **options):
    """Change the file of a form, and apply the plan."""
    schemas = [deepcopy(dict(form.schema)) for form in school.catalogue.forms]
    for schema in schemas:
        if schema["x-form"]["code"] == code:
            change(schema)
    made = catalogue_of(*schemas)
    settings = school.catalogue.editions[0].settings
    editions = tuple(replace(one, settings=settings) for one in made.editions)
    wanted = replace(made, editions=editions)
    found = plan(school.engine, wanted)
    accept = {one.id: "按通知" for one in found.open}
    apply(school.engine, wanted, found.hash, accept, **options)
    school.catalogue = as_applied(school.engine, wanted)
    school.workshop = replace(school.workshop, catalogue=school.catalogue)
    return found


def add_level(schema):
    schema["properties"]["level"] = {**field_of("integer"), "title": "级别"}
    schema["required"] = ["level"]


def rename_count(schema):
    properties = schema["properties"]
    renamed = {**properties["count"], "x-was": ["count"]}
    schema["properties"] = {
        ("total" if name == "count" else name): (
            renamed if name == "count" else declared
        )
        for name, declared in properties.items()
    }


@pytest.fixture
def handed_in(school):
    row = school.add("2", name="甲", count="3")
    form = school.form("2")
    submit(school.workshop, school.filler, school.scope, form)
    return row


def test_a_form_that_gains_a_field_goes_back_to_filling(school, handed_in):
    form, before = school.form("2"), school.filing("2")
    approve(school.workshop, school.head, school.scope, form, before.content_hash)
    revise(school, "2", add_level)
    assert school.filing("2").state is FilingState.RETURNED
    decision = school.decisions()[-1]
    assert decision.kind is DecisionKind.RETURN
    assert decision.details["revision"]
    assert "增加字段“级别”" in decision.remark
    # The whole form may be changed, whatever its hours.
    school.edit("2", handed_in.id, name="乙", count="4", level="1")
    school.answer("2")
    submit(school.workshop, school.filler, school.scope, school.form("2"))
    assert school.filing("2").state is FilingState.SUBMITTED


def test_those_who_fill_it_in_are_told(school, handed_in):
    revise(school, "2", add_level)
    notice = school.notices(school.filler)[-1]
    assert notice.kind is NoticeKind.RETURNED
    assert "1 行要核对" in notice.text
    assert notice.link.startswith("/forms/test/2/")
    assert school.notices(school.supplier) == []


def test_a_new_name_sets_nothing_back(school, handed_in):
    revise(school, "2", rename_count)
    assert school.filing("2").state is FilingState.SUBMITTED
    assert [row.row["total"] for row in school.rows("2").values()] == [3]


def test_what_was_asked_about_a_cell_follows_its_field(school, handed_in):
    named = [Named(handed_in.id, "count", "wrong", "请核对人数")]
    return_form(school.workshop, school.head, school.scope, school.form("2"), named)
    revise(school, "2", rename_count)
    form = school.form("2")
    [thread] = list_threads(school.workshop, school.filler, school.scope, form)
    assert (thread.field_id, thread.state) == ("total", ThreadState.OPEN)
    school.edit("2", handed_in.id, total="5")


def test_an_explained_warning_stays_explained(school):
    row = school.add("1", name="甲", count="101")
    mark = ("rule:not_many", "count")
    reason = Reason("other", "确有这么多人")
    confirm(school.desk(school.filler, "1"), row.id, row.version, mark, reason)
    revise(school, "1", rename_count_everywhere)
    rejudge_forms(school.engine, school.catalogue)
    [kept] = school.ask(select(Confirmation.__table__))
    assert kept.values == {"total": 101}
    [stored] = school.rows("1").values()
    assert stored.level == ""


def rename_count_everywhere(schema):
    rename_count(schema)
    schema["properties"]["twice"]["x-computed"] = "total * 2"
    schema["required"] = ["total"]
    for rule in schema["x-rules"]:
        rule["check"] = rule["check"].replace("count", "total")
        rule["fields"] = ["total"]
