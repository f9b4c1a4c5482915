"""How a formula reads a cell of the row: as a number, a text, a day, a yes or no.

Clerks type into these cells, so each reading takes what the importer takes as far as
formulas can: blanks around, numbers stored as text, 2024年9月1日. What a cell does not
hold is an error value, which stands for null in all formulas of ours.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from form_schemas.kinds import ValueType
from validators.choices import SEPARATORS
from validators.scalars import FALSE_WORDS, TRUE_WORDS

#: Stands for the row number in formulas; no text of a schema file may hold it.
ROW = "\ue000"
#: Null: what every operator and function of a spreadsheet hands on by itself.
NULL = "NA()"
#: Characters of a formula, and of a text inside one.
_LONGEST = 8000
_LONGEST_TEXT = 255
#: Decimal places that rounding away the traces of doubles keeps at most.
_MOST_PLACES = 14
#: Full-width and no-break blanks, which TRIM leaves.
_ODD_BLANKS = "\u3000\u00a0"
_DATE_SIGNS = {".": "-", "/": "-", "年": "-", "月": "-", "日": ""}
_MONTH_SIGNS = {".": "-", "/": "-", "年": "-", "月": ""}


class NotInExcel(Exception):  # noqa: N818 - a fact about an expression, not a failure
    """A formula cannot say it; `reason` tells people why, in Chinese."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class CellRef:
    """A cell of the row that a formula reads."""

    #: as `$C5`
    address: str
    type: ValueType
    #: decimal places the field keeps
    places: int = 0
    #: a number may be written 85% (shown as per cent: 0.85 in the cell)
    is_percent: bool = False
    #: texts that may stand behind a number, as 年
    suffix: str = ""
    #: how several values stand in the cell, besides the usual separators
    separator: str = ""
    #: whether values hold separators themselves, so that they cannot be counted
    has_joint_options: bool = False
    #: of a code list: code -> what may stand in the cell for it
    spellings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: the address of a cell that is TRUE where the field is shown; "" = always
    shown_if: str = ""


@dataclass(frozen=True)
class Piece:
    """A part of a formula, and what is known of its value."""

    text: str
    #: whether the value may be an error, which means null
    nullable: bool = True
    #: of a number: the decimal places its exact value has at most
    places: int = 0
    #: of a number: whether reckoning in doubles may have left a trace behind them
    noisy: bool = False

    def __post_init__(self) -> None:
        if len(self.text) > _LONGEST:
            raise NotInExcel("公式太长")

    @property
    def settled(self) -> str:
        """A number without traces of reckoning in doubles."""
        if not self.noisy:
            return self.text
        return f"ROUND({self.text},{min(self.places, _MOST_PLACES)})"


def read_cell(cell: CellRef) -> str:
    """A formula for the value of a cell; an error where it is empty or hidden."""
    reading = READINGS[cell.type](cell)
    return f"IF({cell.shown_if},{reading},{NULL})" if cell.shown_if else reading


def quote_text(text: str) -> str:
    """A text as a formula has it.

    Raises:
        NotInExcel: it is empty, too long or holds control characters.
    """
    plain = squeeze(text)
    if not plain:
        raise NotInExcel("要与空文字比较")
    if len(plain) > _LONGEST_TEXT or not plain.isprintable():
        raise NotInExcel("含有过长的文字")
    return '"' + plain.replace('"', '""') + '"'


def squeeze(text: str) -> str:
    """A text as `trim_text` leaves it: no blanks around, single ones between."""
    for blank in _ODD_BLANKS:
        text = text.replace(blank, " ")
    return " ".join(part for part in text.split(" ") if part)


def trim_text(text: str) -> str:
    """A formula for the text without blanks around; it may be empty."""
    return f"TRIM({substitute(text, dict.fromkeys(_ODD_BLANKS, ' '))})"


def need_text(text: str) -> str:
    """A formula for a text, an error where it is empty."""
    return f'IF({text}="",{NULL},{text})'


def split_text(text: str, separator: str) -> str:
    """A formula for several values, divided by one blank each; it may be empty."""
    blanks = dict.fromkeys(" " + _ODD_BLANKS, "")
    return f"TRIM({substitute(substitute(text, blanks), _divisions(separator))})"


def split_literal(text: str, separator: str) -> str:
    """What `split_text` makes of a text that is known."""
    for sign in " " + _ODD_BLANKS:
        text = text.replace(sign, "")
    for sign in _divisions(separator):
        text = text.replace(sign, " ")
    return squeeze(text)


def _divisions(separator: str) -> dict[str, str]:
    signs = dict.fromkeys(SEPARATORS.replace("\n", "") + separator.strip(), " ")
    return signs | {"\n": " "}


def substitute(text: str, signs: Mapping[str, str]) -> str:
    """A formula that replaces signs in a text."""
    for old, new in signs.items():
        shown = "CHAR(10)" if old == "\n" else _as_literal(old)
        text = f"SUBSTITUTE({text},{shown},{_as_literal(new)})"
    return text


def list_literals(texts: Iterable[str]) -> str:
    """An array of texts: `{"甲","乙"}`."""
    return "{" + ",".join(quote_text(text) for text in texts) + "}"


def _as_literal(sign: str) -> str:
    return '"' + sign.replace('"', '""') + '"'


# Readings of a cell.


def _read_number(cell: CellRef) -> str:
    if not cell.is_percent:
        # A blank cell is a text here, which is no number; otherwise it would be 0.
        text = f'{cell.address}&""'
        if cell.suffix:
            text = substitute(text, {cell.suffix: ""})
        return f"VALUE({text})"
    plain = f'VALUE(SUBSTITUTE({cell.address}&"","%",""))'
    shown_as_percent = f'LEFT(CELL("format",{cell.address}),1)="P"'
    return f"ROUND({plain}*IF({shown_as_percent},100,1),{cell.places})"


def _read_text(cell: CellRef) -> str:
    return need_text(trim_text(cell.address))


def _read_date(cell: CellRef) -> str:
    text = substitute(f"TRIM({cell.address})", _DATE_SIGNS)
    return f"IF(ISNUMBER({cell.address}),INT({cell.address}),DATEVALUE({text}))"


def _read_month(cell: CellRef) -> str:
    """The first day of the month."""
    text = substitute(f"TRIM({cell.address})", _MONTH_SIGNS)
    typed = f'DATEVALUE(LEFT({text},7)&"-1")'
    day = f"EOMONTH({cell.address},-1)+1"
    return f"IF(ISNUMBER({cell.address}),{day},{typed})"


def _read_boolean(cell: CellRef) -> str:
    words = [*sorted(TRUE_WORDS), *sorted(FALSE_WORDS)]
    text = trim_text(f'{cell.address}&""')
    return f"(MATCH({text},{list_literals(words)},0)<={len(TRUE_WORDS)})"


def _read_list(cell: CellRef) -> str:
    return need_text(split_text(cell.address, cell.separator))


def _refuse_file(cell: CellRef) -> str:
    raise NotInExcel("要看上传的文件")


READINGS: Mapping[ValueType, Callable[[CellRef], str]] = {
    ValueType.NUMBER: _read_number,
    ValueType.TEXT: _read_text,
    ValueType.DATE: _read_date,
    ValueType.MONTH: _read_month,
    ValueType.BOOLEAN: _read_boolean,
    ValueType.LIST: _read_list,
    ValueType.FILE: _refuse_file,
    ValueType.ANY: _read_text,
}
