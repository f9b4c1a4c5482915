"""Starts a round with the rows of the last one, where forms say that these last.

Rows come in the order of their references, marked as inherited until somebody changes
them, and judged as if they had been saved. Calling it again adds only what is missing.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine, Row, select

from app.errors import LockedForm, NotFound, Refused
from app.models import AuditAction, Round
from app.models.base import now_utc
from app.permissions import Actor
from app.services.contexts import make_context
from app.services.preconditions import order_forms
from app.services.rechecking import check_stored
from app.services.rounds.parts import Part, find_part_of
from app.storage.assignments import Assignments, load_assignments
from app.storage.audit import AuditRecord, record
from app.storage.carrying import REASON, Carrier, CarryCounts
from app.storage.change_digests import describe_load
from app.storage.earlier_values import has_same_key
from app.storage.engine import begin_reading
from app.storage.filing_gate import FilingGate, lock_filings
from app.storage.keys import key_text
from app.storage.records import Scope, StoredRow
from app.storage.rows import RowStore
from app.storage.standings import Standing, find_standings
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.descent import find_descent
from form_schemas.spec import FormSpec
from validators.check import Context
from validators.report import find_level


@dataclass(frozen=True)
class CarryLine:
    """A form that may start with the last round's rows."""

    form: FormSpec
    counts: CarryCounts
    #: why it is left alone; empty if rows may come
    obstacle: str = ""
    #: whose rows stay behind, and why
    held_back: str = ""

    @property
    def can_be_carried(self) -> bool:
        return not self.obstacle and self.counts.new > 0


@dataclass(frozen=True)
class CarryPlan:
    """What may be carried into a unit's round."""

    part: Part
    #: of the round the rows come from; empty where there is none
    source_title: str
    lines: tuple[CarryLine, ...]


@dataclass(frozen=True)
class Carried:
    """What came of carrying a form."""

    form: FormSpec
    added: int
    #: rows that refer to others that are not here, or whose values others have
    left: int
    #: why the form was left alone
    obstacle: str = ""
    #: whose rows stayed behind, and why
    held_back: str = ""


def preview_carrying(
    engine: Engine, catalogue: Catalogue, actor: Actor | None, scope: Scope
) -> CarryPlan:
    """What `carry_forward` would do, form by form in its order."""
    with begin_reading(engine) as connection:
        part = find_part_of(connection, catalogue, actor, scope)
        source = _find_source(connection, part)
        if source is None:
            return CarryPlan(part, "", ())
        assignments = load_assignments(connection, scope.unit_id, scope.round_id)
        forms = part.forms
        standings = find_standings(connection, forms, scope, assignments)
        earlier = _find_edition(catalogue, source)
        lines = (
            _judge(connection, catalogue, standing, earlier, source, assignments, scope)
            for standing in (
                standings[form.code] for form in list_carried(catalogue, part.forms)
            )
        )
        return CarryPlan(part, source.title, tuple(lines))


def carry_forward(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor | None,
    scope: Scope,
    codes: Collection[str] | None = None,
) -> tuple[Carried, ...]:
    """Bring the last round's rows of forms into this one, all of them or none.

    Args:
        actor: None: the command line.
        codes: the forms; None: all that may be carried.

    Raises:
        Refused: there is no last round, or this one is not open.
    """
    with engine.begin() as connection:
        part = find_part_of(connection, catalogue, actor, scope)
        part.require_open()
        source = _find_source(connection, part)
        if source is None:
            raise Refused("本单位没有上一期的数据，没有可以带入的。")
        forms = _choose(catalogue, part, codes)
        lock_filings(connection, forms, scope, shared=True)
        run = _Run(connection, catalogue, actor, part, source)
        carried = tuple(run.carry(form) for form in forms)
        for entry in run.entries:
            record(connection, entry)
        return carried


