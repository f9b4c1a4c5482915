"""The departments of a unit: names and aliases, order, closing them.

Forms name departments; a department answers to its name and its aliases, which no other
one of the unit may have. Departments are never deleted: rows name them.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, Engine, Row, insert, select, update

from app.errors import BadRequest, NotFound, Refused
from app.models import (
    AuditAction,
    Department,
    Unit,
)
from app.permissions import Actor
from app.services.department_tasks import (
    find_all,
    find_led,
    find_open_rounds,
    require_unit,
)
from app.services.naming import fold
from app.services.recording import id_of
from app.storage.audit import AuditRecord, record
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec

NAME_MAX = 60
_SHOWN_FORMS = 8
_TABLE = Department.__table__


def add_department(
    engine: Engine,
    unit_id: int,
    name: str,
    aliases: Sequence[str] = (),
    *,
    actor: Actor | None = None,
) -> int:
    """Add a department at the end.

    Raises:
        BadRequest: the name is missing or too long.
        Refused: another department has a name or alias of these.
    """
    name, aliases = _clean(name, aliases)
    with engine.begin() as connection:
        _begin(connection, actor, unit_id)
        found = find_all(connection, unit_id)
        _require_free(found, name, aliases)
        department_id = connection.execute(
            insert(_TABLE).values(
                unit_id=unit_id,
                name=name,
                aliases=list(aliases),
                position=len(found),
                is_active=True,
            )
        ).inserted_primary_key[0]
        _record(connection, actor, unit_id, name, {"added": [name, *aliases]})
        return department_id


def rename_department(
    engine: Engine,
    catalogue: Catalogue,
    department_id: int,
    name: str,
    aliases: Sequence[str],
    *,
    actor: Actor | None = None,
) -> None:
    """Change name and aliases; a name that forms use stays as an alias.

    Raises:
        Refused: another department has a name or alias of these, or a form of an open
            round would lose the department that leads it.
    """
    name, aliases = _clean(name, aliases)
    with engine.begin() as connection:
        old = _get(connection, department_id)
        _begin(connection, actor, old.unit_id)
        old = _get(connection, department_id)
        if old.name != name and old.name in _named_by(catalogue):
            _, aliases = _clean(name, (*aliases, old.name))
        after = {"name": name, "aliases": list(aliases)}
        before = {"name": old.name, "aliases": list(old.aliases)}
        if before == after:
            return
        others = [o for o in find_all(connection, old.unit_id) if o.id != old.id]
        _require_free(others, name, aliases)
        _change(connection, catalogue, old, "改名", after)
        told = {"before": before, "after": after}
        _record(connection, actor, old.unit_id, name, told)


def set_department_active(
    engine: Engine,
    catalogue: Catalogue,
    department_id: int,
    active: bool,
    *,
    actor: Actor | None = None,
) -> None:
    """Close a department, or open it again; the roles in a closed one give nothing.

    Raises:
        Refused: it leads a form of an open round; or another one took its name over.
    """
    with engine.begin() as connection:
        old = _get(connection, department_id)
        _begin(connection, actor, old.unit_id)
        old = _get(connection, department_id)
        if old.is_active == active:
            return
        if active:
            others = [o for o in find_all(connection, old.unit_id) if o.id != old.id]
            _require_free(others, old.name, old.aliases)
        _change(connection, catalogue, old, "停用", {"is_active": active})
        _record(connection, actor, old.unit_id, old.name, {"is_active": active})


def move_department(
    engine: Engine, department_id: int, step: int, *, actor: Actor | None = None
) -> None:
    """Move a department up (-1) or down (1) in the order of its unit."""
    with engine.begin() as connection:
        unit_id = _get(connection, department_id).unit_id
        _begin(connection, actor, unit_id)
        ids = [one.id for one in find_all(connection, unit_id)]
        at = ids.index(department_id)
        to = min(max(0, at + step), len(ids) - 1)
        if to == at:
            return
        ids.insert(to, ids.pop(at))
        for position, one in enumerate(ids):
            _update(connection, one, position=position)
        name = _get(connection, department_id).name
        _record(connection, actor, unit_id, name, {"position": to})


def read_aliases(text: str) -> tuple[str, ...]:
    """Aliases as people type them into one line: 、 ， ； and the like between them."""
    for mark in "，,；;\n\t":
        text = text.replace(mark, "、")
    return tuple(part.strip() for part in text.split("、") if part.strip())


def _clean(name: str, aliases: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    name = " ".join(name.split())
    if not name:
        raise BadRequest("部门名称要填。")
    found = {fold(alias): alias.strip() for alias in aliases if alias.strip()}
    found.pop(fold(name), None)
    for one in (name, *found.values()):
        if len(one) > NAME_MAX:
            raise BadRequest(f"“{one[:20]}…”太长，部门名称最多 {NAME_MAX} 个字。")
    return name, tuple(found.values())


def _require_free(others: Iterable[Row], name: str, aliases: Iterable[str]) -> None:
    """A closed department keeps its name; what else it was called others may take."""
    wanted = {fold(one): one for one in (name, *aliases)}
    for other in others:
        if not other.is_active and other.name != name:
            continue
        for taken in (other.name, *other.aliases):
            if fold(taken) in wanted:
                state = "" if other.is_active else "（已停用）"
                kind = "的名称" if taken == other.name else "的别名"
                raise Refused(
                    f"“{wanted[fold(taken)]}”已经是“{other.name}”{state}{kind}，"
                    "请换一个，或先在那个部门里去掉它。"
                )


def _change(
    connection: Connection,
    catalogue: Catalogue,
    old: Row,
    act: str,
    values: Mapping[str, object],
) -> None:
    """Change a department, unless a form of an open round loses its lead by it."""
    rounds = find_open_rounds(connection, catalogue, old.unit_id)
    before = {one.id: find_led(connection, one, old) for one in rounds}
    _update(connection, old.id, **values)
    for one in rounds:
        kept = find_led(connection, one, old) if values.get("is_active", True) else []
        lost = [form for form in before[one.id] if form not in kept]
        if lost:
            raise Refused(_describe_lost(old.name, one.title, lost, act))


def _describe_lost(name: str, title: str, lost: Sequence[FormSpec], act: str) -> str:
    shown = "、".join(f"{form.code} {form.title}" for form in lost[:_SHOWN_FORMS])
    more = f"等 {len(lost)} 张表" if len(lost) > _SHOWN_FORMS else ""
    return (
        f"“{name}”在开放的轮次“{title}”里牵头 {shown}{more}，不能这样{act}。"
        "请先在轮次的分工里把这些表改给别的部门，或等这一轮结束。"
        + ("也可以把表上写的名称留作别名。" if act == "改名" else "")
    )


def _named_by(catalogue: Catalogue) -> frozenset[str]:
    return frozenset(name for form in catalogue.forms for name in form.departments)


def _begin(connection: Connection, actor: Actor | None, unit_id: int) -> None:
    """Check the right; names are compared with names, so one change at a time."""
    require_unit(connection, actor, unit_id)
    connection.execute(
        select(Unit.id).where(Unit.id == unit_id).with_for_update(key_share=True)
    ).all()


def _get(connection: Connection, department_id: int) -> Row:
    found = connection.execute(
        select(_TABLE).where(_TABLE.c.id == department_id)
    ).first()
    if found is None:
        raise NotFound("没有这个部门。")
    return found


def _update(connection: Connection, department_id: int, **values: object) -> None:
    connection.execute(
        update(_TABLE).where(_TABLE.c.id == department_id).values(**values)
    )


def _record(
    connection: Connection,
    actor: Actor | None,
    unit_id: int,
    name: str,
    details: Mapping[str, object],
) -> None:
    record(
        connection,
        AuditRecord(
            AuditAction.DEPARTMENT_CHANGED,
            id_of(actor),
            unit_id,
            subject=name,
            details=details,
        ),
    )
