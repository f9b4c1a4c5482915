"""What a grid's address asks for, in the words of storage."""

from urllib.parse import parse_qsl

from app.services.desks import Desk
from app.storage.records import Filter, FilterOp, Query, Sort
from renderers.grid_page import GridQuery, read_query
from renderers.grid_query import INHERITED, LEVELS
from validators.conversion import convert_value
from validators.report import Finding


def read_storage_query(desk: Desk, text: str) -> Query:
    """The query that a script or a button took from the page's address."""
    return to_storage_query(desk, read_query(desk.form, dict(parse_qsl(text))))


def to_storage_query(desk: Desk, query: GridQuery) -> Query:
    """The query of a grid, its filters as typed values."""
    sort = query.sort
    return Query(
        search=query.search[:100],
        filters=tuple(_filter(desk, *chosen) for chosen in query.filters),
        level=query.state if query.state in LEVELS else "",
        inherited=query.state == INHERITED,
        sort=Sort(sort.removeprefix("-"), sort.startswith("-")) if sort else None,
        page=query.page,
        size=query.size,
    )


def _filter(desk: Desk, field_id: str, text: str) -> Filter:
    value = convert_value(desk.form.by_id[field_id], text, desk.catalogue.codelists)
    if isinstance(value, Finding):
        # No stored value is like that: the page says that nothing was found.
        return Filter(field_id, FilterOp.ANY_OF, ())
    if isinstance(value, tuple):
        return Filter(field_id, FilterOp.ANY_OF, value)
    return Filter(field_id, FilterOp.EQUALS, value)