def carry_chosen(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor,
    scope: Scope,
    form: FormSpec,
    keys: Collection[str],
) -> Carried:
    """Bring some of the last round's rows of a form into this one.

    Whether the actor may enter rows is asked before; unlike `carry_forward` this is
    his own work, and held to the hours of filling.

    Raises:
        Refused: there is no last round, or this one is not open.
        NotFound: rows of this form do not last.
    """
    with engine.begin() as connection:
        part = find_part_of(connection, catalogue, None, scope)
        part.require_open()
        source = _find_source(connection, part)
        if source is None:
            raise Refused("本单位没有上一期的数据，没有可以选的。")
        if form not in part.forms or not form.is_carried:
            raise NotFound(f"{form.code} 不是可以由上期带入的表。")
        lock_filings(connection, [form], scope, shared=True)
        run = _Run(connection, catalogue, actor, part, source, keys=keys)
        carried = run.carry(form)
        for entry in run.entries:
            record(connection, entry)
        return carried


def list_carried(
    catalogue: Catalogue, forms: Iterable[FormSpec]
) -> tuple[FormSpec, ...]:
    """The forms whose rows may be carried, each after those it refers to."""
    wanted = [form for form in forms if form.is_carried]
    found: dict[str, FormSpec] = {}
    for form in order_forms(wanted):
        _put_after_targets(catalogue, form, {f.code for f in wanted}, found, set())
    return tuple(found.values())


class _Run:
    """One act of carrying.

    Args:
        keys: of the rows that somebody chose; None: all, carried by the engine.
    """

    def __init__(
        self,
        connection: Connection,
        catalogue: Catalogue,
        actor: Actor | None,
        part: Part,
        source: Row,
        *,
        keys: Collection[str] | None = None,
    ) -> None:
        self._connection, self._catalogue = connection, catalogue
        self._keys = keys
        self._actor, self._part, self._source = actor, part, source
        self._scope = Scope(part.unit_id, part.round_id)
        self._gate = FilingGate(connection, by_engine=keys is None)
        self._assignments = load_assignments(connection, part.unit_id, part.round_id)
        self._earlier = _find_edition(catalogue, source)
        #: for the audit log, once everything is done
        self.entries: list[AuditRecord] = []

    def carry(self, form: FormSpec) -> Carried:
        handed: frozenset[int] = frozenset()
        obstacle = _find_key_obstacle(self._catalogue, form, self._earlier)
        if not obstacle:
            try:
                handed = self._gate.require_load(form, self._scope).handed
            except LockedForm as locked:
                obstacle = locked.message
        carrier = _carrier(
            self._connection,
            self._catalogue,
            form,
            self._scope,
            self._source,
            handed,
            self._keys,
        )
        counts = carrier.count()
        held_back = _tell_held_back(form, self._assignments, counts)
        if obstacle or not counts.new:
            return Carried(form, 0, counts.new, obstacle, held_back)
        now = now_utc()
        added = carrier.copy(self._assignments.ids(form), now)
        self._settle(carrier, now)
        if added:
            self.entries.append(self._describe(form, added, now))
        return Carried(form, added, counts.new - added, held_back=held_back)

    def _settle(self, carrier: Carrier, now) -> None:
        """Compute, judge and write down what came, block by block."""
        form, store = carrier.form, RowStore(self._connection, self._catalogue)
        context = make_context(self._connection, store, form, self._scope)
        last = 0
        while rows := carrier.read(now, last):
            carrier.log(_judge_rows(carrier, form, rows, context), now)
            last = rows[-1].id

    def _describe(self, form: FormSpec, added: int, now) -> AuditRecord:
        details = describe_load(self._connection, form.table_name, self._scope, now)
        return AuditRecord(
            AuditAction.CARRIED_FORWARD,
            None if self._actor is None else self._actor.user_id,
            self._scope.unit_id,
            self._scope.round_id,
            form.full_name,
            f"{form.code} {form.title}：由“{self._source.title}”带入 {added} 行",
            {**details, "from_round": self._source.id, "reason": REASON},
        )


