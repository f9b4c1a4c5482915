"""How the demo's round of this year goes: to its middle.

It is played through the same services as people use, each act by an account that may do
it; what the checks refuse stays a draft. Nothing here knows a form: how far one comes
follows from its place in the round. Last year's is `demo_history`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from sqlalchemy import Connection, func, insert, select, update

from app.errors import Refused
from app.models import (
    Decision,
    Round,
    RoundState,
    Unit,
    UnitRound,
    User,
)
from app.models.base import now_utc
from app.permissions import Actor
from app.services.chain.cases import Moved
from app.services.chain.deciding import approve
from app.services.chain.emptying import close_form, declare_empty
from app.services.chain.figures import approve_figures, view_figures
from app.services.chain.handing import hand_over
from app.services.chain.obstacles import NotReady
from app.services.chain.questions import RETURN_REASONS, Named
from app.services.chain.returning import return_form
from app.services.chain.submitting import submit
from app.services.chain.threads import ask
from app.services.demo_explaining import explain_all
from app.services.demo_people import (
    SCHOOL,
    find_actor,
    list_departments,
    name_filler,
    name_head,
    unit_code_of,
)
from app.services.rounds.proposing import place_phases
from app.services.workshop import Workshop
from app.storage.assignments import Assignments, load_assignments
from app.storage.engine import begin_reading
from app.storage.records import Query, Scope
from app.storage.rows import RowStore
from app.storage.timetable import EVERY_FORM, write_phases
from form_schemas.catalogue import Edition
from form_schemas.kinds import FieldKind
from form_schemas.phases import Phase
from form_schemas.spec import FormKind, FormSpec

#: How long ago the decisions of this year's round began.
_SPAN = timedelta(days=6)
#: Of ten forms: how many come to their end, to each step, back, or stay drafts.
_COURSES = ("done", "done", "done", "head", "head", "office", "back", "asked", "draft")


def play_demo(workshop: Workshop) -> None:
    """Play this year's rounds of the demo school to their middle, if nobody began."""
    for edition in workshop.catalogue.newest.values():
        if edition.faults or unit_code_of(edition) != SCHOOL or not edition.phases:
            continue
        with begin_reading(workshop.engine) as connection:
            scope = _find_open(connection, edition)
        if scope is not None and not _has_begun(workshop, scope):
            _Play(workshop, edition, scope).run()


