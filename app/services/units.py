"""Units in their tree: adding, changing, moving and closing them.

A unit stands under one of a higher kind, so that there are no circles. Units are never
deleted: rows and decisions name them. The command line acts without an actor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Row, exists, func, insert, select, update

from app.errors import BadRequest, Forbidden, NotFound, Refused
from app.models import (
    AuditAction,
    Membership,
    Role,
    Round,
    RowChange,
    Unit,
    UnitKind,
    UnitRound,
)
from app.models.base import now_utc
from app.permissions import Actor, Place, can, require
from app.policy import Action
from app.services.administrators import keep_administrator
from app.services.naming import suggest
from app.services.organisation import prepare_departments, require_settings
from app.services.recording import id_of
from app.services.unit_accounts import (
    describe_taken,
    list_type_ids,
    rename_accounts,
)
from app.services.unit_tree import KIND_NAMES, kinds_above
from app.storage.audit import AuditRecord, record
from form_schemas.catalogue import Edition

CODE_MAX = 40
NAME_MAX = 100

_TABLE = Unit.__table__


@dataclass(frozen=True)
class UnitEntry:
    """What people enter about a unit."""

    code: str
    name: str
    #: the newest editions of the collections that it reports
    editions: Sequence[Edition] = ()


def add_unit(
    engine: Engine,
    entry: UnitEntry,
    *,
    kind: UnitKind | None = None,
    parent_id: int | None = None,
    actor: Actor | None = None,
) -> int:
    """Add a unit; its departments start as those that its collections' forms name.

    Args:
        kind: None: as its collections are reported by.

    Raises:
        Refused: the code is taken, the parent is of no higher kind, the collections
            are for units of several kinds, or the settings of one have faults.
    """
    kind = kind or _find_kind(entry.editions)
    _require_entry(entry, kind)
    with engine.begin() as connection:
        _require_at(connection, actor, parent_id)
        lock_tree(connection)
        require_free_code(connection, entry.code)
        parent = find_parent(connection, kind, parent_id)
        collections = [edition.collection for edition in entry.editions]
        code, name = entry.code.strip(), entry.name.strip()
        unit_id = insert_unit(connection, code, name, kind, parent, collections)
        for edition in entry.editions:
            prepare_departments(connection, edition, unit_id)
        record_unit(connection, actor, unit_id, {"added": entry.code.strip()})
    return unit_id


def change_unit(
    engine: Engine, unit_id: int, entry: UnitEntry, *, actor: Actor | None = None
) -> None:
    """Change a unit's code, name and collections; new ones bring their departments.

    The accounts that it has by its kind are named like it.
    """
    with engine.begin() as connection:
        unit = _get(connection, unit_id)
        _require_at(connection, actor, unit_id)
        _require_entry(entry, unit.kind)
        lock_tree(connection)
        if entry.code.strip() != unit.code:
            require_free_code(connection, entry.code)
        after = {
            "code": entry.code.strip(),
            "name": entry.name.strip(),
            "collections": [edition.collection for edition in entry.editions],
        }
        _require_unused(connection, unit, after["collections"])
        before = {name: getattr(unit, name) for name in after}
        if before == after:
            return
        if after["name"] != unit.name:
            _rename_accounts(connection, unit_id, after["name"], actor)
        update_unit(connection, unit_id, **after)
        for edition in entry.editions:
            if edition.collection not in unit.collections:
                prepare_departments(connection, edition, unit_id)
        record_unit(connection, actor, unit_id, {"before": before, "after": after})


def move_unit(
    engine: Engine, unit_id: int, parent_id: int | None, *, actor: Actor | None = None
) -> None:
    """Put a unit, with all that is below it, under another one or to the top.

    Raises:
        Forbidden: the actor does not manage all units.
        Refused: the new parent is the unit itself, below it, or of no higher kind.
    """
    with engine.begin() as connection:
        _require_at(connection, actor, None)
        lock_tree(connection)
        unit = _get(connection, unit_id)
        parent = find_parent(connection, unit.kind, parent_id, unit)
        if unit.parent_id == parent_id:
            return
        path = f"{parent.path if parent else '/'}{unit_id}/"
        _move_below(connection, unit, path)
        update_unit(connection, unit_id, parent_id=parent_id, path=path)
        mark_shut_below(connection, path)
        moved = {"before": unit.path, "after": path}
        record_unit(connection, actor, unit_id, {"moved": moved})


def set_unit_active(
    engine: Engine, unit_id: int, active: bool, *, actor: Actor | None = None
) -> None:
    """Close a unit, or open it again: nobody works in a closed one; its rows remain.

    Raises:
        Refused: there are units in use below it, or its administrator is the last one.
    """
    with engine.begin() as connection:
        _require_at(connection, actor, None)
        lock_tree(connection)
        unit = _get(connection, unit_id)
        if unit.is_active == active:
            return
        if not active:
            _require_nothing_below(connection, unit)
            _keep_administrators(connection, unit_id)
        update_unit(connection, unit_id, is_active=active)
        mark_shut_below(connection, unit.path)
        record_unit(connection, actor, unit_id, {"is_active": active})


def mark_shut_below(connection: Connection, path: str) -> None:
    """Note at each unit of this path and below whether one above it is closed."""
    above = _TABLE.alias()
    shut = (
        exists()
        .where(
            _TABLE.c.path.startswith(above.c.path),
            above.c.id != _TABLE.c.id,
            ~above.c.is_active,
            # What has no path yet stands above nothing.
            above.c.path != "",
        )
        .correlate(_TABLE)
    )
    connection.execute(
        update(_TABLE).where(_TABLE.c.path.startswith(path)).values(is_shut_above=shut)
    )


def find_unit_id(engine: Engine, text: str) -> int:
    """The unit with this code or name, for the command line.

    Raises:
        NotFound: there is none.
    """
    with engine.connect() as connection:
        found = connection.execute(select(_TABLE.c.id, _TABLE.c.code, _TABLE.c.name))
        units = found.all()
    by_code = {unit.name: unit.id for unit in units}
    by_code |= {unit.code: unit.id for unit in units}
    if text not in by_code:
        raise NotFound(f"没有单位“{text}”。{suggest(text, by_code)}")
    return by_code[text]


def _find_kind(editions: Sequence[Edition]) -> UnitKind:
    for edition in editions:
        require_settings(edition)
    kinds = {edition.settings["unitKind"] for edition in editions}
    if not kinds:
        raise BadRequest("请选单位的级别，或选它填报的系列。")
    if len(kinds) > 1:
        raise Refused("这些系列由不同种类的单位填报，请分开建单位。")
    return UnitKind(kinds.pop())


def _require_entry(entry: UnitEntry, kind: UnitKind) -> None:
    code, name = entry.code.strip(), entry.name.strip()
    if not code or not name:
        raise BadRequest("单位的编号和名称都要填。")
    if len(code) > CODE_MAX or len(name) > NAME_MAX:
        raise BadRequest(f"编号最多 {CODE_MAX} 个字符，名称最多 {NAME_MAX} 个字。")
    if any(c.isspace() or not c.isprintable() for c in code):
        raise BadRequest("单位编号里不要有空格。")
    if entry.editions and _find_kind(entry.editions) is not kind:
        titles = "、".join(edition.short_title for edition in entry.editions)
        raise Refused(f"“{titles}”不由{KIND_NAMES[kind]}填报，请改级别或系列。")


def _rename_accounts(
    connection: Connection, unit_id: int, name: str, actor: Actor | None
) -> None:
    types = list_type_ids(connection, unit_id)
    if not types:
        return
    if said := describe_taken(connection, name, types, unit_id):
        raise Refused(said)
    rename_accounts(connection, unit_id, name, actor)


def _require_at(
    connection: Connection, actor: Actor | None, unit_id: int | None
) -> None:
    """The right to manage this unit; None: all units."""
    if actor is None:
        return
    require(actor, Action.MANAGE_UNITS)
    found = None if unit_id is None else _get(connection, unit_id)
    place = Place() if found is None else Place(found.id, unit_path=found.path)
    if not can(actor, Action.MANAGE_UNITS, place):
        raise Forbidden(
            "增加、移动、停用单位由系统管理员办。"
            if found is None
            else f"{found.name}不归您管理，请找系统管理员。"
        )


def lock_tree(connection: Connection) -> None:
    """Paths are written from other units' paths: one change of the tree at a time."""
    connection.execute(
        select(_TABLE.c.id).order_by(_TABLE.c.id).with_for_update(key_share=True)
    ).all()


