"""Whether rows of a form may change: asked by every change, in its own transaction.

Whoever changes rows holds the filing shared, whoever decides about it holds it alone:
on PostgreSQL by a row lock, on SQLite because only one writes. So a decision meets no
half-done change, and a change none that was just decided about.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, Row, and_, select
from sqlalchemy.dialects import postgresql, sqlite

from app.errors import LockedForm
from app.models import (
    CellThread,
    Contribution,
    ContributionState,
    Filing,
    FilingState,
    Round,
    RoundState,
    ThreadState,
    UnitRound,
)
from app.models.base import now_utc
from app.storage.assignments import Assignments, load_assignments
from app.storage.engine import is_sqlite
from app.storage.records import Scope
from app.storage.replacing import Replacing, find_replacing
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
_THREAD = CellThread.__table__


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

    @property
    def obstacle(self) -> str:
        """Why nobody may change rows now, whatever the time; empty if one may."""
        if self.form.is_derived:
            return "本表由系统汇总其他表得出，不用填。"
        if self.round_state is not RoundState.OPEN:
            return "本期填报没有开放，现在只能查看。"
        if self.form.is_moved:
            # Its rows are judged one by one, whatever became of a former filing.
            return ""
        if self.is_closed:
            return "本表已关闭填报。要填，请先重新开放。"
        if self.is_empty:
            return "本表已申报“本期无数据”。要填，请先撤回申报。"
        return _LOCKED.get(self.state, "")

    @property
    def load_obstacle(self) -> str:
        """Why many rows may not come at once, whatever the time; empty if they may."""
        if not self.obstacle and _is_narrow(self):
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
        # What was returned may be mended at any time: it waits for nothing else.
        if self.state is FilingState.RETURNED:
            return ""
        return self._find_closed_hours(department_id)

    def _find_closed_hours(self, department_id: int | None) -> str:
        acting = self.departments if department_id is None else (department_id,)
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
    FilingState.APPROVED: "本表已审核通过，现在只能查看。要改，请审核人退回。",
}


class FilingGate:
    """Lets changes of rows through, or says why not, within one transaction.

    Args:
        by_engine: what the engine itself writes (rows carried forward, demo rows) is
            held to the state of a form, not to its hours.
    """

    def __init__(self, connection: Connection, *, by_engine: bool = False) -> None:
        self._connection = connection
        self.by_engine = by_engine
        self._standings: dict[tuple[str, int, int], Standing] = {}

    def require_insert(self, form: FormSpec, scope: Scope) -> None:
        """Raise LockedForm where no row may be added."""
        standing = self._require_open(form, scope)
        if _is_narrow(standing) and not self._find_replacing(standing, scope).places:
            raise LockedForm(
                "本表是退回修改，只能改被退回的格，不能增加行。"
                "要增加行，请审核人按整表退回。"
            )

    def require_update(
        self,
        form: FormSpec,
        scope: Scope,
        row_id: int,
        fields: Collection[str],
        *,
        at_any_hour: bool = False,
    ) -> None:
        """Raise LockedForm where these fields of the row may not change.

        Args:
            at_any_hour: the row itself came back to be mended.
        """
        standing = self._require_open(form, scope, at_any_hour=at_any_hour)
        if not _is_narrow(standing) or self._is_unlocked(standing, scope, row_id):
            return
        free = find_unlocked_fields(form, standing.unlocked, row_id)
        if locked := [name for name in fields if name not in free]:
            labels = "、".join(f"“{form.by_id[name].label}”" for name in locked[:3])
            raise LockedForm(f"本表是退回修改，只能改被退回的格；{labels}没有退回。")

    def require_delete(self, form: FormSpec, scope: Scope, row_id: int) -> None:
        """Raise LockedForm where the row may not go."""
        standing = self._require_open(form, scope)
        is_free = not _is_narrow(standing) or self._is_unlocked(standing, scope, row_id)
        if not is_free:
            raise LockedForm(
                "本表是退回修改，只能改被退回的格，这一行没有退回，不能删除。"
            )

    def require_load(self, form: FormSpec, scope: Scope) -> Standing:
        """Raise LockedForm where many rows may not come at once."""
        standing = self._require_open(form, scope)
        if standing.load_obstacle:
            raise LockedForm(standing.load_obstacle)
        return standing

    def require_open(
        self, form: FormSpec, scope: Scope, *, at_any_hour: bool = False
    ) -> None:
        """Raise LockedForm where nothing of the form may change, and hold it shared."""
        self._require_open(form, scope, at_any_hour=at_any_hour)

    def _is_unlocked(self, standing: Standing, scope: Scope, row_id: int) -> bool:
        """Whether a row was returned as a whole, or stands in the place of one."""
        if row_id in standing.unlocked.rows:
            return True
        return row_id in self._find_replacing(standing, scope).rows

    def _find_replacing(self, standing: Standing, scope: Scope) -> Replacing:
        # Asked anew each time: rows of this very transaction count.
        named, table_name = standing.unlocked.rows, standing.form.table_name
        if not named:
            return Replacing()
        return find_replacing(self._connection, table_name, scope, named)

    def _require_open(
        self, form: FormSpec, scope: Scope, *, at_any_hour: bool = False
    ) -> Standing:
        key = (form.code, scope.unit_id, scope.round_id)
        if key not in self._standings:
            lock_filing(self._connection, form, scope, shared=True)
            self._standings[key] = find_standing(self._connection, form, scope)
        standing = self._standings[key]
        obstacle = (
            standing.obstacle
            if self.by_engine or at_any_hour
            else standing.find_obstacle(scope.department_id)
        )
        if obstacle:
            raise LockedForm(obstacle)
        return standing


def lock_filing(
    connection: Connection, form: FormSpec, scope: Scope, *, shared: bool = False
):
    """The filing's record, made if there is none, and held until the end.

    Args:
        shared: to change rows, together with others who do; otherwise to decide.
    """
    wanted = select(_FILING).where(
        _FILING.c.unit_id == scope.unit_id,
        _FILING.c.round_id == scope.round_id,
        _FILING.c.form_code == form.code,
    )
    held = wanted.with_for_update(read=shared)
    found = connection.execute(held).first()
    if found is None:
        _insert_filing(connection, form, scope)
        found = connection.execute(held).one()
    return found


def lock_filings(
    connection: Connection,
    forms: Collection[FormSpec],
    scope: Scope,
    *,
    shared: bool = False,
) -> dict[str, Row]:
    """As `lock_filing`, of many forms of a unit's round, by code.

    Whoever holds more than one takes them in the order of their ids, or two would wait
    for each other.
    """
    for form in sorted(forms, key=lambda form: form.code):
        _insert_filing(connection, form, scope)
    found = connection.execute(
        select(_FILING)
        .where(
            _FILING.c.unit_id == scope.unit_id,
            _FILING.c.round_id == scope.round_id,
            _FILING.c.form_code.in_([form.code for form in forms]),
        )
        .order_by(_FILING.c.id)
        .with_for_update(read=shared)
    )
    return {one.form_code: one for one in found}


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
    round_state, phases = _find_round(connection, unit_id, round_id)
    timetable = _read_timetable(connection, unit_id, round_id, phases)
    assignments = assignments or load_assignments(connection, unit_id, round_id)
    filings = {
        found.form_code: found
        for found in connection.execute(
            select(_FILING).where(
                _FILING.c.unit_id == unit_id, _FILING.c.round_id == round_id
            )
        )
    }
    handed = _find_handed(connection, scope)
    unlocked = _find_unlocked(connection, scope)
    standings = {}
    for form in forms:
        departments = assignments.ids(form)
        found = filings.get(form.code)
        if found is None:
            standings[form.code] = Standing(
                form, round_state, timetable, departments=departments
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
        )
    return standings


def find_round_state(
    connection: Connection, unit_id: int, round_id: int
) -> RoundState | None:
    """How the round stands for a unit: some are done with it before others."""
    return _find_round(connection, unit_id, round_id)[0]


def _find_round(
    connection: Connection, unit_id: int, round_id: int
) -> tuple[RoundState | None, list]:
    """How the round stands for a unit, and the unit's phases as stored."""
    found = connection.execute(
        select(Round.state, UnitRound.closed_at, UnitRound.phases)
        .outerjoin(
            UnitRound,
            and_(UnitRound.round_id == Round.id, UnitRound.unit_id == unit_id),
        )
        .where(Round.id == round_id)
    ).first()
    if found is None:
        return None, []
    state = found.state if found.closed_at is None else RoundState.CLOSED
    return state, found.phases or []