@dataclass(eq=False)
class _Play:
    """One open round on its way."""

    workshop: Workshop
    edition: Edition
    scope: Scope

    def run(self) -> None:
        self._place_phases()
        for number, form in enumerate(self._forms):
            self._play(form, self._choose_course(number, form))
        self._spread_decisions()

    @cached_property
    def _forms(self) -> list[FormSpec]:
        """Forms that people fill in, those first that others refer to."""
        forms = [form for form in self.edition.forms_for() if not form.is_derived]
        return sorted(forms, key=lambda form: form.kind is not FormKind.BASE)

    @cached_property
    def _assignments(self) -> Assignments:
        with begin_reading(self.workshop.engine) as connection:
            return load_assignments(connection, *self._place)

    @property
    def _place(self) -> tuple[int, int]:
        return self.scope.unit_id, self.scope.round_id

    @cached_property
    def _positions(self) -> dict[str, int]:
        editions = self.workshop.catalogue.newest.values()
        names = list_departments(editions)
        return {name: position for position, name in enumerate(names, 1)}

    def _place_phases(self) -> None:
        """Today is the second day of the first phase in which all forms are open."""
        phases = place_phases(
            self.edition, self._assignments, find_first_day(self.edition.phases)
        )
        with self.workshop.engine.begin() as connection:
            office = connection.scalar(select(User.id).where(User.username == "office"))
            connection.execute(
                insert(UnitRound).values(
                    unit_id=self.scope.unit_id,
                    round_id=self.scope.round_id,
                    phases=write_phases(phases),
                    opened_at=phases[0].first - timedelta(days=5),
                    opened_by=office,
                )
            )

    def _choose_course(self, number: int, form: FormSpec) -> str:
        if form.kind is FormKind.BASE:
            # One of them is late: what refers to it waits.
            return "draft" if number == 1 else "done"
        return _COURSES[number % len(_COURSES)]

    def _play(self, form: FormSpec, course: str) -> None:
        if form.closable:
            _try(lambda: close_form(*self._by("office"), form, confirmed=True))
        filler, head = self._find_lead(form)
        try:
            self._prepare(form)
            if course == "draft":
                return
            moved = self._submit(form, filler)
            if course in ("office", "done"):
                moved = approve(*self._by(head), form, moved.content_hash)
            if course == "done":
                approve(*self._by("office"), form, moved.content_hash, "核对无误")
            if course in ("back", "asked"):
                self._ask(form, head, course)
        except Refused:
            # Its rows have faults: it stays with its department, as others do.
            return

    def _submit(self, form: FormSpec, filler: str) -> Moved:
        try:
            return submit(*self._by(filler), form)
        except NotReady as refusal:
            # Others wait for base forms: somebody explains what is odd in them.
            if form.kind is not FormKind.BASE or not explain_all(
                *self._by(filler), form, refusal
            ):
                raise
        return submit(*self._by(filler), form)

    def _prepare(self, form: FormSpec) -> None:
        """Helpers hand over, the leader approves key figures, empty forms say so."""
        for supplier in self._assignments.suppliers(form)[1:]:
            helper = name_filler(self._positions[supplier.name])
            place = (*self._by(helper), form, supplier.department_id)
            _try(lambda place=place: hand_over(*place, no_rows=True))
        with begin_reading(self.workshop.engine) as connection:
            rows = RowStore(connection, self.workshop.catalogue).count(form, self.scope)
        if not rows:
            filler, _ = self._find_lead(form)
            declare_empty(*self._by(filler), form, confirmed=True)
        if form.key_figures:
            figures = view_figures(*self._by("leader"), form)
            approve_figures(*self._by("leader"), form, figures.figures_hash)

    def _ask(self, form: FormSpec, head: str, course: str) -> None:
        named = self._name_cell(form)
        if course == "asked":
            ask(*self._by(head), form, named)
        else:
            return_form(*self._by(head), form, [named])

    def _name_cell(self, form: FormSpec) -> Named:
        """A cell that a head would ask about: a number, else the first one."""
        with begin_reading(self.workshop.engine) as connection:
            store = RowStore(connection, self.workshop.catalogue)
            page = store.find_page(form, self.scope, Query(size=1))
        if not page.rows:
            return Named(
                None, "", RETURN_REASONS[0].id, "上期有数据，请核对本期是否真的没有。"
            )
        numbers = {FieldKind.INTEGER, FieldKind.MONEY, FieldKind.DECIMAL}
        typed = form.typed_fields or form.fields
        field = next((f for f in typed if f.value_kind in numbers), typed[0])
        return Named(
            page.rows[0].id,
            field.id,
            RETURN_REASONS[0].id,
            "与部门台账对不上，请核对后改正或写明原因。",
        )

    def _find_lead(self, form: FormSpec) -> tuple[str, str]:
        position = self._positions[self._assignments.names(form)[0]]
        return name_filler(position), name_head(position)

    def _by(self, username: str) -> tuple[Workshop, Actor, Scope]:
        if username not in self._actors:
            self._actors[username] = find_actor(self.workshop.engine, username)
        return self.workshop, self._actors[username], self.scope

    @cached_property
    def _actors(self) -> dict[str, Actor]:
        return {}

    def _spread_decisions(self) -> None:
        """Over the days since the round began, so that its course can be seen."""
        table = Decision.__table__
        with self.workshop.engine.begin() as connection:
            ids = connection.scalars(
                select(table.c.id)
                .where(
                    table.c.unit_id == self.scope.unit_id,
                    table.c.round_id == self.scope.round_id,
                )
                .order_by(table.c.id)
            ).all()
            for decision_id, at in zip(ids, _spread(len(ids)), strict=True):
                connection.execute(
                    update(table).where(table.c.id == decision_id).values(at=at)
                )


def _spread(count: int) -> Iterator[datetime]:
    now = now_utc()
    for number in range(count):
        yield now - _SPAN * ((count - number) / count)


def _try(act: Callable[[], object]) -> None:
    """Do it where it can be done."""
    try:
        act()
    except Refused:
        return


def find_first_day(phases: Sequence[Phase]) -> date:
    opened = next(
        (p for p in phases if any(EVERY_FORM in task.forms for task in p.tasks)),
        phases[0],
    )
    before = opened.first - min(phase.first for phase in phases)
    return date.today() - before - timedelta(days=1)


def _find_open(connection: Connection, edition: Edition) -> Scope | None:
    unit_id = connection.scalar(select(Unit.id).where(Unit.code == SCHOOL))
    round_id = connection.scalar(
        select(func.max(Round.id)).where(
            Round.collection == edition.collection,
            Round.edition == edition.year,
            Round.state == RoundState.OPEN,
        )
    )
    return None if unit_id is None or round_id is None else Scope(unit_id, round_id)


def _has_begun(workshop: Workshop, scope: Scope) -> bool:
    with begin_reading(workshop.engine) as connection:
        found = connection.execute(
            select(UnitRound.id).where(
                UnitRound.unit_id == scope.unit_id,
                UnitRound.round_id == scope.round_id,
            )
        )
        return found.first() is not None
