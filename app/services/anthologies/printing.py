"""Prints an anthology for Word: chapters, cases, their words, their pictures."""

from collections.abc import Iterator
from pathlib import Path

from app.services.anthologies.gathering import BookFile, Piece
from app.services.anthologies.print_copies import DPI, write_print_copy
from app.services.anthologies.safe_names import ending_of
from app.services.anthologies.tasks import BookTask
from exporters.word import (
    Block,
    Heading,
    Picture,
    Style,
    Table,
    Text,
    write_document,
)
from exporters.word_text import (
    Paragraph,
    TextTable,
    UnreadableText,
    WordText,
    read_text,
)

_READ = "docx"
_WIDEST_TABLE = 12


def write_book(task: BookTask, path: Path) -> None:
    """Write the document of a book."""
    place = task.contents.place
    subtitles = [*filter(None, [task.mark]), place.round.title, place.unit_name]
    mark = f"{task.mark}，不作正式出版" if task.mark else place.anthology.title
    blocks = _list_blocks(task)
    write_document(path, place.anthology.title, subtitles, blocks, mark)


def _list_blocks(task: BookTask) -> Iterator[Block]:
    """Made one by one, so that one picture at a time lies on the disk."""
    chapter = ""
    for done, piece in enumerate(task.pieces, start=1):
        opens = piece.chapter != chapter
        if opens:
            chapter = piece.chapter
            yield Heading(chapter)
        yield from _print(task, piece, is_first=opens)
        task.progress(done)
    if task.notes:
        yield Heading("编辑说明（定稿前删去）")
        yield from (Text(note) for note in task.notes)


def _print(task: BookTask, piece: Piece, *, is_first: bool) -> Iterator[Block]:
    entry = piece.entry
    yield Heading(f"{entry.number} {entry.title}", 2, not is_first)
    facts = [entry.origin, *(f"{label}：{value}" for label, value in piece.facts)]
    yield Text("　".join(facts), Style.BYLINE)
    if piece.summary:
        yield Text(piece.summary, Style.SUMMARY)
    if piece.body:
        yield Text(piece.body, Style.BODY)
    for number, file in enumerate(piece.documents):
        yield from _print_document(task, piece, file, is_main=number == 0)
    for file in piece.pictures:
        yield from _print_picture(task, piece, file)


def _print_document(
    task: BookTask, piece: Piece, file: BookFile, *, is_main: bool
) -> Iterator[Block]:
    """The words of the case's own document; of the others, what they are called."""
    if not is_main:
        yield Text(f"随附{file.label}：{file.caption or file.name}", Style.SUMMARY)
        return
    with task.open(piece, file) as path:
        if path is None:
            return
        try:
            if ending_of(file.name) != _READ:
                raise UnreadableText("not of the kind that is read")
            text = read_text(path)
        except UnreadableText:
            told = f"{file.label}“{file.name}”的文字取不出来，书稿里只写了文件名。"
            task.note(piece, f"{told}请从压缩包里取原件排入。")
            yield Text(f"正文见 {file.name}", Style.BYLINE)
            return
    if text.has_more:
        told = f"{file.label}“{file.name}”里还有图或没有排入的内容，请对照原件。"
        task.note(piece, told)
    yield from _print_text(text, piece.entry.title)


def _print_text(text: WordText, title: str) -> Iterator[Block]:
    """Without the title, which most documents begin with and stands above already."""
    parts = text.parts
    if parts and isinstance(parts[0], Paragraph) and parts[0].text == title:
        parts = parts[1:]
    for part in parts:
        if isinstance(part, Paragraph):
            yield Text(part.text, Style.INNER if part.is_heading else Style.BODY)
        else:
            yield from _print_table(part)


def _print_table(table: TextTable) -> Iterator[Block]:
    wide = max(len(line) for line in table.lines)
    if wide > _WIDEST_TABLE:
        for line in table.lines:
            yield Text("；".join(filter(None, line)), Style.BODY)
        return
    lines = [(*line, *[""] * (wide - len(line))) for line in table.lines]
    yield Table(lines[0], lines[1:])


def _print_picture(task: BookTask, piece: Piece, file: BookFile) -> Iterator[Block]:
    copy = task.folder / "picture.jpg"
    with task.open(piece, file) as path:
        if path is None:
            return
        made = write_print_copy(path, copy)
    if made is None:
        told = f"{file.label}“{file.name}”打不开，没有排入。请让申报单位换一张。"
        task.note(piece, told)
        return
    caption = file.caption or file.name.rpartition(".")[0]
    yield Picture(copy, made.width, made.height, DPI, caption)
