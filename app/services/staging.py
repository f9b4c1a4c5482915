"""Staged rows (临时库): list them with their problems, mend, pass, delete, take back.

A row with an error cannot pass; one with a warning passes with a reason. Passing is one
transaction into the form's table, where the database looks at keys and references once
more. A passed import can be taken back as a whole while nobody changed its rows.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    and_,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    true,
    update,
)

from app.errors import NotFound, Refused, RowUser, UnknownReference
from app.models import (
    ImportJob,
    ImportProblem,
    ImportState,
    RowAction,
    RowChange,
    StagedAction,
    StagedRow,
    StagedState,
)
from app.models.base import now_utc
from app.permissions import Action, Actor, Place, require
from app.services.importing import drop_staged, make_context
from app.services.staged_json import write_rows
from app.services.workshop import Workshop
from app.storage.binding import bind
from app.storage.bulk import loading
from app.storage.engine import begin_reading
from app.storage.keys import key_text
from app.storage.loading import Item
from app.storage.records import Change, Counts, Scope, StoredRow
from app.storage.rows import RowStore
from app.storage.tables import is_foreign_key
from form_schemas.spec import FormSpec, Level
from validators.check import Stage, check_columns
from validators.compiling import Env
from validators.conversion import (
    RawRow,
    convert_columns,
    display,
    from_json,
    to_json,
)
from validators.keys import SeenKeys, unique_sets
from validators.messages import describe
from validators.references import References, reference_fields
from validators.report import Code, Problem

_JOB = ImportJob.__table__
_ROW = StagedRow.__table__
_PROBLEM = ImportProblem.__table__
_CHANGE = RowChange.__table__

_AT_ONCE = 5000


@dataclass(frozen=True)
class Selection:
    """Which staged rows: by number, by what is wrong with them, or all."""

    #: row numbers of the sheet; None: all that fit
    numbers: tuple[int, ...] | None = None
    #: "error", "warning", "" (clean); None: any
    level: str | None = None
    state: StagedState | None = StagedState.WAITING
    action: StagedAction | None = None
    #: kind of a problem: required, rule:<id> …
    kind: str | None = None
    #: field of a problem
    field_id: str | None = None
    #: a text that occurs in the row's values
    search: str = ""


@dataclass(frozen=True)
class StagedView:
    """A staged row as pages show it."""

    number: int
    state: StagedState
    level: str
    action: StagedAction | None
    #: field id -> text; of a faulty cell what stood in the file
    texts: Mapping[str, str]
    problems: tuple[Problem, ...]
    #: the sentence of each problem
    messages: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True)
class StagedPage:
    rows: tuple[StagedView, ...]
    total: int


@dataclass(frozen=True)
class Passed:
    """What came of passing rows."""

    counts: Counts
    #: rows that stay behind: with errors; with warnings and no reason given
    left_errors: int
    left_warnings: int

    @property
    def message(self) -> str:
        done = self.counts
        parts = [
            f"入库完成：新增 {done.added} 行，更新 {done.updated} 行，"
            f"无变化 {done.unchanged} 行。"
        ]
        if self.left_errors:
            parts.append(f"{self.left_errors} 行有错，没有入库，请改好后再通过。")
        if self.left_warnings:
            parts.append(
                f"{self.left_warnings} 行有提醒，没有入库，写明理由后可以通过。"
            )
        return "".join(parts)


def get_import(workshop: Workshop, import_id: int):
    """The import's record; NotFound if there is none."""
    with begin_reading(workshop.engine) as connection:
        return _get_job(connection, import_id)


def find_imports(
    workshop: Workshop, condition: ColumnElement[bool], page: int = 1, size: int = 20
):
    """Records of imports, the newest first, and how many there are."""
    with begin_reading(workshop.engine) as connection:
        records = connection.execute(
            select(_JOB)
            .where(condition)
            .order_by(_JOB.c.id.desc())
            .limit(size)
            .offset((page - 1) * size)
        ).all()
        total = connection.scalar(
            select(func.count()).select_from(_JOB).where(condition)
        )
        return records, total or 0


