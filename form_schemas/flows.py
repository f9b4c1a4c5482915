"""Rows that travel one by one, as schema files declare them (`x-flow`).

A row stands in a state; moves bring it from one to another. `flow_reader` builds
these, `app.storage.flow_gate` keeps rows to them, `app.services.flows` makes the moves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from form_schemas.expressions import Expression

#: In the place of a level: the unit that the row belongs to.
OWNER = "unit"


@dataclass(frozen=True)
class Creation:
    """A row of another form, in the unit of whoever makes the move."""

    #: code of the form
    form: str
    #: its fields -> their values, of the row that moves
    values: Mapping[str, Expression] = field(hash=False)


@dataclass(frozen=True)
class Move:
    """One way from some states to another, and who may take it."""

    id: str
    title: str
    sources: tuple[str, ...]
    target: str
    #: `OWNER`, or kinds of the units above it
    by: tuple[str, ...]
    #: kinds of units whose rows take this way; empty: of all
    of: tuple[str, ...] = ()
    needs_reason: bool = False
    #: fields that whoever makes the move fills in
    asks: tuple[str, ...] = ()
    #: fields that the move gives values
    sets: Mapping[str, Expression] = field(default_factory=dict, hash=False)
    creates: Creation | None = None
    #: only where it holds for the row
    when: Expression | None = None
    #: only once the unit has handed in its round
    needs_report: bool = False

    def is_from(self, state: str) -> bool:
        return state in self.sources

    def is_for(self, unit_kind: str) -> bool:
        """Whether rows of units of this kind take it."""
        return not self.of or unit_kind in self.of


@dataclass(frozen=True, eq=False)
class Flow:
    """The states of a form's rows and the moves between them."""

    #: the field that holds the state
    field: str
    states: tuple[str, ...]
    #: where a new row stands, and a row that was stored before there was a flow
    initial: str
    #: states in which the unit's own people may change the row
    editable: frozenset[str]
    moves: tuple[Move, ...]
    #: states in which somebody above is to act
    awaited: frozenset[str] = frozenset()

    @cached_property
    def by_id(self) -> Mapping[str, Move]:
        return {move.id: move for move in self.moves}

    def state_of(self, row: Mapping[str, object]) -> str:
        """Where a row stands."""
        return str(row.get(self.field) or self.initial)

    def is_editable(self, row: Mapping[str, object]) -> bool:
        """Whether the unit's own people may change the row."""
        return self.state_of(row) in self.editable

    def has_begun(self, row: Mapping[str, object]) -> bool:
        """Whether the row is on its way, or came back."""
        return self.state_of(row) != self.initial

    def find_moves(self, row: Mapping[str, object], unit_kind: str) -> tuple[Move, ...]:
        """The moves that lead on from where a row of a unit of this kind stands."""
        state = self.state_of(row)
        return tuple(m for m in self.moves if m.is_from(state) and m.is_for(unit_kind))
