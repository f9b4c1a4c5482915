"""What the pages have in common that take a list from a workbook and give passwords.

Between preview and confirmation the lines travel through the browser: they are judged
again, so that nobody gains by changing them. Passwords are kept nowhere; the page that
shows them can have them written into a workbook.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from flask import Response, request

from app.errors import AppError, BadRequest
from app.web.addresses import read_number
from app.web.downloads import send_made
from app.web.server import Answer
from app.web.uploads import received
from exporters.entry_list import ListRow
from exporters.listing import write_listing
from validators.texts import clean_text

#: Of one cell; Excel takes some more.
_LONGEST = 1000


class Judged(Protocol):
    """What became of a list: faults, or lines to confirm."""

    @property
    def faults(self) -> Sequence[object]: ...


def judge_upload(judge: Callable[[Path], Judged], show: Callable[..., str]) -> Answer:
    """Answer to the file that was sent.

    Args:
        judge: reads the list; changes nothing.
        show: makes the page of a `problem`, or of a `report` on the `file_name`.
    """
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return show(problem="请先选一个文件。"), 422
    try:
        with received(sent) as path:
            report = judge(path)
    except AppError as refused:
        return show(problem=refused.message), 422
    page = show(report=report, file_name=sent.filename)
    return page, 422 if report.faults else 200


def pack(lines: Iterable[Sequence[object]]) -> str:
    """Lines as they wait in a page for its next request."""
    return json.dumps(list(lines), ensure_ascii=False)


def pack_rows(rows: Iterable[ListRow], titles: Sequence[str]) -> str:
    """Rows of a list as they wait in a page to be confirmed."""
    return pack([row.number, *(row.cells.get(t, "") for t in titles)] for row in rows)


def unpack_rows(titles: Sequence[str], most: int) -> list[ListRow]:
    """The rows that were confirmed, as `pack_rows` made them.

    Raises:
        BadRequest: it is something else.
    """
    return [
        ListRow(read_number(number) or 0, dict(zip(titles, cells, strict=True)))
        for number, *cells in _unpack("lines", 1 + len(titles), most)
    ]


def send_told(title: str, widths: Mapping[str, int], most: int) -> Response:
    """The passwords of the page before, as a workbook: nothing is looked up.

    Args:
        widths: title of a column -> its width.
    """
    lines = _unpack("told", len(widths), most)
    folder = TemporaryDirectory(prefix="tianbao-list-")
    path = Path(folder.name) / "list.xlsx"
    write_listing(path, title, widths, lines)
    return send_made(folder, path, f"{title}.xlsx")


def _unpack(name: str, width: int, most: int) -> list[list[str]]:
    try:
        lines = json.loads(request.form.get(name, ""))
    except ValueError as error:
        raise BadRequest from error
    if not isinstance(lines, list) or len(lines) > most:
        raise BadRequest
    for line in lines:
        if not isinstance(line, list) or len(line) != width:
            raise BadRequest
        if not all(isinstance(text, str | int) for text in line):
            raise BadRequest
    # As a workbook's cells are read: JSON may hold what no database and no file takes.
    return [[clean_text(str(text))[:_LONGEST] for text in line] for line in lines]