def list_rows(
    workshop: Workshop,
    import_id: int,
    selection: Selection | None = None,
    page: int = 1,
    size: int = 50,
) -> StagedPage:
    """A page of an import's rows with their problems."""
    wanted = _matching(import_id, selection or Selection(state=None))
    with begin_reading(workshop.engine) as connection:
        form = _form_of(workshop, _get_job(connection, import_id))
        total = connection.scalar(select(func.count()).select_from(_ROW).where(wanted))
        records = connection.execute(
            select(_ROW)
            .where(wanted)
            .order_by(_ROW.c.row_number)
            .limit(size)
            .offset((page - 1) * size)
        ).all()
        numbers = [record.row_number for record in records]
        problems = find_problems(connection, import_id, numbers)
    views = [
        _view(workshop, form, record, problems.get(record.row_number, ()))
        for record in records
    ]
    return StagedPage(tuple(views), total or 0)


def find_problems(
    connection: Connection, import_id: int, numbers: Collection[int]
) -> dict[int, tuple[Problem, ...]]:
    """Problems by row number."""
    found: dict[int, list[Problem]] = {}
    records = connection.execute(
        select(_PROBLEM)
        .where(_PROBLEM.c.import_id == import_id, _PROBLEM.c.row_number.in_(numbers))
        .order_by(_PROBLEM.c.id)
    )
    for record in records:
        found.setdefault(record.row_number, []).append(_problem(record))
    return {number: tuple(problems) for number, problems in found.items()}


def iterate_problems(connection: Connection, import_id: int) -> Iterator[Problem]:
    """All problems of an import, in the order of the sheet."""
    records = connection.execute(
        select(_PROBLEM)
        .where(_PROBLEM.c.import_id == import_id)
        .order_by(_PROBLEM.c.row_number, _PROBLEM.c.id),
        execution_options={"yield_per": _AT_ONCE},
    )
    for record in records:
        yield _problem(record)


def count_problems(
    workshop: Workshop, import_id: int
) -> tuple[tuple[str, str | None, str, int], ...]:
    """Kind, field, level and number of the problems of waiting rows, most first."""
    with begin_reading(workshop.engine) as connection:
        counted = func.count(_PROBLEM.c.row_number.distinct())
        records = connection.execute(
            select(_PROBLEM.c.kind, _PROBLEM.c.field_id, _PROBLEM.c.level, counted)
            .join(
                _ROW,
                and_(
                    _ROW.c.import_id == _PROBLEM.c.import_id,
                    _ROW.c.row_number == _PROBLEM.c.row_number,
                ),
            )
            .where(
                _PROBLEM.c.import_id == import_id,
                _ROW.c.state == StagedState.WAITING,
            )
            .group_by(_PROBLEM.c.kind, _PROBLEM.c.field_id, _PROBLEM.c.level)
            .order_by(counted.desc())
        ).all()
        return tuple(tuple(record) for record in records)


# Mending.


def mend_row(
    workshop: Workshop,
    actor: Actor,
    import_id: int,
    number: int,
    cells: Mapping[str, object],
) -> StagedView:
    """Change cells of a waiting row as typed, and check it again."""
    with workshop.engine.begin() as connection:
        job = _get_job(connection, import_id)
        form = _form_of(workshop, job)
        require(actor, Action.IMPORT_ROWS, _place(form, job))
        _require_state(job, ImportState.STAGED)
        record = _get_row(connection, import_id, number)
        typed = {
            spec.id: cells[spec.id] for spec in form.typed_fields if spec.id in cells
        }
        texts = {k: v for k, v in (record.cells or {}).items() if k not in typed}
        stored_texts = {
            name: display(form.by_id[name], value, workshop.catalogue.codelists)
            for name, value in from_json(form, record.values).items()
            if not form.by_id[name].is_given
        }
        raw = RawRow(number, {**stored_texts, **texts, **typed})
        _recheck(connection, workshop, job, form, [raw])
        _recount(connection, import_id)
    page = list_rows(workshop, import_id, Selection(numbers=(number,), state=None))
    return page.rows[0]


