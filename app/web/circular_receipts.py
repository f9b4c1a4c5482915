"""The list of units on the page of a circular that was sent, narrowed as asked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask import request, url_for

from app.services.circulars.readers import Reader, list_readers
from app.services.circulars.receipts import (
    CONFIRMED,
    OPEN,
    READ,
    UNREAD,
    AreaLine,
    UnitLine,
    count_by_area,
)
from app.services.circulars.sent import SentView
from app.storage.engine import begin_reading
from app.web.addresses import read_number, read_page_number
from app.web.review_lists import Chip
from app.web.server import get_server

_UNITS = 50
_LONGEST_SEARCH = 60


@dataclass(frozen=True)
class ReceiptList:
    """The units that a circular went to, narrowed to some."""

    lines: tuple[UnitLine, ...]
    readers: Mapping[int, tuple[Reader, ...]]
    total: int
    areas: tuple[AreaLine, ...]
    chips: tuple[Chip, ...]
    group: str
    area_id: int | None
    search: str
    page: int
    circular_id: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // _UNITS))

    @property
    def start(self) -> int:
        return (self.page - 1) * _UNITS + 1

    def url(self, page: int) -> str:
        asked = {"show": self.group, "area": self.area_id, "q": self.search}
        wanted = {key: value or None for key, value in asked.items()}
        return url_for(
            "circulars_sent.show", circular_id=self.circular_id, page=page, **wanted
        )


def list_receipts(view: SentView) -> ReceiptList:
    """A page of the units that the address asks for."""
    lines, page = narrow(view.lines), read_page_number()
    start = (page - 1) * _UNITS
    shown = lines[start : start + _UNITS]
    with begin_reading(get_server().engine) as connection:
        ids = [one.unit_id for one in shown]
        readers = list_readers(connection, view.row.id, ids)
    return ReceiptList(
        shown,
        readers,
        len(lines),
        count_by_area(view.lines),
        tuple(_list_chips(view)),
        _read_group(),
        _read_area(),
        _read_search(),
        page,
        view.row.id,
    )


def narrow(lines: tuple[UnitLine, ...]) -> tuple[UnitLine, ...]:
    """The lines that the address asks for."""
    group, area_id, search = _read_group(), _read_area(), _read_search()
    return tuple(
        one
        for one in lines
        if one.is_in(group)
        and area_id in (None, one.area_id)
        and search.lower() in one.name.lower()
    )


def _list_chips(view: SentView) -> Iterator[Chip]:
    wants = view.row.wants_receipt
    groups = (("", "全部"), (UNREAD, "未读"), (READ, "已读"))
    receipts = ((OPEN, "未签收"), (CONFIRMED, "已签收"))
    for group, word in (*groups, *(receipts if wants else ())):
        url = url_for(
            "circulars_sent.show",
            circular_id=view.row.id,
            show=group or None,
            area=_read_area(),
            q=_read_search() or None,
        )
        count = sum(
            one.is_in(group) and _read_area() in (None, one.area_id)
            for one in view.lines
        )
        yield Chip(word, count, url, group == _read_group())


def _read_group() -> str:
    asked = request.args.get("show", "")
    return asked if asked in (UNREAD, READ, CONFIRMED, OPEN) else ""


def _read_area() -> int | None:
    return read_number(request.args.get("area", ""))


def _read_search() -> str:
    return request.args.get("q", "").strip()[:_LONGEST_SEARCH]
