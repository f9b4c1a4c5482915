"""Questions at cells: asked, answered, asked again, closed by whoever asked."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Row, Select, select

from app.errors import Forbidden, NotFound, Refused
from app.models import (
    AuditAction,
    CellThread,
    NoticeKind,
    ThreadMessage,
    ThreadState,
    User,
)
from app.permissions import Actor, can, require
from app.policy import Action
from app.services.chain.cases import EDITABLE, Case
from app.services.chain.cells import show_value
from app.services.chain.opening import deciding, looking
from app.services.chain.questions import (
    RETURN_REASONS,
    Named,
    judge_text,
    open_threads,
    set_thread_state,
    write_message,
)
from app.services.chain.steps import require_step
from app.services.chain.telling import tell, tell_lead
from app.services.chain.unmet import find_rows, read_state
from app.services.places import is_in_sight
from app.services.round_checks import get_edition_of_round
from app.services.row_names import name_row
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from app.storage.records import Scope, StoredRow
from form_schemas.spec import FormSpec
from validators.conversion import to_json

_THREAD = CellThread.__table__
_MESSAGE = ThreadMessage.__table__

_REASONS = {reason.id: reason.title for reason in RETURN_REASONS}


@dataclass(frozen=True)
class MessageView:
    """One sentence of a thread."""

    by: str
    at: datetime
    #: title of the reason that was chosen
    reason: str
    text: str


@dataclass(frozen=True)
class ThreadView:
    """A thread as pages show it; personal data masked."""

    id: int
    #: None: about the form as a whole
    row_id: int | None
    row_name: str
    #: empty: about the row as a whole
    field_id: str
    label: str
    department_id: int | None
    #: id of the step that asks; empty: the department that leads
    step: str
    step_title: str
    state: ThreadState
    #: what it names may be changed while the form is returned
    unlocks: bool
    opened_by: str
    opened_at: datetime
    #: the cell then, and now
    before: str
    now: str
    is_changed: bool
    #: the row is not there any more
    is_gone: bool
    messages: tuple[MessageView, ...]


def ask(
    workshop: Workshop, actor: Actor, scope: Scope, form: FormSpec, named: Named
) -> int:
    """Ask about a cell, a row or the form without returning anything.

    Reviewers of any step may; the department that leads asks those that supply.
    """
    with deciding(workshop, actor, scope, form) as case:
        case.require_open()
        step = find_own_step(case)
        text = judge_text(named.text)
        if named.reason and named.reason not in _REASONS:
            raise Refused("没有选的这条原因，请刷新页面，重新选。")
        kept = open_threads(case, [named], step)
        (thread_id,) = [
            *kept["opened"],
            *(known["id"] for known in kept["asked_again"]),
        ]
        tell_lead(case, NoticeKind.QUESTION, f"{case.name} 有问题请您答复", text)
        _audit(case, thread_id, "ask")
        return thread_id


def answer(workshop: Workshop, actor: Actor, thread_id: int, text: str) -> None:
    """A filler of the form says what is the matter."""
    with _holding(workshop, actor, thread_id) as (case, thread):
        _require_answerer(case, thread)
        words = judge_text(text)
        set_thread_state(case, thread_id, ThreadState.ANSWERED)
        write_message(case, thread_id, words)
        title = f"{case.name} 的问题有了答复"
        tell(case, NoticeKind.QUESTION, title, words, [thread.opened_by])
        _audit(case, thread_id, "answer")


def ask_again(workshop: Workshop, actor: Actor, thread_id: int, text: str) -> None:
    """The reviewer is not satisfied with the answer."""
    with _holding(workshop, actor, thread_id) as (case, thread):
        _require_asker(case, thread)
        words = judge_text(text)
        set_thread_state(case, thread_id, ThreadState.OPEN)
        write_message(case, thread_id, words)
        tell_lead(case, NoticeKind.QUESTION, f"{case.name} 有问题请您答复", words)
        _audit(case, thread_id, "ask_again")


def close(workshop: Workshop, actor: Actor, thread_id: int, text: str = "") -> None:
    """The reviewer is satisfied: the cell is locked again where it was unlocked."""
    with _holding(workshop, actor, thread_id) as (case, thread):
        _require_asker(case, thread)
        if text.strip():
            write_message(case, thread_id, judge_text(text))
        set_thread_state(case, thread_id, ThreadState.CLOSED)
        _audit(case, thread_id, "close")


def list_threads(
    workshop: Workshop,
    actor: Actor,
    scope: Scope,
    form: FormSpec,
    *,
    only_open: bool = False,
    department_id: int | None = None,
) -> tuple[ThreadView, ...]:
    """The threads of a form, those about the form first, then row by row.

    Args:
        department_id: only about its rows and the form as a whole.
    """
    with looking(workshop, actor, scope, form) as case:
        return view_threads(case, only_open=only_open, department_id=department_id)


def view_threads(
    case: Case, *, only_open: bool = False, department_id: int | None = None
) -> tuple[ThreadView, ...]:
    """As `list_threads`, of a case that is open."""
    found = [
        thread
        for thread in _find_threads(case)
        if not (only_open and thread.state is ThreadState.CLOSED)
        and (
            department_id is None
            or thread.row_id is None
            or thread.department_id == department_id
        )
    ]
    rows = find_rows(case, {one.row_id for one in found if one.row_id})
    messages = _find_messages(case, [one.id for one in found])
    return tuple(
        _view(case, thread, rows, messages.get(thread.id, ())) for thread in found
    )


@contextmanager
def _holding(
    workshop: Workshop, actor: Actor, thread_id: int
) -> Iterator[tuple[Case, Row]]:
    """An open thread, and its filing held alone.

    Raises:
        Refused: it was closed: to go on with it would unlock its cell again.
    """
    with begin_reading(workshop.engine) as connection:
        found = connection.execute(_get_thread(thread_id)).first()
        if found is None:
            raise NotFound("没有这个问题。")
        edition = get_edition_of_round(connection, workshop.catalogue, found.round_id)
        form = edition.by_code.get(found.form_code)
        if form is None:
            raise NotFound("没有这张报表，它可能在新版里改了编号。")
        if not is_in_sight(connection, actor, form, found.unit_id, found.round_id):
            raise NotFound("没有这个问题。")
    scope = Scope(found.unit_id, found.round_id)
    with deciding(workshop, actor, scope, form) as case:
        case.require_open()
        thread = case.connection.execute(_get_thread(thread_id)).one()
        if thread.state is ThreadState.CLOSED:
            raise Refused("这个问题已经了结，不用再办。还有问题，请另提一个。")
        yield case, thread


def _get_thread(thread_id: int) -> Select:
    return select(_THREAD).where(_THREAD.c.id == thread_id)


def find_own_step(case: Case) -> str:
    """The step for which the actor asks; empty: the department that leads."""
    reviews = (*case.chain.form_steps, *case.chain.whole_steps)
    for step in (case.waiting, *reviews):
        if step is not None and _may_take(case, step):
            return step.id
    case.require_lead()
    return ""


def _may_take(case: Case, step) -> bool:
    try:
        require_step(case.actor, step, case.lead_place)
    except Forbidden:
        return False
    return True


def _require_answerer(case: Case, thread: Row) -> None:
    """Raise Forbidden where the rows are another department's, save for the lead."""
    if can(case.actor, Action.SUBMIT_FORM, case.lead_place):
        return
    is_of_lead = thread.row_id is not None and thread.department_id is None
    department_id = case.lead_id if is_of_lead else thread.department_id
    part = replace(case.place, department_id=department_id)
    require(case.actor, Action.SUBMIT_FORM, part)


