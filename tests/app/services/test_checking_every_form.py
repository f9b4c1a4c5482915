"""Demo rounds of every edition, checked whole: every rule has an outcome."""

import pytest
from sqlalchemy import select

from app.models import Round, RuleState, Unit
from app.services.check_cells import iterate_findings
from app.services.check_reports import find_report, see_all
from app.services.checking import run_check
from app.services.demo import fill_demo
from app.services.installation import get_console_actor
from app.storage.records import Scope
from form_schemas.kinds import FILE_KINDS
from validators.check import waiting_rules
from validators.report import Code

pytestmark = pytest.mark.long


@pytest.fixture
def filled(workshop):
    fill_demo(workshop.engine, workshop.catalogue, students=20)
    return workshop


def find_scopes(workshop):
    with workshop.engine.connect() as connection:
        units = connection.execute(select(Unit.__table__)).all()
        rounds = connection.execute(select(Round.__table__)).all()
    for found in rounds:
        edition = workshop.catalogue.edition(found.collection, found.edition)
        unit = next(unit for unit in units if found.collection in unit.collections)
        yield edition, Scope(unit.id, found.id)


def test_every_rule_of_every_form_has_an_outcome(filled):
    actor = get_console_actor(filled.engine)
    for edition, scope in find_scopes(filled):
        run_check(filled, actor, scope.unit_id, scope.round_id)
        seen = see_all(edition)
        report = find_report(filled.engine, filled.catalogue, scope, seen)
        lines = {
            (line.form.code, line.kind): line
            for check in report.forms
            for line in check.lines
        }
        expected = {
            (form.code, f"rule:{rule.id}")
            for form in edition.forms
            for rule in waiting_rules(form)
        }
        assert expected <= lines.keys()
        assert RuleState.NOT_RUN not in {line.state for line in lines.values()}
        # Invented rows keep all that a row alone can break, save that no files come
        # with them.
        broken = {
            (found.form.code, found.kind, found.field_id)
            for found in iterate_findings(filled.engine, scope, seen)
            if (found.form.code, found.kind) not in expected
            and not (
                found.kind == Code.REQUIRED
                and found.form.by_id[found.field_id].value_kind in FILE_KINDS
            )
        }
        assert broken == set()