def require_free_code(connection: Connection, code: str) -> None:
    wanted = code.strip()
    taken = connection.scalar(
        select(_TABLE.c.name).where(func.lower(_TABLE.c.code) == wanted.lower())
    )
    if taken is not None:
        raise Refused(f"单位编号“{wanted}”已经有了（{taken}），请换一个。")


def find_parent(
    connection: Connection,
    kind: UnitKind,
    parent_id: int | None,
    unit: Row | None = None,
) -> Row | None:
    if parent_id is None:
        return None
    parent = _get(connection, parent_id)
    if unit is not None and parent.path.startswith(unit.path):
        raise Refused(f"不能把{unit.name}移到它自己或它的下级之下，请另选上级。")
    if parent.kind not in kinds_above(kind):
        names = "、".join(KIND_NAMES[one] for one in kinds_above(kind))
        raise Refused(
            f"{parent.name}是{KIND_NAMES[parent.kind]}，下面不能有{KIND_NAMES[kind]}。"
            + (f"上级可以是{names}。" if names else "国家一级没有上级。")
        )
    if not parent.is_active:
        raise Refused(f"{parent.name}已经停用，请先启用它，或另选上级。")
    return parent


def insert_unit(
    connection: Connection,
    code: str,
    name: str,
    kind: UnitKind,
    parent: Row | None,
    collections: Sequence[str],
) -> int:
    """Write a new unit, which has been judged."""
    unit_id = connection.execute(
        insert(_TABLE).values(
            kind=kind,
            code=code,
            name=name,
            parent_id=None if parent is None else parent.id,
            collections=[*collections],
            is_active=True,
            is_shut_above=parent is not None and parent.is_shut_above,
            created_at=now_utc(),
        )
    ).inserted_primary_key[0]
    above = "/" if parent is None else parent.path
    update_unit(connection, unit_id, path=f"{above}{unit_id}/")
    return unit_id


