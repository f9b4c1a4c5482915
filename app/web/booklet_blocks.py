"""Makes the blocks of a booklet's page: each form as the booklet says to draw it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from flask import request, url_for
from markupsafe import Markup

from app.services.booklets import CountLine, Tick, list_counts, list_ticks
from app.services.continuity import find_last_rows
from app.services.desks import Desk, find_desk
from app.services.navigation import FormLine, list_lines
from app.services.wider_rules import judge_wider
from app.services.workplaces import Workplace
from app.web.form_chain import make_chain
from app.web.form_urls import PRESET, name_version, url_of_form, url_of_row
from app.web.notes import Warned, view_notes
from app.web.record_pages import make_record
from app.web.server import get_server
from form_schemas.booklets import (
    Block,
    BlockKind,
    Ticks,
    find_constants,
    find_ticks,
)
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec
from renderers.bindings import is_figure
from renderers.display import show
from renderers.problems import ProblemView, view_problem
from renderers.record_page import (
    RecordPage,
    render_record_block,
    render_record_rail,
)
from validators.rules import evaluate_steps


@dataclass(frozen=True)
class RecordBlock:
    """A form whose fields stand on the page."""

    anchor: str
    page: RecordPage
    fragment: Markup
    rail: Markup
    kind: str = "record"


@dataclass(frozen=True)
class TickView:
    """A code of a checklist."""

    tick: Tick
    #: the ordinary page of its row, or of a new one
    url: str
    #: why it is not right
    problem: str

    @property
    def code(self) -> str:
        return self.tick.entry.code

    @property
    def name(self) -> str:
        return self.tick.entry.name


@dataclass(frozen=True)
class TicksBlock:
    """A form whose rows are ticked."""

    anchor: str
    title: str
    form: FormSpec
    list_title: str
    ticks: Ticks
    views: tuple[TickView, ...]
    read_only: bool
    save: str
    delete: str
    url: str
    kind: str = "checklist"

    @property
    def chosen(self) -> int:
        return sum(view.tick.row is not None for view in self.views)

    @property
    def faulty(self) -> int:
        return sum(bool(view.problem) for view in self.views)


@dataclass(frozen=True)
class CountView:
    """A list: how many rows, this year and last, and the ways to it."""

    title: str
    line: FormLine
    last: int | None
    url: str
    new_url: str
    #: last round's rows to choose from; empty: there are none, or it is locked
    choose_url: str


@dataclass(frozen=True)
class SumView:
    """A figure that follows from the counts."""

    title: str
    now: str
    last: str
    #: None: one of them is unknown
    change: int | None


@dataclass(frozen=True)
class CountsBlock:
    """A form that counts the rows of others, or one list alone."""

    anchor: str
    title: str
    lines: tuple[CountView, ...]
    sums: tuple[SumView, ...]
    #: what is wrong with the counts, as the form's own page tells it
    problems: tuple[ProblemView, ...]
    url: str
    kind: str = "counts"

    @property
    def rows(self) -> int:
        return sum(view.line.rows for view in self.lines)

    @property
    def faulty(self) -> int:
        own = sum(problem.style == "error" for problem in self.problems)
        return own + sum(view.line.errors for view in self.lines)


AnyBlock = RecordBlock | TicksBlock | CountsBlock


class BlockMaker:
    """Makes the blocks of one page, and keeps the desks that it looked at."""

    def __init__(self, place: Workplace) -> None:
        self._place = place
        self.desks: list[Desk] = []

    def make(self, block: Block) -> AnyBlock:
        server = get_server()
        desk = find_desk(server.engine, server.catalogue, self._place, block.form)
        self.desks.append(desk)
        return _MAKERS[block.kind](desk, block)


def _make_record(desk: Desk, block: Block) -> RecordBlock:
    drawn = make_record(
        desk,
        desk.find_record(),
        make_chain(desk).returned,
        prefix=prefix_of(desk.form),
        title=block.title or desk.form.title,
        compares=block.kind is BlockKind.FIGURES,
        back=f"{request.path}?at={desk.place.key}#{anchor_of(desk.form)}",
    )
    page = _without_constants(desk.form, drawn.page)
    return RecordBlock(
        anchor_of(desk.form), page, render_record_block(page), render_record_rail(page)
    )


def _without_constants(form: FormSpec, page: RecordPage) -> RecordPage:
    """The page without what the round alone decides: its head says that once."""
    constant = find_constants(form)
    groups = (
        replace(group, fields=tuple(f for f in group.fields if f.id not in constant))
        for group in page.groups
    )
    return replace(page, groups=tuple(group for group in groups if group.fields))


def _make_ticks(desk: Desk, block: Block) -> TicksBlock:
    form, ticks = desk.form, find_ticks(desk.form)
    assert ticks is not None
    place, codelist = desk.place, desk.catalogue.codelists[ticks.key.codes or ""]
    told = {
        "collection": form.collection,
        "code": form.code,
        "at": place.key,
        "version": name_version(form),
    }
    return TicksBlock(
        anchor_of(form),
        block.title or form.title,
        form,
        f"{codelist.title}（{codelist.version}）",
        ticks,
        tuple(_view_tick(desk, ticks, tick) for tick in list_ticks(desk, ticks)),
        bool(place.find_obstacle(form)),
        url_for("rows.save", **told),
        url_for("rows.delete", **told),
        url_of_form(form),
    )


def _view_tick(desk: Desk, ticks: Ticks, tick: Tick) -> TickView:
    form = desk.form
    if tick.row is not None:
        url = url_of_row(form, tick.row.stored.id)
    else:
        preset = {f"{PRESET}{ticks.key.id}": tick.entry.code}
        address = {"collection": form.collection, "code": form.code}
        url = url_for("forms.show_new_row", **address, **preset)
    told = ""
    if tick.problems:
        lacks = ticks.below is not None and not tick.chosen
        told = f"未选{ticks.below.label}" if lacks and ticks.below else "有错"
    return TickView(tick, url, told)


def _make_counts(desk: Desk, block: Block) -> CountsBlock:
    server, place, form = get_server(), desk.place, desk.form
    counted = list_counts(server.engine, server.catalogue, place, form)
    values = _count_now(desk, counted)
    (last,) = find_last_rows(desk, [values])
    known = {one.field.id for one in counted}
    others = [f for f in form.fields if is_figure(f) and f.id not in known]
    return CountsBlock(
        anchor_of(form),
        block.title or form.title,
        tuple(_view_count(place, one.field.label, one.line) for one in counted),
        tuple(_view_sum(desk, field, values, last or {}) for field in others),
        tuple(_tell_problems(desk)),
        url_of_form(form),
    )


def _make_list(desk: Desk, block: Block) -> CountsBlock:
    server, form = get_server(), desk.form
    (line,) = list_lines(server.engine, server.catalogue, desk.place, [form])
    title = block.title or form.title
    view = _view_count(desk.place, title, line)
    return CountsBlock(anchor_of(form), title, (view,), (), (), url_of_form(form))


_MAKERS = {
    BlockKind.RECORD: _make_record,
    BlockKind.FIGURES: _make_record,
    BlockKind.CHECKLIST: _make_ticks,
    BlockKind.COUNTS: _make_counts,
    BlockKind.LIST: _make_list,
}


def _count_now(desk: Desk, counted: tuple[CountLine, ...]) -> dict[str, object]:
    """The form as it follows from the lists now, whether or not it was begun."""
    rows = {one.field.id: one.line.rows for one in counted}
    return evaluate_steps(desk.form, rows, desk.env())


def _view_count(place: Workplace, title: str, line: FormLine) -> CountView:
    form = line.form
    address = {"collection": form.collection, "code": form.code, "at": place.key}
    is_open = line.can_enter
    return CountView(
        title,
        line,
        line.previous,
        url_for("forms.show", **address),
        url_for("forms.show_new_row", **address) if is_open else "",
        url_for("choosing.show", **address)
        if is_open and line.previous and form.is_carried
        else "",
    )


def _view_sum(
    desk: Desk,
    field: FieldSpec,
    values: Mapping[str, object],
    last: Mapping[str, object],
) -> SumView:
    codelists = desk.catalogue.codelists
    now, then = values.get(field.id), last.get(field.id)
    return SumView(
        field.label,
        show(field, now, codelists),
        show(field, then, codelists),
        now - then if isinstance(now, int) and isinstance(then, int) else None,
    )


def _tell_problems(desk: Desk) -> Iterator[ProblemView]:
    """What is wrong with the counts: their own page takes the reasons."""
    record = desk.find_record()
    if record is not None:
        judged = record.joined(judge_wider(desk, record.stored))
        (notes,) = view_notes(
            desk, [Warned(record.stored.row, judged.problems, judged.confirmed)]
        )
        for problem in judged.problems:
            yield view_problem(desk.form, problem, notes)


def anchor_of(form: FormSpec) -> str:
    """Where a block stands on the page."""
    return f"b-{form.code}"


def prefix_of(form: FormSpec) -> str:
    """In the ids of a block's fields."""
    return f"{form.code}-"
