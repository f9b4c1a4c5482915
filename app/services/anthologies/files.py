"""Makes an ordered file of an anthology, as the book stands when it is made."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.services.anthologies.contents import Contents, read_contents
from app.services.anthologies.gathering import Piece, gather
from app.services.anthologies.packing import write_package
from app.services.anthologies.places import BookPlace, open_place
from app.services.anthologies.printing import write_book
from app.services.anthologies.safe_names import make_safe
from app.services.anthologies.tasks import DRAFT, BookTask
from app.services.workshop import Workshop
from app.storage.engine import begin_reading

_WRITERS: Mapping[str, Callable[[BookTask, Path], None]] = {
    "zip": write_package,
    "docx": write_book,
}
_LONGEST_NAME = 100


@dataclass(frozen=True)
class MadeBook:
    """A finished file."""

    name: str
    rows: int
    #: what needs somebody's care
    notes: tuple[str, ...]


def write_anthology(
    workshop: Workshop, job, path: Path, progress: Callable[[int], None]
) -> MadeBook:
    """Write the file that a job orders.

    Raises:
        NotFound: the round has no such book any more.
    """
    with begin_reading(workshop.engine) as connection:
        catalogue = workshop.catalogue
        args = (job.unit_id, job.round_id, job.details["anthology"])
        place = open_place(connection, catalogue, *args)
        contents = read_contents(connection, catalogue, place)
        pieces = gather(connection, catalogue, contents)
    notes = [*_tell_changes(contents, job.details["rows"]), *_tell_lacking(pieces)]
    with tempfile.TemporaryDirectory(prefix="tianbao-book-") as folder:
        task = BookTask(workshop.files, contents, pieces, Path(folder), progress, notes)
        _WRITERS[job.file_format](task, path)
    return MadeBook(_name(place, contents, job.file_format), len(pieces), tuple(notes))


def _tell_changes(
    contents: Contents, ordered: Iterable[tuple[int, str]]
) -> Iterator[str]:
    """What came into the book, or left it, since the file was ordered."""
    was = dict(map(tuple, ordered))
    now = {entry.row.stored.id: entry.title for entry in contents.entries}
    for row_id, title in was.items():
        if row_id not in now:
            yield f"《{title}》在点导出以后退选或撤下了，没有收入。"
    for row_id, title in now.items():
        if row_id not in was:
            yield f"《{title}》是点导出以后选入的，已经收入。"
    anthology = contents.place.anthology
    if not contents.is_whole:
        yield (
            f"已选 {contents.count} 件，要 {anthology.least}–{anthology.most} 件，"
            f"所以这是{DRAFT}。"
        )


def _tell_lacking(pieces: Iterable[Piece]) -> Iterator[str]:
    for piece in pieces:
        entry = piece.entry
        for told in piece.lacking:
            yield f"第 {entry.number} 件《{entry.title}》：{told}"


def _name(place: BookPlace, contents: Contents, file_format: str) -> str:
    mark = "" if contents.is_whole else f"（{DRAFT}）"
    title = f"{place.anthology.title}（{place.round.title}）{mark}"
    return make_safe(title, _LONGEST_NAME, file_format)
