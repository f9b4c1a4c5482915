"""Read the simple formulas of a blank form: sums, differences, products, shares.

What cannot be read for sure is left to a person: other functions, cells that are no
field, cells of another row, results that are no number.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from form_schemas.kinds import FieldKind
from form_schemas.spec import Shape
from validators.drafting.composing import FieldDraft
from validators.drafting.fields import GIVEN
from validators.drafting.layouts import Layout, Slot
from validators.drafting.notes import Note
from validators.drafting.outline import Position

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<percent>%)?(?![\w.])
      | (?P<cell>\$?[A-Za-z]{1,3}\$?[0-9]{1,7})(?![\w(.!])
      | (?P<name>[A-Za-z]+)(?=\()
      | (?P<text>"")
      | (?P<sign>[-+*/(),:]))""",
    re.VERBOSE,
)
_NUMBERS = frozenset(
    {FieldKind.INTEGER, FieldKind.DECIMAL, FieldKind.MONEY, FieldKind.PERCENT}
)
_MOST_SUMMED = 30


class _UnreadableError(Exception):
    """The formula says what is not read for sure."""


def read_formulas(layout: Layout, drafts: Sequence[FieldDraft]) -> list[FieldDraft]:
    """The drafts, each whose formula could be read with the expression in its notes."""
    cells = {draft.slot.at: draft for draft in drafts if draft.slot.at is not None}
    return [_suggest(layout, draft, cells) for draft in drafts]


def _suggest(
    layout: Layout, draft: FieldDraft, cells: Mapping[Position, FieldDraft]
) -> FieldDraft:
    if not draft.slot.formulas or not _is_number(draft):
        return draft
    readings = {_read(layout, draft, cells, row, f) for row, f in draft.slot.formulas}
    [computed, *others] = readings
    if computed is None or others:
        return draft
    formula = draft.slot.formulas[0][1]
    labels = {one.id: one.label for one in cells.values()}
    said = re.sub(r"[a-z]\w*", lambda m: _quote(labels, m[0]), computed)
    told = "可以照它自动计算（有一格空着，结果就空着）"
    text = f"写有公式 ={formula}，读作 {said}：{told}"
    note = Note(draft.slot.place, draft.label, text, draft.id, computed)
    left = (one for one in draft.notes if one.text != GIVEN)
    return replace(draft, notes=(*left, note))


def _quote(labels: Mapping[str, str], name: str) -> str:
    return f"“{labels[name]}”" if name in labels else name


def _read(
    layout: Layout,
    draft: FieldDraft,
    cells: Mapping[Position, FieldDraft],
    row: int,
    formula: str,
) -> str | None:
    """The expression that a formula says; None where it is not certain."""

    def name(at: Position) -> str:
        if layout.shape is Shape.ROWS:
            # A table says what holds in each row: other rows are no field of its own.
            if at[0] != row:
                raise _UnreadableError
            found = next((one for p, one in cells.items() if p[1] == at[1]), None)
        else:
            found = cells.get(at)
        if found is None or found is draft or not _is_number(found):
            raise _UnreadableError
        return f"{found.id} / 100" if _is_share(found.slot, found) else found.id

    try:
        said = _Reader(formula, name).read()
        return _as_percent(said) if _is_share(draft.slot, draft) else said
    except _UnreadableError:
        return None


def _as_percent(said: str) -> str:
    """A share in percent, as its kind holds it."""
    return f"({said}) * 100" if re.search(r" [-+] ", said) else f"{said} * 100"


def _is_number(draft: FieldDraft) -> bool:
    return draft.words.get("x-kind") in _NUMBERS


def _is_share(slot: Slot, draft: FieldDraft) -> bool:
    """Whether the workbook holds 0.25 where the field is to hold 25 (%)."""
    if "%" not in slot.format:
        return False
    if draft.words.get("x-kind") != FieldKind.PERCENT:
        raise _UnreadableError
    return True


@dataclass
class _Said:
    """A part of the expression, and how tightly it holds together."""

    text: str
    #: 0 a sum, 1 a product, 2 a whole
    bond: int

    def at_least(self, bond: int) -> str:
        return self.text if self.bond >= bond else f"({self.text})"


