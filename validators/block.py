"""Judges one block of rows, column by column; `check` is what others call.

A cause is told once: what depends on a value that is itself wrong is not judged.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cache, cached_property
from itertools import islice

from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS
from form_schemas.rule_spec import Level, RuleSpec
from form_schemas.spec import FormSpec
from validators.compiling import Env, UnitFacts, iterate_rows
from validators.constraints import get_judges, judge_codes_below
from validators.conversion import (
    ConvertedColumns,
    JudgedValues,
    Row,
    display,
)
from validators.converters import CodeLists
from validators.doubts import Doubts
from validators.formats import judge_id_card
from validators.held_keys import HeldKeys
from validators.keys import (
    SeenKeys,
    describe_repeated,
    describe_stored,
    key_column,
    unique_sets,
)
from validators.references import Lookup, NoRows, References, reference_fields
from validators.report import Code, Finding, Problem, quote
from validators.rules import (
    evaluate_columns,
    find_broken,
    find_missing,
    hidden_fields,
)
from validators.values import judge_values


class Stage(StrEnum):
    """What the rows are checked for."""

    #: saved as one types: may be incomplete
    DRAFT = "draft"
    #: read from a workbook: files cannot come by it
    IMPORT = "import"
    #: handed in: complete, with its files
    SUBMIT = "submit"


@dataclass(frozen=True)
class Context:
    """What checks know besides the rows."""

    period_start: date
    period_end: date
    today: date
    #: the formal rows of the unit and round
    lookup: Lookup = field(default_factory=NoRows)
    codelists: CodeLists = field(default_factory=dict)
    #: what is known of the unit itself
    unit: UnitFacts = field(default_factory=UnitFacts)

    def env(self) -> Env:
        """What expressions may ask besides their row; nothing that references pick."""
        return Env(self.today, self.period_start, self.period_end, unit=self.unit)


@dataclass(frozen=True)
class Checked:
    """A typed row, with all that is wrong with it."""

    number: int | None
    row: Row
    problems: tuple[Problem, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing keeps the row from passing; warnings do not."""
        return not any(problem.is_error for problem in self.problems)


@dataclass(frozen=True)
class CheckedBlock:
    """Typed rows column by column, with all that is wrong with them."""

    numbers: Sequence[int | None]
    columns: Mapping[str, Sequence[object]]
    #: problems by position of the row; rows without any are absent
    found: Mapping[int, tuple[Problem, ...]]

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(p for problems in self.found.values() for p in problems)

    @cached_property
    def faulty(self) -> frozenset[int]:
        """Positions of the rows that cannot pass."""
        return frozenset(
            index
            for index, problems in self.found.items()
            if any(problem.is_error for problem in problems)
        )

    def rows(self) -> Iterator[Row]:
        return islice(iterate_rows(self.columns, len(self.numbers)), len(self.numbers))

    def checked(self) -> Iterator[Checked]:
        for index, row in enumerate(self.rows()):
            yield Checked(self.numbers[index], row, self.found.get(index, ()))


