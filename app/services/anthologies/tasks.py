"""What the writers of an anthology's files work with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.errors import NotFound
from app.services.anthologies.contents import Contents
from app.services.anthologies.gathering import BookFile, Piece
from app.storage.files import FileStore

#: On what is no finished book.
DRAFT = "样稿"


@dataclass(frozen=True, eq=False)
class BookTask:
    """A file of a book that is being made."""

    files: FileStore
    contents: Contents
    pieces: tuple[Piece, ...]
    #: for what is needed on the way
    folder: Path
    progress: Callable[[int], None]
    #: what needs somebody's care; writers add to it
    notes: list[str]

    @property
    def mark(self) -> str:
        """Of a draft: it says that it is one."""
        return "" if self.contents.is_whole else DRAFT

    def note(self, piece: Piece, told: str) -> None:
        self.notes.append(f"第 {piece.entry.number} 件《{piece.entry.title}》：{told}")

    @contextmanager
    def open(self, piece: Piece, file: BookFile) -> Iterator[Path | None]:
        """A path to a file's contents; None, with a note, where there are none.

        Large files take long: before each of them it is told that work goes on.
        """
        self.progress(piece.entry.number - 1)
        found = self.files.open_path(file.token)
        try:
            path = found.__enter__()
        except (NotFound, OSError):
            told = f"{file.label}“{file.name}”已不在服务器上，没有收入。"
            self.note(piece, f"{told}请让申报单位重新上传。")
            yield None
            return
        try:
            yield path
        finally:
            found.__exit__(None, None, None)
