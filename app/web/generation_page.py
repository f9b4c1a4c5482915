"""What the page of a generation shows: the plan as texts, personal data masked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from app.policy import Action
from app.services.desks import Desk
from app.services.generating.orders import GenerationOrder, order_of
from app.services.generating.plans import Gone, Plan
from app.services.generating.undoing import LastGeneration, find_last
from app.storage.rows import Row
from app.web.form_urls import url_of_form, url_of_row
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import FormSpec

#: Rows of a kind that the page lists.
MOST_SHOWN = 50


@dataclass(frozen=True)
class Source:
    """The form of the step before."""

    name: str
    #: empty: the person may not see it
    url: str


@dataclass(frozen=True)
class GenerationPanel:
    """What a form's own page says about its generation."""

    source: Source
    #: the page of the generation
    url: str
    #: offered until somebody changes what was generated
    last: LastGeneration | None


@dataclass(frozen=True)
class ShownTable:
    """Rows as texts, with the columns that any of them fills."""

    labels: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class BlockedLine:
    """A row that cannot be added."""

    name: str
    reasons: tuple[str, ...]
    #: the source row; empty: it is not to be seen
    source_url: str


@dataclass(frozen=True)
class GoneLine:
    """A row whose source has gone."""

    id: int
    name: str
    url: str
    reason: str
    #: the source row that fails a condition; empty: there is none, or none to be seen
    source_url: str
    #: labels of what people filled in beside the generated fields
    maintained: tuple[str, ...]
    is_ticked: bool


@dataclass(frozen=True)
class GenerationPage:
    """The preview of a generation."""

    form: FormSpec
    source: Source
    plan: Plan
    #: why nothing may be generated now; empty if it may
    obstacle: str
    added: ShownTable
    blocked: tuple[BlockedLine, ...]
    gone: tuple[GoneLine, ...]
    #: fields that a generation fills, by label
    generated: tuple[str, ...]
    #: required fields that people fill in afterwards
    required: tuple[str, ...]
    last: LastGeneration | None
    problem: str
    made_at: datetime

    @property
    def can_confirm(self) -> bool:
        return self.plan.does_something and not self.obstacle


def make_panel(desk: Desk) -> GenerationPanel | None:
    """What the form's page offers; None where nothing is generated, or not by him."""
    if desk.form.generate is None or find_obstacle(desk):
        return None
    order = order_of(desk)
    last = find_last(order)
    if last is not None and last.is_touched:
        last = None
    url = url_for("generating.show", **_address(desk))
    return GenerationPanel(_view_source(desk, order), url, last)


def make_page(
    desk: Desk,
    order: GenerationOrder,
    plan: Plan,
    problem: str,
    chosen: Collection[int] | None,
) -> GenerationPage:
    """The page of a plan.

    Args:
        problem: why it was not carried out.
        chosen: ids of rows that the person ticked; None where nobody did yet.
    """
    generated = order.find_generated()
    return GenerationPage(
        plan.form,
        _view_source(desk, order),
        plan,
        find_obstacle(desk),
        _view_rows(desk, [one.row for one in plan.additions[:MOST_SHOWN]]),
        tuple(
            BlockedLine(
                _name(desk, one.row),
                one.reasons,
                _url_of_origin(desk, order, one.origin),
            )
            for one in plan.blocked[:MOST_SHOWN]
        ),
        tuple(_view_gone(desk, order, one, chosen) for one in plan.gone),
        tuple(item.label for item in plan.form.fields if item.id in generated),
        tuple(
            item.label
            for item in plan.form.typed_fields
            if item.required and item.id not in generated and item.default is None
        ),
        find_last(order),
        problem,
        datetime.now().astimezone(),
    )


def find_obstacle(desk: Desk) -> str:
    """Why nobody, or not this person, can have rows generated; empty if it works."""
    standing = desk.place.standings[desk.form.code]
    return desk.place.find_obstacle(desk.form) or standing.load_obstacle


def _view_source(desk: Desk, order: GenerationOrder) -> Source:
    source, place = order.source, desk.place
    is_seen = place.can(Action.VIEW_ROWS, source)
    url = f"{url_of_form(source)}?at={place.key}" if is_seen else ""
    return Source(f"{source.code} {source.title}", url)


def _view_rows(desk: Desk, rows: Sequence[Row]) -> ShownTable:
    filled = [
        item
        for item in desk.form.fields
        if any(row.get(item.id) is not None for row in rows)
    ]
    return ShownTable(
        tuple(item.label for item in filled),
        tuple(
            tuple(_show(desk, item, row.get(item.id)) for item in filled)
            for row in rows
        ),
    )


def _view_gone(
    desk: Desk, order: GenerationOrder, gone: Gone, chosen: Collection[int] | None
) -> GoneLine:
    stored = gone.stored
    is_ticked = not gone.maintained if chosen is None else stored.id in chosen
    return GoneLine(
        stored.id,
        _name(desk, stored.row),
        f"{url_of_row(desk.form, stored.id)}?at={desk.place.key}",
        gone.reason,
        _url_of_origin(desk, order, gone.origin),
        tuple(item.label for item in gone.maintained),
        is_ticked,
    )


def _url_of_origin(desk: Desk, order: GenerationOrder, origin: int | None) -> str:
    source, place = order.source, desk.place
    if origin is None or source.is_derived:
        return ""
    if not place.can(Action.VIEW_ROWS, source):
        return ""
    # A row of another department would not be found.
    if place.department_for(source, Action.VIEW_ROWS) is not None:
        return ""
    return f"{url_of_row(source, origin)}?at={place.key}"


def _name(desk: Desk, row: Row) -> str:
    """What people call a row: its key and its title."""
    form = desk.form
    names = dict.fromkeys(filter(None, [*form.key, form.title_field]))
    shown = (_show(desk, form.by_id[name], row.get(name)) for name in names)
    return " ".join(text for text in shown if text) or form.title


def _show(desk: Desk, item: FieldSpec, value: object) -> str:
    if item.value_kind in FILE_KINDS:
        return "" if value is None else "有附件"
    return str(desk.show_cell(item, value))


def _address(desk: Desk) -> dict[str, str]:
    form = desk.form
    return {"collection": form.collection, "code": form.code, "at": desk.place.key}