class Block:
    """Rows at work: their columns, and what was found so far."""

    def __init__(
        self,
        form: FormSpec,
        converted: ConvertedColumns,
        context: Context,
        stage: Stage,
        stored: Sequence[Row | None] | None,
        own_values: Mapping[str, Collection[object]] | None,
    ) -> None:
        self._form = form
        self._context = context
        self._stage = stage
        self._numbers = converted.numbers
        self._count = len(converted.numbers)
        self._stored = stored
        self._typed = _with_stored(form, converted.columns, stored)
        self._converted = converted
        env = context.env()
        self._references = References(
            form, self._typed, self._count, context.lookup, env, own_values
        )
        self._env = replace(
            env, ref=self._references.ask, ref_column=self._references.ask_column
        )
        self._columns: dict[str, Sequence[object]] = {}
        self._found: defaultdict[int, list[Problem]] = defaultdict(list)
        self._doubts = Doubts(form)

    def check(self, seen: SeenKeys, upsert: bool) -> CheckedBlock:
        self._evaluate()
        self._check_required()
        self._check_values()
        self._check_references()
        self._doubts.spread()
        self._check_rules()
        self._check_keys(seen, upsert)
        order = _field_order(self._form)
        found = {
            index: tuple(sorted(self._found[index], key=lambda p: order[p.field_id]))
            for index in sorted(self._found)
        }
        return CheckedBlock(self._numbers, self._columns, found)

    def evaluate(self) -> Mapping[str, Sequence[object]]:
        """The columns with given values, and without what is not shown."""
        self._evaluate()
        return self._columns

    def _report(self, index: int, field_id: str, finding: Finding) -> None:
        self._found[index].append(finding.at(self._numbers[index], field_id))
        if finding.level is Level.ERROR:
            self._doubts.wrong[field_id].add(index)

    # Given values and visibility.

    def _evaluate(self) -> None:
        for index, field_id, _ in self._converted.findings:
            self._doubts.wrong[field_id].add(index)
        self._columns = evaluate_columns(
            self._form, self._typed, self._count, self._env
        )
        self._doubts.spread()
        self._keep_what_may_be_shown()
        for index, field_id, finding in self._converted.findings:
            if not self._is_hidden(field_id, index):
                self._report(index, field_id, finding)

    def _keep_what_may_be_shown(self) -> None:
        """Keep typed values where a wrong value decides whether they are shown."""
        for spec in self._form.typed_fields:
            rows = self._doubts.unsure.get(spec.id)
            if rows and spec.visible_when is not None and spec.id in self._typed:
                values = list(self._columns[spec.id])
                for index in rows:
                    values[index] = self._typed[spec.id][index]
                self._columns[spec.id] = values

    def _is_hidden(self, field_id: str, index: int) -> bool:
        if self._form.by_id[field_id].visible_when is None:
            return False
        if index in self._doubts.unsure.get(field_id, ()):
            return False
        return field_id in hidden_fields(self._form, self._row(index), self._env)

    def _row(self, index: int) -> Row:
        return {field_id: column[index] for field_id, column in self._columns.items()}

    # Values.

    def _check_required(self) -> None:
        missing = find_missing(self._form, self._columns, self._count, self._env)
        for spec, rows in missing:
            if spec.value_kind in FILE_KINDS and self._stage is not Stage.SUBMIT:
                continue
            condition = spec.required_when
            judged = (spec.id, *(condition.fields if condition is not None else ()))
            doubtful = self._doubts.find(judged)
            finding = Finding(
                Code.REQUIRED, {"reason": "always" if spec.required else "when"}
            )
            for index in rows:
                if index not in doubtful:
                    self._found[index].append(finding.at(self._numbers[index], spec.id))
                    self._doubts.missing[spec.id].add(index)

    def _check_values(self) -> None:
        judges = get_judges(self._form, self._context.codelists)
        for spec in self._form.typed_fields:
            values = self._columns.get(spec.id)
            if values is None:
                continue
            found = self._converted.judged.get(spec.id)
            if found is None:
                found = judge_values(spec, judges[spec.id], values)
            if spec.id_type is not None:
                self._check_cards(spec, found)
            if spec.codes_below is not None:
                self._check_codes_below(spec, found)
            if found:
                self._report_values(spec.id, values, found)

    def _check_cards(self, spec: FieldSpec, found: JudgedValues) -> None:
        """Judge numbers whose form depends on the document type beside them."""
        types = self._columns.get(spec.id_type or "", (None,) * self._count)
        pairs = zip(self._columns[spec.id], types, strict=True)
        for index, (number, id_type) in enumerate(pairs):
            if number is None or number in found:
                continue
            document = None if id_type is None else str(id_type)
            finding = judge_id_card(str(number), document)
            if finding is not None:
                self._report(index, spec.id, finding)

    def _check_codes_below(self, spec: FieldSpec, found: JudgedValues) -> None:
        """Judge codes by the one that they have to stand below."""
        other = self._form.by_id[spec.codes_below or ""]
        codelist = self._context.codelists[spec.codes or ""]
        above = self._columns.get(other.id, (None,) * self._count)
        doubtful = self._doubts.find((spec.id, other.id))
        for index, (value, code) in enumerate(
            zip(self._columns[spec.id], above, strict=True)
        ):
            if value is None or code is None or value in found or index in doubtful:
                continue
            finding = judge_codes_below(codelist, value, str(code), other.label)
            if finding is not None:
                self._report(index, spec.id, finding)

    def _report_values(
        self,
        field_id: str,
        values: Sequence[object],
        found: JudgedValues,
    ) -> None:
        for index, value in enumerate(values):
            if value is not None:
                for finding in found.get(value, ()):
                    self._report(index, field_id, finding)

    # What looks beyond one value.

    def _check_references(self) -> None:
        for spec in reference_fields(self._form):
            if spec.id not in self._columns:
                continue
            unknown = list(self._references.find_unknown(spec, self._columns))
            if not unknown:
                continue
            reference = spec.reference
            assert reference is not None
            condition = reference.filter
            doubtful = self._doubts.find(
                condition.fields if condition is not None else ()
            )
            several = {value for _, values in unknown for value in values}
            near = self._references.suggest(spec, several)
            for index, values in unknown:
                if index not in doubtful:
                    hints = [s for value in values for s in near.get(value, ())]
                    finding = self._references.describe_unknown(spec, values, hints)
                    self._report(index, spec.id, finding)

    def _check_rules(self) -> None:
        broken = find_broken(self._form, self._columns, self._count, self._env)
        for rule, rows in broken:
            place = rule.fields[0]
            skipped = self._doubts.find(rule.fields_read)
            skipped |= self._doubts.missing.get(place, set())
            for index in rows:
                if index not in skipped:
                    finding = self._describe_broken(rule, index)
                    self._found[index].append(finding.at(self._numbers[index], place))

    def _describe_broken(self, rule: RuleSpec, index: int) -> Finding:
        values = {}
        for field_id in rule.fields:
            column = self._columns.get(field_id)
            value = None if column is None else column[index]
            spec = self._form.by_id[field_id]
            values[field_id] = quote(display(spec, value, self._context.codelists))
        return Finding(Code.RULE, {"rule": rule.id, "values": values}, rule.level)

    # Keys.

    def _check_keys(self, seen: SeenKeys, upsert: bool) -> None:
        lookup = self._context.lookup
        held = HeldKeys(self._form, self._columns, lookup, self._stored, upsert)
        for ids in unique_sets(self._form):
            skipped = self._doubts.find(ids)
            for field_id in ids:
                skipped |= self._doubts.missing.get(field_id, set())
            keys = key_column(self._columns, ids, self._count)
            repeated = seen.find_repeated(ids, self._columns, self._numbers, skipped)
            told = set()
            for index, first in repeated:
                told.add(index)
                finding = describe_repeated(self._form, ids, keys[index], first)
                self._tell_of_key(index, ids, finding)
            if upsert and ids == self._form.key:
                continue
            for index in held.find(ids, keys, skipped | told):
                finding = describe_stored(self._form, ids, keys[index])
                self._tell_of_key(index, ids, finding)

    def _tell_of_key(self, index: int, ids: tuple[str, ...], finding: Finding) -> None:
        self._found[index].append(finding.at(self._numbers[index], ids[0]))


def _with_stored(
    form: FormSpec,
    columns: Mapping[str, Sequence[object]],
    stored: Sequence[Row | None] | None,
) -> dict[str, Sequence[object]]:
    """Add the columns that are absent, where stored rows have values for them."""
    typed = dict(columns)
    if stored is None or not any(stored):
        return typed
    for spec in (*form.typed_fields, *form.wider_fields, *form.moved_fields):
        if spec.id not in typed:
            typed[spec.id] = [(row or {}).get(spec.id) for row in stored]
    return typed


@cache
def _field_order(form: FormSpec) -> Mapping[str | None, int]:
    order: dict[str | None, int] = {None: -1}
    order.update((spec.id, place) for place, spec in enumerate(form.fields))
    return order
