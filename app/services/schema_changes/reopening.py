"""Sets filings back to filling whose form changed under them, and tells their people.

It is the engine's act: a return of the whole form, which names what changed. What the
form's own steps approved has to be looked at again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from app.models import (
    DecisionKind,
    Filing,
    FilingState,
    NoticeKind,
    UnitRound,
)
from app.permissions import Actor
from app.services.chain.cases import EDITABLE
from app.services.chain.opening import open_case
from app.services.chain.questions import Named, open_threads, tie_threads
from app.services.chain.telling import entry_link, find_fillers
from app.services.chain.whole_cases import open_whole_case
from app.services.notices import Message, send
from app.services.schema_changes.operations import Operation, OperationKind
from app.storage.assignments import load_assignments
from app.storage.binding import bind
from app.storage.change_digests import find_newest_change
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec

_FILING = Filing.__table__
_UNIT_ROUND = UnitRound.__table__

#: Operations after which people have to look at their rows.
_CONCERNING = frozenset(
    {
        OperationKind.ADD_FIELD,
        OperationKind.MOVE_FIELD,
        OperationKind.NARROW,
        OperationKind.RETYPE,
        OperationKind.RECODE,
        OperationKind.COMPUTE,
        OperationKind.CHANGE_KEY,
        OperationKind.CHANGE_REFERENCE,
        OperationKind.CHANGE_UNIQUE,
    }
)
_LONGEST = 800


@dataclass(frozen=True)
class Reopened:
    """What was set back, and who was told."""

    filings: int = 0
    people: int = 0


def find_concerned(
    catalogue: Catalogue, operations: Iterable[Operation]
) -> dict[FormSpec, tuple[Operation, ...]]:
    """Forms whose rows people have to look at, with what changed."""
    forms = {form.full_name: form for form in catalogue.all_forms}
    found: dict[FormSpec, list[Operation]] = {}
    for one in operations:
        form = forms.get(one.form_name)
        if form is None or form.is_derived or one.kind not in _CONCERNING:
            continue
        item = form.by_id.get(one.field_id)
        if one.kind is OperationKind.ADD_FIELD and item is not None and item.is_given:
            continue
        found.setdefault(form, []).append(one)
    return {form: tuple(own) for form, own in found.items()}


def reopen_filings(
    connection: Connection,
    catalogue: Catalogue,
    concerned: Mapping[FormSpec, Sequence[Operation]],
    round_ids: Sequence[int],
    find_actor: Callable[[], Actor],
    sender_id: int | None,
    generation: int | None = None,
) -> Reopened:
    """Set back what was handed in of changed forms, and tell those who fill them in.

    Args:
        find_actor: in whose name filings are set back.
        sender_id: who changed the forms, if it was a person.
        generation: of the forms, for the list of what is left to do.
    """
    filings = people = 0
    returned: dict[Scope, list[tuple[FormSpec, int]]] = {}
    for form, operations in concerned.items():
        for scope in _find_scopes(connection, catalogue, form, round_ids):
            decision_id = _give_back(
                connection, catalogue, form, scope, operations, find_actor
            )
            if decision_id is not None:
                filings += 1
                returned.setdefault(scope, []).append((form, decision_id))
            people += _tell(
                connection, catalogue, form, scope, operations, sender_id,
                is_back=decision_id is not None, generation=generation,
            )  # fmt: skip
    for scope, own in returned.items():
        _give_back_whole(connection, catalogue, scope, own, find_actor())
    return Reopened(filings, people)


def _find_scopes(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    round_ids: Sequence[int],
) -> list[Scope]:
    """Where the form has rows, or was handed in or declared empty."""
    table = bind(catalogue, form).table
    rows = select(table.c._unit_id, table.c._round_id).where(
        table.c._round_id.in_(round_ids)
    )
    filed = select(_FILING.c.unit_id, _FILING.c.round_id).where(
        _FILING.c.form_code == form.code,
        _FILING.c.round_id.in_(round_ids),
        _FILING.c.state.not_in(list(EDITABLE)),
    )
    return [
        Scope(*record)
        for record in sorted(map(tuple, connection.execute(rows.union(filed))))
    ]


def _give_back(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    operations: Sequence[Operation],
    find_actor: Callable[[], Actor],
) -> int | None:
    """Return a form as a whole; None where nobody had handed it in."""
    if find_state(connection, form, scope) in EDITABLE:
        return None
    case = open_case(connection, catalogue, find_actor(), scope, form)
    text = f"表样有修订：{_say(operations)}"
    case.change(state=FilingState.RETURNED, step="", is_closed=False)
    named = [Named(reason="other", text=text[:_LONGEST])]
    threads = open_threads(case, named, "", unlocks=True)
    decision_id = case.decide(
        DecisionKind.RETURN,
        remark=text[:_LONGEST],
        content_hash=case.filing.content_hash,
        details={
            "threads": threads,
            "places": len(named),
            "change_id": find_newest_change(connection),
            "revision": True,
        },
    )
    tie_threads(case, threads, decision_id)
    case.conclude(decision_id, DecisionKind.RETURN, remark=text[:_LONGEST])
    return decision_id


def find_state(connection: Connection, form: FormSpec, scope: Scope) -> FilingState:
    """How a form stands in the chain; a draft while nobody handed it in."""
    found = connection.scalar(
        select(_FILING.c.state).where(
            _FILING.c.form_code == form.code,
            _FILING.c.unit_id == scope.unit_id,
            _FILING.c.round_id == scope.round_id,
        )
    )
    return found or FilingState.DRAFT


def _give_back_whole(
    connection: Connection,
    catalogue: Catalogue,
    scope: Scope,
    returned: Sequence[tuple[FormSpec, int]],
    actor: Actor,
) -> None:
    """A unit's round that was handed in as a whole comes back with its forms."""
    state = connection.scalar(
        select(_UNIT_ROUND.c.state).where(
            _UNIT_ROUND.c.unit_id == scope.unit_id,
            _UNIT_ROUND.c.round_id == scope.round_id,
        )
    )
    if state is None or state in EDITABLE:
        return
    case = open_whole_case(connection, catalogue, actor, scope)
    # A change of the form is nobody's fault: it is mended at any hour.
    case.change(state=FilingState.RETURNED, step="", returned_by_id=None)
    codes = [form.code for form, _ in returned]
    decision_id = case.decide(
        DecisionKind.RETURN,
        remark="表样有修订",
        content_hash=case.record.content_hash,
        details={"returned": [one for _, one in returned], "forms": codes},
    )
    case.conclude(decision_id, DecisionKind.RETURN, remark="表样有修订")


