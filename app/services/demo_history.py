"""How rounds of the demo went that nobody plays: last year's, and those of others.

Their decisions are written as they would have been taken, without asking the services
that take them: nothing is checked, nobody is told.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import Connection, insert, select, update

from app.models import (
    Decision,
    DecisionKind,
    Filing,
    FilingState,
    Round,
    RoundState,
    UnitRound,
    User,
)
from app.models.base import now_utc
from app.services.demo_people import list_departments, name_filler, name_head
from app.storage.assignments import load_assignments
from app.storage.content import combine, hash_content
from app.storage.filing_gate import lock_filing
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.spec import FormSpec

_LAST_YEAR = timedelta(days=340)
#: Days that a finished form took between two steps, and all of them together.
_STEP_DAYS, _LAST_SPAN = 1, 12


@dataclass(frozen=True)
class Staff:
    """Who decides in a unit and above it."""

    office: int
    #: role or level of a step of the whole -> who decides there
    deciders: Mapping[str, int]
    #: a department's filler and head
    find_pair: Callable[[str], tuple[int, int]]


def complete_round(
    connection: Connection, catalogue: Catalogue, edition: Edition, scope: Scope
) -> None:
    """Bring a round with rows to its end: all forms approved, reported, closed."""
    people = dict(connection.execute(select(User.username, User.id)).all())
    departments = list_departments(catalogue.newest.values())
    staff = _find_staff(people, departments)
    end = now_utc() - _LAST_YEAR
    history = History(connection, edition, scope, staff, end)
    history.report(history.approve_all(catalogue))
    connection.execute(
        update(Round)
        .where(Round.id == scope.round_id)
        .values(state=RoundState.CLOSED, closes_at=end)
    )


class History:
    """Writes the decisions of a round, as they would have been taken until a moment."""

    def __init__(
        self,
        connection: Connection,
        edition: Edition,
        scope: Scope,
        staff: Staff,
        end: datetime,
    ) -> None:
        self.connection = connection
        self.scope = scope
        self.edition = edition
        self.steps = edition.steps
        self.staff = staff
        self.assignments = load_assignments(connection, scope.unit_id, scope.round_id)
        self.end = end

    def approve_all(self, catalogue: Catalogue) -> str:
        """Approve all forms as they are; the hash of their content."""
        hashes = []
        for number, form in enumerate(self.edition.forms_for()):
            if not form.is_derived:
                found = hash_content(self.connection, catalogue, form, self.scope)
                hashes.append(found)
                self.approve(number, form, found)
        return combine("round", hashes)

    def approve(self, number: int, form: FormSpec, content_hash: str) -> None:
        at = self.end - timedelta(days=_LAST_SPAN - number % 8, minutes=37 * number)
        filler, head = self.staff.find_pair(self.assignments.names(form)[0])
        filing = lock_filing(self.connection, form, self.scope)
        self.connection.execute(
            update(Filing)
            .where(Filing.id == filing.id)
            .values(
                state=FilingState.APPROVED,
                content_hash=content_hash,
                submissions=1,
                submitted_at=at,
                submitted_by=filler,
                updated_at=at,
            )
        )
        deciders = {"filler": filler, "department_head": head}
        for step in self.steps:
            if step.is_whole:
                break
            kind = (
                DecisionKind.SUBMIT if step.role == "filler" else DecisionKind.APPROVE
            )
            actor = deciders.get(step.role, self.staff.office)
            self._write(filing.id, kind, step.id, actor, at, content_hash)
            at += timedelta(days=_STEP_DAYS)

    def report(self, content_hash: str, waiting: str = "") -> None:
        """Hand the round in as a whole.

        Args:
            waiting: the level that has not decided yet; empty: all have approved.
        """
        at = self.end - timedelta(days=2)
        whole = [s for s in self.steps if s.is_whole and not s.is_optional]
        passed = list(
            takewhile(lambda step: not waiting or step.level != waiting, whole)
        )
        self.connection.execute(
            insert(UnitRound).values(
                unit_id=self.scope.unit_id,
                round_id=self.scope.round_id,
                phases=[],
                state=FilingState.SUBMITTED if waiting else FilingState.APPROVED,
                step=whole[len(passed)].id if waiting else "",
                content_hash=content_hash,
                opened_at=self.end - timedelta(days=30),
                submitted_at=at,
            )
        )
        self._write(None, DecisionKind.SUBMIT, "", self.staff.office, at, content_hash)
        for step in passed:
            at += timedelta(hours=9)
            actor = self.staff.deciders[step.level or step.role]
            kind = DecisionKind.APPROVE
            self._write(None, kind, step.id, actor, at, content_hash)

    def _write(
        self,
        filing_id: int | None,
        kind: DecisionKind,
        step: str,
        actor_id: int,
        at: datetime,
        content_hash: str,
    ) -> None:
        self.connection.execute(
            insert(Decision).values(
                unit_id=self.scope.unit_id,
                round_id=self.scope.round_id,
                filing_id=filing_id,
                kind=kind,
                step=step,
                actor_id=actor_id,
                at=at,
                content_hash=content_hash,
            )
        )


def _find_staff(people: Mapping[str, int], departments: Sequence[str]) -> Staff:
    def find_pair(department: str) -> tuple[int, int]:
        position = departments.index(department) + 1
        return people[name_filler(position)], people[name_head(position)]

    deciders = {
        "leadership": people["leader"],
        "city": people["city"],
        "province": people["province"],
    }
    return Staff(people["office"], deciders, find_pair)
