"""The gate: what a file is, and whether it is safe to open, before anything reads it.

Looks at the container only (signature, zip directory, the small parts of the package);
`scan` looks into the sheet. No library that parses workbooks is let near a file that
has not passed here.
"""

import codecs
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from exporters.refusals import Reason, RefusedFile

#: The hidden sheet of our own workbooks; `stamp` says what stands in it.
STAMP_SHEET = "_tianbao"
_MIB = 1024 * 1024
_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
#: Longer marks first: UTF-32 begins as UTF-16 does.
_WIDE_ENCODINGS = (
    ("UTF-32", (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, b"<\0\0\0", b"\0\0\0<")),
    ("UTF-16", (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"<\0", b"\0<")),
)
_DECLARED_ENCODING = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)""")
#: What reads the same as UTF-8 where text beyond ASCII is written as references.
_READ_ENCODINGS = frozenset(
    {"UTF-8", "UTF8", "US-ASCII", "ASCII", "ISO-8859-1", "WINDOWS-1252"}
)
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
#: Relationship types end alike in the transitional and the strict variant.
_OFFICE_DOCUMENT = "/officeDocument"
_WORKSHEET = "/worksheet"
#: What other programs' zip containers hold.
_OTHER_CONTAINERS = {
    "word/document.xml": "Word 文档",
    "ppt/presentation.xml": "PowerPoint 文档",
    "xl/workbook.bin": "xlsb 工作簿",
    "content.xml": "OpenDocument 文档",
}


@dataclass(frozen=True)
class Limits:
    """How large a file may be, and what reading it may cost."""

    file_bytes: int = 50 * _MIB
    entries: int = 2000
    #: of one part and of all together, after unpacking
    part_bytes: int = 600 * _MIB
    unpacked_bytes: int = 900 * _MIB
    #: unpacked to packed size of parts over 10 MiB; real sheets stay below 60
    ratio: int = 200
    #: of the parts the gate itself parses whole
    small_part_bytes: int = 16 * _MIB
    #: of their tags: a tag of four bytes becomes an element of a hundred. Excel takes
    #: 65,490 formats, of some six tags
    small_part_tags: int = 500_000
    rows: int = 200_000
    #: a sheet with more XML than this is read in parts: whole, it would need more
    #: memory than the child has
    whole_bytes: int = 112 * _MIB
    #: XML of one such part
    slice_bytes: int = 24 * _MIB
    #: a sheet with more XML than this is read by two processes, half by half
    half_bytes: int = 16 * _MIB
    child_memory_bytes: int = 400 * _MIB
    child_seconds: int = 300


@dataclass(frozen=True)
class Package:
    """A workbook that passed the gate."""

    path: Path
    #: zip entries of the workbook and of its first sheet
    workbook_part: str
    sheet_part: str
    sheet_title: str
    #: bytes of the sheet's XML
    sheet_bytes: int
    #: zip entries of shared strings and styles; None where the file has none
    strings_part: str | None
    styles_part: str | None
    #: positions in `cellXfs` whose numbers are shown as per cent
    percent_styles: frozenset[int]
    #: whether it has the hidden sheet of our own workbooks
    has_stamp: bool = False
    #: of all its sheets
    titles: tuple[str, ...] = ()


def sniff(path: Path, limits: Limits) -> str:
    """Tell `xlsx` or `text` by the file's first bytes, whatever its name says.

    Raises:
        RefusedFile: it is neither, or too large.
    """
    size = path.stat().st_size
    if size == 0:
        raise RefusedFile(Reason.EMPTY)
    if size > limits.file_bytes:
        raise RefusedFile(
            Reason.TOO_LARGE, found=_mib(size), limit=_mib(limits.file_bytes)
        )
    with path.open("rb") as file:
        head = file.read(4096)
        if head.startswith(_OLE_SIGNATURE):
            raise _judge_ole(head + file.read())
    if head.startswith(_ZIP_SIGNATURES):
        return "xlsx"
    start = head.lstrip(b"\xef\xbb\xbf\x00 \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<table", b"<?xml", b"<meta")):
        raise RefusedFile(Reason.NOT_XLSX, found="网页或 XML 文件")
    is_wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\x00" in head and not is_wide:
        raise RefusedFile(Reason.NOT_XLSX, found="不是表格文件")
    if start.startswith((b"%pdf", b"{\\rtf")):
        raise RefusedFile(Reason.NOT_XLSX, found="PDF 或 RTF 文件")
    return "text"


def list_sheets(path: Path, limits: Limits) -> tuple[str, ...]:
    """The titles of a workbook's sheets; none of a file of texts.

    Raises:
        RefusedFile: it is neither, or not safe to open.
    """
    if sniff(path, limits) == "text":
        return ()
    return open_package(path, limits).titles


def open_package(path: Path, limits: Limits, wanted: str = "") -> Package:
    """Check the zip container and find the first sheet.

    Args:
        wanted: title of the sheet that is taken instead, where there is one.

    Raises:
        RefusedFile: the container is damaged, unsafe or no xlsx workbook.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_entries(archive, limits)
            return _read_package(path, archive, limits, wanted)
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError) as error:
        raise RefusedFile(Reason.DAMAGED, found="压缩包读不出来") from error
    except DefusedXmlException as error:
        raise RefusedFile(Reason.DAMAGED, found="含有不允许的 XML 实体") from error
    except (ParseError, KeyError, ValueError) as error:
        raise RefusedFile(Reason.DAMAGED, found="工作簿结构不完整") from error