def _recheck(
    connection: Connection,
    workshop: Workshop,
    job,
    form: FormSpec,
    raws: Sequence[RawRow],
) -> None:
    """Check rows anew and write them over what was staged."""
    scope = _scope(job)
    store = RowStore(connection, workshop.catalogue)
    for raw in raws:
        cells = {name: [cell] for name, cell in raw.cells.items()}
        converted = convert_columns(
            form, cells, workshop.catalogue.codelists, [raw.number]
        )
        columns = converted.columns
        key = tuple(columns.get(name, [None])[0] for name in form.key)
        whole = replace(scope, department_id=None)
        stored = store.find_by_key(form, whole, {key}).get(key)
        checked = check_columns(
            form,
            converted,
            make_context(connection, store, form, scope),
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
            key=key_text(form, row),
            values=json.loads(write_rows(form, checked.columns, fields)[0]),
            cells=faulty or None,
            action=_action(stored, row, fields),
            target_id=stored.id if stored else None,
        )


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
    level = ""
    if problems:
        level = "error" if any(p.is_error for p in problems) else "warning"
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
        .values(level=level, **values)
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


# Passing and deleting.


def pass_rows(
    workshop: Workshop,
    actor: Actor | None,
    import_id: int,
    selection: Selection | None = None,
    reason: str = "",
) -> Passed:
    """Bring staged rows into the form's table, all of them or none.

    Args:
        actor: the reviewer; None where the engine's own command does it.
        reason: why warnings may pass; rows with warnings stay without it.

    Raises:
        Refused: the form's table changed so that a row cannot pass any more; nothing
            passed then.
    """
    wanted = _matching(import_id, selection or Selection())
    with workshop.engine.begin() as connection:
        job = _lock_job(connection, import_id)
        form = _form_of(workshop, job)
        if actor is not None:
            place = replace(_place(form, job), entered_by=frozenset({job.actor_id}))
            require(actor, Action.REVIEW_ROWS, place)
        _require_state(job, ImportState.STAGED)
        left = _count_levels(connection, wanted)
        passable = and_(wanted, _ROW.c.level.in_(_passable_levels(reason)))
        _refuse_changed_targets(connection, workshop, form, job, passable)
        reviewer = job.actor_id if actor is None else actor.user_id
        change = Change(reviewer, reason or None, import_id)
        counts = _load(connection, workshop, form, job, passable, change)
        connection.execute(
            update(_ROW)
            .where(passable)
            .values(state=StagedState.PASSED, reason=reason or None)
        )
        _close(connection, job, counts, reviewer, reason)
        return Passed(
            counts,
            left.get("error", 0),
            0 if reason.strip() else left.get("warning", 0),
        )


def delete_rows(
    workshop: Workshop,
    actor: Actor,
    import_id: int,
    selection: Selection,
    reason: str = "",
) -> int:
    """Delete waiting rows; gives how many."""
    wanted = _matching(import_id, selection)
    with workshop.engine.begin() as connection:
        job = _lock_job(connection, import_id)
        form = _form_of(workshop, job)
        place = _place(form, job)
        if job.actor_id != actor.user_id:
            require(actor, Action.REVIEW_ROWS, place)
        _require_state(job, ImportState.STAGED)
        deleted = connection.execute(
            update(_ROW)
            .where(wanted, _ROW.c.state == StagedState.WAITING)
            .values(state=StagedState.DELETED, reason=reason or None)
        ).rowcount
        _close(connection, job, Counts(), actor.user_id, reason)
        return deleted


def discard_import(workshop: Workshop, import_id: int) -> None:
    """Drop all that an import staged, as after a dry run."""
    with workshop.engine.begin() as connection:
        drop_staged(connection, import_id)
        connection.execute(
            update(_JOB).where(_JOB.c.id == import_id).values(state=ImportState.DELETED)
        )


def _passable_levels(reason: str) -> tuple[str, ...]:
    return ("", "warning") if reason.strip() else ("",)


def _count_levels(
    connection: Connection, wanted: ColumnElement[bool]
) -> dict[str, int]:
    statement = select(_ROW.c.level, func.count()).where(wanted)
    return dict(connection.execute(statement.group_by(_ROW.c.level)).all())


def _refuse_changed_targets(
    connection: Connection,
    workshop: Workshop,
    form: FormSpec,
    job,
    passable: ColumnElement[bool],
) -> None:
    """What somebody changed after the import was checked is not overwritten."""
    table = bind(workshop.catalogue, form).table
    changed = connection.scalar(
        select(func.count())
        .select_from(_ROW.join(table, table.c._id == _ROW.c.target_id))
        .where(
            passable,
            _ROW.c.action == StagedAction.UPDATE,
            table.c._updated_at > job.created_at,
        )
    )
    if changed:
        raise Refused(
            f"有 {changed} 行在这次导入之后被他人修改过。"
            "为免盖掉新的内容，请重新导入这份文件，核对后再通过。"
        )


