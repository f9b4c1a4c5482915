"""The warnings of a form that somebody explained, for whoever reviews it.

A form that was handed in has no others: every warning was explained before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.services.desks import CheckedRow, Desk
from app.services.wider_rules import judge_table, judge_wider
from app.storage.confirmations import Confirmed, Mark, find_explained_rows, mark_of
from app.storage.engine import begin_reading
from app.storage.records import Query
from validators.messages import describe_problem, name_kind
from validators.report import Problem


@dataclass(frozen=True)
class Explained:
    """A warning, and why it is right."""

    #: None: of the form as a whole
    row: CheckedRow | None
    field_id: str
    text: str
    confirmed: Confirmed


@dataclass(frozen=True)
class ExplainedList:
    """The first explained warnings of a form."""

    warnings: tuple[Explained, ...]
    #: whether there are more
    is_cut: bool


def list_explained(desk: Desk, size: int) -> ExplainedList:
    """What was explained: of the form as a whole, then row by row."""
    with begin_reading(desk.engine) as connection:
        of_table = [
            Explained(None, one.problem.field_id or "", _tell(desk, one.problem), why)
            for one, why in judge_table(connection, desk)
            if why is not None
        ]
        ids = find_explained_rows(connection, desk.form, desk.scope(), size + 1)
    found = desk.find_page(Query(ids=ids[:size], size=size)) if ids else None
    rows = found.rows if found is not None else ()
    of_rows = [one for row in rows for one in _of_row(desk, row)]
    warnings = (*of_table, *of_rows)
    return ExplainedList(warnings[:size], len(warnings) > size or len(ids) > size)


def _of_row(desk: Desk, row: CheckedRow) -> Iterator[Explained]:
    row = row.joined(judge_wider(desk, row.stored))
    known = _by_mark(row.problems)
    for mark, confirmed in row.confirmed.items():
        problem = known.get(mark)
        text = name_kind(desk.form, mark[0])
        yield Explained(
            row,
            mark[1],
            text if problem is None else _tell(desk, problem),
            confirmed,
        )


def _by_mark(problems: tuple[Problem, ...]) -> Mapping[Mark, Problem]:
    return {mark_of(one): one for one in problems if not one.is_error}


def _tell(desk: Desk, problem: Problem) -> str:
    return describe_problem(desk.form, problem)
