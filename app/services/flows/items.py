"""One row that travels, as somebody meets it: whose it is, and what may be done."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from sqlalchemy import Connection, select

from app.errors import Forbidden, NotFound
from app.models import FilingState, Unit, UnitRound
from app.permissions import Actor, Place, can
from app.policy import Action
from app.services.contexts import make_context
from app.services.round_checks import get_edition_of_round
from app.storage.assignments import load_assignments
from app.storage.items import ItemRow, find_item
from app.storage.records import Scope, StoredRow
from app.storage.rows import RowStore
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.flows import OWNER, Flow, Move
from form_schemas.spec import FormSpec
from validators.check import Context
from validators.compiling import Ask, Env, Question, compile_row
from validators.conversion import display


@dataclass(frozen=True, eq=False)
class Item:
    """A row that travels, seen by one person within one transaction."""

    connection: Connection
    catalogue: Catalogue
    actor: Actor
    edition: Edition
    form: FormSpec
    row: ItemRow

    @property
    def flow(self) -> Flow:
        assert self.form.flow is not None
        return self.form.flow

    @property
    def stored(self) -> StoredRow:
        return self.row.stored

    @property
    def scope(self) -> Scope:
        return self.row.scope

    @property
    def state(self) -> str:
        return self.flow.state_of(self.stored.row)

    @property
    def name(self) -> str:
        """What people call the row."""
        ids = [self.form.title_field] if self.form.title_field else self.form.key
        shown = (
            display(self.form.by_id[i], self.stored.row[i], self.catalogue.codelists)
            for i in ids
        )
        return " ".join(filter(None, shown)) or f"第 {self.stored.id} 号"

    @cached_property
    def place(self) -> Place:
        """The row as the policy sees it."""
        assignments = load_assignments(
            self.connection, self.row.unit_id, self.row.round_id
        )
        return Place(
            self.row.unit_id,
            assignments.names(self.form),
            self.stored.department_id,
            unit_path=self.row.unit_path,
        )

    @cached_property
    def context(self) -> Context:
        store = RowStore(self.connection, self.catalogue)
        return make_context(self.connection, store, self.form, self.scope)

    @property
    def env(self) -> Env:
        """What expressions of moves may ask beside the row."""
        return self.context.env()

    # Who may move it.

    @cached_property
    def is_own(self) -> bool:
        """Whether the person acts for the unit that the row belongs to."""
        return can(self.actor, Action.SUBMIT_FORM, self.place)

    @cached_property
    def units_above(self) -> Mapping[str, tuple[int, str]]:
        """Kind of a unit above the row's -> its id and name."""
        ids = [int(part) for part in self.row.unit_path.split("/") if part]
        found = self.connection.execute(
            select(Unit.id, Unit.name, Unit.kind).where(
                Unit.id.in_(ids), Unit.id != self.row.unit_id
            )
        )
        return {unit.kind.value: (unit.id, unit.name) for unit in found}

    def find_acting_unit(self, move: Move) -> int | None:
        """The unit for which the person may make the move; None: the person may not."""
        if OWNER in move.by and self.is_own:
            return self.row.unit_id
        for kind in move.by:
            unit = self.units_above.get(kind)
            if unit is not None and self._may_review(unit[0]):
                return unit[0]
        return None

    def _may_review(self, unit_id: int) -> bool:
        # A nation sees what its provinces see, and does not decide for them.
        own = tuple(grant for grant in self.actor.grants if grant.unit_id == unit_id)
        return can(replace(self.actor, grants=own), Action.REVIEW_FORM, self.place)

    # What may be done now.

    @cached_property
    def moves(self) -> tuple[Move, ...]:
        """The moves that the person may make from where the row stands."""
        return tuple(
            move
            for move in self.flow.find_moves(self.stored.row, self.row.unit_kind.value)
            if self.find_acting_unit(move) is not None and self.holds(move)
        )

    def holds(self, move: Move) -> bool:
        """Whether the row fulfils what the move asks for."""
        if move.when is None:
            return True
        answers = compile_row(Question(move.when, Ask.TRUE))
        return bool(answers(self.stored.row, self.env))

    @cached_property
    def lacks_report(self) -> bool:
        """Whether the unit has data to hand in for the round, and did not yet."""
        kind = self.row.unit_kind
        if not any(form.is_filed for form in self.edition.forms_for(kind)):
            return False
        state = self.connection.scalar(
            select(UnitRound.state).where(
                UnitRound.unit_id == self.row.unit_id,
                UnitRound.round_id == self.row.round_id,
            )
        )
        return state not in (FilingState.SUBMITTED, FilingState.APPROVED)


def get_item(
    connection: Connection,
    catalogue: Catalogue,
    actor: Actor,
    name: str,
    row_id: int,
    *,
    held: bool = False,
) -> Item:
    """The row, if the person may see it.

    Args:
        name: of the form, `group/G9`.
        held: nobody else changes it until the transaction ends.

    Raises:
        NotFound: there is none, or its form's rows do not travel.
        Forbidden: it is none of the person's.
    """
    newest = catalogue.find(name)
    if newest is None or newest.flow is None:
        raise NotFound("没有这张表，或者它的数据不是一条一条办理的。")
    row = find_item(connection, catalogue, newest, row_id, held=held)
    if row is None:
        raise NotFound("没有这一条，可能已被删除。")
    edition = get_edition_of_round(connection, catalogue, row.round_id)
    form = edition.by_code.get(newest.code)
    if form is None or form.flow is None:
        raise NotFound("这一条是按以前的表填的，现在不再办理。")
    if form is not newest:
        again = find_item(connection, catalogue, form, row_id)
        row = row if again is None else again
    item = Item(connection, catalogue, actor, edition, form, row)
    if not can(actor, Action.VIEW_ROWS, item.place):
        raise Forbidden("这一条是别的单位的，您看不到。")
    return item


def find_look(form: FormSpec, stored: StoredRow) -> str:
    """Class of how the row stands: with its unit, awaited, or through."""
    flow = form.flow
    if flow.is_editable(stored.row):
        return "back" if flow.has_begun(stored.row) else "draft"
    return "wait" if flow.state_of(stored.row) in flow.awaited else "pass"
