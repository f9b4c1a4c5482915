"""What is entered about a new unit of an area, and what speaks against it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Row, func, select

from app.errors import AppError, Forbidden, Refused
from app.models import Unit, UnitKind
from app.permissions import Actor
from app.services.account_kinds import KnownType, list_types_of
from app.services.accounts import NAME_MAX as PERSON_MAX
from app.services.accounts import USERNAME_MAX, find_email_fault
from app.services.areas.reach import filter_parents
from app.services.naming import fold
from app.services.unit_accounts import describe_taken
from app.services.unit_tree import KIND_NAMES, kinds_above
from app.services.units import CODE_MAX
from form_schemas.catalogue import Catalogue

_TABLE = Unit.__table__
#: What a phone's number gives for an initial password.
PHONE_DIGITS = 6
_PHONE_LENGTHS = range(7, 16)


@dataclass(frozen=True)
class NewPerson:
    """Who has an account, where it is known."""

    name: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True)
class NewUnit:
    """A unit to be added, with the people of its accounts by their kind."""

    name: str
    kind: UnitKind
    #: id of the unit it stands under
    parent_id: int | None
    #: empty: made by itself
    code: str = ""
    people: Mapping[str, NewPerson] = field(default_factory=dict)


@dataclass(frozen=True)
class UnitFlaw:
    """What is wrong with an entry."""

    #: name, kind, parent, code, or phone/<type>, email/<type>, name/<type>
    entry: str
    message: str
    error: type[AppError] = Refused


@dataclass
class JudgedUnit:
    """A unit to be added, as it was understood."""

    new: NewUnit
    parent: Row | None
    types: tuple[KnownType, ...]
    flaws: list[UnitFlaw]

    def require(self) -> None:
        """Raise what is wrong first."""
        for flaw in self.flaws:
            raise flaw.error(flaw.message)


def judge_unit(
    connection: Connection,
    catalogue: Catalogue,
    actor: Actor,
    new: NewUnit,
    *,
    takes_phones: bool,
) -> JudgedUnit:
    """Find the parent, and everything that speaks against the unit.

    Args:
        takes_phones: whether phone numbers make initial passwords here.
    """
    types = list_types_of(catalogue, new.kind)
    parent = connection.execute(
        select(_TABLE).where(_TABLE.c.id == new.parent_id, filter_parents(actor))
    ).first()
    flaws = [
        *find_name_flaws(connection, new.name, types),
        *_find_place_flaws(new, parent, types),
        *find_code_flaws(connection, new.code),
    ]
    for known in types:
        person = new.people.get(known.id, NewPerson())
        flaws += _find_person_flaws(known, person, takes_phones=takes_phones)
    return JudgedUnit(new, parent, types, flaws)


def find_name_flaws(
    connection: Connection, name: str, types: tuple[KnownType, ...], besides: int = 0
) -> Iterator[UnitFlaw]:
    """What speaks against a unit's name, which is its accounts' user name.

    Args:
        besides: the unit that has the name already.
    """
    text = name.strip()
    if not fold(text):
        yield UnitFlaw("name", "单位名称要填。")
        return
    if len(text) > USERNAME_MAX:
        message = f"单位名称最多 {USERNAME_MAX} 个字：它就是账号的用户名。"
        yield UnitFlaw("name", message)
    if not text.isprintable():
        yield UnitFlaw("name", "单位名称里有看不见的字符，请重新输入。")
    ids = [one.id for one in types]
    if said := describe_taken(connection, text, ids, besides):
        yield UnitFlaw("name", said)


def find_code_flaws(connection: Connection, code: str) -> Iterator[UnitFlaw]:
    text = code.strip()
    if not text:
        return
    if len(text) > CODE_MAX:
        yield UnitFlaw("code", f"编号最多 {CODE_MAX} 个字符。")
    if any(c.isspace() or not c.isprintable() for c in text):
        yield UnitFlaw("code", "编号里不要有空格。")
    taken = connection.scalar(
        select(_TABLE.c.id).where(func.lower(_TABLE.c.code) == text.lower())
    )
    if taken is not None:
        yield UnitFlaw("code", f"编号“{text}”已经有单位用了，请换一个，或留空。")


def find_parent_id(
    connection: Connection, actor: Actor, kind: UnitKind, text: str
) -> int | None:
    """The unit of this code or name, under which one of the kind may stand.

    Without a text: the only one there is, or the actor's own.
    """
    found = connection.execute(
        select(_TABLE.c.id, _TABLE.c.code, _TABLE.c.name)
        .where(filter_parents(actor), _TABLE.c.kind.in_(kinds_above(kind)))
        .order_by(_TABLE.c.path)
    ).all()
    wanted = fold(text)
    if not wanted:
        own = {grant.unit_id for grant in actor.grants}
        mine = [unit.id for unit in found if unit.id in own]
        return mine[0] if mine else found[0].id if len(found) == 1 else None
    by_name = [one.id for one in found if fold(one.name) == wanted]
    by_code = [one.id for one in found if fold(one.code) == wanted]
    return next(iter(by_code + by_name), None)


def list_parent_names(connection: Connection, actor: Actor) -> Sequence[str]:
    """Names of the units that a new one may stand under."""
    return connection.scalars(
        select(_TABLE.c.name).where(filter_parents(actor)).limit(2000)
    ).all()


def _find_place_flaws(
    new: NewUnit, parent: Row | None, types: tuple[KnownType, ...]
) -> Iterator[UnitFlaw]:
    kind = KIND_NAMES[new.kind]
    if not types:
        yield UnitFlaw("kind", f"“{kind}”没有按类型设的账号，请到“单位”页面新增。")
    if parent is None:
        message = "上级单位不在您管理的范围里，请另选。"
        yield UnitFlaw("parent", message, Forbidden)
        return
    if parent.kind not in kinds_above(new.kind):
        names = "、".join(KIND_NAMES[one] for one in kinds_above(new.kind))
        message = f"{parent.name}下面不能有“{kind}”。"
        more = f"上级可以是{names}。" if names else "国家一级没有上级。"
        yield UnitFlaw("parent", message + more)
    if not parent.is_active or parent.is_shut_above:
        message = f"{parent.name}或它的上级已经停用，请先启用，或另选上级。"
        yield UnitFlaw("parent", message)


def _find_person_flaws(
    known: KnownType, person: NewPerson, *, takes_phones: bool
) -> Iterator[UnitFlaw]:
    if len(person.name.strip()) > PERSON_MAX:
        message = f"{known.title}的姓名最多 {PERSON_MAX} 个字。"
        yield UnitFlaw(f"name/{known.id}", message)
    if fault := find_email_fault(person.email.strip()):
        yield UnitFlaw(f"email/{known.id}", fault)
    if not person.phone.strip():
        return
    digits = read_phone(person.phone)
    if not takes_phones:
        message = "本系统不用手机号作初始密码，请留空：建好后显示一次性密码。"
        yield UnitFlaw(f"phone/{known.id}", message)
    elif len(digits) not in _PHONE_LENGTHS:
        message = f"“{person.phone.strip()[:30]}”不像手机号，请填 11 位数字，或留空。"
        yield UnitFlaw(f"phone/{known.id}", message)


def read_phone(text: str) -> str:
    """The digits of a phone number; empty where it is none."""
    bare = "".join(char for char in fold(text) if char not in "-+()（）")
    return bare if bare.isascii() and bare.isdecimal() else ""