def _load(
    connection: Connection,
    workshop: Workshop,
    form: FormSpec,
    job,
    passable: ColumnElement[bool],
    change: Change,
) -> Counts:
    catalogue, scope = workshop.catalogue, _scope(job)
    # The text as it was written: decoding it twice is the cost of passing.
    records = connection.execute(
        select(_ROW.c.row_number, _ROW.c.key, cast(_ROW.c["values"], String))
        .where(passable)
        .order_by(_ROW.c.row_number),
        execution_options={"yield_per": _AT_ONCE},
    )
    with loading(connection, catalogue, form, scope, change) as load:
        for group in records.partitions():
            rows = [json.loads(text) for _, _, text in group]
            _refuse_unknown(connection, workshop, form, scope, rows)
            load.add([Item(*record) for record in group], rows)
        return load.finish()


def _refuse_unknown(
    connection: Connection,
    workshop: Workshop,
    form: FormSpec,
    scope: Scope,
    rows: Sequence[Mapping[str, object]],
) -> None:
    """Look up the references that the database does not keep by itself."""
    names = {name for row in rows for name in row}
    loose = [
        spec
        for spec in reference_fields(form)
        if spec.id in names and not is_foreign_key(spec)
    ]
    if not loose:
        return
    store = RowStore(connection, workshop.catalogue)
    context = make_context(connection, store, form, scope)
    env = Env(context.today, context.period_start, context.period_end)
    typed = [from_json(form, row) for row in rows]
    columns = {name: [row.get(name) for row in typed] for name in names}
    references = References(form, columns, len(rows), context.lookup, env)
    missing = {}
    for spec in loose:
        unknown = [
            v for _, values in references.find_unknown(spec, columns) for v in values
        ]
        if unknown:
            missing[spec.label] = tuple(map(str, dict.fromkeys(unknown)))
    if missing:
        raise UnknownReference(form, missing)


def _close(
    connection: Connection, job, counts: Counts, reviewer: int | None, reason: str
) -> None:
    """Note what passed; an import without waiting rows is at its end."""
    waiting = connection.scalar(
        select(func.count())
        .select_from(_ROW)
        .where(_ROW.c.import_id == job.id, _ROW.c.state == StagedState.WAITING)
    )
    passed = connection.scalar(
        select(_ROW.c.row_number)
        .where(_ROW.c.import_id == job.id, _ROW.c.state == StagedState.PASSED)
        .limit(1)
    )
    state = ImportState.STAGED
    if not waiting:
        state = ImportState.DELETED if passed is None else ImportState.PASSED
    connection.execute(
        update(_JOB)
        .where(_JOB.c.id == job.id)
        .values(
            state=state,
            rows_added=_JOB.c.rows_added + counts.added,
            rows_updated=_JOB.c.rows_updated + counts.updated,
            rows_unchanged=_JOB.c.rows_unchanged + counts.unchanged,
            reviewer_id=reviewer,
            reviewed_at=now_utc(),
            reason=reason or job.reason,
        )
    )


# Taking back.


def take_back(
    workshop: Workshop, actor: Actor | None, import_id: int, reason: str = ""
) -> Counts:
    """Undo a passed import as a whole: added rows go, updated rows are as before.

    Raises:
        Refused: a row was changed since, or others refer to one by now.
    """
    with workshop.engine.begin() as connection:
        job = _lock_job(connection, import_id)
        form = _form_of(workshop, job)
        if actor is not None:
            require(actor, Action.TAKE_BACK_IMPORT, _place(form, job))
        if not job.rows_added and not job.rows_updated:
            raise Refused("这次导入没有改动过正式库，无需撤回。")
        _require_state(job, ImportState.PASSED, ImportState.STAGED)
        _refuse_changed_rows(connection, import_id)
        change = Change(None if actor is None else actor.user_id, reason or None)
        restored = _restore_updated(connection, workshop, form, job, change)
        _refuse_used_rows(connection, workshop, form, job)
        removed = _remove_added(connection, workshop, form, job, change)
        connection.execute(
            update(_JOB)
            .where(_JOB.c.id == import_id)
            .values(
                state=ImportState.TAKEN_BACK,
                reviewer_id=change.actor_id or job.reviewer_id,
                reviewed_at=now_utc(),
                reason=reason or job.reason,
            )
        )
        return Counts(added=removed, updated=restored)