def read_chunks(file: IO[bytes], size: int = _MIB) -> Iterator[bytes]:
    """Read a part piece by piece; damage in the packed data is a refusal."""
    try:
        while chunk := file.read(size):
            yield chunk
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise RefusedFile(Reason.DAMAGED, found="压缩包读不出来") from error


def _judge_ole(data: bytes) -> RefusedFile:
    if _ENCRYPTED_STREAM in data:
        return RefusedFile(Reason.ENCRYPTED)
    return RefusedFile(Reason.NOT_XLSX, found="97-2003 格式的 xls 或其他旧格式")


def _check_entries(archive: zipfile.ZipFile, limits: Limits) -> None:
    entries = archive.infolist()
    if len(entries) > limits.entries:
        raise RefusedFile(Reason.DAMAGED, found="压缩包里的文件过多")
    if any(entry.flag_bits & 1 for entry in entries):
        raise RefusedFile(Reason.ENCRYPTED)
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names):
        raise RefusedFile(Reason.DAMAGED, found="压缩包里的文件重名")
    if any(_is_unsafe(name) for name in names):
        raise RefusedFile(Reason.DAMAGED, found="压缩包里的路径不合规")
    _check_sizes(entries, limits)
    for name, kind in _OTHER_CONTAINERS.items():
        if name in names:
            raise RefusedFile(Reason.NOT_XLSX, found=kind)
    if any(posixpath.basename(name).lower() == "vbaproject.bin" for name in names):
        raise RefusedFile(Reason.MACROS)
    if "[Content_Types].xml" not in names:
        raise RefusedFile(Reason.NOT_XLSX, found="普通压缩包")


