"""What a reviewer reads before approving many forms at once: their warnings, and why
each of them may pass."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from app.errors import AppError
from app.permissions import Actor
from app.services.chain.cases import Case
from app.services.chain.deciding import require_waiting
from app.services.chain.opening import looking
from app.services.chain.questions import count_open
from app.services.workshop import Workshop
from app.storage.binding import bind
from app.storage.confirmations import find_confirmed_in_table
from app.storage.records import Scope
from form_schemas.spec import FormSpec
from validators.messages import name_kind


@dataclass(frozen=True)
class WarningLine:
    """Warnings of one sort that were explained alike."""

    message: str
    label: str
    #: title of the reason, and the words beside it
    reason: str
    text: str
    by: str
    count: int


@dataclass(frozen=True)
class BulkLine:
    """One form of many that are to be approved."""

    form: FormSpec
    content_hash: str | None
    rows: int
    is_empty: bool
    warnings: tuple[WarningLine, ...] = ()
    #: why it cannot be approved with the others; empty if it can
    obstacle: str = ""


def summarise(
    workshop: Workshop, actor: Actor, scope: Scope, forms: Iterable[FormSpec]
) -> tuple[BulkLine, ...]:
    """What `approve_many` would approve."""
    return tuple(_summarise(workshop, actor, scope, form) for form in forms)


def _summarise(
    workshop: Workshop, actor: Actor, scope: Scope, form: FormSpec
) -> BulkLine:
    with looking(workshop, actor, scope, form) as case:
        submission = case.log.last_submission
        return BulkLine(
            form,
            case.filing.content_hash,
            0 if submission is None else submission.details.get("rows", 0),
            case.filing.is_empty,
            _find_warnings(case),
            _find_obstacle(case),
        )


def _find_obstacle(case: Case) -> str:
    try:
        step = require_waiting(case)
    except AppError as refusal:
        return refusal.message
    if count_open(case, step.id):
        return "本表还有您提出、没了结的问题，请单独审核。"
    return ""


def _find_warnings(case: Case) -> tuple[WarningLine, ...]:
    form = case.form
    found = find_confirmed_in_table(
        case.connection, bind(case.catalogue, form), case.scope
    )
    titles = {reason.id: reason.title for reason in case.edition.reasons}
    counts: Counter[tuple[str, str, str, str, str]] = Counter()
    for marks in found.values():
        for one in marks.values():
            field = form.by_id.get(one.field_id)
            label = "" if field is None else field.label
            reason = titles.get(one.reason_code, one.reason_code)
            sort = (name_kind(form, one.kind), label, reason, one.reason_text, one.by)
            counts[sort] += 1
    return tuple(WarningLine(*sort, count) for sort, count in counts.most_common())
