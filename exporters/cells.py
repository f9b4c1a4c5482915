"""The cells of a sheet, one after the other, whatever its XML looks like.

The exact and slow way, for what the fast ways cannot see: `scan` falls back to it for
sheets written in an unusual manner, `compact` rewrites sprawling sheets with it. Memory
stays flat: one cell at a time.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from xml.parsers import expat

from exporters.refusals import Reason, RefusedFile

#: No formula of a blank form that can be read for sure is longer.
_LONGEST_FORMULA = 400
_POSITION = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})$")


@dataclass
class Cell:
    """One `c` element."""

    #: both from 1, as the sheet counts
    row: int
    column: int
    #: attribute `t`: n, s, str, inlineStr, b, e, d
    type: str
    style: int
    #: text of `v`; None where there is no `v` element
    value: str | None = None
    #: text of `is`
    inline: str | None = None
    has_formula: bool = False
    #: text of `f`, as far as it is kept; a shared one stands in its first cell only
    formula: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.value and not self.inline


def iterate_cells(chunks: Iterable[bytes]) -> Iterator[Cell]:
    """Parse a sheet.

    Raises:
        RefusedFile: it is no well-formed XML, counts in words, or declares a document
            type.
    """
    handler = _Handler()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.text
    parser.buffer_text = True
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
            yield from handler.take()
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError) as error:
        raise RefusedFile(Reason.DAMAGED, found="工作表内容不完整") from error
    yield from handler.take()


@lru_cache(maxsize=4096)
def column_number(letters: str) -> int:
    """The number of a column, from 1: A is 1, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


@lru_cache(maxsize=4096)
def column_letters(number: int) -> str:
    """The letters of a column, from 1."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _refuse_doctype(*_: object) -> None:
    raise RefusedFile(Reason.DAMAGED, found="含有不允许的 XML 实体")


class _Handler:
    """Collects finished cells; `take` hands them over."""

    def __init__(self) -> None:
        self._done: list[Cell] = []
        self._row = 0
        self._column = 0
        self._cell: Cell | None = None
        #: where text goes: "v", "is" (only its `t` parts) or nowhere
        self._into = ""
        self._is_phonetic = False

    def take(self) -> list[Cell]:
        done, self._done = self._done, []
        return done

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        if tag == "c":
            self._start_cell(attributes)
        elif tag == "row":
            self._row = int(attributes.get("r") or self._row + 1)
            self._column = 0
        elif self._cell is None:
            return
        elif tag == "f":
            self._cell.has_formula = True
            self._into = "f"
        elif tag == "v":
            self._cell.value = ""
            self._into = "v"
        elif tag == "is":
            self._cell.inline = ""
        elif tag == "rPh":
            # Phonetic readings are notes above the text, not the text.
            self._is_phonetic = True
        elif tag == "t" and self._cell.inline is not None:
            self._into = "" if self._is_phonetic else "is"

    def end(self, name: str) -> None:
        tag = name.rpartition(" ")[2]
        if tag == "c" and self._cell is not None:
            self._done.append(self._cell)
            self._cell = None
        elif tag == "rPh":
            self._is_phonetic = False
        elif tag in ("v", "t", "f"):
            self._into = ""

    def text(self, data: str) -> None:
        if self._cell is None or not self._into:
            return
        if self._into == "v":
            self._cell.value = (self._cell.value or "") + data
        elif self._into == "f":
            self._cell.formula = (self._cell.formula + data)[:_LONGEST_FORMULA]
        else:
            self._cell.inline = (self._cell.inline or "") + data

    def _start_cell(self, attributes: dict[str, str]) -> None:
        position = _POSITION.match(attributes.get("r", ""))
        if position:
            self._column = column_number(position[1])
            self._row = int(position[2])
        else:
            # Some writers leave positions out: cells then follow one another.
            self._column += 1
        self._cell = Cell(
            row=self._row,
            column=self._column,
            type=attributes.get("t", "n"),
            style=int(attributes.get("s") or 0),
        )
