"""Mends staged rows: cells typed anew, and the row checked again."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)

from app.errors import NotFound
from app.models import (
    AuditAction,
    ImportJob,
    ImportProblem,
    ImportState,
    StagedRow,
    StagedState,
)
from app.permissions import Actor, can, require
from app.policy import Action
from app.services.contexts import make_context
from app.services.recording import record_import
from app.services.staged_json import write_rows
from app.services.staging import (
    Selection,
    StagedView,
    find_action,
    form_of,
    get_job,
    list_rows,
    place_of,
    require_state,
    scope_of,
)
from app.services.workshop import Workshop
from app.storage.confirmations import find_confirmed, keep_unconfirmed
from app.storage.keys import key_text
from app.storage.loading import get_initials
from app.storage.records import Scope, StoredRow
from app.storage.rows import RowStore
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from validators.check import CheckedBlock, Stage, check_columns, evaluate_keys
from validators.conversion import (
    RawRow,
    convert_columns,
    display,
    from_json,
)
from validators.keys import SeenKeys, unique_sets
from validators.report import Problem, find_level

_JOB = ImportJob.__table__
_ROW = StagedRow.__table__
_PROBLEM = ImportProblem.__table__


def mend_row(
    workshop: Workshop,
    actor: Actor,
    import_id: int,
    number: int,
    cells: Mapping[str, object],
) -> StagedView:
    """Change cells of a waiting row as typed, and check it again.

    Whoever imports there may, and whoever reviews; who mended a row does not review it.
    """
    with workshop.engine.begin() as connection:
        job = get_job(connection, import_id)
        form = form_of(workshop, job)
        place = place_of(connection, form, job)
        if not can(actor, Action.REVIEW_ROWS, place):
            require(actor, Action.IMPORT_ROWS, place)
        require_state(job, ImportState.STAGED)
        record = _get_row(connection, import_id, number)
        typed = {
            spec.id: cells[spec.id] for spec in form.typed_fields if spec.id in cells
        }
        texts = {k: v for k, v in (record.cells or {}).items() if k not in typed}
        stored_texts = _spell(workshop.catalogue, form, record)
        raw = RawRow(number, {**stored_texts, **texts, **typed})
        _recheck(connection, workshop.catalogue, job, form, [raw])
        _recount(connection, import_id)
        _note_mender(connection, job, record, actor)
        details = {"row_number": number, "fields": sorted(typed)}
        mended = AuditAction.IMPORT_MENDED
        record_import(connection, job, mended, actor.user_id, details)
    page = list_rows(workshop, import_id, Selection(numbers=(number,), state=None))
    return page.rows[0]


def recheck_import(
    connection: Connection, catalogue: Catalogue, form: FormSpec, import_id: int
) -> None:
    """Check all waiting rows of an import anew, as its form judges otherwise by now."""
    job = get_job(connection, import_id)
    records = connection.execute(
        select(_ROW).where(
            _ROW.c.import_id == import_id, _ROW.c.state == StagedState.WAITING
        )
    ).all()
    raws = (
        RawRow(r.row_number, {**_spell(catalogue, form, r), **(r.cells or {})})
        for r in records
    )
    _recheck(connection, catalogue, job, form, raws)
    _recount(connection, import_id)


def _spell(catalogue: Catalogue, form: FormSpec, record) -> dict[str, str]:
    """The values of a staged row, as people type them."""
    return {
        name: display(form.by_id[name], value, catalogue.codelists)
        for name, value in from_json(form, record.values).items()
        if not form.by_id[name].is_given
    }


def is_mended_by(user_id: int) -> ColumnElement[bool]:
    """Whether a person other than the importer mended a staged row."""
    return _ROW.c.menders.contains(f",{user_id},")


def _note_mender(connection: Connection, job, record, actor: Actor) -> None:
    known, now = record.menders or ",", _get_row(connection, job.id, record.row_number)
    is_same = (now.values, now.cells) == (record.values, record.cells)
    if is_same or actor.user_id == job.actor_id or f",{actor.user_id}," in known:
        return
    connection.execute(
        update(_ROW)
        .where(_ROW.c.import_id == job.id, _ROW.c.row_number == record.row_number)
        .values(menders=f"{known}{actor.user_id},")
    )


def _recheck(
    connection: Connection,
    catalogue: Catalogue,
    job,
    form: FormSpec,
    raws: Iterable[RawRow],
) -> None:
    """Check rows anew and write them over what was staged."""
    scope = scope_of(job)
    store = RowStore(connection, catalogue)
    for raw in raws:
        cells = {name: [cell] for name, cell in raw.cells.items()}
        converted = convert_columns(form, cells, catalogue.codelists, [raw.number])
        context = make_context(connection, store, form, scope)
        columns = {**converted.columns, **evaluate_keys(form, converted, context)}
        key = tuple(columns.get(name, [None])[0] for name in form.key)
        whole = replace(scope, department_id=None)
        stored = store.find_by_key(form, whole, {key}).get(key)
        checked = check_columns(
            form,
            converted,
            context,
            Stage.IMPORT,
            seen=_others(connection, job.id, form, raw.number, columns),
            stored=[stored and stored.row],
        )
        fields = tuple(
            spec.id
            for spec in form.fields
            if spec.id in checked.columns and (spec.id in raw.cells or spec.is_given)
        )
        faulty = {
            field_id: str(raw.cells[field_id]) for _, field_id, _ in converted.findings
        }
        row = next(checked.rows())
        _overwrite(
            connection,
            job.id,
            raw.number,
            tuple(checked.problems),
            level=_find_level(connection, form, scope, stored, checked),
            key=key_text(form, row),
            values=json.loads(write_rows(form, checked.columns, fields)[0]),
            cells=faulty or None,
            fields=None if list(fields) == job.fields else list(fields),
            initials=get_initials(row.get(form.title_field or "")),
            action=find_action(stored, row, fields),
            target_id=stored.id if stored else None,
        )


def _find_level(
    connection: Connection,
    form: FormSpec,
    scope: Scope,
    stored: StoredRow | None,
    checked: CheckedBlock,
) -> str:
    """The worst level of what nobody has explained in the one row."""
    problems = checked.problems
    if stored is None or checked.faulty or not problems:
        return find_level(problems)
    came = replace(stored, row={**stored.row, **next(checked.rows())})
    found = find_confirmed(connection, form, scope, [came])
    return find_level(keep_unconfirmed(problems, found.get(stored.id, {})))


def _others(
    connection: Connection,
    import_id: int,
    form: FormSpec,
    number: int,
    columns: Mapping[str, Sequence[object]],
) -> SeenKeys:
    """The keys of the import's other rows that could clash with this one."""
    seen = SeenKeys(form)
    key = key_text(form, {name: columns.get(name, [None])[0] for name in form.key})
    is_other = and_(
        _ROW.c.import_id == import_id,
        _ROW.c.row_number != number,
        _ROW.c.state != StagedState.DELETED,
    )
    clashing = is_other if form.unique else and_(is_other, _ROW.c.key == key)
    records = connection.execute(
        select(_ROW.c.row_number, _ROW.c["values"]).where(clashing)
    ).all()
    names = {name for ids in unique_sets(form) for name in ids}
    rows = [from_json(form, values) for _, values in records]
    seen.note(
        {name: [row.get(name) for row in rows] for name in names},
        [record.row_number for record in records],
        len(records),
    )
    return seen


