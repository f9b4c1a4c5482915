"""What each change does to stored rows: how many it touches, and at what risk.

Every row question is asked once a form and field; forms that do not change are not
read at all.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from sqlalchemy import Connection, Row, select

from app.models import Round, RoundState, Unit
from app.services.row_names import name_row
from app.services.schema_changes.conversions import (
    Conversion,
    find_conversion,
    is_kept,
)
from app.services.schema_changes.differing import Difference
from app.services.schema_changes.operations import (
    Example,
    Operation,
    OperationKind,
    Refusal,
    Risk,
    Touched,
)
from app.services.schema_changes.targets import EditionChange
from app.storage.stored_values import (
    Count,
    Places,
    StoredForm,
    ValueCount,
    count_values,
    find_dangling,
    find_doubles,
    find_rows_with,
    list_values,
    store_of,
)
from form_schemas.catalogue import Catalogue
from form_schemas.lineage import Origin
from form_schemas.spec import FieldSpec, FormSpec, Level
from validators.constraints import get_judges
from validators.conversion import display
from validators.messages import mask

_ROUND = Round.__table__
_EXAMPLES = 5
_LONGEST = 60


@dataclass(frozen=True)
class RoundFacts:
    """A round, as far as plans have to know."""

    id: int
    title: str
    state: RoundState


def load_rounds(
    connection: Connection, edition: tuple[str, str]
) -> tuple[RoundFacts, ...]:
    """The rounds of an edition."""
    found = connection.execute(
        select(_ROUND.c.id, _ROUND.c.title, _ROUND.c.state)
        .where(_ROUND.c.collection == edition[0], _ROUND.c.edition == edition[1])
        .order_by(_ROUND.c.id)
    )
    return tuple(RoundFacts(*record) for record in found)


@dataclass(frozen=True, eq=False)
class _Fate:
    """What becomes of the different values of one field."""

    #: all of them, by how they fare; each value stands once in `values`
    values: Sequence[ValueCount]
    new: Mapping[object, object]
    #: values that are read otherwise, or not at all
    lost: frozenset[object]
    #: values that the form calls wrong from now on
    wrong: frozenset[object]

    def count(self, values: Iterable[object]) -> Touched:
        wanted = set(values)
        return _sum(
            Count(v.unit_id, v.round_id, v.rows)
            for v in self.values
            if v.value in wanted
        )


@dataclass(eq=False)
class Impacts:
    """Judges the changes of one edition against what is stored."""

    connection: Connection
    catalogue: Catalogue
    change: EditionChange
    places: Places
    _stored: dict[str, StoredForm] = field(default_factory=dict)
    _counts: dict[str, dict[str, list[Count]]] = field(default_factory=dict)
    _fates: dict[tuple[str, str], _Fate] = field(default_factory=dict)

    @cached_property
    def rounds(self) -> tuple[RoundFacts, ...]:
        """Those whose rows follow; of a new edition those of the one before."""
        if self.change.source is None:
            return ()
        found = load_rounds(self.connection, self.change.source)
        if not self.change.is_revision:
            return found
        return tuple(one for one in found if one.state is not RoundState.CLOSED)

    def judge(self, found: Difference) -> Operation | Refusal:
        """The operation that a difference comes to, or why it cannot be."""
        plain = Operation(found.kind, found.form.full_name, found.field_id, "")
        operation = replace(plain, summary=found.summary)
        if found.former is None and found.origin is None:
            return operation
        if found.form.is_derived or _is_given(found):
            # Whatever it holds is computed anew.
            return _judge_safe(self, found, operation)
        return _JUDGES.get(found.kind, _judge_safe)(self, found, operation)

    # What is stored.

    def stored(self, former: FormSpec) -> StoredForm:
        if former.code not in self._stored:
            ids = [one.id for one in self.rounds]
            self._stored[former.code] = store_of(former, self.places, ids)
        return self._stored[former.code]

    def count(self, former: FormSpec, field_id: str = "") -> Touched:
        """How many rows have a value; of the form how many rows there are."""
        if not self.rounds:
            return Touched()
        if former.code not in self._counts:
            names = [item.id for item in former.fields]
            stored = self.stored(former)
            self._counts[former.code] = count_values(self.connection, stored, names)
        return _sum(self._counts[former.code][field_id])

    def fate(self, found: Difference) -> _Fate:
        place = (found.form.code, found.field_id)
        if place not in self._fates:
            self._fates[place] = self._find_fate(found)
        return self._fates[place]

    def _find_fate(self, found: Difference) -> _Fate:
        assert found.field is not None
        assert found.origin is not None
        assert found.origin.field is not None
        if not self.count(found.origin.form, found.origin.field.id).rows:
            return _Fate((), {}, frozenset(), frozenset())
        stored = self.stored(found.origin.form)
        values = list_values(self.connection, stored, found.origin.field.id)
        return self._judge_values(found.form, found.field, found.origin, values)

    def _judge_values(
        self,
        form: FormSpec,
        item: FieldSpec,
        origin: Origin,
        values: Sequence[ValueCount],
    ) -> _Fate:
        convert = self.conversion(form, item, origin)
        converted = {v.value: convert(v.value) for v in values}
        new = {value: found.value for value, found in converted.items()}
        lost = frozenset(v for v, found in converted.items() if not found.is_exact)
        wrong = self._find_wrong(form, item, new.values())
        return _Fate(
            values,
            new,
            lost,
            frozenset(v for v, since in new.items() if since in wrong),
        )

    def conversion(self, form: FormSpec, item: FieldSpec, origin: Origin) -> Conversion:
        lineage, lists = self.change.lineage, self.catalogue.codelists
        return find_conversion(item, origin, lineage, lists)

    def _find_wrong(
        self, form: FormSpec, item: FieldSpec, values: Iterable[object]
    ) -> frozenset[object]:
        judge = get_judges(form, self.catalogue.codelists).get(item.id)
        present = {value for value in values if value is not None}
        if judge is None or not present:
            return frozenset()
        found = judge.find_all(present)
        return frozenset(
            value
            for value, findings in found.items()
            if any(one.level is Level.ERROR for one in findings)
        )

    # Examples.

    @cached_property
    def _units(self) -> dict[int, str]:
        found = self.connection.execute(select(Unit.id, Unit.name))
        return dict(map(tuple, found))

    def examples(
        self, found: Difference, values: Iterable[object] | None
    ) -> tuple[Example, ...]:
        """A few cells as they are and as they will be."""
        assert found.field is not None
        assert found.origin is not None
        former, earlier = found.origin.form, found.origin.field
        if earlier is None or not self.rounds:
            return ()
        chosen = None if values is None else list(values)
        rows = find_rows_with(
            self.connection, self.stored(former), earlier.id, chosen, _EXAMPLES
        )
        convert = self.conversion(found.form, found.field, found.origin)
        return tuple(
            self._example(
                former, row,
                self._show(earlier, row[3]),
                self._show(found.field, convert(row[3]).value),
            )
            for row in rows
        )  # fmt: skip

    def name_rows(
        self, former: FormSpec, rows: Iterable[Row], item: FieldSpec
    ) -> tuple[Example, ...]:
        """Cells that stand in the way: unit, round, key and value of each."""
        return tuple(
            self._example(former, row, self._show(item, row[3]), "") for row in rows
        )

    def name_groups(
        self, rows: Iterable[Row], items: Sequence[FieldSpec]
    ) -> tuple[Example, ...]:
        """Rows that are alike: unit, round and values of each group."""
        return tuple(
            Example(
                self._units.get(unit_id, str(unit_id)),
                self._title(round_id),
                "，".join(map(self._show, items, values)),
                "",
                "",
            )
            for unit_id, round_id, *values in rows
        )

    def _example(self, form: FormSpec, row: Row, before: str, after: str) -> Example:
        unit = self._units.get(row[0], str(row[0]))
        return Example(unit, self._title(row[1]), name_row(form, row[2]), before, after)

    def _title(self, round_id: int) -> str:
        titles = {one.id: one.title for one in self.rounds}
        return titles.get(round_id) or str(round_id)

    def _show(self, item: FieldSpec, value: object) -> str:
        text = display(item, value, self.catalogue.codelists)[:_LONGEST]
        return mask(text) if item.sensitive and text else text


def _is_given(found: Difference) -> bool:
    """Whether the engine gives the values of the field, as it did before."""
    if found.field is None or not found.field.is_given:
        return False
    earlier = None if found.origin is None else found.origin.field
    return earlier is None or earlier.is_given


def _sum(counts: Iterable[Count]) -> Touched:
    found = list(counts)
    return Touched(
        sum(one.rows for one in found),
        len({one.unit_id for one in found}),
        len({one.round_id for one in found}),
    )


# Each kind of change.

Judged = Operation | Refusal


def _judge_safe(impacts: Impacts, found: Difference, operation: Operation) -> Judged:
    if found.field is None:
        assert found.former is not None
        return replace(operation, touched=impacts.count(found.former))
    if found.kind is OperationKind.RETIRE_FIELD and found.former is not None:
        return replace(operation, touched=impacts.count(found.former, found.field_id))
    if found.origin is None or found.origin.field is None:
        return operation
    earlier = found.origin.field.id
    return replace(operation, touched=impacts.count(found.origin.form, earlier))


def _judge_words(impacts: Impacts, found: Difference, operation: Operation) -> Judged:
    return operation


def _judge_added(impacts: Impacts, found: Difference, operation: Operation) -> Judged:
    return operation


def _judge_retired(impacts: Impacts, found: Difference, operation: Operation) -> Judged:
    assert found.former is not None
    touched = impacts.count(found.former, found.field_id)
    if found.field is None and touched.rows and impacts.change.is_revision:
        open_ids = {r.id for r in impacts.rounds if r.state is RoundState.OPEN}
        stored = impacts.stored(found.former)
        rows = find_open_rows(impacts, stored, open_ids)
        if rows:
            titles = "、".join(r.title for r in impacts.rounds if r.id in open_ids)
            why = (
                f"填报期“{titles}”正开放，表“{found.former.title}”有 {rows} 行数据，"
                "不能停用。请放回它的文件，或先结束填报期。"
            )
            name = found.form.full_name
            return Refusal(name, "", why, found.kind)
    if not touched.rows or not impacts.change.is_revision:
        return replace(operation, touched=touched)
    demands = (
        "若是改名，请在新字段写 x-was；要拆分、合并，请写 x-from；"
        "确要停用，请写明理由。"
        if found.field is not None
        else "若是改表号，请在新表写 was；确要停用，请写明理由。"
    )
    return replace(operation, touched=touched, risk=Risk.LOSSY, demands=demands)


def find_open_rows(impacts: Impacts, stored: StoredForm, round_ids: set[int]) -> int:
    """How many rows of a form there are in open rounds."""
    impacts.count(stored.form)
    counts = impacts._counts[stored.form.code][""]
    return sum(one.rows for one in counts if one.round_id in round_ids)


def _judge_moved(impacts: Impacts, found: Difference, operation: Operation) -> Judged:
    assert found.origin is not None
    assert found.origin.field is not None
    source = found.origin.field
    touched = impacts.count(found.origin.form, source.id)
    operation = replace(operation, touched=touched)
    if not touched.rows:
        return operation
    targets = []
    if found.former is not None:
        targets = [(impacts.stored(found.former), "_key")]
    stored = impacts.stored(found.origin.form)
    lost = find_dangling(impacts.connection, stored, "_key", targets, _EXAMPLES)
    examples = impacts.examples(found, None)
    if not lost:
        return replace(operation, examples=examples)
    demands = (
        "有的行在新表里没有同主键的行，值留在原表。请先在新表补上这些行，或写明理由。"
    )
    return replace(operation, risk=Risk.LOSSY, examples=examples, demands=demands)


def _judge_narrowed(
    impacts: Impacts, found: Difference, operation: Operation
) -> Judged:
    fate = impacts.fate(found)
    wrong = fate.wrong
    if not wrong:
        return replace(operation, touched=fate.count(fate.new))
    return replace(
        operation,
        risk=Risk.NEEDS_MAPPING,
        touched=fate.count(wrong),
        examples=impacts.examples(found, wrong),
        demands=_demand_mapping(impacts, found, wrong),
    )


def _demand_mapping(
    impacts: Impacts, found: Difference, values: Iterable[object]
) -> str:
    assert found.field is not None
    if found.field.options and len(set(values)) <= _EXAMPLES * 2:
        pairs = ", ".join(f'"{value}": "…"' for value in sorted(map(str, values)))
        return (
            f'请写 "x-recode": {{{pairs}}} 给出去处；不写而接受的，'
            "旧值照原样留着，须由部门逐个改正。"
        )
    return (
        "请用 x-recode 或 x-from 给出去处；不写而接受的，旧值照原样留着，"
        "须由部门逐个改正。"
    )


def _judge_retyped(impacts: Impacts, found: Difference, operation: Operation) -> Judged:
    assert found.field is not None
    assert found.origin is not None
    fate = impacts.fate(found)
    if is_kept(found.form, found.field, found.origin):
        return _judge_narrowed(impacts, found, operation)
    if not fate.lost:
        touched = fate.count(fate.new)
        return replace(
            operation, touched=touched, examples=impacts.examples(found, None)
        )
    return replace(
        operation,
        risk=Risk.LOSSY,
        touched=fate.count(fate.lost),
        examples=impacts.examples(found, fate.lost),
        demands="这些值读不成新的类型，或读回来不再是原样。请用 x-recode 或 x-from "
        "给出去处；不写而接受的，读不成的在新列里为空，旧列留着原值。",
    )


def _judge_recoded(impacts: Impacts, found: Difference, operation: Operation) -> Judged:
    assert found.origin is not None
    fate = impacts.fate(found)
    changed = {value for value, since in fate.new.items() if since != value}
    operation = replace(
        operation,
        touched=fate.count(changed),
        examples=impacts.examples(found, changed) if changed else (),
    )
    bad = fate.wrong | fate.lost
    if not bad:
        return operation
    return replace(
        operation,
        risk=Risk.NEEDS_MAPPING,
        touched=fate.count(changed | bad),
        examples=impacts.examples(found, bad),
        demands=_demand_mapping(impacts, found, bad),
    )


def _judge_key(impacts: Impacts, found: Difference, operation: Operation) -> Judged:
    assert found.former is not None
    operation = replace(operation, touched=impacts.count(found.former))
    if not impacts.count(found.former).rows:
        return operation
    names = _find_sources(impacts, found.form, found.former, found.form.key)
    if names is None:
        # What is computed or new is known only once it is there: `apply` looks.
        return operation
    doubles = find_doubles(
        impacts.connection, impacts.stored(found.former), names, _EXAMPLES
    )
    if not doubles:
        return operation
    items = [found.former.by_id[name] for name in names]
    examples = impacts.name_groups(doubles, items)
    why = "已有的行按新的主键会重复，请先改正这些行，或在主键里加上能区分它们的字段。"
    if not impacts.change.is_revision:
        # The rows of the edition before stay as they are.
        return replace(
            operation, risk=Risk.NEEDS_MAPPING, examples=examples, demands=why
        )
    name = found.form.full_name
    return Refusal(name, "", f"{found.summary}：{why}", found.kind, examples)


def _find_sources(
    impacts: Impacts, form: FormSpec, former: FormSpec, names: Sequence[str]
) -> list[str] | None:
    """The fields before that give some fields as they are; None: they are computed."""
    found = []
    for name in names:
        item = form.by_id[name]
        origin = impacts.change.lineage.origin_of(form, name)
        if (
            origin is None
            or origin.form is not former
            or not is_kept(form, item, origin)
        ):
            return None
        assert origin.field is not None
        found.append(origin.field.id)
    return found


def _judge_unique(impacts: Impacts, found: Difference, operation: Operation) -> Judged:
    assert found.former is not None
    former = found.former
    operation = replace(operation, touched=impacts.count(former))
    # One index serves the rows of all rounds there ever were.
    stored = impacts.stored(former).everywhere()
    for names in found.form.unique:
        sources = _find_sources(impacts, found.form, former, names)
        if sources is None:
            continue
        doubles = find_doubles(impacts.connection, stored, sources, _EXAMPLES)
        if doubles:
            items = [former.by_id[name] for name in sources]
            labels = "＋".join(item.label for item in items)
            why = f"{labels} 已有重复的值，不能要求唯一。请先改正这些行。"
            examples = impacts.name_groups(doubles, items)
            name = found.form.full_name
            return Refusal(name, "", why, found.kind, examples)
    return operation


def _judge_reference(
    impacts: Impacts, found: Difference, operation: Operation
) -> Judged:
    assert found.field is not None
    assert found.origin is not None
    earlier = found.origin.field
    assert earlier is not None
    touched = impacts.count(found.origin.form, earlier.id)
    operation = replace(operation, touched=touched)
    reference = found.field.reference
    if reference is None or not touched.rows or found.field.is_list:
        return operation
    targets = []
    for code in reference.tables:
        place = _find_target(impacts, code, reference.field)
        if place is not None:
            targets.append(place)
    stored = impacts.stored(found.origin.form)
    lost = find_dangling(impacts.connection, stored, earlier.id, targets, _EXAMPLES)
    if not lost:
        return operation
    examples = impacts.name_rows(found.origin.form, lost, earlier)
    why = f"有的值在 {'、'.join(reference.tables)} 里找不到，请先补上或改正这些行。"
    if reference.is_plain and impacts.change.is_revision:
        name = found.form.full_name
        return Refusal(
            name, found.field_id, found.summary + "：" + why, found.kind, examples
        )
    return replace(operation, risk=Risk.NEEDS_MAPPING, examples=examples, demands=why)


def _find_target(
    impacts: Impacts, code: str, field_id: str
) -> tuple[StoredForm, str] | None:
    lineage = impacts.change.lineage
    target = lineage.after.get(code)
    origin = None if target is None else lineage.origin_of(target, field_id)
    if origin is None or origin.field is None:
        return None
    return impacts.stored(origin.form), origin.field.id


_JUDGES = {
    OperationKind.ADD_FIELD: _judge_added,
    OperationKind.RELABEL: _judge_words,
    OperationKind.RETIRE_FORM: _judge_retired,
    OperationKind.RETIRE_FIELD: _judge_retired,
    OperationKind.MOVE_FIELD: _judge_moved,
    OperationKind.NARROW: _judge_narrowed,
    OperationKind.RETYPE: _judge_retyped,
    OperationKind.RECODE: _judge_recoded,
    OperationKind.CHANGE_KEY: _judge_key,
    OperationKind.CHANGE_UNIQUE: _judge_unique,
    OperationKind.CHANGE_REFERENCE: _judge_reference,
}


def judge_all(impacts: Impacts, found: Iterable[Difference]) -> Iterator[Judged]:
    """Judge the changes of an edition."""
    for one in found:
        yield impacts.judge(one)
