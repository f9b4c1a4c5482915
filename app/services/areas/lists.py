"""Units of an area from a workbook: new ones, and changes of those that are there.

A line a unit. Nothing is done unless every line is right; confirmed, the lines are
judged anew and all done in one transaction, as with lists of accounts.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO

from sqlalchemy import Engine, Row, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import AppError, BadRequest, Refused
from app.models import Membership, Unit, UnitKind, User
from app.permissions import ACTION_NAMES, Action, Actor, require
from app.services.account_kinds import KnownType, list_kinds, list_types
from app.services.account_lists import LineFault
from app.services.areas.changing import (
    find_rename_flaws,
    rename_within,
    set_open_within,
    set_rights_within,
    sign_out,
)
from app.services.areas.entries import (
    JudgedUnit,
    NewPerson,
    NewUnit,
    find_parent_id,
    judge_unit,
    suggest_parent,
)
from app.services.areas.making import Initial, MadeAccount, make_initials, write_unit
from app.services.areas.reach import filter_area, require_holding
from app.services.areas.views import list_new_kinds, list_parents
from app.services.naming import fold, suggest
from app.services.unit_tree import KIND_NAMES
from app.services.units import lock_tree
from app.storage.engine import begin_reading
from exporters.entry_list import ListColumn, ListRow, read_list, write_list
from exporters.gate import Limits
from exporters.refusals import RefusedFile, describe_refusal
from form_schemas.catalogue import Catalogue

LINES_MAX = 500


class Deed(StrEnum):
    """What a line asks for."""

    ADD = "新增"
    RENAME = "改名"
    RIGHTS = "改权限"
    CLOSE = "停用"
    OPEN = "启用"


_DEED, _NAME, _KIND, _PARENT, _CODE = "办理", "单位名称", "单位类型", "上级单位", "编号"
_RIGHTS = "权限"
_PERSON, _PHONE, _EMAIL = "姓名", "手机", "邮箱"
_NONE = frozenset({"无", "没有", "只查看"})
_GUIDE = (
    "一行写一个单位。有一行不对，就一行也不办；改好以后再上传同一份文件。",
    "“办理”不填就是新增。改名、改权限、停用、启用，照编号找单位；没有填编号，照名称找。",
    "改名：编号照原来的写，单位名称写新的；账号的用户名跟着改。",
    "改权限：在“权限”里写全部要打开的，用顿号隔开；写“无”就是都关上。",
    "停用的单位不能登录，它下面的也不能；数据都在，可以再启用。",
)


@dataclass(frozen=True)
class UnitLine:
    """A line that is right, in the words of the people."""

    row: int
    deed: Deed
    name: str
    kind: UnitKind
    #: what else it says: the parent, the former name, the rights
    told: str


@dataclass(frozen=True)
class UnitReport:
    """What became of a workbook: faults, or the lines to confirm."""

    lines: tuple[UnitLine, ...] = ()
    faults: tuple[LineFault, ...] = ()
    total: int = 0
    #: those lines as they were read, for the confirmation
    rows: tuple[ListRow, ...] = ()


@dataclass
class _Entry:
    """A line while it is judged."""

    source: ListRow
    deed: Deed = Deed.ADD
    faults: list[LineFault] = field(default_factory=list)
    judged: JudgedUnit | None = None
    #: the unit to be changed
    unit: Row | None = None
    rights: frozenset[Action] = frozenset()
    told: str = ""

    def text(self, column: str) -> str:
        return self.source.cells.get(column, "").strip()

    def blame(self, column: str, message: str) -> None:
        letter = self.source.letters.get(column, "")
        self.faults.append(LineFault(self.source.number, letter, column, message))


@dataclass(frozen=True)
class Registrar:
    """Who reads and carries out such lists, for whom."""

    engine: Engine
    catalogue: Catalogue
    actor: Actor
    #: whether phone numbers make initial passwords here
    takes_phones: bool = False

    @property
    def titles(self) -> tuple[str, ...]:
        return tuple(column.title for column in self._columns())

    def write_template(self, stream: IO[bytes]) -> None:
        """Write the workbook to fill in."""
        require(self.actor, Action.MANAGE_AREA)
        write_list(stream, "单位", self._columns(offered=True), guide=_GUIDE)

    def read(self, path: Path, limits: Limits) -> UnitReport:
        """Read and judge a workbook; changes nothing.

        Raises:
            BadRequest: the file cannot be read as such a list.
        """
        require(self.actor, Action.MANAGE_AREA)
        try:
            rows = read_list(path, self._columns(), limits, LINES_MAX)
        except RefusedFile as refused:
            raise BadRequest(describe_refusal(refused.refusal)) from refused
        return self.judge(rows)

    def judge(self, rows: Sequence[ListRow]) -> UnitReport:
        """Everything that is wrong with the lines, or what they ask for."""
        require(self.actor, Action.MANAGE_AREA)
        with begin_reading(self.engine) as connection, Session(connection) as session:
            entries = self._judge(session, rows)
            faults = [fault for entry in entries for fault in entry.faults]
            if faults:
                faults.sort(key=lambda fault: fault.row)
                return UnitReport((), tuple(faults), len(rows))
            lines = tuple(map(_line_of, entries))
            return UnitReport(lines, (), len(rows), tuple(rows))

    def carry_out(self, rows: Sequence[ListRow]) -> tuple[MadeAccount, ...]:
        """Do all that a confirmed list asks for, or nothing.

        Raises:
            Refused: a line is not right any more; upload the file again to see which.
        """
        require(self.actor, Action.MANAGE_AREA)
        if not 0 < len(rows) <= LINES_MAX:
            raise BadRequest(f"一次最多办 {LINES_MAX} 行，请分成几份。")
        # Before the transaction: even quick hashes take a while together.
        initials = [self._make_initials(_Entry(row)) for row in rows]
        try:
            with Session(self.engine) as session, session.begin():
                lock_tree(session.connection())
                entries = self._judge(session, rows)
                if any(entry.faults for entry in entries):
                    message = "名单里有的行现在不对了，请重新上传文件，看是哪一行。"
                    raise Refused(message)
                _take_locks(session, entries)
                made = [
                    account
                    for entry, first in zip(entries, initials, strict=True)
                    for account in self._do(session, entry, first)
                ]
                return tuple(made)
        except IntegrityError as error:
            raise Refused("有的单位刚刚由别人建好了，请重新上传文件。") from error

    def _columns(self, *, offered: bool = False) -> tuple[ListColumn, ...]:
        """The columns of the list.

        Args:
            offered: whether its drop-downs are wanted as well.
        """
        kinds, parents = self._offer() if offered else ((), ())
        rights = "、".join(ACTION_NAMES[right] for right in self._rights())
        columns = [
            ListColumn(_DEED, 10, "不填就是新增。", choices=tuple(Deed)),
            ListColumn(_NAME, 36, "单位的全称，也是账号的用户名。", True),
            ListColumn(_KIND, 10, "新增的要填。", choices=kinds),
            ListColumn(_PARENT, 30, "新增的填；不填就是您的单位。", choices=parents),
            ListColumn(_CODE, 16, "可以不填；改已有的单位时照原来的写。"),
            ListColumn(_RIGHTS, 28, f"改权限时填：{rights or '没有可以打开的权限'}。"),
        ]
        for known in list_types(self.catalogue):
            columns.append(ListColumn(f"{known.title}{_PERSON}", 16, "可以不填。"))
            if self.takes_phones:
                hint = "最后六位是初始密码；不填就给一次性密码。"
                columns.append(ListColumn(f"{known.title}{_PHONE}", 16, hint))
            columns.append(
                ListColumn(f"{known.title}{_EMAIL}", 24, "收通知，可以不填。")
            )
        return tuple(columns)

    def _offer(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        kinds = list_new_kinds(self.engine, self.catalogue, self.actor)
        parents = dict.fromkeys(
            one.name
            for kind in kinds
            for one in list_parents(self.engine, self.actor, kind)
        )
        return tuple(KIND_NAMES[kind] for kind in kinds), tuple(parents)

    def _rights(self) -> tuple[Action, ...]:
        found = (
            right
            for known in list_types(self.catalogue)
            for kind in UnitKind
            for right in known.may_grant_in(kind)
        )
        return tuple(dict.fromkeys(found))

    def _judge(self, session: Session, rows: Sequence[ListRow]) -> list[_Entry]:
        entries = [_Entry(row) for row in rows]
        judges: Mapping[Deed, Callable[[Session, _Entry], None]] = {
            Deed.ADD: self._judge_new,
            Deed.RENAME: self._judge_rename,
            Deed.RIGHTS: self._judge_rights,
            Deed.CLOSE: self._judge_known,
            Deed.OPEN: self._judge_known,
        }
        for entry in entries:
            if _read_deed(entry):
                judges[entry.deed](session, entry)
        _judge_together(entries)
        return entries

    def _judge_new(self, session: Session, entry: _Entry) -> None:
        kind = self._read_kind(entry)
        if kind is None:
            return
        connection, parent = session.connection(), entry.text(_PARENT)
        new = NewUnit(
            entry.text(_NAME),
            kind,
            find_parent_id(connection, self.actor, kind, parent),
            entry.text(_CODE),
            self._read_people(entry),
        )
        entry.judged = judge_unit(
            connection,
            self.catalogue,
            self.actor,
            new,
            takes_phones=self.takes_phones,
        )
        for flaw in entry.judged.flaws:
            message = flaw.message
            if flaw.entry == "parent" and entry.judged.parent is None:
                hint = suggest_parent(connection, self.actor, parent) if parent else ""
                message = (
                    f"没有“{parent}”这个上级单位，或者它不在您管理的范围里。{hint}"
                    if parent
                    else "请填上级单位。"
                )
            entry.blame(self._column_of(flaw.entry), message)
        if entry.judged.parent is not None:
            entry.told = f"上级：{entry.judged.parent.name}"

    def _judge_known(self, session: Session, entry: _Entry) -> None:
        """The unit that a line is about, found in the actor's area."""
        units = session.execute(
            select(Unit.__table__).where(filter_area(self.actor))
        ).all()
        code, name = fold(entry.text(_CODE)), fold(entry.text(_NAME))
        if code:
            found = [unit for unit in units if fold(unit.code) == code]
        else:
            found = [unit for unit in units if fold(unit.name) == name]
        if len(found) > 1:
            entry.blame(_CODE, "有几个单位都叫这个名称，请填编号。")
        elif not found:
            column = _CODE if code else _NAME
            typed = entry.text(column)
            hint = suggest(typed, [unit.code if code else unit.name for unit in units])
            message = f"您管理的范围里没有“{typed}”这个单位。{hint}请核对。"
            entry.blame(column, message)
        else:
            entry.unit = found[0]

    def _judge_rename(self, session: Session, entry: _Entry) -> None:
        if not entry.text(_CODE):
            entry.blame(_CODE, "改名要填编号：照编号找单位。")
            return
        self._judge_known(session, entry)
        if entry.unit is None:
            return
        flaws = find_rename_flaws(
            session.connection(),
            self.catalogue,
            entry.unit,
            entry.text(_NAME),
            entry.unit.code,
        )
        for flaw in flaws:
            entry.blame(self._column_of(flaw.entry), flaw.message)
        entry.told = f"原名：{entry.unit.name}"

    def _judge_rights(self, session: Session, entry: _Entry) -> None:
        self._judge_known(session, entry)
        if entry.unit is None:
            return
        known = [
            one
            for one in list_types(self.catalogue)
            if one.may_grant_in(entry.unit.kind)
        ]
        if not known:
            kind = KIND_NAMES[entry.unit.kind]
            entry.blame(_RIGHTS, f"“{kind}”的账号没有可以另外打开的权限。")
            return
        may = {
            fold(ACTION_NAMES[right]): right
            for one in known
            for right in one.may_grant_in(entry.unit.kind)
        }
        entry.rights = self._read_rights(entry, may)
        entry.told = "、".join(ACTION_NAMES[one] for one in sorted(entry.rights))
        entry.told = f"打开：{entry.told}" if entry.told else "都关上"

    def _read_rights(
        self, entry: _Entry, may: Mapping[str, Action]
    ) -> frozenset[Action]:
        words = [one for one in re.split(r"[、，,；;]", entry.text(_RIGHTS)) if one]
        if not words:
            names = "、".join(ACTION_NAMES[right] for right in may.values())
            entry.blame(_RIGHTS, f"请写要打开的权限：{names}；都不要就写“无”。")
        found = set()
        for word in words:
            right = may.get(fold(word))
            if right is not None:
                found.add(right)
                try:
                    assert entry.unit is not None
                    require_holding(self.actor, right, entry.unit)
                except AppError as refused:
                    entry.blame(_RIGHTS, refused.message)
            elif fold(word) not in _NONE or len(words) > 1:
                names = [ACTION_NAMES[one] for one in may.values()]
                hint = suggest(word, names)
                known = "、".join(names)
                message = f"没有“{word}”这项权限。{hint}可以写：{known}；或“无”。"
                entry.blame(_RIGHTS, message)
        return frozenset(found)

    def _read_kind(self, entry: _Entry) -> UnitKind | None:
        known = list_kinds(self.catalogue)
        names = {fold(KIND_NAMES[kind]): kind for kind in known}
        typed = entry.text(_KIND)
        kind = names.get(fold(typed))
        if kind is None:
            told = "、".join(KIND_NAMES[one] for one in known)
            said = f"没有“{typed}”这种单位。" if typed else "单位类型要填。"
            entry.blame(_KIND, f"{said}可以写：{told}。")
        return kind

    def _read_people(self, entry: _Entry) -> dict[str, NewPerson]:
        return {
            known.id: NewPerson(
                *(entry.text(f"{known.title}{part}") for part in _PERSON_PARTS)
            )
            for known in list_types(self.catalogue)
        }

    def _column_of(self, entry: str) -> str:
        part, _, type_id = entry.partition("/")
        if not type_id:
            return _COLUMNS[part]
        known = next(one for one in list_types(self.catalogue) if one.id == type_id)
        return f"{known.title}{_PARTS[part]}"

    def _make_initials(self, entry: _Entry) -> dict[str, Initial]:
        if not _read_deed(entry) or entry.deed is not Deed.ADD:
            return {}
        kind = self._read_kind(entry)
        types: tuple[KnownType, ...] = ()
        if kind is not None:
            types = tuple(
                one for one in list_types(self.catalogue) if one.type.find_in(kind)
            )
        people = self._read_people(entry)
        return make_initials(types, people, takes_phones=self.takes_phones)

    def _do(
        self, session: Session, entry: _Entry, initials: Mapping[str, Initial]
    ) -> tuple[MadeAccount, ...]:
        if entry.deed is Deed.ADD:
            assert entry.judged is not None
            return write_unit(session, entry.judged, initials, self.actor)[1]
        unit = entry.unit
        assert unit is not None
        if entry.deed is Deed.RENAME:
            name = entry.text(_NAME)
            given = (session, self.catalogue, self.actor, unit.id)
            rename_within(*given, name, unit.code)
        elif entry.deed is Deed.RIGHTS:
            for user in _find_users(session, unit, self.catalogue):
                given = (session, self.catalogue, self.actor, unit)
                set_rights_within(*given, user, entry.rights)
        else:
            is_open = entry.deed is Deed.OPEN
            set_open_within(session, self.actor, unit.id, is_open)
        return ()


