"""The unit at the top of a collection with its accounts: nobody above it makes it.

Everything below it is made by those above, as `making` does; provinces can be made with
it, one for each area at the top of a code list. What is there already stays as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine, Row, select
from sqlalchemy.orm import Session

from app.errors import NotFound, Refused
from app.models import Unit, UnitKind
from app.permissions import Actor
from app.services.account_kinds import KnownType, list_types
from app.services.areas.entries import (
    JudgedUnit,
    NewUnit,
    find_code_flaws,
    find_name_flaws,
)
from app.services.areas.making import (
    Initial,
    MadeAccount,
    complete_accounts,
    make_initials,
    write_unit,
)
from app.services.organisation import prepare_departments
from app.services.units import lock_tree, record_unit, update_unit
from app.storage.engine import begin_reading
from form_schemas.catalogue import Catalogue
from form_schemas.codelists import CodeList

_UNITS = Unit.__table__
#: Municipalities have committees of education, the others departments.
_CITY = "市"


@dataclass(frozen=True)
class AuthorityNames:
    """What authorities of areas are called; `{area}` stands for the area's name."""

    usual: str = "{area}教育厅"
    of_city: str = "{area}教育委员会"

    def name(self, area: str) -> str:
        made = self.of_city if area.endswith(_CITY) else self.usual
        return made.replace("{area}", area)


def found_nation(
    engine: Engine, catalogue: Catalogue, actor: Actor, collection: str, new: NewUnit
) -> tuple[int, tuple[MadeAccount, ...]]:
    """Make the unit at the top; returns its id and the first passwords.

    One that is there already gets what it lacks: the collection, and accounts.

    Raises:
        NotFound: the collection has no accounts for such a unit.
        Refused: another unit stands at the top, or the name or code will not do.
    """
    types = _list_types(catalogue, collection, UnitKind.NATION)
    found = _find_nation(engine)
    if found is not None:
        if found.name != new.name.strip():
            raise Refused(
                f"已经有国家一级的单位“{found.name}”（编号 {found.code}）。"
                "要改名称，请在“管理 → 单位”里改；要补它的账号，请写它现在的名称。"
            )
        _join(engine, actor, found.id, types)
        return found.id, complete_accounts(engine, catalogue, actor, found.id)
    [made] = _write(engine, actor, types, [replace(new, kind=UnitKind.NATION)])
    return made


def found_provinces(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor,
    collection: str,
    nation_id: int,
    areas: CodeList,
    names: AuthorityNames,
) -> tuple[MadeAccount, ...]:
    """Make an authority for each area at the top of a list; returns the passwords.

    Areas that have no areas of their own in the list are left out: nobody reports from
    them. So are those whose code a unit has already.
    """
    types = _list_types(catalogue, collection, UnitKind.PROVINCE)
    with begin_reading(engine) as connection:
        taken = set(connection.scalars(select(_UNITS.c.code)))
    wanted = [
        NewUnit(names.name(area), UnitKind.PROVINCE, nation_id, code)
        for code, area in list_areas(areas)
        if code not in taken
    ]
    made = _write(engine, actor, types, wanted)
    return tuple(account for _, accounts in made for account in accounts)


def list_areas(areas: CodeList) -> Iterator[tuple[str, str]]:
    """Code and name of each area at the top that has others below it."""
    above = {entry.parent for entry in areas.entries}
    for entry in areas.entries:
        if entry.parent is None and entry.code in above and not entry.valid_to:
            yield entry.code, entry.name


def _list_types(
    catalogue: Catalogue, collection: str, kind: UnitKind
) -> tuple[KnownType, ...]:
    found = tuple(
        one
        for one in list_types(catalogue)
        if one.edition.collection == collection and one.type.find_in(kind)
    )
    if not found:
        raise NotFound(
            f"“{collection}”没有给这一级单位设账号类型（collection.json 的 "
            "accountTypes），不能这样建。请核对系列的名称。"
        )
    return found


def _find_nation(engine: Engine) -> Row | None:
    with begin_reading(engine) as connection:
        return connection.execute(
            select(_UNITS).where(_UNITS.c.kind == UnitKind.NATION).order_by(_UNITS.c.id)
        ).first()


def _join(
    engine: Engine, actor: Actor, unit_id: int, types: Sequence[KnownType]
) -> None:
    """Have a unit that was made by hand fill in the collection's forms, too."""
    wanted = {one.edition.collection: one.edition for one in types}
    with engine.begin() as connection:
        lock_tree(connection)
        own = connection.scalar(
            select(_UNITS.c.collections).where(_UNITS.c.id == unit_id)
        )
        fresh = [slug for slug in wanted if slug not in own]
        if not fresh:
            return
        update_unit(connection, unit_id, collections=[*own, *fresh])
        for slug in fresh:
            prepare_departments(connection, wanted[slug], unit_id)
        record_unit(connection, actor, unit_id, {"collections": fresh})


def _write(
    engine: Engine, actor: Actor, types: Sequence[KnownType], wanted: Sequence[NewUnit]
) -> list[tuple[int, tuple[MadeAccount, ...]]]:
    """Write all of the units or none."""
    # Hashing takes time, and writers wait for writers.
    initials = [make_initials(types, new.people, takes_phones=False) for new in wanted]
    with Session(engine) as session, session.begin():
        connection = session.connection()
        lock_tree(connection)
        return [
            _write_one(session, actor, types, new, initial)
            for new, initial in zip(wanted, initials, strict=True)
        ]


def _write_one(
    session: Session,
    actor: Actor,
    types: Sequence[KnownType],
    new: NewUnit,
    initials: Mapping[str, Initial],
) -> tuple[int, tuple[MadeAccount, ...]]:
    connection = session.connection()
    own = tuple(types)
    parent = _find_parent(connection, new.parent_id)
    flaws = [
        *find_name_flaws(connection, new.name, own),
        *find_code_flaws(connection, new.code),
    ]
    judged = JudgedUnit(new, parent, own, flaws)
    judged.require()
    return write_unit(session, judged, initials, actor)


def _find_parent(connection: Connection, parent_id: int | None) -> Row | None:
    if parent_id is None:
        return None
    return connection.execute(select(_UNITS).where(_UNITS.c.id == parent_id)).one()
