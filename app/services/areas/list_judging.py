"""Judges the lines of a list of units: each alone, then all together."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection, Row, select

from app.errors import AppError
from app.models import Unit, UnitKind
from app.permissions import Actor
from app.policy import ACTION_NAMES, Action
from app.services.account_kinds import list_kinds, list_types
from app.services.areas.changing import find_rename_flaws
from app.services.areas.entries import (
    NewPerson,
    NewUnit,
    find_parent_id,
    judge_unit,
    list_parent_names,
)
from app.services.areas.list_lines import (
    CODE,
    EMAIL,
    KIND,
    NAME,
    PARENT,
    PERSON,
    PHONE,
    RIGHTS,
    Deed,
    Entry,
    judge_together,
    read_deed,
)
from app.services.areas.reach import filter_area, require_holding
from app.services.naming import Suggester, fold, suggest
from app.services.unit_tree import KIND_NAMES
from exporters.entry_list import ListRow
from form_schemas.catalogue import Catalogue

_NONE = frozenset({"无", "没有", "只查看"})
_PERSON_PARTS = (PERSON, PHONE, EMAIL)
_PARTS = {"name": PERSON, "phone": PHONE, "email": EMAIL}
_COLUMNS = {"name": NAME, "kind": KIND, "parent": PARENT, "code": CODE}


@dataclass(frozen=True)
class LineJudge:
    """Reads lines as they are meant, by one state of the database."""

    connection: Connection
    catalogue: Catalogue
    actor: Actor
    takes_phones: bool

    @cached_property
    def _units(self) -> Sequence[Row]:
        """All units of the area."""
        found = select(Unit.__table__).where(filter_area(self.actor))
        return self.connection.execute(found).all()

    @cached_property
    def _codes(self) -> Suggester:
        return Suggester(unit.code for unit in self._units)

    @cached_property
    def _names(self) -> Suggester:
        return Suggester(unit.name for unit in self._units)

    @cached_property
    def _parents(self) -> Suggester:
        return Suggester(list_parent_names(self.connection, self.actor))

    def judge(self, rows: Sequence[ListRow]) -> list[Entry]:
        """The lines with what is wrong with each."""
        entries = [Entry(row) for row in rows]
        judges: Mapping[Deed, Callable[[Entry], None]] = {
            Deed.ADD: self._judge_new,
            Deed.RENAME: self._judge_rename,
            Deed.RIGHTS: self._judge_rights,
            Deed.CLOSE: self._judge_known,
            Deed.OPEN: self._judge_known,
        }
        for entry in entries:
            if read_deed(entry):
                judges[entry.deed](entry)
        judge_together(entries)
        return entries

    def _judge_new(self, entry: Entry) -> None:
        kind = read_kind(self.catalogue, entry)
        if kind is None:
            return
        connection, parent = self.connection, entry.text(PARENT)
        new = NewUnit(
            entry.text(NAME),
            kind,
            find_parent_id(connection, self.actor, kind, parent),
            entry.text(CODE),
            read_people(self.catalogue, entry),
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
                hint = self._parents.suggest(parent) if parent else ""
                message = (
                    f"没有“{parent}”这个上级单位，或者它不在您管理的范围里。{hint}"
                    if parent
                    else "请填上级单位。"
                )
            entry.blame(self._column_of(flaw.entry), message)
        if entry.judged.parent is not None:
            entry.told = f"上级：{entry.judged.parent.name}"

    def _judge_known(self, entry: Entry) -> None:
        """The unit that a line is about, found in the actor's area."""
        units = self._units
        code, name = fold(entry.text(CODE)), fold(entry.text(NAME))
        if code:
            found = [unit for unit in units if fold(unit.code) == code]
        else:
            found = [unit for unit in units if fold(unit.name) == name]
        if len(found) > 1:
            entry.blame(CODE, "有几个单位都叫这个名称，请填编号。")
        elif not found:
            column = CODE if code else NAME
            typed = entry.text(column)
            hint = (self._codes if code else self._names).suggest(typed)
            message = f"您管理的范围里没有“{typed}”这个单位。{hint}请核对。"
            entry.blame(column, message)
        else:
            entry.unit = found[0]

    def _judge_rename(self, entry: Entry) -> None:
        if not entry.text(CODE):
            entry.blame(CODE, "改名要填编号：照编号找单位。")
            return
        self._judge_known(entry)
        if entry.unit is None:
            return
        flaws = find_rename_flaws(
            self.connection,
            self.catalogue,
            entry.unit,
            entry.text(NAME),
            entry.unit.code,
        )
        for flaw in flaws:
            entry.blame(self._column_of(flaw.entry), flaw.message)
        entry.told = f"原名：{entry.unit.name}"

    def _judge_rights(self, entry: Entry) -> None:
        self._judge_known(entry)
        if entry.unit is None:
            return
        known = [
            one
            for one in list_types(self.catalogue)
            if one.may_grant_in(entry.unit.kind)
        ]
        if not known:
            kind = KIND_NAMES[entry.unit.kind]
            entry.blame(RIGHTS, f"“{kind}”的账号没有可以另外打开的权限。")
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
        self, entry: Entry, may: Mapping[str, Action]
    ) -> frozenset[Action]:
        words = [one for one in re.split(r"[、，,；;]", entry.text(RIGHTS)) if one]
        if not words:
            names = "、".join(ACTION_NAMES[right] for right in may.values())
            entry.blame(RIGHTS, f"请写要打开的权限：{names}；都不要就写“无”。")
        found = set()
        for word in words:
            right = may.get(fold(word))
            if right is not None:
                found.add(right)
                try:
                    assert entry.unit is not None
                    require_holding(self.actor, right, entry.unit)
                except AppError as refused:
                    entry.blame(RIGHTS, refused.message)
            elif fold(word) not in _NONE or len(words) > 1:
                names = [ACTION_NAMES[one] for one in may.values()]
                hint = suggest(word, names)
                known = "、".join(names)
                message = f"没有“{word}”这项权限。{hint}可以写：{known}；或“无”。"
                entry.blame(RIGHTS, message)
        return frozenset(found)

    def _column_of(self, entry: str) -> str:
        part, _, type_id = entry.partition("/")
        if not type_id:
            return _COLUMNS[part]
        known = next(one for one in list_types(self.catalogue) if one.id == type_id)
        return f"{known.title}{_PARTS[part]}"


def read_kind(catalogue: Catalogue, entry: Entry) -> UnitKind | None:
    """The kind of a new unit; blames the line where it says none."""
    known = list_kinds(catalogue)
    names = {fold(KIND_NAMES[kind]): kind for kind in known}
    typed = entry.text(KIND)
    kind = names.get(fold(typed))
    if kind is None:
        told = "、".join(KIND_NAMES[one] for one in known)
        said = f"没有“{typed}”这种单位。" if typed else "单位类型要填。"
        entry.blame(KIND, f"{said}可以写：{told}。")
    return kind


def read_people(catalogue: Catalogue, entry: Entry) -> dict[str, NewPerson]:
    """Who has the accounts of a new unit, by their kind."""
    return {
        known.id: NewPerson(
            *(entry.text(f"{known.title}{part}") for part in _PERSON_PARTS)
        )
        for known in list_types(catalogue)
    }