_PERSON_PARTS = (_PERSON, _PHONE, _EMAIL)
_PARTS = {"name": _PERSON, "phone": _PHONE, "email": _EMAIL}
_COLUMNS = {"name": _NAME, "kind": _KIND, "parent": _PARENT, "code": _CODE}


def make_template(registrar: Registrar) -> bytes:
    """The workbook to fill in, as a file."""
    stream = io.BytesIO()
    registrar.write_template(stream)
    return stream.getvalue()


def _read_deed(entry: _Entry) -> bool:
    typed = entry.text(_DEED)
    known = {fold(deed): deed for deed in Deed} | {"": Deed.ADD}
    deed = known.get(fold(typed))
    if deed is None:
        told = "、".join(Deed)
        entry.blame(_DEED, f"没有“{typed}”这种办理。可以写：{told}；不填就是新增。")
        return False
    entry.deed = deed
    return True


def _judge_together(entries: Sequence[_Entry]) -> None:
    """Two lines are not about one unit."""
    seen: dict[tuple[str, object], _Entry] = {}
    for entry in entries:
        about: list[tuple[str, object]] = []
        if entry.unit is not None:
            about.append(("unit", entry.unit.id))
        if entry.deed in (Deed.ADD, Deed.RENAME):
            about.append(("name", fold(entry.text(_NAME))))
        if entry.deed is Deed.ADD and entry.text(_CODE):
            about.append(("code", fold(entry.text(_CODE))))
        for key in about:
            twin = seen.setdefault(key, entry)
            if twin is not entry and key[1]:
                column = _CODE if key[0] == "code" else _NAME
                number = twin.source.number
                entry.blame(column, f"与第 {number} 行重复，请删去一行或改正。")