def _require_asker(case: Case, thread: Row) -> None:
    """Raise Forbidden where the question is not the actor's level's."""
    if not thread.step:
        case.require_lead()
        return
    step = case.chain.find(thread.step)
    if step is None:
        # Whoever asked is in the chain no more: another reviewer settles it.
        if not find_own_step(case):
            raise Forbidden("这个问题由审核人追问和了结。")
        return
    try:
        require_step(case.actor, step, case.lead_place)
    except Forbidden as refusal:
        raise Forbidden(
            f"这个问题由“{step.title}”提出，由他们追问和了结。"
        ) from refusal


def _audit(case: Case, thread_id: int, act: str) -> None:
    details = {"thread_id": thread_id, "act": act}
    case.audit(AuditAction.THREAD_CHANGED, details)


def _find_threads(case: Case) -> Sequence[Row]:
    return case.connection.execute(
        select(_THREAD, User.name.label("opened_name"))
        .join(User.__table__, User.id == _THREAD.c.opened_by)
        .where(_THREAD.c.filing_id == case.filing.id)
        .order_by(_THREAD.c.row_id.is_not(None), _THREAD.c.row_id, _THREAD.c.id)
    ).all()


def _is_changed(case: Case, thread: Row, row: StoredRow | None) -> bool:
    """Whether what is named is another than it was then.

    Of the form as a whole it is told once it was handed in again: the hash is known.
    """
    is_cell = bool(thread.field_id)
    if thread.row_id is None:
        is_held = case.filing.state not in EDITABLE and thread.value is not None
        return is_held and case.filing.content_hash != thread.value
    if row is None or (is_cell and thread.field_id not in case.form.by_id):
        return False
    is_known = is_cell or thread.value is not None
    return is_known and read_state(case, row, thread.field_id) != thread.value


def _find_messages(
    case: Case, ids: Sequence[int]
) -> Mapping[int, tuple[MessageView, ...]]:
    found = case.connection.execute(
        select(_MESSAGE, User.name)
        .join(User.__table__, User.id == _MESSAGE.c.actor_id)
        .where(_MESSAGE.c.thread_id.in_(ids))
        .order_by(_MESSAGE.c.id)
    )
    messages: dict[int, tuple[MessageView, ...]] = {}
    for one in found:
        reason = _REASONS.get(one.reason, "")
        view = MessageView(one.name, one.at, reason, one.text)
        messages[one.thread_id] = (*messages.get(one.thread_id, ()), view)
    return messages


def _view(
    case: Case,
    thread: Row,
    rows: Mapping[int, StoredRow],
    messages: tuple[MessageView, ...],
) -> ThreadView:
    form, field = case.form, case.form.by_id.get(thread.field_id)
    row = rows.get(thread.row_id)
    now = None
    if field is not None and row is not None:
        now = to_json(form, {field.id: row.row[field.id]})[field.id]
    codelists = case.catalogue.codelists
    return ThreadView(
        thread.id,
        thread.row_id,
        name_row(form, thread.row_key),
        thread.field_id,
        "" if field is None else field.label,
        thread.department_id,
        thread.step,
        case.chain.title(thread.step),
        thread.state,
        thread.unlocks,
        thread.opened_name,
        thread.opened_at,
        show_value(form, thread.field_id, thread.value, codelists),
        show_value(form, thread.field_id, now, codelists),
        _is_changed(case, thread, row),
        thread.row_id is not None and row is None,
        messages,
    )