def _refuse_changed_rows(connection: Connection, import_id: int) -> None:
    later = _CHANGE.alias()
    changed = connection.scalar(
        select(func.count(_CHANGE.c.row_id.distinct()))
        .join(
            later,
            and_(
                later.c.table_name == _CHANGE.c.table_name,
                later.c.row_id == _CHANGE.c.row_id,
                later.c.id > _CHANGE.c.id,
            ),
        )
        .where(
            _CHANGE.c.import_id == import_id,
            later.c.import_id.is_distinct_from(import_id),
        )
    )
    if changed:
        raise Refused(
            f"这次导入的行里有 {changed} 行后来被修改过，不能整批撤回。"
            "请逐行改回，或者重新导入正确的文件。"
        )


def _added_ids(import_id: int):
    return select(_CHANGE.c.row_id).where(
        _CHANGE.c.import_id == import_id, _CHANGE.c.action == RowAction.INSERT
    )


def _restore_updated(
    connection: Connection, workshop: Workshop, form: FormSpec, job, change: Change
) -> int:
    table = bind(workshop.catalogue, form).table
    binding = bind(workshop.catalogue, form)
    records = connection.execute(
        select(_CHANGE.c.id, _CHANGE.c.before, *binding.selected)
        .join(table, table.c._id == _CHANGE.c.row_id)
        .where(_CHANGE.c.import_id == job.id, _CHANGE.c.action == RowAction.UPDATE)
        .order_by(_CHANGE.c.id),
        execution_options={"yield_per": _AT_ONCE},
    )
    scope = replace(_scope(job), department_id=None)
    with loading(connection, workshop.catalogue, form, scope, change) as load:
        for group in records.partitions():
            rows, items = [], []
            for number, before, *record in group:
                row = to_json(form, binding.read(record).row)
                key = key_text(form, from_json(form, row))
                row.update(before or {})
                rows.append(row)
                items.append(Item(number, key, json.dumps(row, ensure_ascii=False)))
            load.add(items, rows)
        return load.finish().updated


def _refuse_used_rows(
    connection: Connection, workshop: Workshop, form: FormSpec, job
) -> None:
    """Refuse where rows of other forms (or other imports) refer to the added rows."""
    users = []
    added = bind(workshop.catalogue, form)
    for user, spec in workshop.catalogue.referring(form):
        users_of = bind(workshop.catalogue, user)
        wanted = select(added.table.c[spec.reference.field]).where(
            added.table.c._id.in_(_added_ids(job.id))
        )
        own = (
            users_of.table.c._id.not_in(_added_ids(job.id)) if user is form else true()
        )
        column = users_of.table.c[spec.id]
        rows = and_(users_of.in_unit(_scope(job)), own, column.is_not(None))
        if spec.is_list:
            values = set(connection.scalars(wanted))
            several = connection.scalars(select(column).where(rows))
            count = sum(1 for picked in several if not values.isdisjoint(picked))
        else:
            count = connection.scalar(
                select(func.count())
                .select_from(users_of.table)
                .where(rows, column.in_(wanted))
            )
        if count:
            users.append(RowUser(user.code, user.title, spec.id, spec.label, count))
    if users:
        named = "；".join(
            f"{user.form_code} {user.form_title}的“{user.field_label}”"
            f"（{user.count} 行）"
            for user in users
        )
        raise Refused(f"这次导入新增的行已被其他表引用，不能撤回：{named}。")


def _remove_added(
    connection: Connection, workshop: Workshop, form: FormSpec, job, change: Change
) -> int:
    table = bind(workshop.catalogue, form).table
    entries = select(
        _CHANGE.c.table_name,
        _CHANGE.c.unit_id,
        _CHANGE.c.round_id,
        _CHANGE.c.row_id,
        literal(RowAction.DELETE, _CHANGE.c.action.type),
        literal(now_utc(), _CHANGE.c.at.type),
        literal(change.actor_id, _CHANGE.c.actor_id.type),
        literal(change.reason, _CHANGE.c.reason.type),
        _CHANGE.c.after,
    ).where(_CHANGE.c.import_id == job.id, _CHANGE.c.action == RowAction.INSERT)
    names = [
        "table_name",
        "unit_id",
        "round_id",
        "row_id",
        "action",
        "at",
        "actor_id",
        "reason",
        "before",
    ]
    connection.execute(
        insert(_CHANGE).from_select(names, entries, include_defaults=False)
    )
    return connection.execute(
        delete(table).where(table.c._id.in_(_added_ids(job.id)))
    ).rowcount


