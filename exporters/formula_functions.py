"""The functions of the expression language as formulas; `formulas` calls them.

`MISSING` says which ones a formula cannot express, and why.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from exporters.formula_cells import (
    NULL,
    CellRef,
    NotInExcel,
    Piece,
    need_text,
    quote_text,
    read_cell,
    split_literal,
    split_text,
)
from form_schemas.digits import QUOTIENT_PLACES
from form_schemas.functions import GROUPING
from form_schemas.kinds import ValueType
from form_schemas.nodes import Call, Given, Literal, Node


class Writer(Protocol):
    """What functions ask of `formulas.Writer`."""

    def value(self, node: Node) -> Piece: ...

    def cell_of(self, node: Node) -> CellRef | None: ...


Arguments = Sequence[Node]
WriteCall = Callable[[Writer, Arguments], Piece]


def _is_empty(writer: Writer, arguments: Arguments) -> Piece:
    cell = writer.cell_of(arguments[0])
    text = read_cell(cell) if cell else writer.value(arguments[0]).text
    return Piece(f"ISERROR({text})", nullable=False)


def _coalesce(writer: Writer, arguments: Arguments) -> Piece:
    *values, last = [writer.value(argument) for argument in arguments]
    text = last.text
    for value in reversed(values):
        text = f"IFERROR({value.text},{text})" if value.nullable else value.text
    pieces = [*values, last]
    return Piece(
        text,
        all(piece.nullable for piece in pieces),
        max(piece.places for piece in pieces),
        any(piece.noisy for piece in pieces),
    )


def _extreme(name: str) -> WriteCall:
    """The least or the greatest of those that are not null."""
    beyond = "9E+307" if name == "MIN" else "-9E+307"

    def write(writer: Writer, arguments: Arguments) -> Piece:
        pieces = [writer.value(argument) for argument in arguments]
        texts = [
            f"IFERROR({piece.text},{beyond})" if piece.nullable else piece.text
            for piece in pieces
        ]
        found = f"{name}({','.join(texts)})"
        nullable = all(piece.nullable for piece in pieces)
        if nullable:
            found = f"IF({found}={beyond},{NULL},{found})"
        places = max(piece.places for piece in pieces)
        return Piece(found, nullable, places, any(piece.noisy for piece in pieces))

    return write


def _abs(writer: Writer, arguments: Arguments) -> Piece:
    value = writer.value(arguments[0])
    return Piece(f"ABS({value.text})", value.nullable, value.places, value.noisy)


def _round(writer: Writer, arguments: Arguments) -> Piece:
    value, places = writer.value(arguments[0]), _whole(arguments[1])
    if places >= value.places:
        return value
    return Piece(f"ROUND({value.settled},{places})", value.nullable, places)


def _floor(writer: Writer, arguments: Arguments) -> Piece:
    value = writer.value(arguments[0])
    return Piece(f"INT({value.settled})", value.nullable)


def _ceil(writer: Writer, arguments: Arguments) -> Piece:
    value = writer.value(arguments[0])
    return Piece(f"(-INT(-{value.settled}))", value.nullable)


def _length(writer: Writer, arguments: Arguments) -> Piece:
    value = writer.value(arguments[0])
    return Piece(f"LEN({value.text})", value.nullable)


def _left(writer: Writer, arguments: Arguments) -> Piece:
    value, count = writer.value(arguments[0]), _whole(arguments[1])
    if count == 0:
        raise NotInExcel("要与空文字比较")
    return Piece(f"TRIM(LEFT({value.text},{count}))", value.nullable)


def _contains(writer: Writer, arguments: Arguments) -> Piece:
    whole, part = arguments
    if whole.type is not ValueType.LIST:
        return _find_part(writer.value(whole).text, writer.value(part))
    items, cell, separator = _items(writer, whole)
    if cell is not None and cell.spellings and not isinstance(part, Literal):
        raise NotInExcel("要比较代码，格中却可能是名称")
    if isinstance(part, Literal) and part.value is not None:
        return _find_items(items, cell, str(part.value), separator)
    found = writer.value(part)
    item = need_text(split_text(found.text, separator))
    return _find_part(f'" "&{items}&" "', Piece(f'" "&{item}&" "', found.nullable))


def _find_items(items: str, cell: CellRef | None, value: str, separator: str) -> Piece:
    spellings = cell.spellings.get(value, (value,)) if cell else (value,)
    texts = [split_literal(text, separator) for text in dict.fromkeys(spellings)]
    found = [
        f'ISNUMBER(FIND({_padded(text)}," "&{items}&" "))' for text in texts if text
    ]
    if not found:
        raise NotInExcel("要与空文字比较")
    text = found[0] if len(found) == 1 else f"OR({','.join(found)})"
    return Piece(text, nullable=False)


def _padded(text: str) -> str:
    quoted = quote_text(text)
    return f'" {quoted[1:-1]} "'


def _find_part(whole: str, part: Piece) -> Piece:
    """Whether a text holds another: not if it is null."""
    found = f"ISNUMBER(FIND({part.text},{whole}))"
    if not part.nullable:
        return Piece(found, nullable=False)
    return Piece(f"IF(ISERROR({whole}),FALSE,AND(LEN({part.text})>0,{found}))")


def _count_items(writer: Writer, arguments: Arguments) -> Piece:
    whole = arguments[0]
    if whole.type is not ValueType.LIST:
        text = f"IF(ISERROR({writer.value(whole).text}),0,1)"
        return Piece(text, nullable=False)
    items, cell, _ = _items(writer, whole)
    if cell is not None and cell.has_joint_options:
        raise NotInExcel("选项里有顿号，数不出个数")
    count = f'LEN({items})-LEN(SUBSTITUTE({items}," ",""))+1'
    return Piece(f"IFERROR({count},0)", nullable=False)


def _items(writer: Writer, node: Node) -> tuple[str, CellRef | None, str]:
    """Several values divided by blanks, their cell and their own separator."""
    if isinstance(node, Call) and node.name == "split":
        value, separator = node.arguments
        assert isinstance(separator, Literal)
        sign = str(separator.value)
        return need_text(split_text(writer.value(value).text, sign)), None, sign
    cell = writer.cell_of(node)
    if cell is None:
        raise NotInExcel("几个值不是一格里的")
    return read_cell(cell), cell, cell.separator


def _of_day(name: str) -> WriteCall:
    def write(writer: Writer, arguments: Arguments) -> Piece:
        day = writer.value(arguments[0])
        return Piece(f"{name}({day.text})", day.nullable)

    return write


def _weekday(writer: Writer, arguments: Arguments) -> Piece:
    day = writer.value(arguments[0])
    return Piece(f"WEEKDAY({day.text},2)", day.nullable)


def _days(writer: Writer, arguments: Arguments) -> Piece:
    start, end = (writer.value(argument) for argument in arguments)
    return Piece(f"({end.text}-{start.text})", start.nullable or end.nullable)


def _weeks(writer: Writer, arguments: Arguments) -> Piece:
    days = _days(writer, arguments)
    text = f"ROUND({days.text}/7,{QUOTIENT_PLACES})"
    return Piece(text, days.nullable, places=QUOTIENT_PLACES)


def _age(writer: Writer, arguments: Arguments) -> Piece:
    birth, on = (writer.value(argument) for argument in arguments)
    # DATEDIF refuses days before the birth, and is not the same everywhere.
    digits = [
        f"(YEAR({day.text})*10000+MONTH({day.text})*100+DAY({day.text}))"
        for day in (on, birth)
    ]
    text = f"INT(({digits[0]}-{digits[1]})/10000)"
    return Piece(text, birth.nullable or on.nullable)


def _if_identity(number: str, then: str) -> Piece:
    """A value read from an identity number, an error for any other text."""
    is_one = (
        f"AND(LEN({number})=18,ISNUMBER(-LEFT({number},17)),"
        f'ISNUMBER(FIND(UPPER(RIGHT({number},1)),"0123456789X")))'
    )
    return Piece(f"IF({is_one},{then},{NULL})")


def _id_birth(writer: Writer, arguments: Arguments) -> Piece:
    number = writer.value(arguments[0]).text
    # DATEVALUE refuses the 31st of a month of 30 days; DATE would go on counting.
    parts = [f"MID({number},{start},{count})" for start, count in _BIRTH]
    joined = '&"-"&'.join(parts)
    return _if_identity(number, f"DATEVALUE({joined})")


def _id_gender(writer: Writer, arguments: Arguments) -> Piece:
    number = writer.value(arguments[0]).text
    odd = f"MOD(VALUE(MID({number},17,1)),2)=1"
    return _if_identity(number, f'IF({odd},"男","女")')


#: Where year, month and day stand in an identity number: from, and how many digits.
_BIRTH = ((7, 4), (11, 2), (13, 2))


def _in_period(writer: Writer, arguments: Arguments) -> Piece:
    day = writer.value(arguments[0])
    first, last = (writer.value(given).text for given in _PERIOD)
    text = f"AND({day.text}>={first},{day.text}<={last})"
    return Piece(text, day.nullable)


def _rank(writer: Writer, arguments: Arguments) -> Piece:
    item, *options = arguments
    texts = [quote_text(str(o.value)) for o in options if isinstance(o, Literal)]
    return Piece(f"(MATCH({writer.value(item).text},{{{','.join(texts)}}},0)-1)")


def _whole(node: Node) -> int:
    assert isinstance(node, Literal)
    return int(str(node.value))


_PERIOD = (
    Given("period_start", ValueType.DATE),
    Given("period_end", ValueType.DATE),
)

FUNCTIONS: Mapping[str, WriteCall] = {
    "is_empty": _is_empty,
    "coalesce": _coalesce,
    "abs": _abs,
    "round": _round,
    "ceil": _ceil,
    "floor": _floor,
    "min": _extreme("MIN"),
    "max": _extreme("MAX"),
    "length": _length,
    "left": _left,
    "contains": _contains,
    "count_items": _count_items,
    "year": _of_day("YEAR"),
    "month": _of_day("MONTH"),
    "weekday": _weekday,
    "days": _days,
    "weeks": _weeks,
    "age": _age,
    "id_birth": _id_birth,
    "id_gender": _id_gender,
    "in_period": _in_period,
    "rank": _rank,
}
#: Functions no formula can say -> why.
MISSING: Mapping[str, str] = {
    # COUNTIF takes long codes for numbers and stars for anything, and sees one file.
    "is_unique": "要看本表的其他行",
    **dict.fromkeys(GROUPING, "要看一组行"),
}
