"""Compares schema files with what was applied and with the database: makes the plan."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from sqlalchemy import Connection, Engine

from app.models import RoundState
from app.services.schema_changes.applied import Applied, load_applied
from app.services.schema_changes.declaring import get_places
from app.services.schema_changes.differing import compare_editions
from app.services.schema_changes.impacts import Impacts, load_rounds
from app.services.schema_changes.operations import (
    Operation,
    OperationKind,
    Plan,
    Refusal,
)
from app.services.schema_changes.return_words import tell_return
from app.services.schema_changes.returning import Returning
from app.services.schema_changes.risks import judge
from app.services.schema_changes.targets import EditionChange, Target, find_target
from app.storage.engine import begin_reading
from app.storage.schema import Differences, find_differences
from form_schemas.catalogue import Catalogue

#: Operations of one form stand in this order.
_ORDER = {kind: number for number, kind in enumerate(OperationKind)}


@dataclass(frozen=True, eq=False)
class Prepared:
    """A plan, with all that carrying it out takes."""

    plan: Plan
    target: Target
    applied: Applied
    differences: Differences
    #: table and column -> decimal places that the database has
    places: Mapping[tuple[str, str], int]


def plan(
    engine: Engine,
    catalogue: Catalogue,
    accept: Mapping[str, str] | None = None,
    *,
    back: bool = False,
) -> Plan:
    """Compare the schema files with the database; changes nothing.

    Args:
        accept: id of an operation -> why its risk is taken.
        back: the files are those of an earlier day (`reversing`).
    """
    with begin_reading(engine) as connection:
        return prepare(connection, catalogue, accept or {}, back=back).plan


def prepare(
    connection: Connection,
    catalogue: Catalogue,
    accept: Mapping[str, str],
    *,
    back: bool = False,
) -> Prepared:
    """Make the plan within a transaction; changes nothing."""
    applied = load_applied(connection)
    target = find_target(catalogue, applied, back=back)
    places = find_places(applied)
    differences = find_differences(connection, target.catalogue)
    found = [
        *_find_broken(catalogue, target),
        *_judge_editions(connection, catalogue, target, applied, places),
    ]
    found += _describe_tables(target, differences, found)
    operations = sorted(
        (one for one in found if isinstance(one, Operation)), key=_order
    )
    refused = tuple(one for one in found if isinstance(one, Refusal))
    accepted = {o.id: accept[o.id] for o in operations if o.id in accept}
    made = Plan(
        tuple(operations),
        refused,
        _hash(operations, refused, applied, target),
        accepted,
    )
    return Prepared(made, target, applied, differences, places)


def find_places(applied: Applied) -> dict[tuple[str, str], int]:
    """Table and column -> decimal places, of all forms that were ever applied."""
    by_table: dict[str, list] = {}
    for one in applied.values():
        by_table.setdefault(one.table_name, []).append(one.declaration)
    return {
        (table, column): number
        for table, declarations in by_table.items()
        for column, number in get_places(declarations).items()
    }


def _order(operation: Operation) -> tuple[str, int, str]:
    return operation.form_name, _ORDER[operation.kind], operation.field_id


def _judge_editions(
    connection: Connection,
    catalogue: Catalogue,
    target: Target,
    applied: Applied,
    places: Mapping[tuple[str, str], int],
) -> Iterator[Operation | Refusal]:
    for change in target.changes:
        for fault in change.lineage.faults:
            yield Refusal(fault.form.full_name, _field_of(fault.pointer), fault.message)
        yield from _find_abandoned(connection, change)
        impacts = Impacts(connection, catalogue, change, places)
        rounds = tuple(one.id for one in impacts.rounds)
        returning = Returning(
            connection, target.catalogue, change, applied, places, rounds
        )
        returns = {(o.form.full_name, o.item.id): o for o in returning.find()}
        found = compare_editions(change.before, change.after, change.lineage)
        for difference in found:
            if difference.kind is OperationKind.RETIRE_FORM and not change.is_revision:
                # The edition before keeps it.
                continue
            yield tell_return(impacts, judge(impacts, difference), returns)


def _field_of(pointer: str) -> str:
    parts = pointer.split("/")
    return parts[2] if parts[1:2] == ["properties"] else ""


def _find_abandoned(connection: Connection, change: EditionChange) -> Iterator[Refusal]:
    """An edition whose folder is gone, though rounds of it are not over."""
    if not change.is_gone:
        return
    rounds = load_rounds(connection, change.edition)
    if going_on := [r.title for r in rounds if r.state is not RoundState.CLOSED]:
        name = "/".join(change.edition)
        why = (
            f"{name} 的文件夹不见了，可填报期“{'、'.join(going_on)}”还没有结束。"
            "请放回文件夹，或先结束填报期。"
        )
        yield Refusal(name, "", why)


def _find_broken(catalogue: Catalogue, target: Target) -> Iterator[Refusal]:
    """Files with faults in editions that change: their neighbours may need them."""
    changed = {"/".join(change.edition) for change in target.changes}
    for broken in catalogue.broken:
        edition = broken.full_name.rpartition("/")[0]
        if edition not in changed:
            continue
        for fault in broken.faults:
            yield Refusal(broken.full_name, _field_of(fault.pointer), str(fault))


def _describe_tables(
    target: Target, found: Differences, told: Iterable[Operation | Refusal]
) -> Iterator[Operation | Refusal]:
    """Differences of the tables that no changed file accounts for."""
    forms = {form.table_name: form for form in target.catalogue.all_forms}
    changed = {one.form_name for one in told}
    changed |= {
        form.full_name
        for table, form in forms.items()
        if any(
            other.full_name in changed
            for other in target.catalogue.all_forms
            if other.table_name == table
        )
    }

    def describe(table: str, column: str, kind: OperationKind, summary: str):
        name = forms[table].full_name
        return Operation(kind, name, column, summary)

    for table in found.tables:
        if forms[table.name].full_name not in changed:
            summary = f"数据库中缺少表“{forms[table.name].title}”，重新建立"
            yield describe(table.name, "", OperationKind.ADD_FORM, summary)
    new = {(column.table.name, column.name) for column in found.columns}
    for table, column in new:
        form = forms[table]
        if form.full_name not in changed:
            labels = {item.column_name: item.label for item in form.fields}
            summary = f"增加字段“{labels.get(column, column)}”"
            yield describe(table, column, OperationKind.ADD_FIELD, summary)
    fresh = {table.name for table in found.tables}
    for index in found.indexes:
        column = [one.name for one in index.columns][-1]
        place = (index.table.name, column)
        is_new = place in new or index.table.name in fresh
        if not is_new and not _is_told(forms[place[0]].full_name, told):
            yield describe(*place, OperationKind.ADD_INDEX, "增加索引")
    for key in found.foreign_keys:
        column = list(key.columns)[-1].name
        name = forms[key.table.name].full_name
        if (key.table.name, column) not in new and name not in changed:
            summary = "数据库中缺少引用的约束，重新建立"
            yield describe(
                key.table.name, column, OperationKind.CHANGE_REFERENCE, summary
            )
    for table in found.holding:
        if forms[table.name].full_name not in changed:
            summary = "不再锁住它引用过的行"
            yield describe(table.name, "", OperationKind.WIDEN, summary)
    for name, index in found.outdated:
        if forms[name].full_name not in changed:
            summary = f"不再要求唯一（{index}）"
            yield describe(name, "", OperationKind.WIDEN, summary)
    for column in found.retyped:
        why = "数据库中的列是另一种类型，读不出来。请核对是否有人改过数据库。"
        yield Refusal(forms[column.table.name].full_name, column.name, why)


def _is_told(name: str, told: Iterable[Operation | Refusal]) -> bool:
    """Whether a new index comes of what is said already."""
    kinds = (OperationKind.CHANGE_UNIQUE, OperationKind.CHANGE_REFERENCE)
    return any(one.form_name == name and one.kind in kinds for one in told)


def _hash(
    operations: Iterable[Operation],
    refused: Iterable[Refusal],
    applied: Applied,
    target: Target,
) -> str:
    """What is safe may touch other rows by now; the rest has to be looked at anew."""
    told = [
        repr(one if not one.is_safe else replace(one, touched=None, examples=()))
        for one in operations
    ]
    base = sorted((name, one.source, one.is_retired) for name, one in applied.items())
    forms = target.catalogue.all_forms
    wanted = sorted((form.full_name, json.dumps(form.schema)) for form in forms)
    spelled = json.dumps([told, [repr(one) for one in refused], base, wanted])
    return sha256(spelled.encode()).hexdigest()[:16]
