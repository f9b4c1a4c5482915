"""A small school's round, checked by all rules, on either database."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event, func, insert, select, update

from app.config import Config
from app.errors import Forbidden, NotFound, Refused
from app.jobs import Worker
from app.models import (
    Base,
    CheckRun,
    Department,
    Filing,
    JobState,
    Role,
    Round,
    RowChange,
    RuleState,
    Unit,
    User,
)
from app.models.base import now_utc
from app.permissions import Actor, Grant
from app.services.check_cells import Choice, iterate_findings, list_findings
from app.services.check_reports import find_report, see_all
from app.services.checking import run_check, start_check
from app.services.findings import KEPT_CELLS
from app.services.queueing import give_up
from app.services.workshop import open_workshop
from app.storage.confirmations import write_confirmation
from app.storage.engine import open_engine
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.tables import build_metadata
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, rule_of, schema_of
from validators.report import Level

SCHOOL, OTHER_SCHOOL = 1, 2
LAST_ROUND, ROUND = 1, 2
OFFICE, LIBRARY = 1, 2
CLERK = 1


def _forms():
    student = schema_of("S", number="code", name="text", card="text", fee="money")
    student["required"] = ["number", "name"]
    student["x-form"]["departments"] = ["教务处", "图书馆"]
    student["x-rules"] = [
        rule_of("fee >= 0", "fee_positive", fields=["fee"], message="费用不能为负"),
        rule_of(
            "fee <= 100",
            "fee_high",
            fields=["fee"],
            level="warning",
            message="费用偏高",
        ),
        rule_of("is_unique(card)", "card_unique", fields=["card"], message="证号重复"),
        rule_of(
            "fee <= prev(fee) * 2",
            "fee_doubled",
            fields=["fee"],
            level="warning",
            message="费用比上年多一倍",
        ),
    ]
    total = schema_of("T", school="code", students="integer")
    total["x-rules"] = [
        rule_of(
            "students == count('S')",
            "students_counted",
            fields=["students"],
            message="人数与学生表不符",
        ),
        rule_of(
            "count('T') <= 1", "one_total", fields=["school"], message="只能有一行"
        ),
    ]
    club = schema_of("C", title="text", evidence=field_of("file"))
    club["required"] = ["title", "evidence"]
    club["x-rules"] = [
        rule_of(
            "exists('T', students > 0)",
            "total_first",
            fields=["title"],
            level="warning",
            message="先填总数",
        )
    ]
    return student, total, club


@pytest.fixture(scope="module")
def catalogue():
    return catalogue_of(*_forms())


@pytest.fixture
def workshop(catalogue, database_url, tmp_path):
    engine = open_engine(database_url)
    Base.metadata.create_all(engine)
    build_metadata(catalogue).create_all(engine)
    with engine.begin() as connection:
        _fill_fixed_tables(connection)
    yield open_workshop(Config(data_folder=tmp_path / "data"), engine, catalogue)
    engine.dispose()


def _fill_fixed_tables(connection):
    for code in ("school", "other"):
        connection.execute(
            insert(Unit.__table__).values(
                kind="school",
                code=code,
                name=code,
                collections=["test"],
                is_active=True,
                created_at=now_utc(),
            )
        )
    for name in ("教务处", "图书馆"):
        connection.execute(
            insert(Department.__table__).values(
                unit_id=SCHOOL, name=name, aliases=[], position=0, is_active=True
            )
        )
    for number in (LAST_ROUND, ROUND):
        connection.execute(
            insert(Round.__table__).values(
                collection="test",
                edition="2024",
                title=f"第 {number} 轮",
                periods={
                    "snapshot": ["2024-09-01", "2024-09-01"],
                    "academic_year": ["2023-09-01", "2024-08-31"],
                },
                state="open",
                previous_id=None,
                created_at=now_utc(),
            )
        )
    connection.execute(
        insert(User.__table__).values(
            username="clerk",
            name="文员",
            password_hash="",
            must_change_password=False,
            is_active=True,
            created_at=now_utc(),
        )
    )


@pytest.fixture
def administrator():
    return Actor(CLERK, "admin", "管理员", (Grant(Role.ADMINISTRATOR, 0),))


@pytest.fixture
def school(workshop, administrator):
    return School(workshop, administrator)


class School:
    """The school, its rows, and what its checks found."""

    def __init__(self, workshop, actor):
        self.workshop = workshop
        self.catalogue = workshop.catalogue
        self.edition = workshop.catalogue.newest["test"]
        self.actor = actor

    def form(self, code):
        return self.edition.by_code[code]

    def add(self, code, *rows, unit=SCHOOL, round_=ROUND, department=None):
        with self.workshop.engine.begin() as connection:
            RowStore(connection, self.catalogue).upsert_many(
                self.form(code), Scope(unit, round_, department), rows, CLERK
            )

    def declare_empty(self, code):
        with self.workshop.engine.begin() as connection:
            connection.execute(
                insert(Filing.__table__).values(
                    unit_id=SCHOOL,
                    round_id=ROUND,
                    form_code=code,
                    state="draft",
                    is_empty=True,
                    updated_at=now_utc(),
                )
            )

    def follow_last_round(self):
        with self.workshop.engine.begin() as connection:
            connection.execute(
                update(Round.__table__)
                .where(Round.__table__.c.id == ROUND)
                .values(previous_id=LAST_ROUND)
            )

    def check(self, *codes, actor=None):
        forms = [self.form(code) for code in codes] or None
        run_check(self.workshop, actor or self.actor, SCHOOL, ROUND, forms)
        return self.report()

    def report(self, seen=None):
        return find_report(
            self.workshop.engine,
            self.catalogue,
            Scope(SCHOOL, ROUND),
            see_all(self.edition) if seen is None else seen,
        )

    def findings(self, seen=None, choice=None):
        return list(
            iterate_findings(
                self.workshop.engine,
                Scope(SCHOOL, ROUND),
                see_all(self.edition) if seen is None else seen,
                choice,
            )
        )

    @staticmethod
    def form_check(report, code):
        return next(check for check in report.forms if check.form.code == code)

    def count_runs(self):
        with self.workshop.engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(CheckRun))


def state_of(report, code, rule_id):
    """How a rule stands: its state, how many rows break it, and what it waits for."""
    line = next(
        line
        for form in report.forms
        for line in form.lines
        if form.form.code == code and line.kind == f"rule:{rule_id}"
    )
    return line.state, line.count, [form.code for form in line.waits_for]


def test_rules_of_every_reach_are_judged_in_one_run(school):
    school.add(
        "S",
        {"number": "1", "name": "甲", "card": "x", "fee": Decimal("-1")},
        {"number": "2", "name": "乙", "card": "x", "fee": Decimal(150)},
        {"number": "3", "name": None, "card": "y", "fee": None},
    )
    school.add("T", {"school": "A", "students": 4}, {"school": "B", "students": 3})
    report = school.check()
    found = {(f.form.code, f.row_name, f.field_id, f.level) for f in school.findings()}
    assert found == {
        ("S", "1", "fee", Level.ERROR),
        ("S", "1", "card", Level.ERROR),
        ("S", "2", "card", Level.ERROR),
        ("S", "2", "fee", Level.WARNING),
        ("S", "3", "name", Level.ERROR),
        ("T", "A", "students", Level.ERROR),
        ("T", "", "school", Level.ERROR),
    }
    assert (report.rows, report.errors, report.warnings) == (5, 6, 1)


def test_a_rule_of_the_whole_table_is_found_once(school):
    school.add("S", {"number": "1", "name": "甲"})
    school.add("T", {"school": "A", "students": 1}, {"school": "B", "students": 1})
    school.check("T")
    found = school.findings(choice=Choice(kind="rule:one_total"))
    assert [f.row_id for f in found] == [None]


def test_a_rule_waits_for_the_tables_it_looks_into(school):
    school.add("T", {"school": "A", "students": 4})
    report = school.check()
    waits = (RuleState.WAITING, 0, ["S"])
    assert state_of(report, "T", "students_counted") == waits
    assert state_of(report, "S", "card_unique") == waits
    assert report.errors == 0


def test_a_table_declared_empty_is_not_waited_for(school):
    school.add("T", {"school": "A", "students": 4})
    school.declare_empty("S")
    report = school.check()
    assert state_of(report, "T", "students_counted") == (RuleState.BROKEN, 1, [])


def test_a_comparison_without_a_last_round_does_not_apply(school):
    school.add("S", {"number": "1", "name": "甲", "fee": Decimal(90)})
    not_applicable = (RuleState.NOT_APPLICABLE, 0, [])
    assert state_of(school.check(), "S", "fee_doubled") == not_applicable


def test_a_comparison_with_an_empty_last_round_does_not_apply(school):
    school.follow_last_round()
    school.add("S", {"number": "1", "name": "甲", "fee": Decimal(90)})
    not_applicable = (RuleState.NOT_APPLICABLE, 0, [])
    assert state_of(school.check(), "S", "fee_doubled") == not_applicable


def test_rows_are_compared_with_those_of_the_last_round(school):
    school.follow_last_round()
    old = [{"number": n, "name": "甲", "fee": Decimal(40)} for n in "12"]
    school.add("S", *old, round_=LAST_ROUND)
    school.add(
        "S",
        {"number": "1", "name": "甲", "fee": Decimal(81)},
        {"number": "2", "name": "甲", "fee": Decimal(80)},
        {"number": "3", "name": "新", "fee": Decimal(99)},
    )
    assert state_of(school.check(), "S", "fee_doubled") == (RuleState.BROKEN, 1, [])
    assert [f.row_name for f in school.findings()] == ["1"]


def test_files_have_to_be_there(school):
    school.add("C", {"title": "合唱团"})
    school.check("C")
    assert [f.field_id for f in school.findings()] == ["evidence"]


def test_rows_of_another_unit_are_never_read(school):
    school.add("S", {"number": "1", "name": "甲", "card": "x"})
    school.add("T", {"school": "A", "students": 1})
    school.add(
        "S",
        {"number": "1", "name": "乙", "card": "x", "fee": Decimal(-5)},
        {"number": "2", "name": None, "card": "x"},
        unit=OTHER_SCHOOL,
    )
    school.add("T", {"school": "Z", "students": 9}, unit=OTHER_SCHOOL)
    report = school.check()
    assert (report.rows, report.errors) == (2, 0)
    assert school.findings() == []


def test_rows_of_another_round_are_never_read(school):
    school.add("S", {"number": "1", "name": None, "card": "x"}, round_=LAST_ROUND)
    school.add("S", {"number": "2", "name": "甲", "card": "x"})
    assert school.check("S").errors == 0


def test_a_run_replaces_what_the_run_before_found(school):
    school.add("S", {"number": "1", "name": None})
    assert school.check("S").errors == 1
    school.add("S", {"number": "1", "name": "甲"})
    assert school.check("S").errors == 0
    assert school.findings() == []
    assert school.count_runs() == 1


def test_a_run_of_one_form_leaves_the_others_as_they_were(school):
    school.add("S", {"number": "1", "name": None})
    school.add("T", {"school": "A", "students": 9})
    before = school.check()
    after = school.check("T")
    assert (before.errors, after.errors) == (2, 2)
    checked_at = school.form_check(before, "S").checked_at
    assert school.form_check(after, "S").checked_at == checked_at
    assert school.form_check(after, "T").checked_at > checked_at


def test_a_report_tells_which_rows_changed_since(school):
    school.add("S", {"number": "1", "name": "甲"})
    assert school.check().changed == ()
    school.add("S", {"number": "1", "name": "乙"}, {"number": "2", "name": "丙"})
    assert [(c.form.code, c.changes) for c in school.report().changed] == [("S", 2)]


def test_a_change_that_began_before_the_run_and_ended_after_is_told(school):
    school.add("S", {"number": "1", "name": "甲"})
    school.check()
    school.add("S", {"number": "2", "name": "乙"})
    earlier = now_utc() - timedelta(minutes=10)
    with school.workshop.engine.begin() as connection:
        table = RowChange.__table__
        connection.execute(update(table).where(table.c.row_id == 2).values(at=earlier))
    assert [c.form.code for c in school.report().changed] == ["S"]


def test_more_cells_than_are_kept_are_counted_all_the_same(school):
    rows = [{"number": str(n), "name": None} for n in range(KEPT_CELLS + 5)]
    school.add("S", *rows)
    report = school.check("S")
    line = school.form_check(report, "S").lines[0]
    assert (line.count, line.is_cut) == (KEPT_CELLS + 5, True)
    assert len(school.findings(choice=Choice(kind="required"))) == KEPT_CELLS


def test_an_explained_warning_is_counted_apart(school):
    school.add("S", {"number": "1", "name": "甲", "fee": Decimal(150)})
    form = school.form("S")
    scope = Scope(SCHOOL, ROUND)
    with school.workshop.engine.begin() as connection:
        stored = RowStore(connection, school.catalogue).get(form, scope, 1)
        write_confirmation(
            connection,
            form,
            scope,
            stored,
            ("rule:fee_high", "fee"),
            reason_code="other",
            reason_text="含住宿费",
            value_text="150.00",
            actor_id=CLERK,
        )
    report = school.check("S")
    assert (report.warnings, report.confirmed) == (0, 1)
    explained = school.findings()[0]
    assert (explained.reason_text, explained.explained_by) == ("含住宿费", "文员")
    school.add("S", {"number": "1", "name": "甲", "fee": Decimal(160)})
    assert (school.check("S").warnings, school.report().confirmed) == (1, 0)


def test_a_department_sees_what_was_found_in_its_own_rows(school):
    school.add("S", {"number": "1", "name": None}, department=OFFICE)
    school.add("S", {"number": "2", "name": None}, department=LIBRARY)
    school.check("S")
    seen = {school.form("S"): LIBRARY}
    assert school.report(seen).errors == 1
    assert [f.row_name for f in school.findings(seen)] == ["2"]
    assert school.report().errors == 2


def test_a_page_of_findings_begins_with_errors(school):
    school.add(
        "S",
        {"number": "1", "name": "甲", "fee": Decimal(150)},
        {"number": "2", "name": None},
    )
    school.check()
    seen = see_all(school.edition)
    engine, scope = school.workshop.engine, Scope(SCHOOL, ROUND)
    first, total = list_findings(engine, scope, seen, page=1, size=1)
    second, _ = list_findings(engine, scope, seen, page=2, size=1)
    assert total == 2
    assert [first[0].level, second[0].level] == [Level.ERROR, Level.WARNING]


def test_a_worker_carries_out_an_ordered_check(school):
    school.add("S", {"number": "1", "name": None})
    run_id = start_check(school.workshop, school.actor, SCHOOL, ROUND)
    assert school.report().is_busy
    again = start_check(school.workshop, school.actor, SCHOOL, ROUND)
    assert again == run_id
    assert Worker(school.workshop, "worker of the test").run_next()
    report = school.report()
    assert (report.is_busy, report.errors) == (False, 1)


def test_a_check_that_failed_is_told_until_another_one_is_done(school):
    school.add("S", {"number": "1", "name": "甲"})
    run_id = start_check(school.workshop, school.actor, SCHOOL, ROUND)
    give_up(school.workshop, CheckRun, run_id, "the machine went down")
    report = school.report()
    assert (report.is_busy, report.pending.id) == (False, run_id)
    assert school.check().pending is None
    assert school.count_runs() == 1


def test_a_long_check_keeps_its_lease(school):
    workshop = replace(school.workshop, lease_seconds=0)
    for code, row in (("S", {"number": "1", "name": "甲"}), ("C", {"title": "社"})):
        school.add(code, row)
    run_id = run_check(workshop, school.actor, SCHOOL, ROUND)
    with workshop.engine.connect() as connection:
        run = connection.execute(select(CheckRun.__table__)).one()
    assert (run.id, run.job_state, run.position) == (run_id, JobState.DONE, 3)


def test_a_filler_checks_the_forms_of_the_own_department(school):
    grant = Grant(Role.FILLER, SCHOOL, LIBRARY, frozenset({"图书馆"}))
    filler = Actor(CLERK, "filler", "填报员", (grant,))
    report = school.check(actor=filler)
    assert [check.form.code for check in report.checked] == ["S"]


def test_nobody_checks_a_unit_without_a_role_there(school):
    stranger = Actor(CLERK, "x", "外人", (Grant(Role.DEPARTMENT_HEAD, OTHER_SCHOOL),))
    with pytest.raises(Forbidden, match="没有您可以检查的报表"):
        school.check(actor=stranger)


@pytest.mark.parametrize(
    ("unit_id", "round_id", "message"), [(99, ROUND, "单位"), (SCHOOL, 99, "轮次")]
)
def test_an_unknown_unit_or_round_is_not_found(school, unit_id, round_id, message):
    with pytest.raises(NotFound, match=message):
        run_check(school.workshop, school.actor, unit_id, round_id)


def test_a_round_of_an_edition_that_is_gone_is_refused(school):
    with school.workshop.engine.begin() as connection:
        connection.execute(update(Round.__table__).values(edition="1999"))
    with pytest.raises(Refused, match="1999"):
        school.check()


def test_forms_checked_one_by_one_are_reported_by_as_many_questions_as_one(school):
    engine, asked = school.workshop.engine, []
    school.check("S")
    event.listen(engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    school.report()
    of_one = len(asked)
    school.check("T")
    school.check("C")
    asked.clear()
    report = school.report()
    assert len(report.checked) == 3
    assert len(asked) == of_one
