"""Makes the rows of a form, one after the other.

Values are invented field by field, then the row is evaluated and what is broken is
repaired step by step until the checks find nothing; after too many steps another row is
begun. Rows of the forms referred to come first (`world.in_order`). The same seed gives
the same rows. `demo` fills a database with them; tests use them as data of every form.
"""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from app.services.inventing.drafts import Draft
from app.services.inventing.leaning import find_leanings, lean
from app.services.inventing.picking import Picker
from app.services.inventing.satisfying import satisfy
from app.services.inventing.tasks import Task
from app.services.inventing.uniqueness import TakenKeys
from app.services.inventing.values import invent_value
from app.services.inventing.world import Row, World
from form_schemas.catalogue import Catalogue
from form_schemas.expressions import Expression, Reach
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS, FieldKind, ValueType
from form_schemas.nodes import Compare, Field, Literal, Node
from form_schemas.rule_spec import Level, RuleSpec
from form_schemas.spec import FormSpec, Shape
from validators.check import Stage, check_row
from validators.compiling import Env, Question, compile_row
from validators.rules import broken_rules, evaluate_steps, required_fields

#: Steps of repair before a row is given up, and rows begun before a form is.
_STEPS = 60
_ATTEMPTS = 60
#: From this attempt on a broken warning is left as it is: a filler may confirm it.
_LENIENT_FROM = 40
#: How often a rule is escaped rather than kept: at first, and from which attempt on.
_ESCAPES = (0.02, 0.3)
_BOLD_FROM = 8
_OPTIONAL_SHARE = 0.75
_REMARK_SHARE = 0.08


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


class _Maker:
    """Makes the rows of one form."""

    def __init__(
        self, catalogue: Catalogue, form: FormSpec, random: Random, world: World
    ) -> None:
        self.catalogue = catalogue
        self.form = form
        self.random = random
        self.scene = world.scene(form)
        self.context = world.context(form)
        self.taken = TakenKeys(catalogue, form)
        self.picker = Picker(form, world, random, self.taken.single_fields)
        self.leanings = find_leanings(form, world.edition.forms)
        self.env = Env(
            today=self.scene.today,
            period_start=self.scene.period_start,
            period_end=self.scene.period_end,
            ref=self.picker.read,
        )
        self._escape_share = _ESCAPES[0]
        self._nothing: Row = dict.fromkeys(form.by_id)
        self._compiled: dict[int, tuple[Node, Callable]] = {}

    def make(self, serial: int) -> Row | None:
        for attempt in range(_ATTEMPTS):
            self._escape_share = _ESCAPES[attempt >= _BOLD_FROM]
            row = self._attempt(serial, attempt >= _LENIENT_FROM)
            if row is not None:
                self.taken.add(row)
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
        # All fields, in their order: rows that hold the same fields load at once.
        return self._nothing | evaluate_steps(self.form, values, self.env)

    def _begin(self, serial: int) -> Draft:
        values: Row = {}
        draft = Draft(
            form=self.form,
            values=values,
            scene=self.scene,
            random=self.random,
            evaluate=lambda node: self._evaluate(node, self._settle(values)),
            invent=lambda field_id: self._invent(values, field_id, serial),
            pick=partial(self.picker.pick, values),
        )
        for spec in self.form.typed_fields:
            if self._is_wanted(spec):
                values[spec.id] = self._invent(values, spec.id, serial)
        lean(draft, self.leanings)
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
        for fields in self.taken.find_repeated(row):
            yield partial(self._mend_key, draft, fields)

    def _mend_rule(self, draft: Draft, rule: RuleSpec) -> None:
        roots = [(rule.check.root, True)]
        if rule.when is not None:
            # What a row is about changes last: it was drawn to be likely.
            is_first = self.random.random() < self._escape_share
            roots.insert(0 if is_first else 1, (rule.when.root, False))
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
        field_id = self.random.choice(typed or list(fields))
        before = draft.values.get(field_id)
        self._reinvent(draft, field_id)
        if self.form.by_id[field_id].kind is not FieldKind.TEXT:
            return
        if before is not None and draft.values[field_id] == before:
            # The words have run out: a number tells them apart.
            number = self.random.randint(2, 99)
            draft.values[field_id] = f"{before}{number}"

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

    def _invent(self, values: Row, field_id: str, serial: int) -> object:
        spec = self.form.by_id[field_id]
        if spec.kind is FieldKind.REF:
            return self.picker.choose(values, spec, serial)
        if spec.default is not None and self.random.random() < 0.5:
            return spec.default
        task = Task(
            self.catalogue,
            self.form,
            spec,
            self.scene,
            self.random,
            serial,
            row=values,
        )
        return invent_value(task)


def _compile(node: Node) -> Callable[[Row, Env], object]:
    expression = Expression(
        "", node, node.type, Reach.REFERENCE, frozenset(), frozenset()
    )
    # Not through the shared cache: parts of trees are asked about here only.
    return compile_row.__wrapped__(Question(expression))
