"""Gathers the page of a booklet: its blocks in their order, and what they lack."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from flask import url_for

from app.models import FilingState
from app.permissions import can
from app.policy import Action
from app.services.booklets import (
    find_state,
    find_yearly_rounds,
    forms_of,
    is_handed_in,
    may_hand_in,
)
from app.services.chain.cases import EDITABLE
from app.services.chain.obstacles import NotReady, Obstacle, ObstacleKind
from app.services.desks import Desk
from app.services.duties import Note, find_returned
from app.services.navigation import list_lines
from app.services.unit_rounds import UnitPart
from app.services.workplaces import Workplace
from app.web.booklet_blocks import AnyBlock, BlockMaker, anchor_of, prefix_of
from app.web.chain_views import MissingLine, TimeLeft, find_time_left, view_missing
from app.web.form_urls import url_of_form, url_of_row
from app.web.record_pages import show_period
from app.web.server import get_server
from form_schemas.booklets import BlockKind, Booklet, list_counted
from form_schemas.spec import FormSpec
from renderers.record_page import page_groups

#: Missing places that the page lists.
_LISTED = 50
#: Nobody declares a checklist empty.
_UNTICKED = "还没有勾选，请至少勾选一项。"
_RECORDS = (BlockKind.RECORD, BlockKind.FIGURES)


@dataclass(frozen=True)
class BackLine:
    """Something that came back, and the way to it."""

    place: str
    url: str
    text: str


@dataclass(frozen=True)
class BookletPage:
    """All the page of a booklet places."""

    booklet: Booklet
    place: Workplace
    part: UnitPart
    blocks: tuple[AnyBlock, ...]
    #: the forms that the person looks at
    desks: tuple[Desk, ...]
    period: str
    time: TimeLeft | None
    read_only: bool
    #: why, while the unit still works at it
    obstacle: str
    may_submit: bool
    may_review: bool
    has_earlier: bool
    #: the round that is open now, where the page is about an earlier one
    current_url: str = ""
    #: what came back, and why
    back: tuple[BackLine, ...] = ()
    missing: tuple[MissingLine, ...] = ()
    missing_total: int = 0

    @property
    def title(self) -> str:
        return self.booklet.title


def make_booklet_page(
    place: Workplace, booklet: Booklet, missing: NotReady | None = None
) -> BookletPage:
    """The page of a booklet at a workplace.

    Args:
        missing: why it could not be handed in.
    """
    server = get_server()
    making = BlockMaker(place)
    blocks = tuple(making.make(block) for block in booklet.blocks)
    part = find_state(server.workshop, place)
    forms = forms_of(place, booklet)
    first = making.desks[0]
    open_forms = [f for f in forms if place.standings[f.code].state in EDITABLE]
    obstacles = [place.find_obstacle(form) for form in forms]
    return BookletPage(
        booklet,
        place,
        part,
        blocks,
        tuple(making.desks),
        show_period(first),
        find_time_left(place, open_forms[0] if open_forms else first.form),
        all(obstacles),
        place.find_obstacle(open_forms[0]) if open_forms and all(obstacles) else "",
        may_hand_in(place) and not is_handed_in(part),
        can(place.actor, Action.REVIEW_FORM, place.whole),
        place.previous_round_id is not None,
        _find_current(place, booklet),
        tuple(_list_back(place, booklet)),
        () if missing is None else tuple(_list_missing(place, booklet, missing)),
        0 if missing is None else missing.total,
    )


def _list_missing(
    place: Workplace, booklet: Booklet, missing: NotReady
) -> Iterator[MissingLine]:
    """What is missing, leading to the field, the row or the block."""
    kinds = {block.form: block.kind for block in booklet.blocks}
    shown = missing.obstacles[:_LISTED]
    for line, one in zip(view_missing(place, shown), shown, strict=True):
        kind, form = kinds.get(one.form_code), place.edition.by_code.get(one.form_code)
        if form is None:
            yield line
        elif kind in _RECORDS and one.field_id:
            # There is one row: its name says nothing.
            url = f"#f-{prefix_of(form)}{one.field_id}"
            yield replace(line, place=one.label, url=url)
        elif kind is BlockKind.COUNTS and one.kind is ObstacleKind.ERROR:
            # It is mended in the lists, which stand there; a reason is written
            # elsewhere.
            told = _name_place(form, one)
            yield replace(line, place=told, url=f"#{anchor_of(form)}")
        elif line.url:
            yield replace(line, place=_name_place(form, one))
        else:
            own = f"#{anchor_of(form)}" if kind is not None else url_of_form(form)
            is_unticked = kind is BlockKind.CHECKLIST
            is_bare = one.kind is ObstacleKind.NO_ROWS
            text = _UNTICKED if is_unticked and is_bare else line.text
            yield replace(line, place=form.title, url=own, text=text)


def count_by_place(
    place: Workplace, booklet: Booklet, missing: NotReady
) -> dict[str, int]:
    """How much is missing, by the entries of the rail."""
    entries = {}
    for block in booklet.blocks:
        form = place.edition.by_code[block.form]
        entries |= dict(_list_entries(form, block.kind))
    found = Counter(
        entries.get((one.form_code, one.field_id)) or entries.get((one.form_code, ""))
        for one in missing.obstacles
    )
    return {entry: count for entry, count in found.items() if entry is not None}


def _list_entries(
    form: FormSpec, kind: BlockKind
) -> Iterator[tuple[tuple[str, str], str]]:
    """Form and field, or the form alone -> where the rail leads for it."""
    if kind in _RECORDS:
        yield (form.code, ""), f"{prefix_of(form)}1"
        for number, group in enumerate(page_groups(form), 1):
            for placed in group.fields:
                yield (form.code, placed.id), f"{prefix_of(form)}{number}"
        return
    counted = list_counted(form) if kind is BlockKind.COUNTS else ()
    for code in (form.code, *(one.form for one in counted)):
        yield (code, ""), anchor_of(form)


def _list_back(place: Workplace, booklet: Booklet) -> Iterator[BackLine]:
    """What was returned and waits to be mended, form by form."""
    forms = [
        form
        for form in forms_of(place, booklet)
        if place.standings[form.code].state is FilingState.RETURNED
    ]
    if not forms:
        return
    server, kinds = get_server(), {block.form: block.kind for block in booklet.blocks}
    lines = list_lines(server.engine, server.catalogue, place, forms)
    for one in find_returned(server.engine, place, lines):
        form = one.line.form
        for note in one.notes:
            where = " · ".join(filter(None, (form.title, note.row_name, note.label)))
            url = _url_of_note(form, kinds.get(form.code), note)
            yield BackLine(where, url, note.text)


def _url_of_note(form: FormSpec, kind: BlockKind | None, note: Note) -> str:
    if kind in _RECORDS and note.field_id:
        return f"#f-{prefix_of(form)}{note.field_id}"
    if kind is not None:
        return f"#{anchor_of(form)}"
    if note.row_id is None:
        return url_of_form(form)
    field = f"#f-{note.field_id}" if note.field_id else ""
    return f"{url_of_row(form, note.row_id)}{field}"


def _name_place(form: FormSpec, one: Obstacle) -> str:
    return " · ".join(filter(None, (form.title, one.row_name, one.label)))


def _find_current(place: Workplace, booklet: Booklet) -> str:
    """The same booklet in the round that is open, from an earlier one."""
    if place.is_open:
        return ""
    open_now, _last = find_yearly_rounds(get_server().engine, place)
    if open_now is None or open_now == place.round_id:
        return ""
    return url_of_booklet(place, booklet, open_now)


def url_of_booklet(place: Workplace, booklet: Booklet, round_id: int) -> str:
    """The page of a booklet in another round of the unit's."""
    return url_for(
        "booklets.show",
        collection=place.collection,
        booklet_id=booklet.id,
        at=f"{place.unit_id}-{round_id}",
    )
