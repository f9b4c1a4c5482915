"""Accounts from a workbook: a line a role of a person, judged as a whole.

Nothing is created unless every line is right. What was read is shown first; confirmed,
it is judged anew, as anything may have changed since, and all accounts come to be in
one transaction.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import BadRequest, Refused
from app.models import AuditAction, Membership, Role, User
from app.permissions import Actor, require
from app.policy import ROLE_NAMES, Action
from app.services.account_search import Places, find_places
from app.services.accounts import (
    NAME_MAX,
    find_email_fault,
    find_username_fault,
    normalise_username,
)
from app.services.memberships import (
    Judged,
    ManagedUnits,
    NewMembership,
    can_import,
    describe_membership,
    judge_membership,
)
from app.services.naming import fold, suggest
from app.services.passwords import hash_one_time_password, make_one_time_password
from app.services.recording import id_of, record_account
from app.storage.engine import begin_reading
from exporters.entry_list import ListColumn, ListRow, read_list, write_list
from exporters.gate import Limits
from exporters.refusals import RefusedFile, describe_refusal

LINES_MAX = 500

_USERNAME, _NAME, _ROLE, _UNIT = "用户名", "姓名", "角色", "单位"
_DEPARTMENT, _IMPORT, _EMAIL = "部门", "可导入", "邮箱"
TITLES = (_USERNAME, _NAME, _ROLE, _UNIT, _DEPARTMENT, _IMPORT, _EMAIL)
_YES = frozenset({"是", "√", "y", "yes", "1", "可以", "可导入", "true"})
_NO = frozenset({"", "否", "×", "n", "no", "0", "不可以", "false"})
#: Which column a flaw of a membership is in.
_COLUMNS = {
    "role": _ROLE,
    "unit": _UNIT,
    "department": _DEPARTMENT,
    "may_import": _IMPORT,
}
_ROLES = {fold(name): role for role, name in ROLE_NAMES.items()} | {
    role.value: role for role in Role
}
_GUIDE = (
    "一行写一个人的一个角色。一个人有几个角色，就写几行，用户名和姓名照抄。",
    "有一行不对，就一个账号也不建；改好以后再上传同一份文件。",
    "建好以后显示每个人的一次性密码，只显示一次；本人第一次登录要设新密码。",
)


@dataclass(frozen=True)
class LineFault:
    """What is wrong in one cell."""

    row: int
    #: letter of the column; empty where the list has no such column
    letter: str
    column: str
    message: str


@dataclass(frozen=True)
class Line:
    """A line that is right, in the words of the people."""

    row: int
    username: str
    name: str
    role: Role
    unit: str
    department: str
    may_import: bool
    email: str


@dataclass(frozen=True)
class ListReport:
    """What became of a workbook: faults, or the lines to confirm."""

    lines: tuple[Line, ...] = ()
    faults: tuple[LineFault, ...] = ()
    #: how many lines were read
    total: int = 0

    @property
    def accounts(self) -> int:
        return len({line.username for line in self.lines})


@dataclass(frozen=True)
class NewAccount:
    """An account just created; its password is told once."""

    username: str
    name: str
    password: str
    #: as people read them
    roles: tuple[str, ...]


@dataclass
class _Entry:
    """A line while it is judged."""

    source: ListRow
    username: str
    faults: list[LineFault] = field(default_factory=list)
    judged: Judged | None = None

    def text(self, column: str) -> str:
        return self.source.cells.get(column, "").strip()

    def blame(self, column: str, message: str) -> None:
        letter = self.source.letters.get(column, "")
        self.faults.append(LineFault(self.source.number, letter, column, message))


def write_account_template(
    engine: Engine, actor: Actor, stream: IO[bytes], unit: str = ""
) -> None:
    """Write the workbook to fill in, with the roles and departments of a unit."""
    places = find_places(engine, actor, unit)
    write_list(stream, "账号", _make_columns(places), guide=_GUIDE)


def read_accounts(
    engine: Engine, actor: Actor, path: Path, limits: Limits, unit: str = ""
) -> ListReport:
    """Read and judge a workbook; creates nothing.

    Args:
        unit: code of the unit of lines that name none.

    Raises:
        BadRequest: the file cannot be read as a list of accounts.
    """
    places = find_places(engine, actor, unit)
    try:
        rows = read_list(path, _make_columns(places), limits, LINES_MAX)
    except RefusedFile as refused:
        raise BadRequest(describe_refusal(refused.refusal)) from refused
    return judge_accounts(engine, actor, rows, unit)


def judge_accounts(
    engine: Engine, actor: Actor, rows: Sequence[ListRow], unit: str = ""
) -> ListReport:
    """Everything that is wrong with the lines, or the lines as they were understood."""
    places = find_places(engine, actor, unit)
    with begin_reading(engine) as connection, Session(connection) as session:
        entries = _judge(session, actor, rows, places)
        faults = [fault for entry in entries for fault in entry.faults]
        if faults:
            faults.sort(key=lambda fault: fault.row)
            return ListReport((), tuple(faults), len(rows))
        return ListReport(tuple(map(_line_of, entries)), (), len(rows))


def create_accounts(
    engine: Engine, actor: Actor, rows: Sequence[ListRow]
) -> tuple[NewAccount, ...]:
    """Create all accounts of a confirmed list, or none.

    Raises:
        Refused: a line is not right any more; upload the file again to see which.
    """
    if not 0 < len(rows) <= LINES_MAX:
        raise BadRequest(f"一次最多建 {LINES_MAX} 行，请分成几份。")
    places = find_places(engine, actor)
    names = {normalise_username(row.cells.get(_USERNAME, "")) for row in rows}
    # Before the transaction: even these hashes take a while together.
    passwords = {name: make_one_time_password() for name in names}
    hashes = {name: hash_one_time_password(text) for name, text in passwords.items()}
    try:
        with Session(engine) as session, session.begin():
            entries = _judge(session, actor, rows, places)
            if any(entry.faults for entry in entries):
                raise Refused("名单里有的行现在不对了，请重新上传文件，看是哪一行。")
            users = _add_users(session, entries, hashes)
            _record(session, users, actor)
            return tuple(_describe(user, passwords[user.username]) for user in users)
    except IntegrityError as error:
        raise Refused("有的用户名刚刚被别人用了，请重新上传文件。") from error


def _make_columns(places: Places) -> tuple[ListColumn, ...]:
    roles = tuple(ROLE_NAMES[role] for role in places.roles)
    units = tuple(name for _, name in places.units)
    return (
        ListColumn(_USERNAME, 16, "登录用，不能与别人相同，如 wangjw。", True),
        ListColumn(_NAME, 14, "本人姓名。", True),
        ListColumn(_ROLE, 16, "从下拉框里选：" + "、".join(roles) + "。", True, roles),
        ListColumn(
            _UNIT,
            24,
            f"单位的编号或名称；不填就是{places.name}。",
            choices=units,
        ),
        ListColumn(
            _DEPARTMENT,
            24,
            "填报员、部门负责人的部门；不填是整个单位。别的角色不填。",
            choices=places.departments,
        ),
        ListColumn(_IMPORT, 10, "填报员可以导入的写“是”。", choices=("是", "否")),
        ListColumn(_EMAIL, 28, "收通知的邮箱，可以不填。"),
    )


def _judge(
    session: Session, actor: Actor, rows: Sequence[ListRow], places: Places
) -> list[_Entry]:
    require(actor, Action.MANAGE_ACCOUNTS)
    entries = [
        _Entry(row, normalise_username(row.cells.get(_USERNAME, ""))) for row in rows
    ]
    taken = _find_taken(session, (entry.username for entry in entries))
    units = ManagedUnits(session, actor)
    for entry in entries:
        _judge_person(entry, taken)
        _judge_role(session, actor, entry, places, units)
    _judge_together(entries)
    return entries


def _find_taken(session: Session, usernames: Iterable[str]) -> dict[str, str]:
    found = session.execute(
        select(User.username, User.name).where(
            User.username.in_({*usernames}), User.account_type == ""
        )
    )
    return dict(map(tuple, found))


def _judge_person(entry: _Entry, taken: dict[str, str]) -> None:
    if fault := find_username_fault(entry.username):
        entry.blame(_USERNAME, fault)
    elif entry.username in taken:
        entry.blame(
            _USERNAME,
            f"“{entry.username}”已经有账号了（{taken[entry.username]}）。"
            "要加角色请到那个账号的页面；是另一个人就换一个用户名。",
        )
    name = entry.text(_NAME)
    if not name:
        entry.blame(_NAME, "姓名要填。")
    elif len(name) > NAME_MAX:
        entry.blame(_NAME, f"姓名最多 {NAME_MAX} 个字。")
    if fault := find_email_fault(entry.text(_EMAIL)):
        entry.blame(_EMAIL, fault)


def _judge_role(
    session: Session,
    actor: Actor,
    entry: _Entry,
    places: Places,
    units: ManagedUnits,
) -> None:
    may_import = fold(entry.text(_IMPORT))
    if may_import not in _YES | _NO:
        entry.blame(_IMPORT, f"“{entry.text(_IMPORT)}”请改成“是”或“否”。")
    typed = entry.text(_ROLE)
    role = _ROLES.get(fold(typed))
    if role is None:
        known = "、".join(ROLE_NAMES[one] for one in places.roles)
        said = f"没有“{typed}”这个角色。{suggest(typed, ROLE_NAMES.values())}"
        entry.blame(_ROLE, f"{said if typed else '角色要填。'}可以写：{known}。")
        return
    if may_import in _YES and not can_import(role):
        entry.blame(_IMPORT, f"“{ROLE_NAMES[role]}”不导入，请留空或写“否”。")
    new = NewMembership(
        role,
        entry.text(_UNIT) or places.code,
        entry.text(_DEPARTMENT) or None,
        may_import in _YES,
    )
    entry.judged = judge_membership(session, actor, new, units)
    for flaw in entry.judged.flaws:
        entry.blame(_COLUMNS[flaw.entry], flaw.message)


def _judge_together(entries: Sequence[_Entry]) -> None:
    """Lines of one user name are one person, whose roles differ."""
    first: dict[str, _Entry] = {}
    held: dict[tuple[object, ...], _Entry] = {}
    for entry in entries:
        earlier = first.setdefault(entry.username, entry)
        if entry.username and earlier.text(_NAME) != entry.text(_NAME):
            entry.blame(
                _NAME,
                f"与第 {earlier.source.number} 行的用户名相同，姓名却不同"
                f"（{earlier.text(_NAME)}）。同一个人请写同样的姓名，"
                "两个人请用不同的用户名。",
            )
        judged = entry.judged
        if judged is None or judged.flaws or not entry.username:
            continue
        department = judged.department
        role = entry.username, judged.new.role, judged.unit, department
        twin = held.setdefault(role, entry)
        if twin is not entry:
            number = twin.source.number
            entry.blame(_ROLE, f"与第 {number} 行重复，请删去一行或换一个角色。")


def _line_of(entry: _Entry) -> Line:
    judged = entry.judged
    assert judged is not None
    assert judged.unit is not None
    return Line(
        entry.source.number,
        entry.username,
        entry.text(_NAME),
        judged.new.role,
        judged.unit.name,
        judged.department.name if judged.department else "",
        judged.new.may_import,
        entry.text(_EMAIL),
    )


def _add_users(
    session: Session, entries: Sequence[_Entry], hashes: dict[str, str]
) -> list[User]:
    users: dict[str, User] = {}
    for entry in entries:
        user = users.get(entry.username)
        if user is None:
            user = users[entry.username] = User(
                username=entry.username,
                name=entry.text(_NAME),
                email=entry.text(_EMAIL) or None,
                password_hash=hashes[entry.username],
                must_change_password=True,
            )
        user.email = user.email or entry.text(_EMAIL) or None
        assert entry.judged is not None
        user.memberships.append(entry.judged.build())
    session.add_all(users.values())
    session.flush()
    return list(users.values())


def _record(session: Session, users: Iterable[User], actor: Actor) -> None:
    created = AuditAction.ACCOUNT_CREATED
    for user in users:
        held = [describe_membership(m) for m in user.memberships]
        details = {"memberships": held, "from": "workbook"}
        record_account(session.connection(), created, user.id, id_of(actor), details)


def _describe(user: User, password: str) -> NewAccount:
    roles = tuple(_name_role(membership) for membership in user.memberships)
    return NewAccount(user.username, user.name, password, roles)


def _name_role(membership: Membership) -> str:
    place = membership.department or membership.unit
    return f"{ROLE_NAMES[membership.role]}，{place.name}"


def rows_of(lines: Sequence[Line]) -> Iterator[ListRow]:
    """The lines as rows again, for the confirmation."""
    for line in lines:
        may_import = "是" if line.may_import else ""
        texts = (line.username, line.name, line.role.value, line.unit, line.department)
        cells = dict(zip(TITLES, (*texts, may_import, line.email), strict=True))
        yield ListRow(line.row, cells)