def _overwrite(
    connection: Connection,
    import_id: int,
    number: int,
    problems: Sequence[Problem],
    **values: object,
) -> None:
    connection.execute(
        delete(_PROBLEM).where(
            _PROBLEM.c.import_id == import_id, _PROBLEM.c.row_number == number
        )
    )
    if problems:
        connection.execute(
            insert(_PROBLEM),
            [
                {
                    "import_id": import_id,
                    "row_number": number,
                    "field_id": problem.field_id,
                    "kind": problem.kind,
                    "level": problem.level.value,
                    "details": dict(problem.details),
                }
                for problem in problems
            ],
        )
    connection.execute(
        update(_ROW)
        .where(_ROW.c.import_id == import_id, _ROW.c.row_number == number)
        .values(**values)
    )


def _recount(connection: Connection, import_id: int) -> None:
    counted = dict(
        connection.execute(
            select(_ROW.c.level, func.count())
            .where(_ROW.c.import_id == import_id)
            .group_by(_ROW.c.level)
        ).all()
    )
    faulty, warned = counted.get("error", 0), counted.get("warning", 0)
    connection.execute(
        update(_JOB)
        .where(_JOB.c.id == import_id)
        .values(
            rows_faulty=faulty,
            rows_warned=warned,
            rows_clean=sum(counted.values()) - faulty,
        )
    )


def _get_row(connection: Connection, import_id: int, number: int):
    record = connection.execute(
        select(_ROW).where(
            _ROW.c.import_id == import_id,
            _ROW.c.row_number == number,
            _ROW.c.state == StagedState.WAITING,
        )
    ).first()
    if record is None:
        raise NotFound(f"第 {number} 行不在等待核对的行里，请刷新页面。")
    return record
