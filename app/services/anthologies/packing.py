"""Packs an anthology: a folder an area, one a case, the files as they were sent."""

import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfileobj

from app.models.base import now_utc
from app.services.anthologies.gathering import BookFile, Piece
from app.services.anthologies.safe_names import (
    LONGEST_FILE,
    Names,
    ending_of,
    make_safe,
)
from app.services.anthologies.tasks import BookTask
from exporters.listing import Sheet, write_sheets
from exporters.word import Heading, Table, Text, write_document

_LONGEST_TITLE = 32
#: Those of today may be of any time.
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_PACKED = frozenset({"doc", "txt"})


def write_package(task: BookTask, path: Path) -> None:
    """Write the zip of a book."""
    folders = _name_folders(task)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as package:
        for done, piece in enumerate(task.pieces, start=1):
            _pack(task, package, piece, folders[piece.entry.number])
            task.progress(done)
        _write_contents(task, package, folders)


def _name_folders(task: BookTask) -> dict[int, str]:
    """Number of a piece -> its folder, `02 东省/003 标题`."""
    chapters = list(dict.fromkeys(piece.chapter for piece in task.pieces))
    wide, found = len(str(len(task.pieces))), {}
    for piece in task.pieces:
        entry = piece.entry
        number = f"{entry.number:0{max(3, wide)}}"
        own = f"{number} {make_safe(entry.title, _LONGEST_TITLE)}"
        if piece.chapter:
            at = chapters.index(piece.chapter) + 1
            own = f"{at:02} {make_safe(piece.chapter)}/{own}"
        found[entry.number] = own
    return found


def _pack(task: BookTask, package: zipfile.ZipFile, piece: Piece, folder: str) -> None:
    names: dict[str, Names] = defaultdict(Names)
    numbers: dict[str, int] = defaultdict(int)
    for file in (*piece.documents, *piece.pictures):
        with task.open(piece, file) as path:
            if path is None:
                continue
            label = make_safe(file.label)
            numbers[label] += 1
            name = names[label].take(_name_file(file, numbers[label]))
            info = _describe(piece, f"{folder}/{label}/{name}")
            info.file_size = path.stat().st_size
            with path.open("rb") as source, package.open(info, "w") as entry:
                copyfileobj(source, entry, 1 << 18)


def _name_file(file: BookFile, number: int) -> str:
    ending = ending_of(file.name)
    if file.caption:
        return make_safe(f"{number} {file.caption}", LONGEST_FILE, ending)
    stem = file.name.rpartition(".")[0] or file.name
    return make_safe(stem, LONGEST_FILE, ending)


def _describe(piece: Piece, name: str) -> zipfile.ZipInfo:
    """An entry as old as the row is: the same files give the same package."""
    at = piece.entry.row.stored.updated_at.astimezone().timetuple()[:6]
    info = zipfile.ZipInfo(name, max(at, _EARLIEST))
    if ending_of(name) in _PACKED:
        info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _write_contents(
    task: BookTask, package: zipfile.ZipFile, folders: dict[int, str]
) -> None:
    title = task.contents.place.name + (f"（{task.mark}）" if task.mark else "")
    sheets = task.folder / "contents.xlsx"
    write_sheets(sheets, list(_list_sheets(task, folders)))
    document = task.folder / "contents.docx"
    place = task.contents.place
    write_document(
        document,
        place.anthology.title,
        [*filter(None, [task.mark]), place.round.title, place.unit_name],
        list(_list_blocks(task)),
        task.mark,
    )
    package.write(sheets, "目录.xlsx")
    package.write(document, "目录.docx")
    package.writestr(
        "说明.txt", "\r\n".join(_list_notes(task, title)).encode("utf-8-sig")
    )


def _list_sheets(task: BookTask, folders: dict[int, str]) -> Iterator[Sheet]:
    labels = list(dict.fromkeys(label for p in task.pieces for label, _ in p.facts))
    widths = {"序号": 8, "章": 20, "标题": 50, "单位": 32}
    widths |= dict.fromkeys(labels, 14) | {"文档": 8, "照片": 8, "文件夹": 60}
    lines = []
    for piece in task.pieces:
        entry, facts = piece.entry, dict(piece.facts)
        shown = [facts.get(label, "") for label in labels]
        files = [len(piece.documents), len(piece.pictures)]
        head = [entry.number, piece.chapter, entry.title, entry.origin]
        lines.append([*head, *shown, *files, folders[entry.number]])
    yield Sheet("目录", widths, lines)
    if task.notes:
        yield Sheet("说明", {"说明": 100}, [[note] for note in task.notes])


def _list_blocks(task: BookTask) -> Iterator[Heading | Table | Text]:
    for chapter in task.contents.chapters:
        yield Heading(chapter.title or task.contents.place.anthology.title, 1, False)
        lines = [(str(e.number), e.title, e.origin) for e in chapter.entries]
        yield Table(("序号", "标题", "单位"), lines)


def _list_notes(task: BookTask, title: str) -> Iterator[str]:
    yield title
    yield f"共 {len(task.pieces)} 件，{now_utc().astimezone():%Y-%m-%d %H:%M} 生成。"
    yield "每章一个文件夹，每件一个文件夹；文档和照片都是申报单位上传的原件。"
    yield ""
    yield from task.notes or ("没有要说明的。",)
