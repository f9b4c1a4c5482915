"""csv files: which encoding and delimiter, the records, and texts made harmless.

Excel runs a csv text that begins with = + - @ as a formula. Our csv exports put an
apostrophe before such texts, and reading takes one apostrophe away there, so that an
export reads back unchanged.
"""

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from exporters.refusals import Reason, RefusedFile

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = ",\t;"
_SAMPLE_LINES = 20
_FIELD_BYTES = 64 * 1024 * 1024

_DANGEROUS = re.compile("'*[=+\\-@\t\r]")
_DISARMED = re.compile("'+[=+\\-@\t\r]")


@dataclass(frozen=True)
class CsvFormat:
    """How a csv file is written."""

    encoding: str
    delimiter: str


def disarm(text: str) -> str:
    """The text as a csv may hold it: no program takes it for a formula."""
    return "'" + text if _DANGEROUS.match(text) else text


def rearm(text: str) -> str:
    """The text that `disarm` was given."""
    return text[1:] if _DISARMED.match(text) else text


def detect_csv(path: Path) -> CsvFormat:
    """Find the encoding that decodes the whole file, and the delimiter.

    Raises:
        RefusedFile: neither UTF-8, UTF-16 nor GB 18030 (with GBK and GB 2312) fits.
    """
    with path.open("rb") as file:
        head = file.read(4)
    bom = next((name for mark, name in _BOMS if head.startswith(mark)), None)
    for encoding in (bom,) if bom else ("utf-8", "gb18030"):
        if _decodes(path, encoding):
            return CsvFormat(encoding, _find_delimiter(path, encoding))
    raise RefusedFile(Reason.CSV, found="文字编码不明")


def read_records(path: Path, csv_format: CsvFormat) -> Iterator[list[str]]:
    """Read all records, the header's row included; blank lines are empty records."""
    csv.field_size_limit(_FIELD_BYTES)
    with path.open(encoding=csv_format.encoding, newline="") as file:
        try:
            for record in csv.reader(file, delimiter=csv_format.delimiter):
                yield [rearm(text) if text[:1] == "'" else text for text in record]
        except csv.Error as error:
            raise RefusedFile(Reason.DAMAGED, found="引号不成对") from error


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1024 * 1024):
                decoder.decode(chunk)
            decoder.decode(b"", True)
    except UnicodeError:
        return False
    return True


def _find_delimiter(path: Path, encoding: str) -> str:
    """The delimiter that most lines of the beginning agree on."""
    with path.open(encoding=encoding, newline="") as file:
        lines = [line[:10_000] for line in islice(file, _SAMPLE_LINES)]
    outside = ["".join(line.split('"')[::2]) for line in lines]

    def weight(delimiter: str) -> int:
        return max((line.count(delimiter) for line in outside), default=0)

    return max(_DELIMITERS, key=weight)
