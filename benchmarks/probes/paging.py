"""The grid of a form with many rows: its rows beside the last round's, and drawing."""

from collections.abc import Sequence
from statistics import median

from app.storage.engine import begin_reading
from app.storage.keys import key_text
from app.storage.previous import find_previous_rows
from app.storage.records import Query, StoredRow
from app.storage.rows import RowStore
from benchmarks.clock import timed
from benchmarks.data import PROFILE, STUDENTS, get_catalogue, get_form, make_profile
from benchmarks.places import Place, open_place
from renderers.grid_page import GridQuery, build_grid_page, render_grid_page
from renderers.record_page import build_record_page, render_record_page
from renderers.urls import PageUrls

_URLS = PageUrls(page="/f/2", save="/f/2/save", options="/f/2/options", row="/f/2/{id}")
_TIMES = 9


def first_page(url: str) -> dict[str, float]:
    """Fetch the first 50 rows with their number, and draw the page."""
    form, catalogue = get_form(STUDENTS), get_catalogue()
    with open_place(url) as place:
        _draw(place)  # the first request of a server fills its caches
        times, drawn = [], []
        for _ in range(_TIMES):
            with timed() as timer:
                total = _draw(place)
            times.append(timer.seconds)
        rows, _, previous = _fetch(place)
        for _ in range(_TIMES):
            with timed() as timer:
                page = build_grid_page(
                    form,
                    catalogue,
                    rows,
                    GridQuery(),
                    total,
                    urls=_URLS,
                    previous=previous,
                )
                render_grid_page(page)
            drawn.append(timer.seconds)
    return {"seconds": median(times), "drawing": median(drawn), "rows": total}


def record_page() -> dict[str, float]:
    """Draw the page of one row with 40 fields."""
    form, catalogue, row = get_form(PROFILE), get_catalogue(), make_profile()
    times = []
    for _ in range(_TIMES + 1):
        with timed() as timer:
            page = build_record_page(form, catalogue, row, urls=_URLS, previous=row)
            html = render_record_page(page)
        times.append(timer.seconds)
    return {"seconds": median(times[1:]), "length": len(html)}


def _draw(place: Place) -> int:
    rows, total, previous = _fetch(place)
    page = build_grid_page(
        get_form(STUDENTS),
        get_catalogue(),
        rows,
        GridQuery(),
        total,
        urls=_URLS,
        previous=previous,
    )
    render_grid_page(page)
    return total


def _fetch(place: Place) -> tuple[Sequence[StoredRow], int, dict[int, dict]]:
    """A page of rows, how many there are, and their rows of the last round.

    The last round is this one: as many rows, and all keys of the page among them.
    """
    form, catalogue = get_form(STUDENTS), get_catalogue()
    with begin_reading(place.engine) as connection:
        store = RowStore(connection, catalogue)
        found = store.find_page(form, place.scope, Query())
        keys = {key_text(form, stored.row): stored.id for stored in found.rows}
        last = find_previous_rows(connection, catalogue, form, place.scope, keys)
    return found.rows, found.total, {keys[key]: row for key, row in last.items()}