def _read_timetable(
    connection: Connection, unit_id: int, round_id: int, stored: list
) -> Timetable:
    """The phases and extensions of a unit's round, at the database's moment."""
    if not stored:
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


def _find_mendable(form: FormSpec, names: Collection[str]) -> frozenset[str]:
    """These fields, and what given ones follow from: nobody types those themselves."""
    found, fresh = frozenset[str](), frozenset(names) & form.by_id.keys()
    while fresh:
        found |= fresh
        given = (form.by_id[name] for name in fresh if form.by_id[name].is_given)
        fresh = frozenset[str]().union(*(f.fields_followed for f in given)) - found
    return found


def _is_narrow(standing: Standing) -> bool:
    """Whether only what was returned may change."""
    if standing.form.is_moved:
        return False
    return standing.state is FilingState.RETURNED and not standing.unlocked.whole


def _insert_filing(connection: Connection, form: FormSpec, scope: Scope) -> None:
    insert = sqlite.insert if is_sqlite(connection) else postgresql.insert
    connection.execute(
        insert(_FILING)
        .values(
            unit_id=scope.unit_id,
            round_id=scope.round_id,
            form_code=form.code,
            state=FilingState.DRAFT,
            step="",
            is_empty=False,
            is_closed=False,
            submissions=0,
            updated_at=now_utc(),
        )
        .on_conflict_do_nothing()
    )


def _find_handed(connection: Connection, scope: Scope) -> dict[int, list[int]]:
    """Filing id -> the departments that handed their rows over."""
    table = Contribution.__table__
    found = connection.execute(
        select(table.c.filing_id, table.c.department_id)
        .join(_FILING, _FILING.c.id == table.c.filing_id)
        .where(
            _FILING.c.unit_id == scope.unit_id,
            _FILING.c.round_id == scope.round_id,
            table.c.state == ContributionState.HANDED,
        )
    )
    handed: dict[int, list[int]] = {}
    for filing_id, department_id in found:
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
    found = connection.execute(
        select(_THREAD.c.filing_id, _THREAD.c.row_id, _THREAD.c.field_id).where(
            _THREAD.c.unit_id == scope.unit_id,
            _THREAD.c.round_id == scope.round_id,
            _THREAD.c.unlocks,
            _THREAD.c.state != ThreadState.CLOSED,
        )
    ).all()
    unlocked = {}
    for filing_id in {one.filing_id for one in found}:
        own = [one for one in found if one.filing_id == filing_id]
        unlocked[filing_id] = Unlocked(
            any(one.row_id is None for one in own),
            frozenset(one.row_id for one in own if one.row_id and not one.field_id),
            frozenset((one.row_id, one.field_id) for one in own if one.field_id),
        )
    return unlocked