def _line_of(entry: _Entry) -> UnitLine:
    kind = entry.unit.kind if entry.unit is not None else None
    if entry.judged is not None:
        kind = entry.judged.new.kind
    assert kind is not None
    name = entry.text(_NAME) or (entry.unit.name if entry.unit is not None else "")
    return UnitLine(entry.source.number, entry.deed, name, kind, entry.told)


def _take_locks(session: Session, entries: Sequence[_Entry]) -> None:
    """Hold the accounts that change before the first entry of the log is written.

    Whoever changes his own account at the same time waits for the log with it held.
    """
    ids = [entry.unit.id for entry in entries if entry.unit is not None]
    session.execute(
        select(User.id)
        .where(User.memberships.any(Membership.unit_id.in_(ids)))
        .order_by(User.id)
        .with_for_update(key_share=True)
    ).all()
    for entry in entries:
        if entry.deed is Deed.CLOSE and entry.unit is not None:
            sign_out(session.connection(), entry.unit.path)


def _find_users(session: Session, unit: Row, catalogue: Catalogue) -> list[User]:
    """The accounts of a unit for which something can be switched on."""
    ids = [one.id for one in list_types(catalogue) if one.may_grant_in(unit.kind)]
    found = session.scalars(
        select(User).where(
            User.account_type.in_(ids), User.memberships.any(unit_id=unit.id)
        )
    )
    return list(found)
