"""References of a row in the making: picks targets, and reads what they say."""

from random import Random

from app.services.inventing.world import Row, World
from form_schemas.field_spec import FieldSpec
from form_schemas.nodes import Compare, Field, Logical, Node, ThisField
from form_schemas.spec import FormSpec


class Picker:
    """Picks rows of the world for the references of one form."""

    def __init__(
        self, form: FormSpec, world: World, random: Random, one_each: frozenset[str]
    ) -> None:
        self._form = form
        self._world = world
        self._random = random
        #: references that no two rows may share
        self._one_each = one_each

    def choose(self, values: Row, spec: FieldSpec, serial: int) -> object:
        """Any target; None while there are none."""
        column = spec.reference.field
        tables = [self._world.table(code) for code in spec.reference.tables]
        rows = [row for table in tables[1:] for row in table.having(column)]
        # One table is the rule, and may be long: it is not copied.
        rows = tables[0].having(column) + rows if rows else tables[0].having(column)
        if not rows:
            return None
        if spec.is_list:
            wanted = min(len(rows), self._random.randint(1, 3))
            chosen = self._random.sample(rows, wanted)
            return tuple(dict.fromkeys(row[column] for row in chosen))
        if spec.id in self._one_each and self._random.random() < 0.8:
            # One row each: go along them rather than draw until one is free.
            row = rows[(serial - 1) % len(rows)]
        else:
            row = self._random.choice(rows)
        self._follow(values, spec, row)
        return row[column]

    def pick(self, values: Row, field_id: str, column: str, value: object) -> bool:
        """Take a target with this value in a column; False if there is none."""
        spec = self._form.by_id[field_id]
        if spec.reference is None or spec.is_given or spec.is_list:
            return False
        stored = spec.reference.field
        rows = [
            row
            for code in spec.reference.tables
            for row in self._world.table(code).find(column or stored, value)
            if row.get(stored) is not None
        ]
        if not rows:
            return False
        row = self._random.choice(rows)
        self._follow(values, spec, row)
        values[field_id] = row[stored]
        return True

    def read(self, row: Row, field_id: str, column: str) -> object:
        """A column of the row that a reference picks, as `Env.ref` asks."""
        spec = self._form.by_id[field_id]
        for code in spec.reference.tables:
            table = self._world.table(code)
            for target in table.find(spec.reference.field, row.get(field_id)):
                if _fits(spec, target, row):
                    return target.get(column)
        return None

    def _follow(self, values: Row, spec: FieldSpec, target: Row) -> None:
        """Make the filter of a reference hold: take over what the target says."""
        if spec.reference.filter is None:
            return
        for theirs, ours in _equalities(spec.reference.filter.root):
            if not self._form.by_id[ours].is_given:
                values[ours] = target.get(theirs)


def _fits(spec: FieldSpec, target: Row, row: Row) -> bool:
    if spec.reference.filter is None:
        return True
    pairs = _equalities(spec.reference.filter.root)
    return all(target.get(theirs) == row.get(ours) for theirs, ours in pairs)


def _equalities(node: Node) -> list[tuple[str, str]]:
    """`column == this.x and …` as pairs of target and own field."""
    if isinstance(node, Logical) and node.op == "and":
        return [pair for operand in node.operands for pair in _equalities(operand)]
    if isinstance(node, Compare) and node.op == "==":
        sides = (node.left, node.right)
        theirs = [side.id for side in sides if isinstance(side, Field)]
        ours = [side.id for side in sides if isinstance(side, ThisField)]
        if theirs and ours:
            return [(theirs[0], ours[0])]
    return []
