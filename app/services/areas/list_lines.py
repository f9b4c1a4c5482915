"""Lines of a list of units while they are read: what each asks for, what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import Row

from app.models import UnitKind
from app.policy import Action
from app.services.account_lists import LineFault
from app.services.areas.entries import JudgedUnit
from app.services.naming import fold
from exporters.entry_list import ListRow

DEED, NAME, KIND, PARENT, CODE = "办理", "单位名称", "单位类型", "上级单位", "编号"
RIGHTS = "权限"
#: Behind the title of a kind of accounts.
PERSON, PHONE, EMAIL = "姓名", "手机", "邮箱"


class Deed(StrEnum):
    """What a line asks for."""

    ADD = "新增"
    RENAME = "改名"
    RIGHTS = "改权限"
    CLOSE = "停用"
    OPEN = "启用"


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
    #: the lines as they were read
    rows: tuple[ListRow, ...] = ()


@dataclass
class Entry:
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


def read_deed(entry: Entry) -> bool:
    typed = entry.text(DEED)
    known = {fold(deed): deed for deed in Deed} | {"": Deed.ADD}
    deed = known.get(fold(typed))
    if deed is None:
        told = "、".join(Deed)
        entry.blame(DEED, f"没有“{typed}”这种办理。可以写：{told}；不填就是新增。")
        return False
    entry.deed = deed
    return True


def judge_together(entries: Sequence[Entry]) -> None:
    """Two lines are not about one unit, and nothing is added below what one closes."""
    _judge_twins(entries)
    closed = {
        entry.unit.path: entry
        for entry in entries
        if entry.deed is Deed.CLOSE and entry.unit is not None
    }
    for entry in entries:
        parent = None if entry.judged is None else entry.judged.parent
        for path, closing in closed.items():
            if parent is not None and parent.path.startswith(path):
                number = closing.source.number
                entry.blame(PARENT, f"第 {number} 行停用它或它的上级，请另选上级。")


def _judge_twins(entries: Sequence[Entry]) -> None:
    seen: dict[tuple[str, object], Entry] = {}
    for entry in entries:
        about: list[tuple[str, object]] = []
        if entry.unit is not None:
            about.append(("unit", entry.unit.id))
        if entry.deed in (Deed.ADD, Deed.RENAME):
            about.append(("name", fold(entry.text(NAME))))
        if entry.deed is Deed.ADD and entry.text(CODE):
            about.append(("code", fold(entry.text(CODE))))
        for key in about:
            twin = seen.setdefault(key, entry)
            if twin is not entry and key[1]:
                column = CODE if key[0] == "code" else NAME
                number = twin.source.number
                entry.blame(column, f"与第 {number} 行重复，请删去一行或改正。")


def describe_line(entry: Entry) -> UnitLine:
    kind = entry.unit.kind if entry.unit is not None else None
    if entry.judged is not None:
        kind = entry.judged.new.kind
    assert kind is not None
    name = entry.text(NAME) or (entry.unit.name if entry.unit is not None else "")
    return UnitLine(entry.source.number, entry.deed, name, kind, entry.told)
