"""How forms stand in a unit's round, as far as entering their rows goes.

`filing_gate` holds changes to it; pages ask the same to draw what is locked.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, Row, and_, bindparam, select

from app.models import (
    CellThread,
    Contribution,
    ContributionState,
    Filing,
    FilingState,
    Round,
    RoundState,
    ThreadState,
    Unit,
    UnitRound,
)
from app.storage.assignments import Assignments, load_assignments
from app.storage.records import Scope
from app.storage.replacing import find_replacing
from app.storage.timetable import (
    Timetable,
    find_extensions,
    find_now,
    read_phases,
    show_end,
    show_moment,
)
from form_schemas.spec import FormSpec

_FILING = Filing.__table__
_HANDED_IN = (FilingState.SUBMITTED, FilingState.APPROVED)
_CONTRIBUTION = Contribution.__table__
_THREAD = CellThread.__table__

# Every page asks them: to build them takes longer than to ask.
_OF_UNIT = and_(
    _FILING.c.unit_id == bindparam("unit_id"),
    _FILING.c.round_id == bindparam("round_id"),
)
_FILINGS = select(_FILING).where(_OF_UNIT)
_ROUND = (
    select(Round.state, UnitRound.closed_at, UnitRound.phases, Unit.name)
    .outerjoin(
        UnitRound,
        and_(UnitRound.round_id == Round.id, UnitRound.unit_id == bindparam("unit_id")),
    )
    .outerjoin(
        Unit,
        and_(
            Unit.id == UnitRound.returned_by_id,
            UnitRound.state == FilingState.RETURNED,
        ),
    )
    .where(Round.id == bindparam("round_id"))
)
_HANDED = (
    select(_CONTRIBUTION.c.filing_id, _CONTRIBUTION.c.department_id)
    .join(_FILING, _FILING.c.id == _CONTRIBUTION.c.filing_id)
    .where(_OF_UNIT, _CONTRIBUTION.c.state == ContributionState.HANDED)
)
_UNLOCKED = select(_THREAD.c.filing_id, _THREAD.c.row_id, _THREAD.c.field_id).where(
    _THREAD.c.unit_id == bindparam("unit_id"),
    _THREAD.c.round_id == bindparam("round_id"),
    _THREAD.c.unlocks,
    _THREAD.c.state != ThreadState.CLOSED,
)


@dataclass(frozen=True)
class Unlocked:
    """What a return unlocked in a form."""

    whole: bool = False
    rows: frozenset[int] = frozenset()
    #: (row id, field id)
    cells: frozenset[tuple[int, str]] = frozenset()
    #: rows that came in the place of deleted ones of `rows`
    instead: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Standing:
    """How a form stands in a unit's round, as far as entering its rows goes."""

    form: FormSpec
    round_state: RoundState
    timetable: Timetable
    state: FilingState = FilingState.DRAFT
    step: str = ""
    is_empty: bool = False
    is_closed: bool = False
    #: the departments that supply the form; the first one leads
    departments: tuple[int, ...] = ()
    #: those that handed their rows over
    handed: frozenset[int] = frozenset()
    unlocked: Unlocked = field(default_factory=Unlocked)
    #: who returned the unit's round; what came back with it is mended within the hours
    returned_by: str = ""

    @property
    def obstacle(self) -> str:
        """Why nobody may change rows now, whatever the time; empty if one may."""
        if self.form.is_derived:
            return "本表由系统汇总其他表得出，不用填。"
        if self.round_state is not RoundState.OPEN:
            return "本期填报没有开放，现在只能查看。"
        if self.form.is_moved or self.form.is_standing:
            # Nothing is handed in as a whole, whatever became of a former filing.
            return ""
        if self.is_closed:
            return "本表已关闭填报。要填，请先重新开放。"
        if self.is_empty:
            return "本表已申报“本期无数据”。要填，请先撤回申报。"
        return _LOCKED.get(self.state, "")

    @property
    def is_narrow(self) -> bool:
        """Whether only what was returned may change."""
        if self.form.is_moved:
            return False
        return self.state is FilingState.RETURNED and not self.unlocked.whole

    @property
    def load_obstacle(self) -> str:
        """Why many rows may not come at once, whatever the time; empty if they may."""
        if not self.obstacle and self.is_narrow:
            return "本表是退回修改，只退回了部分格，不能整批导入。请在页面上改这些格。"
        return self.obstacle

    def find_obstacle(self, department_id: int | None) -> str:
        """Why a person may not change rows now; empty if the person may.

        Args:
            department_id: whose rows the person enters; None: all rows of the form.
        """
        if self.obstacle:
            return self.obstacle
        if department_id in self.handed and not self.form.is_moved:
            return "本部门的数据已交给牵头部门。要改，请先收回，或请牵头部门退回。"
        if self.state is FilingState.RETURNED:
            return self._find_late_mending(department_id)
        return self._find_closed_hours(department_id)

    def find_mending_end(self, department_id: int | None = None) -> datetime | None:
        """Until when what was returned may be mended; None: at any time."""
        if not self.returned_by or self.form.is_moved:
            return None
        acting = self._list_acting(department_id)
        return self.timetable.find_mending_end(self.form.code, acting)

    def is_mending_over(self, department_id: int | None = None) -> bool:
        """Whether the time is over in which what was returned may be mended."""
        end = self.find_mending_end(department_id)
        return end is not None and end <= self.timetable.now

    def _find_late_mending(self, department_id: int | None) -> str:
        end = self.find_mending_end(department_id)
        if end is None or not self.is_mending_over(department_id):
            return ""
        return (
            f"本表是退回修改，改好的期限是 {show_end(end)}，已经过了，现在只能查看。"
            f"要再改，请“{self.returned_by}”延长期限。"
        )

    def _list_acting(self, department_id: int | None) -> tuple[int, ...]:
        return self.departments if department_id is None else (department_id,)

    def _find_closed_hours(self, department_id: int | None) -> str:
        acting = self._list_acting(department_id)
        if self.timetable.is_open(self.form.code, acting):
            return ""
        first = self.timetable.find_beginning(self.form.code)
        if first is not None:
            return f"本表 {show_moment(first)} 起开放填报，现在只能查看。"
        end = self.timetable.find_deadline(self.form.code, acting)
        when = "" if end is None else f"已于 {show_end(end)} 截止"
        return f"本表的填报{when or '不在开放时间'}。要补填，请向质量监督处申请延期。"


