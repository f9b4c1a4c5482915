"""What each kind of change may do to stored rows: its risk, or why it cannot be."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from app.models import RoundState
from app.services.schema_changes.conversions import is_kept
from app.services.schema_changes.differing import Difference
from app.services.schema_changes.impacts import MOST_EXAMPLES, Impacts
from app.services.schema_changes.operations import (
    Operation,
    OperationKind,
    Refusal,
    Risk,
)
from app.storage.stored_values import StoredForm, find_dangling, find_doubles
from form_schemas.spec import FormSpec

Judged = Operation | Refusal


def judge(impacts: Impacts, found: Difference) -> Judged:
    """The operation that a difference comes to, or why it cannot be."""
    plain = Operation(found.kind, found.form.full_name, found.field_id, "")
    operation = replace(plain, summary=found.summary)
    if found.former is None and found.origin is None:
        return operation
    if found.form.is_derived or _is_given(found):
        # Whatever it holds is computed anew.
        return _judge_safe(impacts, found, operation)
    return _JUDGES.get(found.kind, _judge_safe)(impacts, found, operation)


def _is_given(found: Difference) -> bool:
    """Whether the engine gives the values of the field, as it did before."""
    if found.field is None or not found.field.is_given:
        return False
    earlier = None if found.origin is None else found.origin.field
    return earlier is None or earlier.is_given


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


def _judge_computed(
    impacts: Impacts, found: Difference, operation: Operation
) -> Judged:
    """Every row gets a value of its own, of whichever fields."""
    assert found.origin is not None
    return replace(operation, touched=impacts.count(found.origin.form))


def _judge_added(impacts: Impacts, found: Difference, operation: Operation) -> Judged:
    return operation


def _judge_retired(impacts: Impacts, found: Difference, operation: Operation) -> Judged:
    assert found.former is not None
    touched = impacts.count(found.former, found.field_id)
    if found.field is None and touched.rows and impacts.change.is_revision:
        open_ids = {r.id for r in impacts.rounds if r.state is RoundState.OPEN}
        rows = impacts.count_in_rounds(found.former, open_ids)
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
    lost = find_dangling(
        impacts.connection, stored, "_key", targets, MOST_EXAMPLES, source.id
    )
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
    if found.field.options and len(set(values)) <= MOST_EXAMPLES * 2:
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
        impacts.connection, impacts.stored(found.former), names, MOST_EXAMPLES
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
        doubles = find_doubles(impacts.connection, stored, sources, MOST_EXAMPLES)
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
    lost = find_dangling(impacts.connection, stored, earlier.id, targets, MOST_EXAMPLES)
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


_JUDGES: Mapping[OperationKind, Callable[[Impacts, Difference, Operation], Judged]] = {
    OperationKind.ADD_FIELD: _judge_added,
    OperationKind.RELABEL: _judge_words,
    OperationKind.COMPUTE: _judge_computed,
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