class _Reader:
    """Reads a formula from left to right."""

    def __init__(self, formula: str, name: Callable[[Position], str]) -> None:
        self._tokens = list(_scan(formula))
        self._at = 0
        self._name = name

    def read(self) -> str:
        said = self._sum()
        if self._at != len(self._tokens):
            raise _UnreadableError
        if not re.search(r"[a-z]", said.text):
            raise _UnreadableError
        return said.text

    def _sum(self) -> _Said:
        said = self._product()
        while (sign := self._take_sign("+", "-")) is not None:
            # a - (b + c) keeps its brackets.
            right = self._product().at_least(1)
            said = _Said(f"{said.text} {sign} {right}", 0)
        return said

    def _product(self) -> _Said:
        said = self._whole()
        while (sign := self._take_sign("*", "/")) is not None:
            right = self._whole().at_least(2)
            said = _Said(f"{said.at_least(1)} {sign} {right}", 1)
        return said

    def _whole(self) -> _Said:
        kind, text = self._take()
        if kind == "sign" and text == "(":
            inner = self._sum()
            self._expect(")")
            return inner
        if kind == "number":
            return _Said(text, 1 if "/" in text else 2)
        if kind == "cell":
            said = self._name(_locate(text))
            return _Said(said, 1 if "/" in said else 2)
        if kind == "name":
            return self._call(text.upper())
        raise _UnreadableError

    def _call(self, name: str) -> _Said:
        self._expect("(")
        if name == "SUM":
            return self._join(self._cells(), "+")
        if name == "PRODUCT":
            return self._join(self._cells(), "*")
        if name == "ROUND":
            inner = self._sum()
            self._expect(",")
            kind, digits = self._take()
            self._expect(")")
            if kind != "number" or not digits.isdigit():
                raise _UnreadableError
            return _Said(f"round({inner.text}, {digits})", 2)
        if name == "IFERROR":
            # A division by nothing is empty here anyway.
            inner = self._sum()
            self._expect(",")
            if self._take()[0] != "text":
                raise _UnreadableError
            self._expect(")")
            return inner
        raise _UnreadableError

    def _join(self, names: list[str], sign: str) -> _Said:
        if len(names) == 1:
            return _Said(names[0], 1 if "/" in names[0] else 2)
        if sign == "+":
            return _Said(" + ".join(names), 0)
        return _Said(" * ".join(f"({n})" if "/" in n else n for n in names), 1)

    def _cells(self) -> list[str]:
        """The cells that a function is called with: single ones and stretches."""
        found: list[str] = []
        while True:
            kind, text = self._take()
            if kind != "cell":
                raise _UnreadableError
            first = last = _locate(text)
            if self._take_sign(":") is not None:
                kind, text = self._take()
                if kind != "cell":
                    raise _UnreadableError
                last = _locate(text)
            found += [self._name(at) for at in _list_between(first, last)]
            if self._take_sign(",") is None:
                self._expect(")")
                return found

    def _take(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise _UnreadableError
        self._at += 1
        return self._tokens[self._at - 1]

    def _take_sign(self, *signs: str) -> str | None:
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind == "sign" and text in signs:
                self._at += 1
                return text
        return None

    def _expect(self, sign: str) -> None:
        if self._take_sign(sign) is None:
            raise _UnreadableError


def _scan(formula: str) -> Iterator[tuple[str, str]]:
    at, whole = 0, formula.strip()
    while at < len(whole):
        found = _TOKEN.match(whole, at)
        if found is None:
            raise _UnreadableError
        at = found.end()
        kind = str(found.lastgroup)
        if found["number"] is not None:
            text = f"{found['number']} / 100" if found["percent"] else found["number"]
            yield "number", text
        else:
            yield kind, found[kind]


def _locate(cell: str) -> Position:
    letters, digits = re.findall(r"[A-Za-z]+|[0-9]+", cell)
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return int(digits), column


def _list_between(first: Position, last: Position) -> list[Position]:
    rows = range(first[0], last[0] + 1)
    columns = range(first[1], last[1] + 1)
    if not (1 <= len(rows) * len(columns) <= _MOST_SUMMED):
        raise _UnreadableError
    return [(row, column) for row in rows for column in columns]
