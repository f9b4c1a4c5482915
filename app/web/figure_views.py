"""Key figures of forms beside last year's, as leaders read them."""

from dataclasses import dataclass

from app.policy import Action
from app.services.chain.figures import FiguresView, list_figures
from app.services.continuity import find_last_rows
from app.services.desks import Desk, find_desk
from app.services.workplaces import Workplace
from app.storage.engine import share_reading
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
    rows = [stored.row for stored in desk.find_values(Query(size=_ROWS))]
    return tuple(
        FigureRow(
            name_row(desk, row),
            item.label,
            item.unit,
            show_value(desk, item, row.get(item.id)),
            show_value(desk, item, (last or {}).get(item.id)),
            show_change(item, row.get(item.id), (last or {}).get(item.id))
            if is_figure(item)
            else "",
        )
        for row, last in zip(rows, find_last_rows(desk, rows), strict=True)
        for item in fields
    )


@dataclass(frozen=True)
class FormFigures:
    """A form's key figures, and whether a leader approved them."""

    view: FiguresView
    rows: tuple[FigureRow, ...]

    @property
    def form(self) -> FormSpec:
        return self.view.form


def list_form_figures(place: Workplace) -> list[FormFigures]:
    """The key figures of all forms that have some and that the person may see."""
    server = get_server()
    forms = [
        form
        for form in place.forms
        if form.key_figures and place.can(Action.VIEW_ROWS, form)
    ]
    scope = Scope(place.unit_id, place.round_id)
    # A desk may bring computed values up to date, which shared reading would not see.
    desks = [
        find_desk(server.engine, server.catalogue, place, form.code) for form in forms
    ]
    with share_reading(server.engine):
        views = list_figures(server.workshop, place.actor, scope, forms, known=place)
        return [
            FormFigures(view, list_figure_rows(desk))
            for view, desk in zip(views, desks, strict=True)
        ]
