"""Key figures of forms beside last year's, as leaders read them."""

from dataclasses import dataclass

from app.services.chain.figures import FiguresView, view_figures
from app.services.chain.views import Act, view_filing
from app.services.comparing import find_compared
from app.services.desks import Desk
from app.storage.records import Query, Scope
from app.web.seen_views import name_row, show_value
from app.web.server import get_server
from form_schemas.spec import FormSpec
from renderers.bindings import is_figure
from renderers.display import show_change

#: Rows of a form whose figures are shown.
_ROWS = 100


@dataclass(frozen=True)
class FigureRow:
    """One key figure."""

    row_name: str
    label: str
    unit: str
    now: str
    last: str
    change: str


def list_figure_rows(desk: Desk) -> tuple[FigureRow, ...]:
    """The key figures of a form, row by row; none where it has none."""
    fields = desk.form.key_figures
    if not fields:
        return ()
    found = find_compared(desk, Query(size=_ROWS))
    return tuple(
        FigureRow(
            name_row(desk, row.stored.row),
            item.label,
            item.unit,
            show_value(desk, item, row.stored.row.get(item.id)),
            show_value(desk, item, (last or {}).get(item.id)),
            show_change(item, row.stored.row.get(item.id), (last or {}).get(item.id))
            if is_figure(item)
            else "",
        )
        for row, last in zip(found.rows, found.last, strict=True)
        for item in fields
    )


@dataclass(frozen=True)
class FormFigures:
    """A form's key figures, and whether a leader approved them."""

    form: FormSpec
    view: FiguresView
    rows: tuple[FigureRow, ...]
    may_approve: bool


def view_form_figures(desk: Desk) -> FormFigures:
    """The key figures of the desk's form as the person may approve them."""
    workshop, place = get_server().workshop, desk.place
    scope = Scope(place.unit_id, place.round_id)
    filing = view_filing(workshop, place.actor, scope, desk.form)
    return FormFigures(
        desk.form,
        view_figures(workshop, place.actor, scope, desk.form),
        list_figure_rows(desk),
        Act.APPROVE_FIGURES in filing.acts,
    )
