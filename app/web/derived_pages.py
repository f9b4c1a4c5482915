"""The grid of a derived form: read-only, with ways to where gaps are closed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask import url_for

from app.services.desks import Desk
from app.services.gaps import GapState, fill_target, find_gap_state
from app.storage.records import StoredRow
from app.web.form_urls import PRESET, list_urls, url_of_form
from app.web.queries import to_storage_query
from form_schemas.spec import FormSpec, Shape
from form_schemas.work_chains import is_gap_list
from renderers.grid_page import Closing, GridPage, build_grid_page, read_query
from validators.conversion import display


@dataclass(frozen=True)
class GapPanel:
    """How much a gap list lacks, and where that is entered."""

    state: GapState
    #: why the person cannot enter it; empty if that is possible
    obstacle: str
    url: str
    #: where the rows can be generated at once; empty: they cannot
    url_of_generation: str


@dataclass(frozen=True)
class DerivedGrid:
    page: GridPage
    total: int
    query: str
    #: None: its rows tell of no gaps
    gap: GapPanel | None


def make_derived_grid(desk: Desk, arguments: Mapping[str, str]) -> DerivedGrid:
    """A page of rows that the engine computed.

    Args:
        arguments: what the page's address asks for.
    """
    form = desk.form
    query = read_query(form, arguments)
    found = desk.find_page(to_storage_query(desk, query))
    rows = [row.stored for row in found.rows]
    gap = _make_panel(desk) if is_gap_list(form) else None
    page = build_grid_page(
        form,
        desk.catalogue,
        rows,
        query,
        found.total,
        urls=list_urls(desk, url_of_form(form)),
        read_only=True,
        env=desk.env(),
        closings=None if gap is None else _list_closings(desk, gap, rows),
    )
    return DerivedGrid(page, found.total, query.to_text(), gap)


def _make_panel(desk: Desk) -> GapPanel:
    place = desk.place
    state = find_gap_state(desk.engine, desk.catalogue, place, desk.form)
    address = _address(desk, state.target)
    can_generate = state.can_close and state.missing and state.target.generate
    return GapPanel(
        state,
        place.find_obstacle(state.target),
        url_for("forms.show", **address),
        url_for("generating.show", **address) if can_generate else "",
    )


def _list_closings(
    desk: Desk, gap: GapPanel, rows: Iterable[StoredRow]
) -> dict[int, Closing]:
    """Row id -> the new row of the target, with what the gap list knows of it."""
    target = gap.state.target
    name = f"{target.code} {target.title}"
    return {row.id: Closing(name, _url_of_closing(desk, gap, row.row)) for row in rows}


def _url_of_closing(desk: Desk, gap: GapPanel, row: Mapping[str, object]) -> str:
    target = gap.state.target
    if not gap.state.can_close:
        return ""
    if target.shape is Shape.RECORD:
        return gap.url
    preset = {
        f"{PRESET}{name}": display(item, value, desk.catalogue.codelists)
        for name, value in fill_target(desk.form, row).items()
        # An address is kept in logs: it holds no personal data.
        if not (item := target.by_id[name]).sensitive
    }
    return url_for("forms.show_new_row", **_address(desk, target), **preset)


def _address(desk: Desk, form: FormSpec) -> dict[str, str]:
    return {
        "collection": form.collection,
        "code": form.code,
        "at": desk.place.key,
    }
