"""Types of files, recognised in their bytes, and what to do with one of another type.

The name's ending and the browser's word prove nothing: what a file is stands in it.
"""

import struct
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.services.pictures import IMAGE_FORMATS, read_picture

_HEAD = 8
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP = b"PK\x03\x04"
#: Entries of an archive; Office files have some dozens.
_MOST_ENTRIES = 10_000
#: Unpacked, and of one entry beside what it is packed; texts reach some 20 times.
_MOST_UNPACKED = 1024 * 1024 * 1024
_MOST_PACKED_TIMES = 200
_SMALL_ENTRY = 10 * 1024 * 1024
_ENCRYPTED = 0x1
_CONTENT_TYPES = "[Content_Types].xml"
_OFFICE = "application/vnd.openxmlformats-officedocument"
_ALIASES = {"jpeg": "jpg"}
#: What runs when somebody opens it.
_MACROS = frozenset({"docm", "dotm", "xlsm", "xltm", "xlam", "pptm"})
_PROGRAMS = _MACROS | {
    *("exe", "dll", "com", "scr", "pif", "bat", "cmd", "ps1", "vbs", "vbe", "js"),
    *("jse", "wsf", "wsh", "hta", "lnk", "msi", "msp", "jar", "cpl", "reg", "sh"),
    "apk",
}
_OTHER = "other"
_DAMAGED = "打不开，可能没有传完整或已损坏：请在电脑上打开看看，能打开就另存一份再传"
_HAS_MACROS = "里面有宏：请在 Word 或 Excel 里“另存为”不带宏的 docx 或 xlsx 再传"
_LOCKED = "设了打开密码：请去掉密码，另存后再传"
_OTHER_OFFICE = "不是这种文档，可能改过后缀：请用制作它的软件打开，“另存为”收的格式再传"
#: First bytes, what it is, and the ending that goes with them.
_HEADS = (
    (b"%PDF-", "PDF 文件", "pdf"),
    (b"\xff\xd8\xff", "jpg 图片", "jpg"),
    (b"\x89PNG", "png 图片", "png"),
    (b"GIF8", "gif 图片", "gif"),
    (b"BM", "bmp 图片", ""),
    (b"RIFF", "webp 图片或音视频", ""),
    (b"\0\0\0", "HEIC 照片或视频", ""),
    (b"{\\rtf", "rtf 文档", ""),
    (b"MZ", "程序", ""),
    (b"\x7fELF", "程序", ""),
    (b"#!", "脚本", ""),
    (b"Rar!", "rar 压缩包", ""),
    (b"7z", "7z 压缩包", ""),
    (_OLE, "旧版 Office 文档（doc 或 xls）", ""),
    (_ZIP, "压缩包或新版 Office 文档（docx、xlsx）", "zip"),
)
_PICTURE = "请用“画图”或看图软件打开，“另存为”jpg 再传；只改后缀没有用。"
#: Endings, for which types, and how to come from one to the other.
_ADVICE: tuple[tuple[frozenset[str], frozenset[str], str], ...] = (
    (
        frozenset({"heic", "heif"}),
        frozenset({"jpg", "jpeg"}),
        "这是苹果手机的照片：请在手机“设置 > 相机 > 格式”里选“兼容性最佳”重拍，"
        "或在“照片”里导出为 jpg 再传。",
    ),
    (
        frozenset(["png", "gif", "bmp", "webp", "tif", "tiff", "jfif"]),
        frozenset({"jpg", "jpeg"}),
        _PICTURE,
    ),
    (
        _MACROS,
        frozenset({"doc", "docx", "xls", "xlsx"}),
        "这是带宏的文档：请在 Word 或 Excel 里“另存为”不带宏的 docx 或 xlsx 再传。",
    ),
    (
        frozenset({"pdf", "jpg", "png"}),
        frozenset({"doc", "docx"}),
        "请传 Word 原稿，扫描件和转成 PDF 的不收。",
    ),
    (
        frozenset({"wps", "et", "rtf", "odt", "txt", "pages"}),
        frozenset({"doc", "docx"}),
        "请在 WPS 或 Word 里打开，“另存为”docx 再传；只改后缀没有用。",
    ),
    (
        frozenset({"rar", "7z", "tar", "gz"}),
        frozenset({"zip"}),
        "请用 zip 格式重新打包再传。",
    ),
)


@dataclass(frozen=True)
class FileType:
    media_type: str
    #: what keeps the content from being of this type; empty: it is
    find_fault: Callable[[Path], str]


def ending_of(name: str) -> str:
    """The type that a name says; empty where it is none of ours."""
    stem, _, ending = name.rpartition(".")
    ending = normal_ending(ending.lower())
    return ending if stem and ending in TYPES else ""


def normal_ending(ending: str) -> str:
    return _ALIASES.get(ending, ending)


def find_fault(path: Path, ending: str) -> str:
    """Why the content is none that the ending says, and what to do; empty: it is."""
    fault = TYPES[ending].find_fault(path)
    return _describe(path, ending) if fault == _OTHER else fault