def _tell(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    operations: Sequence[Operation],
    sender_id: int | None,
    *,
    is_back: bool,
    generation: int | None,
) -> int:
    """Tell each department that supplies the form; gives how many people."""
    suppliers = load_assignments(connection, scope.unit_id, scope.round_id).ids(form)
    rows = _count_rows(connection, catalogue, form, scope)
    told: set[int] = set()
    for place, department_id in enumerate(suppliers or (None,)):
        # Rows of no department are the leading one's.
        own = rows.get(department_id, 0) if department_id is not None else 0
        own += rows.get(None, 0) if place == 0 else 0
        people = set(find_fillers(connection, scope.unit_id, department_id)) - told
        end = "已退回填报，改好后请重新提交。" if is_back else "请核对后再提交。"
        if generation is not None:
            end += "要改哪些格，点开就看到。"
        message = Message(
            NoticeKind.RETURNED if is_back else NoticeKind.ROUND,
            f"{form.code} {form.title} 的表样有修订",
            f"{_say(operations)}。本部门有 {own} 行要核对；{end}",
            _link(form, scope, generation),
            scope.unit_id,
            scope.round_id,
            form.code,
        )
        told |= set(send(connection, message, people, sender_id))
    return len(told)


def _link(form: FormSpec, scope: Scope, generation: int | None) -> str:
    """Where people see which cells they have to enter or to mend."""
    if generation is None:
        return entry_link(form, scope)
    at = f"{scope.unit_id}-{scope.round_id}"
    return f"/revisions/since/{generation}/?at={at}&form={form.code}"


def _count_rows(
    connection: Connection, catalogue: Catalogue, form: FormSpec, scope: Scope
) -> dict[int | None, int]:
    binding = bind(catalogue, form)
    owner = binding.table.c._department_id
    found = connection.execute(
        select(owner, func.count()).where(binding.in_unit(scope)).group_by(owner)
    )
    return dict(map(tuple, found))


def _say(operations: Sequence[Operation]) -> str:
    return "；".join(one.summary for one in operations)[: _LONGEST // 2]
