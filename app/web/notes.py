"""What was written about warnings, as pages show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.services.confirming import find_earlier_reasons
from app.services.desks import Desk
from app.services.wider_rules import judge_table
from app.storage.confirmations import Confirmed, Mark
from app.storage.engine import begin_reading
from form_schemas.settings import WarningReason
from renderers.problems import NO_NOTES, Note, Notes, ProblemView, view_problem
from validators.report import Problem


@dataclass(frozen=True)
class Warned:
    """A row with its problems, and why some of its warnings are right."""

    row: Mapping[str, object]
    problems: Sequence[Problem]
    confirmed: Mapping[Mark, Confirmed]

    @property
    def has_warning(self) -> bool:
        return any(not problem.is_error for problem in self.problems)


def view_notes(desk: Desk, rows: Sequence[Warned]) -> list[Notes]:
    """What was written of each row's warnings, in this round and in the last."""
    warned = [row for row in rows if row.has_warning]
    earlier = iter(find_earlier_reasons(desk, [row.row for row in warned]))
    return [
        Notes(_view(desk, row.confirmed), _view(desk, next(earlier)))
        if row.has_warning
        else NO_NOTES
        for row in rows
    ]


def view_table_problems(desk: Desk) -> tuple[ProblemView, ...]:
    """What is wrong with the form as a whole, with what was written about it."""
    reasons = desk.place.edition.reasons
    with begin_reading(desk.engine) as connection:
        found = judge_table(connection, desk)
    return tuple(
        view_problem(
            desk.form,
            one.problem,
            Notes({confirmed.mark: tell_note(reasons, confirmed)} if confirmed else {}),
        )
        for one, confirmed in found
    )


def _view(desk: Desk, found: Mapping[Mark, Confirmed]) -> dict[Mark, Note]:
    reasons = desk.place.edition.reasons
    return {mark: tell_note(reasons, confirmed) for mark, confirmed in found.items()}


def tell_note(reasons: Sequence[WarningReason], confirmed: Confirmed) -> Note:
    """What was written about a warning, in one line: reason, words, name and moment."""
    titles = {reason.id: reason.title for reason in reasons}
    # A reason that the list lost still says what was meant.
    title = titles.get(confirmed.reason_code, confirmed.reason_code)
    words = f"{title}：{confirmed.reason_text}" if confirmed.reason_text else title
    at = confirmed.at.astimezone().strftime("%Y-%m-%d %H:%M")
    text = f"{words}（{confirmed.by}，{at}）"
    return Note(text, confirmed.reason_code, confirmed.reason_text)