def advise(name: str, taken: Sequence[str]) -> str:
    """What to do with a file whose ending the field does not take."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if not ending:
        return "这个文件没有后缀，请看看是不是选错了。"
    if ending in _PROGRAMS and ending not in _MACROS:
        return "程序和脚本不收，请看看是不是选错了文件。"
    for endings, target, advice in _ADVICE:
        if ending in endings and target & set(taken):
            return advice
    return "请用制作它的软件打开，“另存为”收的格式；只改后缀没有用。"


def _starts_with(*heads: bytes) -> Callable[[Path], str]:
    def find_fault(path: Path) -> str:
        with path.open("rb") as stream:
            sound = stream.read(_HEAD).startswith(heads)
        return "" if sound else _OTHER

    return find_fault


def _is_ole(stream_names: tuple[str, ...]) -> Callable[[Path], str]:
    """Whether it is a compound file with one of these streams: Word or Excel."""
    names = tuple(name.encode("utf-16-le") for name in stream_names)

    def find_fault(path: Path) -> str:
        content = path.read_bytes()
        if not content.startswith(_OLE):
            return _OTHER
        if "EncryptedPackage".encode("utf-16-le") in content:
            return _LOCKED
        if "_VBA_PROJECT".encode("utf-16-le") in content:
            return _HAS_MACROS
        return "" if any(name in content for name in names) else _DAMAGED

    return find_fault


def _is_archive(*needed: str) -> Callable[[Path], str]:
    """Whether it is a sound zip file that holds these entries, and nothing that runs.

    It has to begin as one: behind other bytes it is two files in one, and which of
    them somebody sees is up to the program.
    """

    def find_fault(path: Path) -> str:
        with path.open("rb") as stream:
            if not stream.read(_HEAD).startswith(_ZIP):
                return _OTHER
        try:
            with zipfile.ZipFile(path) as archive:
                return _find_in_archive(archive.infolist(), needed)
        except (
            zipfile.BadZipFile,
            struct.error,
            ValueError,
            OverflowError,
            NotImplementedError,
            OSError,
        ):
            return _DAMAGED

    return find_fault


def _find_in_archive(entries: Sequence[zipfile.ZipInfo], needed: Iterable[str]) -> str:
    names = [entry.filename for entry in entries]
    if len(names) > _MOST_ENTRIES or _is_bomb(entries):
        return "里面的内容展开后大得不正常，请看看是不是选错了文件"
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return _HAS_MACROS
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        return _LOCKED
    if len(set(names)) < len(names) or any(map(_leads_away, names)):
        return "里面的文件名有问题（有重名，或指向别的文件夹），请重新打包后再传"
    if any(name.lower().rpartition(".")[2] in _PROGRAMS for name in names):
        return "里面有程序、脚本或带宏的文件，请去掉后重新打包再传"
    return "" if set(needed) <= set(names) else _OTHER_OFFICE


def _is_bomb(entries: Iterable[zipfile.ZipInfo]) -> bool:
    return sum(entry.file_size for entry in entries) > _MOST_UNPACKED or any(
        entry.file_size > _SMALL_ENTRY
        and entry.file_size > entry.compress_size * _MOST_PACKED_TIMES
        for entry in entries
    )


def _leads_away(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0]


def _is_image(image_format: str) -> Callable[[Path], str]:
    def find_fault(path: Path) -> str:
        return "" if read_picture(path, image_format) is not None else _OTHER

    return find_fault


def _describe(path: Path, ending: str) -> str:
    """What is in a file that is not what its name says."""
    with path.open("rb") as stream:
        head = stream.read(512)
    what = next(
        (
            what
            for start, what, own in _HEADS
            if head.startswith(start) and own != ending
        ),
        "",
    )
    if head.lstrip().lower().startswith((b"<!doctype html", b"<html", b"<script")):
        what = "网页"
    if not what:
        return _DAMAGED
    return f"里面是{what}：只改后缀没有用，请打开后“另存为” {ending} 再传"


TYPES: Mapping[str, FileType] = {
    "pdf": FileType("application/pdf", _starts_with(b"%PDF-")),
    **{
        ending: FileType(f"image/{name.lower()}", _is_image(name))
        for ending, name in IMAGE_FORMATS.items()
    },
    "doc": FileType("application/msword", _is_ole(("WordDocument",))),
    "xls": FileType("application/vnd.ms-excel", _is_ole(("Workbook", "Book"))),
    "docx": FileType(
        f"{_OFFICE}.wordprocessingml.document",
        _is_archive(_CONTENT_TYPES, "word/document.xml"),
    ),
    "xlsx": FileType(
        f"{_OFFICE}.spreadsheetml.sheet",
        _is_archive(_CONTENT_TYPES, "xl/workbook.xml"),
    ),
    "zip": FileType("application/zip", _is_archive()),
}
