"""What may stand in addresses: ids of rows, numbers of pages."""

from urllib.parse import urlsplit

from flask import request
from werkzeug.routing import IntegerConverter, Map

#: Keys of units, people, jobs are not larger; those of rows could be, but never are.
LARGEST_ID = 2**31 - 1
#: Browsers hold whole numbers exactly up to here; so do both databases.
LARGEST_NUMBER = 2**53
#: A number with fewer digits can be read in no time.
_TOO_MANY_DIGITS = 16


class IdConverter(IntegerConverter):
    """The id of a row: `/imports/<id:import_id>`; nothing else is found."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, min=1, max=LARGEST_ID)


def read_place(text: str) -> tuple[int, int] | None:
    """Unit and round, as `Workplace.key` names them."""
    unit, _, round_ = text.partition("-")
    unit_id, round_id = read_number(unit), read_number(round_)
    return (unit_id, round_id) if unit_id and round_id else None


def read_page_number() -> int:
    """Which page of a list the address asks for; the first where it says nonsense."""
    return max(1, read_number(request.args.get("page", "")) or 1)


def own_path(target: str) -> str:
    """The target, if it is a path of ours; empty for anything that leads elsewhere."""
    if not target.startswith("/") or target.startswith(("//", "/\\")):
        return ""
    has_controls = any(ord(c) < 32 or c == "\\" for c in target)
    return "" if has_controls or urlsplit(target).netloc else target


def read_number(text: str) -> int | None:
    """A whole number that every key of the database can be, or None."""
    is_number = text.isascii() and text.isdigit() and len(text) < _TOO_MANY_DIGITS
    number = int(text) if is_number else LARGEST_ID + 1
    return number if number <= LARGEST_ID else None
