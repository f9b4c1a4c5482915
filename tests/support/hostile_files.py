"""Files that somebody sends who means no good, generated alike each time."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

ENDINGS = ("pdf", "jpg", "png", "doc", "docx", "xls", "xlsx", "zip")
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_NEEDED = {
    "docx": ("[Content_Types].xml", "word/document.xml"),
    "xlsx": ("[Content_Types].xml", "xl/workbook.xml"),
    "zip": ("a.txt",),
}
_PROGRAMS = {
    "mz": b"MZ\x90\0" + b"\0" * 200,
    "elf": b"\x7fELF" + b"\1" * 200,
    "macho": b"\xfe\xed\xfa\xce" + b"\0" * 100,
    "java": b"\xca\xfe\xba\xbe" + b"\0" * 100,
    "lnk": b"L\0\0\0\1\x14\2\0" + b"\0" * 100,
    "shell": b"#!/bin/sh\nrm -rf /\n",
    "batch": b"@echo off\r\nformat c:\r\n",
    "script": b"WScript.Shell\r\n",
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "php": b"<?php system($_GET['a']); ?>",
    "rtf": b"{\\rtf1\\object\\objupdate}",
    "flash": b"CWS\n" + b"\0" * 60,
    "rar": b"Rar!\x1a\7\0" + b"\0" * 60,
}


@dataclass(frozen=True)
class Hostile:
    family: str
    name: str
    content: bytes
    #: whether it has to be refused; others are kept, and sent to be saved only
    refused: bool = True


def list_hostile() -> list[Hostile]:
    return [
        Hostile(family, name, content, family not in _HARMLESS)
        for family, make in _FAMILIES.items()
        for name, content in make()
    ]


def make_archive(*names: str, content: bytes = b"x", packed: bool = False) -> bytes:
    stream = io.BytesIO()
    how = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(stream, "w", how) as file:
        for name in names:
            file.writestr(zipfile.ZipInfo(name), content, how)
    return stream.getvalue()


def make_picture(kind: str = "JPEG") -> bytes:
    stream = io.BytesIO()
    draw = random.Random(7)
    pixels = bytes(draw.randrange(256) for _ in range(64 * 64 * 3))
    Image.frombytes("RGB", (64, 64), pixels).save(stream, kind, dpi=(300, 300))
    return stream.getvalue()


def _renamed() -> Iterator[tuple[str, bytes]]:
    for what, content in _PROGRAMS.items():
        for ending in ENDINGS:
            yield f"{what}.{ending}", content


def _misnamed() -> Iterator[tuple[str, bytes]]:
    good = make_archive(*_NEEDED["docx"])
    for name in (
        *(f"a.docx.{one}" for one in ("exe", "scr", "js", "hta", "docm", "lnk", "php")),
        *(
            f"a.{one}"
            for one in ("svg", "html", "xml", "iso", "swf", "jsp", "htaccess")
        ),
        "photo\u202egpj.exe",
        "a\u202excod.scr",
        "a.jpg::$DATA",
        "a.docx.",
        "a．docx",
        "a.docx\u200b.exe",
        "a.dосx",
        "docx",
        ".docx.bat",
        "a.exe\u2028",
        "a.docx;.exe",
        "a.docx%00.exe",
        "..\\..\\a.exe",
        "/etc/passwd",
        "a" * 4000 + ".exe",
        "a." + "x" * 4000,
        "",
    ):
        yield name, good


def _macros() -> Iterator[tuple[str, bytes]]:
    for ending in ("docx", "xlsx"):
        for path in ("word/vbaProject.bin", "xl/VBAPROJECT.BIN", "x/y/vbaproject.bin"):
            yield f"a.{ending}", make_archive(*_NEEDED[ending], path)
    stream = "_VBA_PROJECT".encode("utf-16-le")
    for ending, name in (("doc", "WordDocument"), ("xls", "Workbook")):
        for gap in range(10):
            body = name.encode("utf-16-le") + b"\0" * gap * 511 + stream
            yield f"a.{ending}", _OLE + b"\0" * 500 + body
        locked = "EncryptedPackage".encode("utf-16-le")
        yield f"a.{ending}", _OLE + b"\0" * 500 + locked


def _archives() -> Iterator[tuple[str, bytes]]:
    for ending, needed in _NEEDED.items():
        for path in (
            *("../a", "a/../../b", "/etc/passwd", "\\windows\\a", "C:\\a", "..\\a"),
            *("a.exe", "x/b.JS", "c.lnk", "d.docm", "e.hta", "f.vbs", "g.ps1", "h.bat"),
            *("i.jar", "j.msi", "k.scr", "l.cmd", "m.xlsm", "n.dll"),
        ):
            yield f"a.{ending}", make_archive(*needed, path)
        good = make_archive(*needed)
        for head in (
            make_picture(),
            b"<html>",
            b"MZ" + b"\0" * 64,
            b"GIF89a",
            b"%PDF-",
        ):
            yield f"a.{ending}", head + good
        for part in range(1, 8):
            yield f"a.{ending}", good[: len(good) * part // 8]
        yield f"a.{ending}", good.replace(b"PK\1\2", b"PK\1\3")
        yield f"a.{ending}", _encrypted(good)
        yield f"a.{ending}", _declaring(good, 0xFFFFFFF0)
    many = make_archive(*map(str, range(10_001)))
    yield "a.zip", many
    yield "a.zip", make_archive("a.txt", content=b"\0" * 30_000_000, packed=True)


def _encrypted(content: bytes) -> bytes:
    at = content.index(b"PK\1\2") + 8
    return content[:at] + b"\1\0" + content[at + 2 :]


def _declaring(content: bytes, size: int) -> bytes:
    """An archive that says its first entry becomes so large."""
    at = content.index(b"PK\1\2") + 24
    return content[:at] + struct.pack("<I", size) + content[at + 4 :]


def _floods() -> Iterator[tuple[str, bytes]]:
    jpg, png = make_picture(), make_picture("PNG")
    at = jpg.index(b"\xff\xc0") + 5
    sides = (65500, 50000, 40000, 30000, 20000, 12000, 10000, 9000, 8000, 7500)
    for side in sides:
        yield "a.jpg", jpg[:at] + struct.pack(">HH", side, side) + jpg[at + 4 :]
    for side in (*sides, 0x7FFFFFFF, 1_000_000, 100_000):
        yield "a.png", _with_header(png, side, side)
    yield "a.png", _with_header(png, 0, 0)
    text = zlib.compress(b"\0" * 80_000_000, 9)
    yield "a.png", png[:33] + _chunk(b"zTXt", b"a\0\0" + text) + png[33:]


def _with_header(png: bytes, width: int, height: int) -> bytes:
    rest = struct.pack(">II", width, height) + png[24:29]
    return png[:8] + _chunk(b"IHDR", rest) + png[33:]


def _chunk(kind: bytes, content: bytes) -> bytes:
    crc = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + crc


def _truncated() -> Iterator[tuple[str, bytes]]:
    for ending, kind in (("jpg", "JPEG"), ("png", "PNG")):
        picture = make_picture(kind)
        for part in range(1, 32):
            yield f"a.{ending}", picture[: (len(picture) - 2) * part // 32]
    for ending in ENDINGS:
        yield f"a.{ending}", b""


def _mutated() -> Iterator[tuple[str, bytes]]:
    draw = random.Random(13)
    samples = {
        "jpg": make_picture(),
        "png": make_picture("PNG"),
        "docx": make_archive(*_NEEDED["docx"]),
        "doc": _OLE + b"\0" * 500 + "WordDocument".encode("utf-16-le"),
    }
    for ending, sample in samples.items():
        for _ in range(30):
            content = bytearray(sample)
            for _ in range(draw.randrange(1, 12)):
                content[draw.randrange(min(len(content), 700))] = draw.randrange(256)
            yield f"a.{ending}", bytes(content)


def _polyglots() -> Iterator[tuple[str, bytes]]:
    jpg, png = make_picture(), make_picture("PNG")
    for tail in (make_archive("a.txt"), *_PROGRAMS.values()):
        yield "a.jpg", jpg + tail
        yield "a.png", png + tail
        note = b"\xff\xfe" + struct.pack(">H", len(tail) + 2) + tail
        yield "a.jpg", jpg[:2] + note + jpg[2:]
        yield "a.pdf", b"%PDF-1.7\n" + tail
    loop = b"Exif\0\0II*\0" + struct.pack("<I", 8) + b"\1\0" + b"\xff" * 12
    yield (
        "a.jpg",
        jpg[:2] + b"\xff\xe1" + struct.pack(">H", len(loop) + 2) + loop + jpg[2:],
    )
    header = b"\xff\xe5\xff\xff" + b"A" * 65533
    yield "a.jpg", jpg[:2] + header * 20 + jpg[2:]


_FAMILIES = {
    "renamed": _renamed,
    "misnamed": _misnamed,
    "macros": _macros,
    "archives": _archives,
    "floods": _floods,
    "truncated": _truncated,
    "mutated": _mutated,
    "polyglots": _polyglots,
}
#: Sound files with something behind or within: nobody runs what is sent to be saved.
_HARMLESS = frozenset({"mutated", "polyglots"})