def _judge_rows(
    carrier: Carrier, form: FormSpec, rows: list[StoredRow], context: Context
) -> Iterator[tuple[int, dict[str, object]]]:
    """Store what follows from the rows, and their levels; gives the rows as stored."""
    brought = _find_elsewhere(carrier, form, rows)
    rows = [replace(r, row={**r.row, **brought.get(r.id, {})}) for r in rows]
    checked = check_stored(form, rows, context)
    wider = {item.id for item in form.wider_fields}
    given = [f.id for f in form.fields if f.is_given and f.id not in wider]
    changes = {}
    for stored, row in zip(rows, checked.rows(), strict=True):
        values = {name: row.get(name) for name in given}
        is_brought = stored.id in brought
        if is_brought or any(
            stored.row.get(name) != value for name, value in values.items()
        ):
            moved = {name: stored.row.get(name) for name in carrier.then.elsewhere}
            changes[stored.id] = {**moved, **values}
    carrier.store_values(changes)
    levels: dict[str, list[int]] = {}
    for index, problems in checked.found.items():
        levels.setdefault(find_level(problems), []).append(rows[index].id)
    levels.pop("", None)
    for level, ids in levels.items():
        carrier.mark(level, ids)
    for stored in rows:
        yield stored.id, {**stored.row, **changes.get(stored.id, {})}


def _find_elsewhere(
    carrier: Carrier, form: FormSpec, rows: list[StoredRow]
) -> dict[int, dict[str, object]]:
    """Values that stood in other forms, or follow from the row as it was, by row id."""
    if not carrier.then.elsewhere:
        return {}
    keys = {row.id: key_text(form, row.row) for row in rows}
    found = carrier.then.find_elsewhere(set(keys.values()))
    return {row_id: found[key] for row_id, key in keys.items() if key in found}


def _judge(
    connection: Connection,
    catalogue: Catalogue,
    standing: Standing,
    earlier: Edition | None,
    source: Row,
    assignments: Assignments,
    scope: Scope,
) -> CarryLine:
    form = standing.form
    carrier = _carrier(connection, catalogue, form, scope, source, standing.handed)
    counts = carrier.count()
    obstacle = _find_key_obstacle(catalogue, form, earlier) or standing.load_obstacle
    held_back = _tell_held_back(form, assignments, counts)
    return CarryLine(form, counts, obstacle, held_back)


def _tell_held_back(
    form: FormSpec, assignments: Assignments, counts: CarryCounts
) -> str:
    """What departments that handed over do not get, in words; empty for nothing."""
    suppliers = assignments.suppliers(form)
    names = [one.name for one in suppliers if one.department_id in counts.held_back]
    if not names:
        return ""
    return (
        f"{'、'.join(names)}已移交数据，它的 {counts.handed} 行不带入。"
        "要带入，请先由它收回，或请牵头部门退回。"
    )


def _carrier(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    source: Row,
    handed: Collection[int],
    keys: Collection[str] | None = None,
) -> Carrier:
    last = replace(scope, round_id=source.id)
    return Carrier(connection, catalogue, form, last, scope, handed, keys)


def _find_key_obstacle(
    catalogue: Catalogue, form: FormSpec, earlier: Edition | None
) -> str:
    if earlier is None:
        return "上期没有这张表。"
    descent = find_descent(catalogue, earlier, catalogue.edition_of(form))
    before = descent.form_before(form)
    if before is None:
        return "上期没有这张表。"
    if not has_same_key(form, before, descent):
        return "这张表认行的栏改了，上期的行对不上，请导出上期的数据整理后导入。"
    return ""


def _choose(
    catalogue: Catalogue, part: Part, codes: Collection[str] | None
) -> Iterable[FormSpec]:
    forms = list_carried(catalogue, part.forms)
    if codes is None:
        return forms
    unknown = set(codes) - {form.code for form in forms}
    if unknown:
        names = "、".join(sorted(unknown))
        raise NotFound(f"{names} 不是可以由上期带入的表。")
    return [form for form in forms if form.code in codes]


def _find_source(connection: Connection, part: Part) -> Row | None:
    table = Round.__table__
    return connection.execute(
        select(table).where(table.c.id == part.previous_id)
    ).first()


def _find_edition(catalogue: Catalogue, source: Row) -> Edition | None:
    try:
        return catalogue.edition(source.collection, source.edition)
    except LookupError:
        return None


def _put_after_targets(
    catalogue: Catalogue,
    form: FormSpec,
    wanted: Collection[str],
    found: dict[str, FormSpec],
    under_way: set[str],
) -> None:
    if form.code in found or form.code in under_way:
        return
    under_way.add(form.code)
    for field in form.fields:
        for target in catalogue.targets(form, field):
            if target.code in wanted:
                _put_after_targets(catalogue, target, wanted, found, under_way)
    found[form.code] = form
