"""Yearly reports of the demo's units: their rows, and how their rounds stand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row

from app.models import (
    Decision,
    DecisionKind,
    Filing,
    FilingState,
    UnitRound,
)
from app.models.rounds import read_period
from app.services.demo_nation.places import Place
from app.services.demo_nation.plan import Plan
from app.services.demo_nation.recipes import Kitchen
from app.services.rounds.proposing import place_phases
from app.storage.assignments import Assignments
from app.storage.content import combine, hash_row
from app.storage.planting import plant, plant_numbered, plant_rows
from app.storage.records import Scope
from app.storage.timetable import write_phases
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.chain import ReviewStep
from form_schemas.spec import FormSpec
from validators.conversion import to_json

REASON = "演示数据"
#: How a unit stands in the open round; the file says how many of each.
NONE, DRAFT, WAITING, CHECKED, ACCEPTED, RETURNED = (
    "none",
    "draft",
    "waiting",
    "checked",
    "accepted",
    "returned",
)
HANDED_IN = (WAITING, CHECKED, ACCEPTED, RETURNED)
#: Days before the last decisions.
_OPENED_BEFORE = 40
_YEAR_VALUE = {"value": "year"}
_HUNDREDTH = Decimal("0.01")

Rows = Mapping[str, list[dict[str, object]]]


@dataclass(frozen=True)
class Report:
    """A unit's report of one round."""

    place: Place
    course: str
    rows: Rows


class Reporter:
    """Invents reports of one unit after the other, year by year."""

    def __init__(self, plan: Plan, kitchen: Kitchen) -> None:
        self._plan = plan
        self._kitchen = kitchen

    def report(self, place: Place, years: Sequence[int]) -> list[Rows]:
        """The unit's rows by form for each year; members come and grow."""
        base, last = self._make_base(place, years[0]), len(years) - 1
        return [
            self._make_year(place, base, last - number, year)
            for number, year in enumerate(years)
        ]

    def _make_base(self, place: Place, year: int) -> dict[str, list[dict]]:
        base: dict[str, list[dict[str, object]]] = {}
        form, field = self._plan.told["lead"]
        for told in self._plan.report:
            if told.get("keeps"):
                base[told["form"]] = self._make_rows(place, told, base, year)
            if told["form"] == form:
                place.known["lead"] = str(base[form][0][field])
        return base

    def _make_year(
        self, place: Place, base: Mapping[str, list[dict]], number: int, year: int
    ) -> dict[str, list[dict]]:
        rows: dict[str, list[dict[str, object]]] = {}
        for told in self._plan.report:
            code = told["form"]
            if told.get("keeps"):
                rows[code] = [
                    self._grow(row, told, number, year)
                    for at, row in enumerate(base[code])
                    if self._stays(told, at, number)
                ]
            else:
                rows[code] = self._make_rows(place, told, rows, year)
        return rows

    def _make_rows(self, place: Place, told: Any, rows: Rows, year: int) -> list[dict]:
        random, known = self._kitchen.random, place.known
        if "each" in told:
            items = known[told["each"]]
        else:
            items = range(random.randint(*told["times"]))
        return [
            self._kitchen.make_row(
                told["fields"],
                {
                    **known,
                    "word": random.choice(known["words"]) if at else known["word"],
                    "is_first": at == 0 and told.get("leads", False),
                    "each": item,
                    "rows": rows,
                    "year": year,
                },
            )
            for at, item in enumerate(items)
        ]

    def _stays(self, told: Any, at: int, number: int) -> bool:
        """Members came with the years; who leads was there from the beginning.

        Args:
            number: how many years it is before the last one.
        """
        if at == 0 or "times" not in told or not number:
            return True
        return self._kitchen.random.random() < self._plan.told["staying"] ** number

    def _grow(self, row: dict, told: Any, number: int, year: int) -> dict:
        """All figures by one share, so that parts stay smaller than their wholes."""
        low, high = self._plan.told["growth"]
        share = Decimal(1 + number * self._kitchen.random.uniform(low, high))
        fixed = told.get("fixed", ())
        return {
            name: (
                year
                if told["fields"].get(name) == _YEAR_VALUE
                else value
                if name in fixed
                else _scale(value, share)
            )
            for name, value in row.items()
        }


def store_reports(
    connection: Connection,
    catalogue: Catalogue,
    edition: Edition,
    round_id: int,
    reports: Sequence[Report],
    at: datetime,
    *,
    is_open: bool,
) -> int:
    """Write the reports of a round, and what was decided about them; rows written."""
    forms = [form for form in edition.forms_for() if form.is_filed]
    stored = 0
    for form in forms:
        rows = [
            (Scope(report.place.id, round_id), row)
            for report in reports
            for row in report.rows.get(form.code, ())
        ]
        stored += len(plant_rows(connection, catalogue, form, rows, REASON, at))
    decisions = _Decisions(connection, edition, round_id, forms, at)
    decisions.store([report for report in reports if report.course in HANDED_IN])
    if is_open:
        decisions.open([one for one in reports if one.course not in HANDED_IN])
    return stored


