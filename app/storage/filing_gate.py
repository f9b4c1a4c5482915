"""Whether rows of a form may change: asked by every change, in its own transaction.

Whoever changes rows holds the filing shared, whoever decides about it holds it alone:
on PostgreSQL by a row lock, on SQLite because only one writes. So a decision meets no
half-done change, and a change none that was just decided about.
"""

from collections.abc import Collection

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects import postgresql, sqlite

from app.errors import LockedForm
from app.models import Filing, FilingState
from app.models.base import now_utc
from app.storage.engine import is_sqlite
from app.storage.records import Scope
from app.storage.replacing import Replacing, find_replacing
from app.storage.standings import Standing, find_standing, find_unlocked_fields
from form_schemas.spec import FormSpec

_FILING = Filing.__table__


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
        if standing.is_narrow and not self._find_replacing(standing, scope).places:
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
        if not standing.is_narrow or self._is_unlocked(standing, scope, row_id):
            return
        free = find_unlocked_fields(form, standing.unlocked, row_id)
        if locked := [name for name in fields if name not in free]:
            labels = "、".join(f"“{form.by_id[name].label}”" for name in locked[:3])
            raise LockedForm(f"本表是退回修改，只能改被退回的格；{labels}没有退回。")

    def require_delete(self, form: FormSpec, scope: Scope, row_id: int) -> None:
        """Raise LockedForm where the row may not go."""
        standing = self._require_open(form, scope)
        is_free = not standing.is_narrow or self._is_unlocked(standing, scope, row_id)
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
