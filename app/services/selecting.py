"""Acts on all rows that a query finds: deletes them, or sets one column in them.

Rows are taken in batches, each one transaction of the desk, with the same checks and
refusals as rows changed one by one; whoever asks goes on with what a step answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.errors import BadRequest, Refused
from app.policy import Action
from app.services import entering
from app.services.desks import Desk
from app.services.entering import Entry, Outcome, Status
from app.storage.engine import begin_reading
from app.storage.records import Query
from app.storage.rows import RowStore
from form_schemas.field_spec import FieldSpec
from renderers.bindings import is_fillable
from validators.conversion import convert_value
from validators.messages import describe
from validators.report import Finding

#: Rows of one step: some seconds at most.
_AT_ONCE = 200
#: Rows of one step whose refusal is told in words.
_TOLD = 20


@dataclass(frozen=True)
class Cursor:
    """How far an act on many rows is."""

    #: id of the last row that was taken
    after: int = 0
    #: id of the last row there was when the act began; later rows are left alone
    until: int | None = None


@dataclass(frozen=True)
class Refusal:
    """A row that stayed as it was, what it is called, and why."""

    id: int
    name: str
    message: str


@dataclass(frozen=True)
class Step:
    """What came of one batch."""

    done: int
    #: the first of those refused
    told: tuple[Refusal, ...]
    refused: int
    #: where to go on; None at the end
    next: Cursor | None


def delete_rows(
    desk: Desk, query: Query, cursor: Cursor, reason: str | None = None
) -> Step:
    """Delete the next rows of a query; those in use stay."""
    desk.require_entry()
    batch, following = _take(desk, query, cursor)
    done = entering.delete_rows(desk, batch, reason)
    return _sum_up(desk, len(done.deleted), done.refused, following)


def fill_rows(
    desk: Desk,
    query: Query,
    cursor: Cursor,
    field_id: str,
    text: str,
    reason: str | None = None,
) -> Step:
    """Set a column of the next rows of a query, as if it were typed in each."""
    desk.require_entry()
    field = _get_field(desk, field_id)
    _refuse_wrong(desk, field, text)
    batch, following = _take(desk, query, cursor)
    entries = [
        Entry(str(row_id), row_id, version, {field_id: text})
        for row_id, version in batch
    ]
    outcomes = entering.save_rows(desk, entries, reason)
    refused = [
        (int(one.key), _explain(desk, one, field_id))
        for one in outcomes
        if one.status is not Status.SAVED
    ]
    return _sum_up(desk, len(outcomes) - len(refused), refused, following)


def _get_field(desk: Desk, field_id: str) -> FieldSpec:
    field = desk.form.by_id.get(field_id)
    if field is None or not is_fillable(desk.form, field):
        raise BadRequest("这一列不能批量改。")
    return field


def _refuse_wrong(desk: Desk, field: FieldSpec, text: str) -> None:
    """A text that is no value at all would be refused in every row."""
    if not text.strip():
        return
    value = convert_value(field, text, desk.catalogue.codelists)
    if isinstance(value, Finding):
        raise Refused(describe(desk.form, value.at(None, field.id)))


def _take(
    desk: Desk, query: Query, cursor: Cursor
) -> tuple[tuple[tuple[int, int], ...], Cursor | None]:
    """Ids and versions of the next rows, and where the rows after them begin."""
    scope = desk.scope(Action.ENTER_ROWS)
    with begin_reading(desk.engine) as connection:
        store = RowStore(connection, desk.catalogue)
        until = cursor.until
        if until is None:
            until = store.find_last_id(desk.form, scope, query)
        batch = store.find_batch(
            desk.form, scope, query, after=cursor.after, until=until, size=_AT_ONCE
        )
    if len(batch) < _AT_ONCE:
        return batch, None
    return batch, replace(cursor, after=batch[-1][0], until=until)


def _explain(desk: Desk, outcome: Outcome, field_id: str) -> str:
    if outcome.message:
        return outcome.message
    own = [problem for problem in outcome.problems if problem.field_id == field_id]
    problems = own or outcome.problems
    return describe(desk.form, problems[0]) if problems else "没有存。"


def _sum_up(
    desk: Desk,
    done: int,
    refused: Sequence[tuple[int, str]],
    following: Cursor | None,
) -> Step:
    told = tuple(
        Refusal(row_id, _name(desk, row_id), message)
        for row_id, message in refused[:_TOLD]
    )
    return Step(done, told, len(refused), following)


def _name(desk: Desk, row_id: int) -> str:
    """What people call a row: key and title."""
    row = desk.get(row_id).stored.row
    ids = dict.fromkeys(filter(None, [*desk.form.key, desk.form.title_field]))
    shown = (desk.show_cell(desk.form.by_id[name], row.get(name)) for name in ids)
    return " ".join(str(text) for text in shown if text)
