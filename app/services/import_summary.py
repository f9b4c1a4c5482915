"""What waits in a staged import, by level and by kind of problem."""

from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, select

from app.errors import NotFound
from app.models import ImportProblem, StagedAction, StagedRow, StagedState
from app.services import staging
from app.services.inbox import ImportView
from app.services.staging import Selection, StagedView, count_actions
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from renderers.display import mask
from validators.messages import name_kind

_STAGED = StagedRow.__table__
_PROBLEM = ImportProblem.__table__

_MOST_KINDS = 15


@dataclass(frozen=True)
class KindCount:
    """How many waiting rows have one kind of problem in one column."""

    kind: str
    field_id: str
    label: str
    word: str
    level: str
    count: int
    #: what one of these cells holds
    example: str


@dataclass(frozen=True)
class Summary:
    """What waits in an import, and what passing it would do."""

    waiting: int
    clean: int
    warnings: int
    errors: int
    passed: int
    deleted: int
    added: int
    updated: int
    unchanged: int
    kinds: tuple[KindCount, ...]


def summarise(workshop: Workshop, view: ImportView) -> Summary:
    """Count the waiting rows of an import by level, and their problems by column."""
    import_id = view.job.id
    with begin_reading(workshop.engine) as connection:
        counted = connection.execute(
            select(_STAGED.c.state, _STAGED.c.level, func.count())
            .where(_STAGED.c.import_id == import_id)
            .group_by(_STAGED.c.state, _STAGED.c.level)
        ).all()
        actions = count_actions(connection, import_id)
        first = _find_first_rows(connection, import_id)
    levels = {lv: n for state, lv, n in counted if state is StagedState.WAITING}
    kinds = staging.count_problems(workshop, import_id)[:_MOST_KINDS]
    examples = _find_examples(workshop, view, [first.get(kind[:2]) for kind in kinds])
    return Summary(
        waiting=sum(levels.values()),
        clean=levels.get("", 0),
        warnings=levels.get("warning", 0),
        errors=levels.get("error", 0),
        passed=sum(n for state, _, n in counted if state is StagedState.PASSED),
        deleted=sum(n for state, _, n in counted if state is StagedState.DELETED),
        added=actions[StagedAction.ADD],
        updated=actions[StagedAction.UPDATE],
        unchanged=actions[StagedAction.UNCHANGED],
        kinds=tuple(
            _count_kind(view, *counts, examples.get(first.get(counts[:2])))
            for counts in kinds
        ),
    )


def get_staged_row(workshop: Workshop, view: ImportView, number: int) -> StagedView:
    """One staged row by its number in the sheet."""
    selection = Selection(numbers=(number,), state=None)
    found = staging.list_rows(workshop, view.job.id, selection)
    if not found.rows:
        raise NotFound("临时库里没有这一行。")
    return found.rows[0]


def _find_first_rows(
    connection: Connection, import_id: int
) -> dict[tuple[str, str | None], int]:
    """(kind, field) -> number of the first waiting row that has such a problem."""
    first = func.min(_PROBLEM.c.row_number)
    found = connection.execute(
        select(_PROBLEM.c.kind, _PROBLEM.c.field_id, first)
        .join(
            _STAGED,
            and_(
                _STAGED.c.import_id == _PROBLEM.c.import_id,
                _STAGED.c.row_number == _PROBLEM.c.row_number,
            ),
        )
        .where(
            _PROBLEM.c.import_id == import_id,
            _STAGED.c.state == StagedState.WAITING,
        )
        .group_by(_PROBLEM.c.kind, _PROBLEM.c.field_id)
    )
    return {(kind, field_id): number for kind, field_id, number in found}


def _find_examples(
    workshop: Workshop, view: ImportView, numbers: list[int | None]
) -> dict[int, StagedView]:
    wanted = tuple({number for number in numbers if number is not None})
    if not wanted:
        return {}
    selection = Selection(numbers=wanted, state=None)
    found = staging.list_rows(workshop, view.job.id, selection, size=len(wanted))
    return {row.number: row for row in found.rows}


def _count_kind(
    view: ImportView,
    kind: str,
    field_id: str | None,
    level: str,
    count: int,
    example: StagedView | None,
) -> KindCount:
    field = view.form.by_id.get(field_id or "")
    text = example.texts.get(field_id or "", "") if example else ""
    if field is not None and field.sensitive and text:
        text = mask(field, text)
    return KindCount(
        kind,
        field_id or "",
        field.label if field else "整行",
        name_kind(view.form, kind),
        level,
        count,
        text[:40],
    )
