"""The parts of a workbook's package: read, replaced, added and written out again."""

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO
from xml.sax.saxutils import quoteattr

from exporters.gate import read_chunks

_RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CONTENT_TYPES = "[Content_Types].xml"
_EMPTY_RELS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Relationships xmlns='
    '"http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>'
)


class UnusualWorkbookError(Exception):
    """The XML is written in a manner that editing it by text would break."""


class Parts:
    """A package's entries with the changes made so far."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._changed: dict[str, str] = {}
        self._names = set(archive.namelist())

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def read(self, name: str) -> str:
        if name in self._changed:
            return self._changed[name]
        return self._archive.read(name).decode("utf-8-sig")

    def write(self, name: str, text: str) -> None:
        self._changed[name] = text
        self._names.add(name)

    def stream(self, name: str) -> Iterator[bytes]:
        """An entry as it was, piece by piece."""
        with self._archive.open(name) as file:
            yield from read_chunks(file)

    def free_name(self, pattern: str) -> str:
        """A name like `xl/comments{}.xml` that no entry has."""
        number = 1
        while pattern.format(number) in self._names:
            number += 1
        return pattern.format(number)

    def relationships(self, part: str) -> dict[str, tuple[str, str]]:
        """Relationships of a part by id: (last step of the type, target entry)."""
        name = _rels_name(part)
        if name not in self:
            return {}
        found = {}
        for tag in re.findall(r"<Relationship\b[^>]*>", self.read(name)):
            kind = get_attribute(tag, "Type").rpartition("/")[2]
            joined = posixpath.join(
                "/", posixpath.dirname(part), get_attribute(tag, "Target")
            )
            target = posixpath.normpath(joined).lstrip("/")
            found[get_attribute(tag, "Id")] = (kind, target)
        return found

    def find_target(self, part: str, kind: str) -> str | None:
        """The entry that a part is related to in this way."""
        targets = self.relationships(part).values()
        return next((target for found, target in targets if found == kind), None)

    def relate(self, part: str, kind: str, target: str) -> str:
        """Add a relationship; gives its id."""
        name = _rels_name(part)
        text = self.read(name) if name in self else _EMPTY_RELS
        if "</Relationships>" not in text:
            # An empty list is one closed tag.
            text = re.sub(
                r"<Relationships\b([^>]*)/>", r"<Relationships\1></Relationships>", text
            )
        taken = self.relationships(part)
        number = len(taken) + 1
        while f"rId{number}" in taken:
            number += 1
        added = (
            f'<Relationship Id="rId{number}" Type="{_RELATIONSHIPS}/{kind}" '
            f"Target={quoteattr('/' + target)}/>"
        )
        self.write(name, insert_before(text, "</Relationships>", added))
        return f"rId{number}"

    def declare(self, part: str, content_type: str) -> None:
        """Say the content type of a new part."""
        text = self.read(_CONTENT_TYPES)
        if f'"/{part}"' not in text:
            name = quoteattr("/" + part)
            tag = f'<Override PartName={name} ContentType="{content_type}"/>'
            self.write(_CONTENT_TYPES, insert_before(text, "</Types>", tag))

    def declare_extension(self, extension: str, content_type: str) -> None:
        text = self.read(_CONTENT_TYPES)
        if not re.search(rf'Extension="{extension}"', text, re.IGNORECASE):
            tag = f'<Default Extension="{extension}" ContentType="{content_type}"/>'
            opening = re.search(r"<Types\b[^>]*>", text)
            if opening is None:
                raise UnusualWorkbookError
            at = opening.end()
            self.write(_CONTENT_TYPES, text[:at] + tag + text[at:])

    def save(
        self,
        target: Path | BinaryIO,
        streamed: Mapping[str, Iterable[bytes]],
        deferred: Mapping[str, Callable[[], str]],
    ) -> None:
        """Write the package: `streamed` parts first, as `deferred` follow from them."""
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as new:
            replaced = {*streamed, *deferred, *self._changed}
            for name, chunks in streamed.items():
                with new.open(name, "w", force_zip64=True) as part:
                    for chunk in chunks:
                        part.write(chunk)
            for entry in self._archive.infolist():
                if entry.filename in replaced:
                    continue
                with (
                    self._archive.open(entry) as old,
                    new.open(entry.filename, "w", force_zip64=True) as part,
                ):
                    for chunk in read_chunks(old):
                        part.write(chunk)
            for name, text in self._changed.items():
                new.writestr(name, text)
            for name, render in deferred.items():
                new.writestr(name, render())


def get_attribute(tag: str, name: str, default: str = "") -> str:
    """The value of an attribute in the text of a tag."""
    found = re.search(rf"\s{name}\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", tag)
    if found is None:
        return default
    return found[1] if found[1] is not None else found[2]


def set_attribute(tag: str, name: str, value: str) -> str:
    """The tag with an attribute set or added."""
    pattern = rf"(\s{name}\s*=\s*)(?:\"[^\"]*\"|'[^']*')"
    if re.search(pattern, tag):
        return re.sub(pattern, lambda found: f'{found[1]}"{value}"', tag, count=1)
    return re.sub(r"^(<[\w:.-]+)", lambda found: f'{found[1]} {name}="{value}"', tag)


def insert_before(text: str, mark: str, added: str) -> str:
    at = text.rfind(mark)
    if at < 0:
        raise UnusualWorkbookError
    return text[:at] + added + text[at:]


def _rels_name(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")