def find_year(round_: Row, forms: Sequence[FormSpec]) -> int:
    """The year that the forms of a round tell of."""
    return read_period(round_.periods, forms[0].period)[1].year


@dataclass(frozen=True, eq=False)
class _Decisions:
    """Writes how rounds were handed in and judged, as it would have gone."""

    connection: Connection
    edition: Edition
    round_id: int
    forms: Sequence[FormSpec]
    #: when the last one was taken
    at: datetime

    def open(self, reports: Sequence[Report]) -> None:
        """What units that handed nothing in yet have of the round: its hours."""
        lines = ({"unit_id": one.place.id, **self._opened} for one in reports)
        plant(self.connection, UnitRound.__table__, lines)

    @cached_property
    def _opened(self) -> dict[str, object]:
        opened_at = self.at - timedelta(days=_OPENED_BEFORE)
        first_day = opened_at.astimezone().date()
        phases = place_phases(self.edition, Assignments({}, {}), first_day)
        return {
            "round_id": self.round_id,
            "phases": write_phases(phases),
            "opened_at": opened_at,
        }

    def store(self, reports: Sequence[Report]) -> None:
        hashes = [self._hash(report) for report in reports]
        self._store_filings(reports, hashes)
        plant(
            self.connection,
            UnitRound.__table__,
            (
                {
                    "unit_id": report.place.id,
                    **self._opened,
                    "state": self._find_state(report),
                    "step": self._find_step(report),
                    "content_hash": combine("round", found),
                    "submitted_at": self._submitted_at(report),
                }
                for report, found in zip(reports, hashes, strict=True)
            ),
        )
        plant(
            self.connection,
            Decision.__table__,
            (
                one
                for report, found in zip(reports, hashes, strict=True)
                for one in self._decide(report, combine("round", found))
            ),
        )

    @property
    def _whole(self) -> list[ReviewStep]:
        """Those that there are everywhere."""
        whole = (step for step in self.edition.steps if step.is_whole)
        return [step for step in whole if not step.is_optional]

    def _find_state(self, report: Report) -> FilingState:
        if report.course == ACCEPTED:
            return FilingState.APPROVED
        return FilingState.SUBMITTED

    def _find_step(self, report: Report) -> str:
        passed = self._count_passed(report)
        return self._whole[passed].id if passed < len(self._whole) else ""

    def _count_passed(self, report: Report) -> int:
        return {CHECKED: 1, ACCEPTED: len(self._whole)}.get(report.course, 0)

    def _submitted_at(self, report: Report) -> datetime:
        return self.at - timedelta(
            days=6 + report.place.id % 20, minutes=report.place.id
        )

    def _hash(self, report: Report) -> list[str]:
        """The hashes of the forms, as `storage.content` takes them of stored rows."""
        return [
            combine(
                "rows" if report.rows.get(form.code) else "empty",
                (
                    hash_row(to_json(form, row))
                    for row in report.rows.get(form.code, ())
                ),
            )
            for form in self.forms
        ]

    def _store_filings(
        self, reports: Sequence[Report], hashes: Sequence[Sequence[str]]
    ) -> None:
        filings = [
            {
                "unit_id": report.place.id,
                "round_id": self.round_id,
                "form_code": form.code,
                "state": FilingState.APPROVED,
                "is_empty": not report.rows.get(form.code),
                "content_hash": content,
                "submissions": 1,
                "submitted_at": self._submitted_at(report),
                "submitted_by": report.place.users[0],
                "updated_at": self._submitted_at(report),
            }
            for report, found in zip(reports, hashes, strict=True)
            for form, content in zip(self.forms, found, strict=True)
        ]
        ids = plant_numbered(self.connection, Filing.__table__, filings)
        steps = [step for step in self.edition.steps if not step.is_whole]
        plant(
            self.connection,
            Decision.__table__,
            (
                {
                    "unit_id": filing["unit_id"],
                    "round_id": self.round_id,
                    "filing_id": filing_id,
                    "kind": DecisionKind.SUBMIT,
                    "step": step.id,
                    "actor_id": filing["submitted_by"],
                    "at": filing["submitted_at"],
                    "content_hash": filing["content_hash"],
                }
                for filing_id, filing in zip(ids, filings, strict=True)
                for step in steps
            ),
        )

    def _decide(self, report: Report, content_hash: str) -> Iterator[dict[str, object]]:
        at = self._submitted_at(report)
        told = {
            "unit_id": report.place.id,
            "round_id": self.round_id,
            "content_hash": content_hash,
        }
        submit = {"kind": DecisionKind.SUBMIT, "step": "", "at": at}
        yield {**told, **submit, "actor_id": report.place.users[0]}
        for number, step in enumerate(self._whole[: self._count_passed(report)], 1):
            above = report.place.find_above([step.level])
            if above is not None:
                yield {
                    **told,
                    "kind": DecisionKind.APPROVE,
                    "step": step.id,
                    "at": at + timedelta(days=2 * number, hours=3),
                    "actor_id": above.users[0],
                }


def _scale(value: object, share: Decimal) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value * share)
    if isinstance(value, Decimal):
        return (value * share).quantize(_HUNDREDTH)
    return value