_LOCKED = {
    FilingState.SUBMITTED: "本表已提交，正在审核，现在只能查看。要改，请先撤回提交。",
    FilingState.APPROVED: "本表已提交，现在只能查看。要改，请审核人退回。",
}


def find_standing(connection: Connection, form: FormSpec, scope: Scope) -> Standing:
    """How one form stands."""
    return find_standings(connection, [form], scope)[form.code]


def find_standings(
    connection: Connection,
    forms: Collection[FormSpec],
    scope: Scope,
    assignments: Assignments | None = None,
) -> dict[str, Standing]:
    """How forms stand in a unit's round, by code: a handful of questions for all."""
    unit_id, round_id = scope.unit_id, scope.round_id
    round_state, phases, returned_by = _find_round(connection, unit_id, round_id)
    timetable = _read_timetable(
        connection, unit_id, round_id, phases, is_returned=bool(returned_by)
    )
    assignments = assignments or load_assignments(connection, unit_id, round_id)
    filings = {
        found.form_code: found for found in connection.execute(_FILINGS, _name(scope))
    }
    handed = _find_handed(connection, scope)
    unlocked = _find_unlocked(connection, scope)
    standings = {}
    for form in forms:
        departments = assignments.ids(form)
        found = filings.get(form.code)
        if found is None:
            standings[form.code] = Standing(
                form,
                round_state,
                timetable,
                departments=departments,
                returned_by=returned_by,
            )
            continue
        standings[form.code] = Standing(
            form,
            round_state,
            timetable,
            found.state,
            found.step,
            found.is_empty,
            found.is_closed,
            departments,
            frozenset(handed.get(found.id, ())),
            _find_instead(connection, form, scope, found, unlocked),
            returned_by,
        )
    return standings


def find_round_state(
    connection: Connection, unit_id: int, round_id: int
) -> RoundState | None:
    """How the round stands for a unit: some are done with it before others."""
    return _find_round(connection, unit_id, round_id)[0]


