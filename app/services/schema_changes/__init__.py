"""Plans and applies what changed schema files mean for the database.

A plan compares the catalogue with what was applied last and with the tables as they
are. It is applied by its hash, in one transaction, to the very state it was made for.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, insert, inspect, select, update

from app.errors import Refused
from app.models import AuditAction, FormDeclaration
from app.models.base import now_utc
from app.services.declarations import (
    Change,
    ChangeKind,
    Declaration,
    compare,
    declare,
)
from app.storage.audit import AuditRecord, record
from app.storage.engine import begin_reading
from app.storage.schema import (
    Differences,
    Growth,
    begin_schema_change,
    create_all_tables,
    find_differences,
    get_places,
    grow,
    has_form_tables,
    migrate,
)
from form_schemas.catalogue import SCHEMAS_FOLDER, Catalogue, load_catalogue
from form_schemas.spec import FormSpec

_DECLARED = FormDeclaration.__table__


@dataclass(frozen=True)
class Plan:
    """What bringing the database to the schema files takes."""

    #: what `apply` does
    operations: tuple[Change, ...]
    #: what it cannot do; as long as there is any, it does nothing
    refused: tuple[Change, ...]
    #: of the changes and of the state they start from
    hash: str

    @property
    def is_empty(self) -> bool:
        return not self.operations and not self.refused


@dataclass(frozen=True)
class _Applied:
    """A form as it was applied."""

    table_name: str
    declaration: Declaration
    fingerprint: str
    is_retired: bool


def initialise(engine: Engine, catalogue: Catalogue) -> tuple[str, ...]:
    """Make the database ready at the start of the server or of a command.

    The fixed tables are migrated. In a new database the forms' tables are created; in
    any other nothing is changed without a plan.

    Returns:
        The full names of forms whose changes were not applied yet: with `load_in_use`
        their earlier version serves, as rows could be misread by the new one.
    """
    with begin_schema_change(engine) as connection:
        migrate(connection)
        applied = _load_applied(connection)
        if not applied and not has_form_tables(connection, catalogue):
            create_all_tables(connection, catalogue)
            _save(connection, catalogue.all_forms, applied)
            return ()
        _refresh(connection, catalogue, applied)
        return _list_pending(catalogue, applied)


def plan(engine: Engine, catalogue: Catalogue) -> Plan:
    """Compare the schema files with the database; changes nothing."""
    with begin_reading(engine) as connection:
        return _make_plan(connection, catalogue)[0]


def apply(engine: Engine, catalogue: Catalogue, plan_hash: str) -> Plan:
    """Carry out the plan that has this hash.

    Raises:
        Refused: files or database changed since, or the plan holds what cannot be
            done; then nothing was changed.
    """
    with begin_schema_change(engine) as connection:
        migrate(connection)
        made, growth, applied = _make_plan(connection, catalogue)
        if made.hash != plan_hash:
            raise Refused(
                "表单文件或数据库在计划之后又有变化，请重新执行 schemas plan。"
            )
        if made.refused:
            raise Refused(
                "计划中有目前还不能自动完成的变更，没有做任何改动："
                + "；".join(f"{c.form_name} {c.detail}" for c in made.refused)
            )
        grow(connection, catalogue, growth)
        _save(connection, catalogue.all_forms, applied)
        _retire(connection, _find_gone(catalogue, applied))
        done = {"plan": made.hash, "operations": len(made.operations)}
        forms = "、".join(dict.fromkeys(c.form_name for c in made.operations))
        record(
            connection,
            AuditRecord(AuditAction.SCHEMA_APPLIED, None, subject=forms, details=done),
        )
        return made


def load_in_use(engine: Engine, folder: Path = SCHEMAS_FOLDER) -> Catalogue:
    """The forms as the database holds them: what servers and workers serve.

    A file with faults, or with changes that wait for `apply`, is represented by the
    version that was in use last.
    """
    last_good = find_last_good(engine)
    catalogue = load_catalogue(folder, last_good=last_good)
    pending = find_pending(engine, catalogue)
    if not pending:
        return catalogue
    return load_catalogue(folder, last_good=last_good, held=pending)


def find_pending(engine: Engine, catalogue: Catalogue) -> tuple[str, ...]:
    """Full names of the forms whose changes were not applied yet.

    None in a database that nothing was applied to: its first start creates all tables.
    """
    with begin_reading(engine) as connection:
        applied = _load_applied(connection)
        return _list_pending(catalogue, applied) if applied else ()


def find_last_good(engine: Engine) -> dict[str, str]:
    """Full name -> text of the schema file that was in use last.

    Empty before the first start, so that the catalogue can be loaded before anything
    is there.
    """
    with begin_reading(engine) as connection:
        if not inspect(connection).has_table(_DECLARED.name):
            return {}
        columns = _DECLARED.c
        found = connection.execute(
            select(columns.form_name, columns.source).where(~columns.is_retired)
        )
        return dict(map(tuple, found))


def _make_plan(
    connection: Connection, catalogue: Catalogue
) -> tuple[Plan, Growth, Mapping[str, _Applied]]:
    applied = _load_applied(connection)
    differences = find_differences(connection, catalogue)
    more, fewer = _compare_places(catalogue, applied)
    declared = set(_compare_forms(catalogue, applied))
    told = {(change.form_name, change.field_id) for change in declared}
    described = (
        change
        for change in _describe(catalogue, applied, differences)
        if (change.form_name, change.field_id) not in told
    )
    changes = sorted({*declared, *described, *fewer})
    operations = tuple(change for change in changes if change.kind.is_safe)
    refused = tuple(change for change in changes if not change.kind.is_safe)
    made = Plan(operations, refused, _hash(changes, applied, catalogue))
    return made, Growth(differences, more), applied


def _compare_forms(
    catalogue: Catalogue, applied: Mapping[str, _Applied]
) -> Iterator[Change]:
    for form in catalogue.all_forms:
        earlier = applied.get(form.full_name)
        if earlier is not None:
            yield from compare(form, earlier.declaration)
            if earlier.is_retired:
                detail = f"重新启用表“{form.title}”"
                yield Change(form.full_name, "", ChangeKind.ADD_FORM, detail)
            continue
        yield Change(form.full_name, "", ChangeKind.ADD_FORM, f"增加表“{form.title}”")
        for other in applied.values():
            if other.table_name == form.table_name:
                yield from _keep_unsafe(
                    compare(form, other.declaration, is_new_edition=True)
                )
    for name in _find_gone(catalogue, applied):
        detail = "停用表，已有数据保留在数据库中"
        yield Change(name, "", ChangeKind.RETIRE_FORM, detail)


def _find_gone(catalogue: Catalogue, applied: Mapping[str, _Applied]) -> set[str]:
    """Forms whose files are gone; a broken file is still there."""
    present = {form.full_name for form in catalogue.all_forms}
    present |= {broken.full_name for broken in catalogue.broken}
    in_use = {name for name, form in applied.items() if not form.is_retired}
    return in_use - present


def _keep_unsafe(changes: Iterable[Change]) -> Iterator[Change]:
    """Of a new edition only what the common table cannot hold is worth a line."""
    return (change for change in changes if not change.kind.is_safe)


def _describe(
    catalogue: Catalogue, applied: Mapping[str, _Applied], found: Differences
) -> Iterator[Change]:
    """Differences of the tables that no changed declaration accounts for."""
    forms = {form.table_name: form for form in catalogue.all_forms}
    new_columns = {(column.table.name, column.name) for column in found.columns}
    for table in found.tables:
        form = forms[table.name]
        if form.full_name in applied:
            detail = f"数据库中缺少表“{form.title}”，重新建立"
            yield Change(form.full_name, "", ChangeKind.ADD_FORM, detail)
    for column in found.columns:
        form = forms[column.table.name]
        field = form.by_id.get(column.name)
        label = column.name if field is None else field.label
        detail = f"增加字段“{label}”"
        yield Change(form.full_name, column.name, ChangeKind.ADD_FIELD, detail)
    for index in found.indexes:
        names = [column.name for column in index.columns]
        if (index.table.name, names[-1]) not in new_columns:
            name = forms[index.table.name].full_name
            yield Change(name, names[-1], ChangeKind.ADD_INDEX, "增加索引")
    for key in found.foreign_keys:
        column = list(key.columns)[-1].name
        if (key.table.name, column) not in new_columns:
            name = forms[key.table.name].full_name
            detail = "已有字段改为引用其他表"
            yield Change(name, column, ChangeKind.CHANGE_REFERENCE, detail)
    for table in found.holding:
        detail = "由系统汇总的表不再锁住它引用的行"
        yield Change(forms[table.name].full_name, "", ChangeKind.WIDEN, detail)
    for column in found.retyped:
        name = forms[column.table.name].full_name
        yield Change(name, column.name, ChangeKind.RETYPE, "数据库中的列是另一种类型")


def _compare_places(
    catalogue: Catalogue, applied: Mapping[str, _Applied]
) -> tuple[dict[tuple[str, str], int], list[Change]]:
    """Decimals that get more places, and those that would get fewer.

    A column has the places of the edition that keeps most, whether or not that edition
    or field is still in use.
    """
    old: dict[tuple[str, str], int] = {}
    for form in applied.values():
        known = {**form.declaration["retired"], **form.declaration["fields"]}
        for name, field in known.items():
            if field["places"] is not None:
                column = (form.table_name, name)
                old[column] = max(old.get(column, 0), field["places"])
    new = get_places(catalogue)
    forms = {form.table_name: form.full_name for form in catalogue.all_forms}
    more = {c: new[c] - old[c] for c in new.keys() & old.keys() if new[c] > old[c]}
    fewer = [
        Change(
            forms[table],
            name,
            ChangeKind.NARROW,
            f"小数由 {old[table, name]} 位减为 {new[table, name]} 位",
        )
        for table, name in new.keys() & old.keys()
        if new[table, name] < old[table, name]
    ]
    return more, fewer


def _hash(
    changes: Iterable[Change], applied: Mapping[str, _Applied], catalogue: Catalogue
) -> str:
    base = sorted((name, form.fingerprint) for name, form in applied.items())
    target = sorted((form.full_name, form.fingerprint) for form in catalogue.all_forms)
    lines = [f"{c.form_name} {c.field_id} {c.kind} {c.detail}" for c in changes]
    return sha256(json.dumps([lines, base, target]).encode()).hexdigest()[:16]


def _load_applied(connection: Connection) -> dict[str, _Applied]:
    columns = _DECLARED.c
    if not inspect(connection).has_table(_DECLARED.name):
        return {}
    found = connection.execute(
        select(
            columns.form_name,
            columns.table_name,
            columns.declaration,
            columns.fingerprint,
            columns.is_retired,
        )
    )
    return {name: _Applied(*rest) for name, *rest in found}


def _save(
    connection: Connection,
    forms: Iterable[FormSpec],
    applied: Mapping[str, _Applied],
) -> None:
    forms = tuple(forms)
    if not forms:
        return
    names = [form.full_name for form in forms]
    # A form that is new has no rows yet that others had judged.
    judged = _find_judged(connection, names)
    connection.execute(delete(_DECLARED).where(_DECLARED.c.form_name.in_(names)))
    now = now_utc()
    connection.execute(
        insert(_DECLARED),
        [
            {
                "form_name": form.full_name,
                "table_name": form.table_name,
                "declaration": _declare(form, applied),
                "fingerprint": form.fingerprint,
                "judged_by": judged.get(form.full_name, form.fingerprint),
                "is_retired": False,
                "source": json.dumps(form.schema, ensure_ascii=False),
                "applied_at": now,
            }
            for form in forms
        ],
    )


def _find_judged(connection: Connection, names: list[str]) -> dict[str, str]:
    found = connection.execute(
        select(_DECLARED.c.form_name, _DECLARED.c.judged_by).where(
            _DECLARED.c.form_name.in_(names)
        )
    )
    return dict(map(tuple, found))


def _retire(connection: Connection, names: set[str]) -> None:
    connection.execute(
        update(_DECLARED)
        .where(_DECLARED.c.form_name.in_(names))
        .values(is_retired=True)
    )


def _declare(form: FormSpec, applied: Mapping[str, _Applied]) -> Declaration:
    earlier = applied.get(form.full_name)
    return declare(form, None if earlier is None else earlier.declaration)


def _refresh(
    connection: Connection, catalogue: Catalogue, applied: Mapping[str, _Applied]
) -> None:
    """Keep the texts of files that changed in what needs no plan: labels, rules."""
    changed = [
        form
        for form in catalogue.all_forms
        if form.full_name in applied
        and applied[form.full_name].fingerprint != form.fingerprint
        and not _is_pending(form, applied)
    ]
    _save(connection, changed, applied)


def _list_pending(
    catalogue: Catalogue, applied: Mapping[str, _Applied]
) -> tuple[str, ...]:
    return tuple(
        form.full_name for form in catalogue.all_forms if _is_pending(form, applied)
    )


def _is_pending(form: FormSpec, applied: Mapping[str, _Applied]) -> bool:
    earlier = applied.get(form.full_name)
    if earlier is None or earlier.is_retired:
        return True
    return _declare(form, applied) != earlier.declaration
