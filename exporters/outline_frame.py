"""What stands around the cells of a sheet: merged areas, columns, drop-downs.

One pass over the XML that leaves the cells alone; what one sheet may have of each is
bounded, as a crafted file could hold millions.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from exporters.cells import column_number
from exporters.refusals import Reason, RefusedFile
from validators.drafting.outline import Area

_MOST_MERGES = 5000
_MOST_VALIDATIONS = 2000
_MOST_AREAS = 500
_LONGEST_FORMULA = 10_000
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_AREA = re.compile(
    r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Za-z]{1,3})\$?([0-9]{1,7}))?$"
)
_COLUMNS = re.compile(r"\$?([A-Za-z]{1,3}):\$?([A-Za-z]{1,3})$")


@dataclass
class Validation:
    """A data validation as the file writes it."""

    kind: str
    operator: str
    prompt: str
    places: str = ""
    first: str = ""
    second: str = ""

    @property
    def areas(self) -> tuple[Area, ...]:
        found = (parse_area(place) for place in self.places.split()[:_MOST_AREAS])
        return tuple(area for area in found if area is not None)


@dataclass(frozen=True)
class Frame:
    """What was found around the cells."""

    merges: tuple[Area, ...]
    allowed: tuple[Validation, ...]
    #: column -> position of its style
    column_styles: Mapping[int, int]
    hidden_columns: frozenset[int]


@dataclass
class _Found:
    merges: list[Area] = field(default_factory=list)
    validations: list[Validation] = field(default_factory=list)
    styles: dict[int, int] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)


def read_frame(chunks: Iterable[bytes]) -> Frame:
    """Read merges, columns and validations of a sheet.

    Raises:
        RefusedFile: it is no well-formed XML, or declares a document type.
    """
    found = _Found()
    handler = _Handler(found)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.text
    parser.buffer_text = True
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError) as error:
        raise RefusedFile(Reason.DAMAGED, found="工作表内容不完整") from error
    return Frame(
        tuple(found.merges),
        tuple(found.validations),
        found.styles,
        frozenset(found.hidden),
    )


def parse_area(text: str) -> Area | None:
    """An area out of `A1`, `$A$1:B9` or `A:B`."""
    columns = _COLUMNS.match(text)
    if columns:
        first, last = sorted(column_number(letters) for letters in columns.groups())
        return Area(1, first, _LAST_ROW, last)
    found = _AREA.match(text)
    if found is None:
        return None
    row, column = int(found[2]), column_number(found[1])
    last_row = int(found[4] or row)
    last_column = column_number(found[3]) if found[3] else column
    return Area(
        min(row, last_row),
        min(column, last_column),
        max(row, last_row),
        max(column, last_column),
    )


def _refuse(*_: object) -> None:
    raise RefusedFile(Reason.DAMAGED, found="含有不允许的 XML 实体")


class _Handler:
    """Collects; cells pass by unread."""

    def __init__(self, found: _Found) -> None:
        self._found = found
        self._validation: Validation | None = None
        #: where text goes: "first", "second", "places" or nowhere
        self._into = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        if tag in ("c", "v", "row"):
            return
        if tag == "mergeCell":
            self._take_merge(attributes)
        elif tag == "col":
            self._take_column(attributes)
        elif tag == "dataValidation":
            self._validation = _start_validation(attributes)
        elif self._validation is not None:
            # Newer files put the formula one step deeper, in an element `f`.
            self._into = _INTO.get(tag, self._into)

    def end(self, name: str) -> None:
        tag = name.rpartition(" ")[2]
        if tag == "dataValidation" and self._validation is not None:
            if len(self._found.validations) < _MOST_VALIDATIONS:
                self._found.validations.append(self._validation)
            self._validation = None
        if tag in _INTO:
            self._into = ""

    def text(self, data: str) -> None:
        if self._validation is None or not self._into:
            return
        known = getattr(self._validation, self._into)
        if len(known) + len(data) <= _LONGEST_FORMULA:
            setattr(self._validation, self._into, known + data)

    def _take_merge(self, attributes: dict[str, str]) -> None:
        area = parse_area(attributes.get("ref", ""))
        if area is not None and len(self._found.merges) < _MOST_MERGES:
            self._found.merges.append(area)

    def _take_column(self, attributes: dict[str, str]) -> None:
        for column in _columns(attributes):
            if attributes.get("style"):
                self._found.styles[column] = int(attributes["style"])
            if attributes.get("hidden") in ("1", "true"):
                self._found.hidden.add(column)


_INTO = {"formula1": "first", "formula2": "second", "sqref": "places"}


def _columns(attributes: dict[str, str]) -> Iterator[int]:
    first, last = int(attributes.get("min", 0)), int(attributes.get("max", 0))
    # A style of all columns to the end of the sheet says nothing about the form.
    yield from range(max(first, 1), min(last, _LAST_COLUMN, first + 1000) + 1)


def _start_validation(attributes: dict[str, str]) -> Validation:
    return Validation(
        kind=attributes.get("type", "none"),
        operator=attributes.get("operator", "between"),
        prompt=attributes.get("prompt", "")[:_LONGEST_FORMULA],
        places=attributes.get("sqref", ""),
    )