def _find_round(
    connection: Connection, unit_id: int, round_id: int
) -> tuple[RoundState | None, list, str]:
    """How the round stands for a unit, its phases as stored, and who returned it."""
    found = connection.execute(_ROUND, _name(Scope(unit_id, round_id))).first()
    if found is None:
        return None, [], ""
    state = found.state if found.closed_at is None else RoundState.CLOSED
    return state, found.phases or [], found.name or ""


def _read_timetable(
    connection: Connection,
    unit_id: int,
    round_id: int,
    stored: list,
    *,
    is_returned: bool,
) -> Timetable:
    """The phases and extensions of a unit's round, at the database's moment."""
    if not (stored or is_returned):
        return Timetable(find_now(connection))
    return Timetable(
        find_now(connection),
        read_phases(stored),
        find_extensions(connection, unit_id, round_id),
    )


def find_unlocked_fields(
    form: FormSpec, unlocked: Unlocked, row_id: int
) -> frozenset[str]:
    """The fields of a row that a return unlocked, with those that depend on them."""
    named = {name for row, name in unlocked.cells if row == row_id}
    return form.find_dependents(_find_mendable(form, named)) if named else frozenset()


def is_under_review(connection: Connection, form: FormSpec, scope: Scope) -> bool:
    """Whether the form was handed in: its content stays as it was then."""
    state = connection.scalar(
        select(_FILING.c.state).where(
            _FILING.c.unit_id == scope.unit_id,
            _FILING.c.round_id == scope.round_id,
            _FILING.c.form_code == form.code,
        )
    )
    return state in _HANDED_IN


def find_handed_in(
    connection: Connection, forms: Collection[FormSpec], scope: Scope
) -> frozenset[str]:
    """Codes of those of the forms that are under review, or were approved."""
    found = connection.scalars(
        select(_FILING.c.form_code).where(
            _FILING.c.unit_id == scope.unit_id,
            _FILING.c.round_id == scope.round_id,
            _FILING.c.form_code.in_([form.code for form in forms]),
            _FILING.c.state.in_(_HANDED_IN),
        )
    )
    return frozenset(found)


def _name(scope: Scope) -> dict[str, int]:
    """The scope as the statements above name it."""
    return {"unit_id": scope.unit_id, "round_id": scope.round_id}


def _find_mendable(form: FormSpec, names: Collection[str]) -> frozenset[str]:
    """These fields, and what given ones follow from: nobody types those themselves."""
    found, fresh = frozenset[str](), frozenset(names) & form.by_id.keys()
    while fresh:
        found |= fresh
        given = (form.by_id[name] for name in fresh if form.by_id[name].is_given)
        fresh = frozenset[str]().union(*(f.fields_followed for f in given)) - found
    return found


def _find_handed(connection: Connection, scope: Scope) -> dict[int, list[int]]:
    """Filing id -> the departments that handed their rows over."""
    handed: dict[int, list[int]] = {}
    for filing_id, department_id in connection.execute(_HANDED, _name(scope)):
        handed.setdefault(filing_id, []).append(department_id)
    return handed


def _find_instead(
    connection: Connection,
    form: FormSpec,
    scope: Scope,
    filing: Row,
    unlocked: Mapping[int, Unlocked],
) -> Unlocked:
    """What is unlocked in a form, with what stands in the place of deleted rows."""
    own = unlocked.get(filing.id, Unlocked())
    if filing.state is not FilingState.RETURNED or own.whole or not own.rows:
        return own
    found = find_replacing(connection, form.table_name, scope, own.rows)
    return replace(own, instead=found.rows)


def _find_unlocked(connection: Connection, scope: Scope) -> dict[int, Unlocked]:
    """Filing id -> what its open returns name."""
    found = connection.execute(_UNLOCKED, _name(scope)).all()
    unlocked = {}
    for filing_id in {one.filing_id for one in found}:
        own = [one for one in found if one.filing_id == filing_id]
        unlocked[filing_id] = Unlocked(
            any(one.row_id is None for one in own),
            frozenset(one.row_id for one in own if one.row_id and not one.field_id),
            frozenset((one.row_id, one.field_id) for one in own if one.field_id),
        )
    return unlocked
