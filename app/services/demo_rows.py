"""Makes plausible rows of any form from its FormSpec alone.

Values are invented field by field, then the row is evaluated and what is broken is
repaired step by step until the checks find nothing; after too many steps another row is
begun. Rows of the forms referred to come first (`in_order`). The same seed gives the
same rows. `demo` fills a database with them; tests use them as data of every form.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from random import Random

from app.services.invention import Scene, Task, invent_value
from app.services.repair import Draft, satisfy
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.expressions import Expression, Reach
from form_schemas.kinds import FILE_KINDS, FieldKind, ValueType
from form_schemas.nodes import Call, Compare, Field, Literal, Logical, Node, ThisField
from form_schemas.spec import FieldSpec, FormSpec, Level, RuleSpec, Shape
from validators.check import Context, Stage, check_row
from validators.compiling import Env, Question, compile_row
from validators.rules import broken_rules, evaluate_steps, required_fields

Row = dict[str, object]

#: Steps of repair before a row is given up, and rows begun before a form is.
_STEPS = 60
_ATTEMPTS = 60
#: From this attempt on a broken warning is left as it is: a filler may confirm it.
_LENIENT_FROM = 40
_OPTIONAL_SHARE = 0.75
_REMARK_SHARE = 0.15


@dataclass
class _Table:
    """The rows of one form, found by any column."""

    rows: list[Row] = field(default_factory=list)
    _indexes: dict[str, dict[object, list[Row]]] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        self.rows.append(row)
        for column, index in self._indexes.items():
            index.setdefault(row.get(column), []).append(row)

    def find(self, column: str, value: object) -> list[Row]:
        index = self._indexes.get(column)
        if index is None:
            index = self._indexes[column] = {}
            for row in self.rows:
                index.setdefault(row.get(column), []).append(row)
        return index.get(value, [])


class World:
    """The rows made so far of one edition: what references pick from."""

    def __init__(self, catalogue: Catalogue, edition: Edition) -> None:
        self.catalogue = catalogue
        self.edition = edition
        self._tables: dict[str, _Table] = {}

    def table(self, code: str) -> _Table:
        return self._tables.setdefault(code, _Table())

    def rows(self, code: str) -> list[Row]:
        return self.table(code).rows

    def find_rows(
        self,
        table_code: str,
        field_id: str,
        values: Collection[object],
        columns: Collection[str] = (),
    ) -> Mapping[object, Sequence[Row]]:
        """As `validators.references.Lookup` asks."""
        table = self.table(table_code)
        found = ((value, table.find(field_id, value)) for value in values)
        return {value: rows for value, rows in found if rows}

    def existing_keys(self, form: FormSpec, keys: Collection[tuple]) -> set[tuple]:
        """The maker keeps keys apart itself."""
        return set()

    def scene(self, form: FormSpec) -> Scene:
        periods = self.edition.settings["periods"]
        start, end = map(date.fromisoformat, periods[form.period.value])
        last = max(date.fromisoformat(last) for _, last in periods.values())
        return Scene(start, end, today=last + timedelta(days=7))

    def context(self, form: FormSpec) -> Context:
        scene = self.scene(form)
        return Context(
            period_start=scene.period_start,
            period_end=scene.period_end,
            today=scene.today,
            lookup=self,
            codelists=self.catalogue.codelists,
        )


def demo_rows(
    catalogue: Catalogue, form: FormSpec, count: int, seed: int, world: World
) -> list[Row]:
    """Make up to `count` rows and add them to the world.

    Fewer come back where the form cannot hold so many: a record has one row, and keys
    of options or references run out.
    """
    if form.shape is Shape.RECORD:
        count = 1
    maker = _Maker(catalogue, form, Random(f"{seed}/{form.full_name}"), world)
    made: list[Row] = []
    for serial in range(1, count + 1):
        row = maker.make(serial)
        if row is None:
            break
        world.table(form.code).add(row)
        made.append(row)
    return made


def in_order(catalogue: Catalogue, edition: Edition) -> tuple[FormSpec, ...]:
    """The forms of an edition, those referred to before those that refer.

    In a circle the form comes first whose references are optional.
    """
    waiting = dict(edition.by_code)
    done: list[FormSpec] = []
    while waiting:
        ready = [f for f in waiting.values() if not _open_targets(f, waiting, bool)]
        if not ready:
            ready = [
                f
                for f in waiting.values()
                if not _open_targets(f, waiting, lambda spec: spec.required)
            ][:1] or [next(iter(waiting.values()))]
        done += ready
        for form in ready:
            del waiting[form.code]
    return tuple(done)


def _open_targets(
    form: FormSpec, waiting: Mapping[str, FormSpec], counts: Callable[[FieldSpec], bool]
) -> set[str]:
    return {
        table
        for spec in form.fields
        if spec.reference is not None and counts(spec)
        for table in spec.reference.tables
        if table in waiting and table != form.code
    }


class _Maker:
    """Makes the rows of one form, one after the other."""

    def __init__(
        self, catalogue: Catalogue, form: FormSpec, random: Random, world: World
    ) -> None:
        self.catalogue = catalogue
        self.form = form
        self.random = random
        self.world = world
        self.scene = world.scene(form)
        self.context = world.context(form)
        self.env = Env(
            today=self.scene.today,
            period_start=self.scene.period_start,
            period_end=self.scene.period_end,
            ref=self._read_reference,
        )
        self.taken: dict[tuple[str, ...], set[tuple]] = {
            fields: set() for fields in _unique_sets(catalogue, form)
        }
        self._compiled: dict[int, tuple[Node, Callable]] = {}

    def make(self, serial: int) -> Row | None:
        for attempt in range(_ATTEMPTS):
            row = self._attempt(serial, attempt >= _LENIENT_FROM)
            if row is not None:
                for fields, taken in self.taken.items():
                    taken.add(_key(row, fields))
                return row
        return None

    def _attempt(self, serial: int, is_lenient: bool) -> Row | None:
        draft = self._begin(serial)
        for _ in range(_STEPS):
            row = self._settle(draft.values)
            mends = list(self._find_mends(draft, row, is_lenient))
            if not mends:
                mends = self._mends_of_checks(draft, row)
            if not mends:
                return row
            self.random.choice(mends)()
        return None

    def _settle(self, values: Row) -> Row:
        row = evaluate_steps(self.form, values, self.env)
        # All fields, in their order: rows that hold the same fields load at once.
        return {field_id: row.get(field_id) for field_id in self.form.by_id}

    def _begin(self, serial: int) -> Draft:
        values: Row = {}

        def evaluate(node: Node) -> object:
            return self._evaluate(node, self._settle(values))

        draft = Draft(
            form=self.form,
            values=values,
            scene=self.scene,
            random=self.random,
            evaluate=evaluate,
            invent=lambda field_id: self._invent(draft, field_id, serial),
            pick=lambda ref, column, value: self._pick(draft, ref, column, value),
        )
        for spec in self.form.typed_fields:
            if self._is_wanted(spec):
                values[spec.id] = self._invent(draft, spec.id, serial)
        return draft

    def _is_wanted(self, spec: FieldSpec) -> bool:
        if spec.required or spec.id in self.form.key:
            return True
        share = _REMARK_SHARE if "备注" in spec.label else _OPTIONAL_SHARE
        return self.random.random() < share

    # What is wrong with a row, as acts that mend it.

    def _find_mends(
        self, draft: Draft, row: Row, is_lenient: bool
    ) -> Iterator[Callable[[], object]]:
        for spec in required_fields(self.form, row, self.env):
            if row.get(spec.id) is None and spec.kind not in FILE_KINDS:
                yield partial(self._reinvent, draft, spec.id)
        for rule in broken_rules(self.form, row, self.env):
            if rule.level is Level.ERROR or not is_lenient:
                yield partial(self._mend_rule, draft, rule)
        for spec in self.form.fields:
            if spec.computed is not None and row.get(spec.id) is not None:
                yield from self._mends_of_bounds(draft, spec, row)
        for fields, taken in self.taken.items():
            if _key(row, fields) in taken:
                yield partial(self._mend_key, draft, fields)

    def _mend_rule(self, draft: Draft, rule: RuleSpec) -> None:
        roots = [(rule.check.root, True)]
        if rule.when is not None and self.random.random() < 0.3:
            roots.insert(0, (rule.when.root, False))
        for root, wanted in roots:
            before = dict(draft.values)
            if satisfy(draft, root, wanted):
                return
            draft.values.clear()
            draft.values.update(before)
        self._shake(draft, rule)

    def _shake(self, draft: Draft, rule: RuleSpec) -> None:
        """Give the rule's fields new values, or none: a null breaks no rule."""
        for field_id in rule.fields:
            spec = self.form.by_id[field_id]
            if spec.is_given:
                continue
            if not spec.required and self.random.random() < 0.3:
                draft.values[field_id] = None
            else:
                self._reinvent(draft, field_id)

    def _mends_of_bounds(
        self, draft: Draft, spec: FieldSpec, row: Row
    ) -> Iterator[Callable[[], object]]:
        value = row[spec.id]
        for op, bound in ((">=", spec.minimum), ("<=", spec.maximum)):
            if bound is None:
                continue
            node = Compare(
                op,
                Field(spec.id, ValueType.NUMBER),
                Literal(bound, ValueType.NUMBER),
            )
            if value < bound if op == ">=" else value > bound:
                yield partial(satisfy, draft, node, True)

    def _mends_of_checks(self, draft: Draft, row: Row) -> list[Callable[[], object]]:
        """What the validators find besides: they have the last word."""
        checked = check_row(self.form, row, self.context, Stage.IMPORT)
        fields = {
            problem.field_id
            for problem in checked.problems
            if problem.is_error and problem.field_id in self.form.by_id
        }
        return [partial(self._reinvent, draft, field_id) for field_id in sorted(fields)]

    def _mend_key(self, draft: Draft, fields: tuple[str, ...]) -> None:
        typed = [name for name in fields if not self.form.by_id[name].is_given]
        self._reinvent(draft, self.random.choice(typed or list(fields)))

    def _reinvent(self, draft: Draft, field_id: str) -> None:
        spec = self.form.by_id[field_id]
        if spec.fill is not None:
            field_id = spec.fill.ref_field
        if not self.form.by_id[field_id].is_given:
            draft.values[field_id] = draft.invent(field_id)

    # Values.

    def _evaluate(self, node: Node, row: Row) -> object:
        found = self._compiled.get(id(node))
        if found is None:
            # The node stays in the cache, or another one might get its id.
            found = self._compiled[id(node)] = (node, _compile(node))
        return found[1](row, self.env)

    def _invent(self, draft: Draft, field_id: str, serial: int) -> object:
        spec = self.form.by_id[field_id]
        if spec.kind is FieldKind.REF:
            return self._choose(draft, spec, serial)
        if spec.default is not None and self.random.random() < 0.5:
            return spec.default
        return invent_value(
            Task(self.catalogue, self.form, spec, self.scene, self.random, serial)
        )

    # References.

    def _choose(self, draft: Draft, spec: FieldSpec, serial: int) -> object:
        """Pick rows for a reference; None while there are none."""
        column = spec.reference.field
        rows = [
            row
            for code in spec.reference.tables
            for row in self.world.rows(code)
            if row.get(column) is not None
        ]
        if not rows:
            return None
        if spec.is_list:
            chosen = self.random.sample(rows, min(len(rows), self.random.randint(1, 3)))
            return tuple(dict.fromkeys(row[column] for row in chosen))
        if (spec.id,) in self.taken and self.random.random() < 0.8:
            # One row each: go along them rather than draw until one is free.
            row = rows[(serial - 1) % len(rows)]
        else:
            row = self.random.choice(rows)
        self._follow(draft, spec, row)
        return row[column]

    def _pick(self, draft: Draft, field_id: str, column: str, value: object) -> bool:
        spec = self.form.by_id[field_id]
        if spec.reference is None or spec.is_given or spec.is_list:
            return False
        stored = spec.reference.field
        rows = [
            row
            for code in spec.reference.tables
            for row in self.world.table(code).find(column or stored, value)
            if row.get(stored) is not None
        ]
        if not rows:
            return False
        row = self.random.choice(rows)
        self._follow(draft, spec, row)
        draft.values[field_id] = row[stored]
        return True

    def _follow(self, draft: Draft, spec: FieldSpec, target: Row) -> None:
        """Make the filter of a reference hold: take over what the target says."""
        if spec.reference.filter is None:
            return
        for theirs, ours in _equalities(spec.reference.filter.root):
            mine = self.form.by_id[ours]
            if not mine.is_given:
                draft.values[ours] = target.get(theirs)

    def _read_reference(self, row: Row, field_id: str, column: str) -> object:
        spec = self.form.by_id[field_id]
        for code in spec.reference.tables:
            for target in self.world.table(code).find(
                spec.reference.field, row.get(field_id)
            ):
                if self._fits(spec, target, row):
                    return target.get(column)
        return None

    def _fits(self, spec: FieldSpec, target: Row, row: Row) -> bool:
        if spec.reference.filter is None:
            return True
        pairs = _equalities(spec.reference.filter.root)
        return all(target.get(theirs) == row.get(ours) for theirs, ours in pairs)