# Helpers.


def _matching(import_id: int, selection: Selection) -> ColumnElement[bool]:
    parts = [_ROW.c.import_id == import_id]
    if selection.numbers is not None:
        parts.append(_ROW.c.row_number.in_(selection.numbers))
    if selection.state is not None:
        parts.append(_ROW.c.state == selection.state)
    if selection.level is not None:
        parts.append(_ROW.c.level == selection.level)
    if selection.action is not None:
        parts.append(_ROW.c.action == selection.action)
    if selection.kind is not None or selection.field_id is not None:
        parts.append(_has_problem(selection))
    parts += [
        cast(_ROW.c["values"], String).contains(word, autoescape=True)
        for word in selection.search.split()
    ]
    return and_(*parts)


def _has_problem(selection: Selection) -> ColumnElement[bool]:
    same = [
        _PROBLEM.c.import_id == _ROW.c.import_id,
        _PROBLEM.c.row_number == _ROW.c.row_number,
    ]
    if selection.kind is not None:
        same.append(_PROBLEM.c.kind == selection.kind)
    if selection.field_id is not None:
        same.append(_PROBLEM.c.field_id == selection.field_id)
    return exists().where(*same)


def _view(
    workshop: Workshop, form: FormSpec, record, problems: Sequence[Problem]
) -> StagedView:
    codelists = workshop.catalogue.codelists
    row = from_json(form, record.values)
    texts = {
        name: display(form.by_id[name], value, codelists) for name, value in row.items()
    }
    texts.update(record.cells or {})
    return StagedView(
        record.row_number,
        record.state,
        record.level,
        record.action,
        texts,
        tuple(problems),
        tuple(describe(form, problem) for problem in problems),
        record.reason,
    )


def _problem(record) -> Problem:
    code = Code.RULE if record.kind.startswith("rule:") else Code(record.kind)
    return Problem(
        record.row_number, record.field_id, code, Level(record.level), record.details
    )


def _action(stored: StoredRow | None, row: Mapping, fields: Sequence[str]):
    if stored is None:
        return StagedAction.ADD
    same = all(stored.row[name] == row[name] for name in fields)
    return StagedAction.UNCHANGED if same else StagedAction.UPDATE


def _get_job(connection: Connection, import_id: int):
    job = connection.execute(select(_JOB).where(_JOB.c.id == import_id)).first()
    if job is None:
        raise NotFound("没有这次导入，可能已被清除。")
    return job


def _lock_job(connection: Connection, import_id: int):
    """The import's record; two reviewers act one after the other."""
    job = connection.execute(
        select(_JOB).where(_JOB.c.id == import_id).with_for_update()
    ).first()
    if job is None:
        raise NotFound("没有这次导入，可能已被清除。")
    return job


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


def _require_state(job, *states: ImportState) -> None:
    if job.state not in states:
        raise Refused(f"这次导入{_STATE_NAMES[job.state]}，不能进行这项操作。")


_STATE_NAMES = {
    ImportState.WAITING: "还在排队",
    ImportState.READING: "还在读取",
    ImportState.STAGED: "正等待核对",
    ImportState.PASSING: "正在入库",
    ImportState.PASSED: "已经全部处理完",
    ImportState.REFUSED: "的文件没有被接收",
    ImportState.FAILED: "没有成功",
    ImportState.DELETED: "的行已全部删除",
    ImportState.TAKEN_BACK: "已经撤回",
}


def _form_of(workshop: Workshop, job) -> FormSpec:
    return workshop.catalogue.get(job.form_name)


def _scope(job) -> Scope:
    return Scope(job.unit_id, job.round_id, job.department_id)


def _place(form: FormSpec, job) -> Place:
    return Place(job.unit_id, form.departments, job.department_id)