def _move_below(connection: Connection, unit: Row, path: str) -> None:
    """Write new paths for what is below a unit, which begin with the unit's own."""
    tail = func.substr(_TABLE.c.path, len(unit.path) + 1)
    connection.execute(
        update(_TABLE)
        .where(_TABLE.c.path.startswith(unit.path), _TABLE.c.id != unit.id)
        .values(path=path + tail)
    )


def _require_unused(
    connection: Connection, unit: Row, collections: Sequence[str]
) -> None:
    for collection in sorted({*unit.collections} - {*collections}):
        rounds = select(Round.id).where(Round.collection == collection)
        for table in (RowChange, UnitRound):
            used = select(table.id).where(
                table.unit_id == unit.id, table.round_id.in_(rounds)
            )
            if connection.scalar(used.limit(1)) is not None:
                raise Refused(
                    f"{unit.name}已经有“{collection}”的数据或轮次，不能取消这个系列。"
                )


def _require_nothing_below(connection: Connection, unit: Row) -> None:
    below = connection.scalars(
        select(_TABLE.c.name)
        .where(_TABLE.c.parent_id == unit.id, _TABLE.c.is_active)
        .order_by(_TABLE.c.code)
    ).all()
    if below:
        names = "、".join(below[:3]) + ("等" if len(below) > 3 else "")
        raise Refused(
            f"{unit.name}下面还有 {len(below)} 个在用的单位（{names}）。"
            "请先移走或停用它们。"
        )


def _keep_administrators(connection: Connection, unit_id: int) -> None:
    role = Membership.role == Role.ADMINISTRATOR
    held = select(Membership.id).where(Membership.unit_id == unit_id, role)
    if connection.scalar(held.limit(1)) is not None:
        keep_administrator(connection, Unit.id != unit_id)


def _get(connection: Connection, unit_id: int) -> Row:
    found = connection.execute(select(_TABLE).where(_TABLE.c.id == unit_id)).first()
    if found is None:
        raise NotFound("没有这个单位。")
    return found


def update_unit(connection: Connection, unit_id: int, **values: object) -> None:
    connection.execute(update(_TABLE).where(_TABLE.c.id == unit_id).values(**values))


def record_unit(
    connection: Connection,
    actor: Actor | None,
    unit_id: int,
    details: Mapping[str, object],
) -> None:
    name = _get(connection, unit_id).name
    record(
        connection,
        AuditRecord(
            AuditAction.UNIT_CHANGED,
            id_of(actor),
            unit_id,
            subject=name,
            details=details,
        ),
    )