def _check_sizes(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    total = sum(entry.file_size for entry in entries)
    largest = max((entry.file_size for entry in entries), default=0)
    if total > limits.unpacked_bytes or largest > limits.part_bytes:
        raise RefusedFile(
            Reason.TOO_LARGE,
            found=f"解开后 {_mib(total)}",
            limit=_mib(limits.unpacked_bytes),
        )
    for entry in entries:
        packed = max(entry.compress_size, 1)
        if entry.file_size > 10 * _MIB and entry.file_size / packed > limits.ratio:
            raise RefusedFile(
                Reason.TOO_LARGE, found="压缩比异常", limit=f"{limits.ratio} 倍"
            )


def _is_unsafe(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or ":" in name


def _read_package(
    path: Path, archive: zipfile.ZipFile, limits: Limits, wanted: str
) -> Package:
    types = read_part(archive, "[Content_Types].xml", limits)
    if any("macroEnabled" in (item.get("ContentType") or "") for item in types):
        raise RefusedFile(Reason.MACROS)
    workbook_part = _main_part(archive, limits)
    _check_encodings(archive, (workbook_part, _rels_of(workbook_part)))
    workbook = read_part(archive, workbook_part, limits)
    targets = read_relationships(archive, workbook_part, limits)
    sheets = _list_worksheets(workbook, targets)
    _, sheet_part, title = _choose_sheet(sheets, wanted)
    archive.getinfo(sheet_part)
    by_kind = dict(targets.values())
    names = set(archive.namelist())
    strings, styles = (
        part if part in names else None
        for part in (by_kind.get("/sharedStrings"), by_kind.get("/styles"))
    )
    _check_encodings(archive, (sheet_part, strings, styles))
    return Package(
        path=path,
        workbook_part=workbook_part,
        sheet_part=sheet_part,
        sheet_title=title,
        sheet_bytes=archive.getinfo(sheet_part).file_size,
        strings_part=strings,
        styles_part=styles,
        percent_styles=_percent_styles(read_part(archive, styles, limits))
        if styles
        else frozenset(),
        has_stamp=any(sheet.get("name") == STAMP_SHEET for sheet in workbook.iter()),
        titles=tuple(one for _, _, one in sheets),
    )


def _main_part(archive: zipfile.ZipFile, limits: Limits) -> str:
    for kind, target in read_relationships(archive, "", limits).values():
        if kind == _OFFICE_DOCUMENT:
            return target
    raise RefusedFile(Reason.NOT_XLSX, found="不是工作簿")


def _check_encodings(archive: zipfile.ZipFile, parts: Iterable[str | None]) -> None:
    """Refuse what the standard allows and the reader library does not understand."""
    for part in filter(None, parts):
        with archive.open(part) as file:
            encoding = _find_encoding(file.read(256))
        if encoding not in _READ_ENCODINGS:
            raise RefusedFile(Reason.ENCODING, found=encoding)


def _find_encoding(head: bytes) -> str:
    for name, marks in _WIDE_ENCODINGS:
        if head.startswith(marks):
            return name
    declared = _DECLARED_ENCODING.search(head)
    return declared[1].decode("ascii").upper() if declared else "UTF-8"


def _list_worksheets(
    workbook: Element, targets: dict[str, tuple[str, str]]
) -> list[tuple[bool, str, str]]:
    """Whether a sheet is hidden, its part, its title; refuses a book without any."""
    found = []
    for sheet in workbook.iter():
        if local_name(sheet.tag) != "sheet":
            continue
        ids = [value for name, value in sheet.items() if local_name(name) == "id"]
        kind, target = targets.get(ids[0] if ids else "", ("", ""))
        if kind == _WORKSHEET:
            is_hidden = sheet.get("state", "visible") != "visible"
            found.append((is_hidden, target, sheet.get("name", "")))
    if not found:
        raise RefusedFile(Reason.NO_SHEET, found="只有图表或宏表")
    return found


def _choose_sheet(
    sheets: list[tuple[bool, str, str]], wanted: str
) -> tuple[bool, str, str]:
    """The sheet of this title, or the first that people see, or the first one."""
    named = (sheet for sheet in sheets if wanted and sheet[2] == wanted)
    return next(named, min(sheets, key=lambda sheet: sheet[0]))


def read_relationships(
    archive: zipfile.ZipFile, part: str, limits: Limits
) -> dict[str, tuple[str, str]]:
    """Read the relationships of a part by id: (last step of the type, target)."""
    folder = posixpath.dirname(part)
    root = read_part(archive, _rels_of(part), limits)
    found = {}
    for item in root:
        if item.get("TargetMode") == "External":
            continue
        kind = "/" + item.get("Type", "").rpartition("/")[2]
        target = posixpath.normpath(posixpath.join("/", folder, item.get("Target", "")))
        found[item.get("Id", "")] = (kind, target.lstrip("/"))
    return found


def _rels_of(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def _percent_styles(styles: Element) -> frozenset[int]:
    formats = {
        int(item.get("numFmtId", 0)): item.get("formatCode", "")
        for item in styles.iter()
        if local_name(item.tag) == "numFmt"
    }
    percent = {9, 10} | {key for key, code in formats.items() if _is_percent(code)}
    for part in styles:
        if local_name(part.tag) == "cellXfs":
            return frozenset(
                position
                for position, style in enumerate(part)
                if int(style.get("numFmtId", 0)) in percent
            )
    return frozenset()


def _is_percent(format_code: str) -> bool:
    """Whether a number format shows hundredths: a % outside of quotes."""
    outside = "".join(format_code.split('"')[::2]).replace("\\%", "")
    return "%" in outside


def read_part(archive: zipfile.ZipFile, name: str, limits: Limits) -> Element:
    """Parse one of the small parts of a package.

    Raises:
        RefusedFile: it is too large; KeyError, ParseError: it is not there, or no XML.
    """
    entry = archive.getinfo(name)
    if entry.file_size > limits.small_part_bytes:
        raise RefusedFile(
            Reason.TOO_LARGE,
            found=f"{name} {_mib(entry.file_size)}",
            limit=_mib(limits.small_part_bytes),
        )
    content = archive.read(entry)
    if content.count(b"<") > limits.small_part_tags:
        raise RefusedFile(
            Reason.TOO_LARGE,
            found=f"{name} 有 {content.count(b'<')} 个标签",
            limit=f"{limits.small_part_tags} 个",
        )
    return fromstring(content, forbid_dtd=True)


def local_name(tag: str) -> str:
    """The name of an element or attribute without its namespace."""
    return tag.rpartition("}")[2]


def _mib(size: int) -> str:
    return f"{size / _MIB:.1f} MB"
