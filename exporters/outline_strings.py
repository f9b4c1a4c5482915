"""Read the shared texts of a workbook as a stream, however many there are."""

import zipfile
from xml.parsers import expat

from exporters.gate import read_chunks
from exporters.refusals import Reason, RefusedFile

#: What is kept of all texts together, in characters; later ones come as blanks.
_MOST_TEXT = 20_000_000


def read_strings(archive: zipfile.ZipFile, part: str | None) -> list[str]:
    """Read the texts in their order.

    Raises:
        RefusedFile: the part is damaged or declares a document type.
    """
    if part is None:
        return []
    collector = _Collector()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = collector.start
    parser.EndElementHandler = collector.end
    parser.CharacterDataHandler = collector.text
    parser.buffer_text = True
    try:
        with archive.open(part) as file:
            for chunk in read_chunks(file):
                parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise RefusedFile(Reason.DAMAGED, found="共享文本不完整") from error
    return collector.strings


def _refuse(*_: object) -> None:
    raise RefusedFile(Reason.DAMAGED, found="含有不允许的 XML 实体")


class _Collector:
    """Collects the texts; phonetic readings above a text are none of it."""

    def __init__(self) -> None:
        self.strings: list[str] = []
        self._parts: list[str] = []
        self._is_text = False
        self._is_phonetic = False
        self._room = _MOST_TEXT

    def start(self, name: str, _: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        if tag == "si":
            self._parts = []
        elif tag == "rPh":
            self._is_phonetic = True
        elif tag == "t":
            self._is_text = not self._is_phonetic

    def end(self, name: str) -> None:
        tag = name.rpartition(" ")[2]
        if tag == "si":
            text = "".join(self._parts)
            self._room -= len(text)
            self.strings.append(text if self._room > 0 else "")
        elif tag == "rPh":
            self._is_phonetic = False
        elif tag == "t":
            self._is_text = False

    def text(self, data: str) -> None:
        if self._is_text:
            self._parts.append(data)