def _compile(node: Node) -> Callable[[Row, Env], object]:
    expression = Expression(
        "", node, node.type, Reach.REFERENCE, frozenset(), frozenset()
    )
    # Not through the shared cache: parts of trees are asked about here only.
    return compile_row.__wrapped__(Question(expression))


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


def _unique_sets(catalogue: Catalogue, form: FormSpec) -> set[tuple[str, ...]]:
    """Sets of fields that may not repeat: keys, what others refer to, `is_unique`."""
    sets = {form.key, *form.unique}
    sets |= {(spec.reference.field,) for _, spec in catalogue.referring(form)}
    for rule in form.rules:
        if rule.check is not None:
            sets |= set(_uniqueness(rule.check.root))
    return {
        fields
        for fields in sets
        if fields and all(name in form.by_id for name in fields)
    }


def _uniqueness(node: Node) -> Iterable[tuple[str, ...]]:
    if isinstance(node, Logical):
        return [found for operand in node.operands for found in _uniqueness(operand)]
    if isinstance(node, Call) and node.name == "is_unique":
        return [tuple(item.id for item in node.arguments if isinstance(item, Field))]
    return []


def _key(row: Row, fields: tuple[str, ...]) -> tuple:
    """The values that may not repeat; a single empty one may."""
    key = tuple(row.get(name) for name in fields)
    return key if any(value is not None for value in key) else (object(),)
