"""Pages of one form as HTML: its record, a row's own page, its grid, their frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flask import render_template
from markupsafe import Markup

from app.policy import Action
from app.services import navigation
from app.services.chain.obstacles import NotReady
from app.services.check_cells import FindingView, find_in_row
from app.services.check_reports import (
    FormCheck,
    RuleStanding,
    find_form_check,
    list_standings,
)
from app.services.continuity import find_last_rows
from app.services.desks import CheckedRow, Desk
from app.services.disclosing import disclose, may_disclose, may_export_personal
from app.services.entering import Outcome
from app.services.flows.own import OwnRow, OwnRows, find_own_row, list_own_rows
from app.services.form_states import judge_form
from app.services.unlinking import list_links
from app.services.work_chains import chains_of
from app.storage.records import Scope, StoredRow
from app.web.awaited import Awaited, list_awaited
from app.web.derived_pages import GapPanel, make_derived_grid
from app.web.form_chain import ChainPanel, make_chain
from app.web.form_urls import list_urls, url_of_form, url_of_reveal
from app.web.generation_page import GenerationPanel, make_panel
from app.web.notes import Warned, view_notes, view_table_problems
from app.web.queries import to_storage_query
from app.web.record_pages import make_record, name_files, show_period
from form_schemas.field_words import PERIOD_NAMES
from form_schemas.rule_spec import RuleSpec
from form_schemas.spec import FormSpec, Shape
from form_schemas.work_chains import WorkChain
from renderers.grid_page import build_grid_page, read_query, render_grid_page
from renderers.grid_query import INHERITED
from renderers.live import is_live
from renderers.problems import ProblemView
from renderers.record_page import (
    Link,
    render_record_page,
)
from validators.check import waiting_rules

_NOTHING_ASKED: Mapping[str, str] = {}


@dataclass(frozen=True)
class FormPage:
    """The frame around a form's record or grid."""

    form: FormSpec
    desk: Desk
    fragment: Markup | str
    #: class and word of how it stands
    look: str
    word: str
    period: str
    #: how the rules that only a check judges came out last
    check: FormCheck
    standings: tuple[RuleStanding, ...]
    #: rules that no page judges while one types, but each save does
    on_saving: tuple[RuleSpec, ...]
    #: whether there is anything in it
    has_rows: bool = False
    #: where it stands in the chain of reviews; None for a computed form
    chain: ChainPanel | None = None
    #: where its rows come from, if they can be generated now
    generation: GenerationPanel | None = None
    #: where the row at hand stands on its way, and all of the unit's; None where the
    #: form's rows do not travel
    own_row: OwnRow | None = None
    own_rows: OwnRows | None = None
    #: how much a gap list lacks; None for other forms
    gap: GapPanel | None = None
    obstacle: str = ""
    #: base forms that have to come first
    awaited: tuple[Awaited, ...] = ()
    #: of the row at hand: whether a link freezes it, and whether it may be taken away
    is_frozen: bool = False
    may_unlink: bool = False
    may_import: bool = False
    may_export: bool = False
    #: with personal data in full
    may_export_personal: bool = False
    #: the row at hand on a row's own page
    row: CheckedRow | None = None
    is_row_page: bool = False
    has_problem: bool = False
    query: str = ""
    #: what is wrong with the form as a whole
    of_table: tuple[ProblemView, ...] = ()
    #: what the last check found in the row that the page does not judge
    found: tuple[FindingView, ...] = ()

    @property
    def is_grid(self) -> bool:
        return self.form.shape is Shape.ROWS and not self.is_row_page

    @property
    def chains(self) -> tuple[WorkChain, ...]:
        """The chains of work that the form stands in."""
        return chains_of(self.desk.place, self.form)


def show_form(
    desk: Desk,
    arguments: Mapping[str, str] = _NOTHING_ASKED,
    missing: NotReady | None = None,
) -> str:
    """The form's own page: its record, its grid, or the rows that were computed.

    Args:
        arguments: what the page's address asks for.
        missing: why the form could not be handed in.
    """
    if desk.form.is_derived:
        return _show_derived(desk, arguments)
    if desk.form.shape is Shape.RECORD:
        return show_record(desk, desk.find_record(), missing=missing)
    return show_grid(desk, arguments, missing=missing)


def show_record(
    desk: Desk,
    row: CheckedRow | None,
    *,
    preset: Mapping[str, object] | None = None,
    texts: Mapping[str, object] | None = None,
    outcome: Outcome | None = None,
    reason: str | None = None,
    missing: NotReady | None = None,
) -> str:
    """The record, or the own page of a row, of a new one where `row` is None.

    Args:
        preset: values of a new row.
        reason: why personal data are asked for in full; None masks them.
        missing: why the form could not be handed in.
    """
    form, chain = desk.form, make_chain(desk, missing)
    if reason is not None:
        disclose(desk, [row.stored.id] if row else [], reason)
    is_row = form.shape is Shape.ROWS
    neighbours = navigation.find_neighbours(desk.place, form)
    drawn = make_record(
        desk,
        row,
        chain.returned,
        preset=preset,
        texts=texts,
        outcome=outcome,
        unmasked=reason is not None,
        links=() if is_row else tuple(_links(neighbours)),
    )
    return show_frame(
        desk,
        render_record_page(drawn.page),
        chain=chain,
        rows=1 if row else 0,
        row=row,
        is_frozen=bool(drawn.returned.tell_frozen(row.stored.id if row else None)),
        is_row_page=is_row,
        has_problem=bool(outcome and outcome.problems),
    )


def show_grid(
    desk: Desk,
    arguments: Mapping[str, str],
    reason: str | None = None,
    missing: NotReady | None = None,
) -> str:
    """A page of rows.

    Args:
        arguments: what the page's address asks for.
        reason: why personal data are asked for in full; None masks them.
        missing: why the form could not be handed in.
    """
    form, chain = desk.form, make_chain(desk, missing)
    query = read_query(form, arguments)
    found = desk.find_page(to_storage_query(desk, query))
    rows = [row.stored for row in found.rows]
    if reason is not None:
        disclose(desk, [row.id for row in rows], reason)
    notes = view_notes(
        desk, [Warned(r.stored.row, r.problems, r.confirmed) for r in found.rows]
    )
    page = build_grid_page(
        form,
        desk.catalogue,
        rows,
        query,
        found.total,
        urls=replace(
            list_urls(desk, url_of_form(form)),
            reveal=url_of_reveal(form, None) if may_disclose(desk) else "",
        ),
        problems={row.stored.id: row.problems for row in found.rows},
        notes=dict(zip((row.id for row in rows), notes, strict=True)),
        read_only=bool(desk.place.find_obstacle(form)),
        counts={**desk.count_levels(), INHERITED: desk.count_inherited()},
        files=name_files(desk, [row.row for row in rows]),
        env=desk.env(),
        previous=_find_previous(desk, rows),
        unmasked=reason is not None,
        returned=replace(chain.returned, frozen=desk.find_frozen(rows)),
    )
    return show_frame(
        desk,
        render_grid_page(page),
        rows=found.total,
        query=query.to_text(),
        chain=chain,
    )


def _show_derived(desk: Desk, arguments: Mapping[str, str]) -> str:
    grid = make_derived_grid(desk, arguments)
    return show_frame(
        desk,
        render_grid_page(grid.page),
        rows=grid.total,
        query=grid.query,
        gap=grid.gap,
    )


def show_frame(
    desk: Desk, fragment: Markup | str = "", *, rows: int = 0, **shown: object
) -> str:
    """The page of a form around its record or grid."""
    form, place = desk.form, desk.place
    row: CheckedRow | None = shown.get("row")
    obstacle = desk.find_row_obstacle(row.stored if row else None)
    judged = judge_form(place.standings[form.code], rows > 0, place.edition.steps)
    check = find_form_check(desk.engine, desk.catalogue, place, form)
    page = FormPage(
        form=form,
        desk=desk,
        fragment=fragment,
        look=judged.state.value,
        word=judged.word,
        has_rows=rows > 0,
        period="随时可填"
        if form.is_standing
        else f"{PERIOD_NAMES[form.period]} {show_period(desk)}",
        check=check,
        standings=list_standings(check),
        on_saving=_find_judged_on_saving(form),
        of_table=() if shown.get("is_row_page") else view_table_problems(desk),
        found=_find_in_row(desk, row),
        generation=None if shown.get("is_row_page") else make_panel(desk),
        own_row=find_own_row(desk, row.stored) if row else None,
        own_rows=None if shown.get("is_row_page") else list_own_rows(desk),
        obstacle=obstacle,
        awaited=() if obstacle else list_awaited(desk),
        may_unlink=bool(row and list_links(desk, row.stored)),
        may_import=not obstacle
        and not _is_narrow(shown.get("chain"))
        and place.can(Action.IMPORT_ROWS, form),
        may_export=place.can(Action.EXPORT_ROWS, form),
        may_export_personal=may_export_personal(desk),
        **shown,
    )
    return render_template("form.html", page=page, workplace=place)


def _is_narrow(chain: ChainPanel | None) -> bool:
    """Whether only returned cells may change: nothing comes in at once."""
    return chain is not None and chain.returned.is_narrow


def _find_previous(
    desk: Desk, rows: Sequence[StoredRow]
) -> dict[int, Mapping[str, object]] | None:
    """Row id -> its row of the last round; None where there was no such round."""
    if desk.place.previous_round_id is None:
        return None
    found = find_last_rows(desk, [row.row for row in rows])
    return {
        row.id: last for row, last in zip(rows, found, strict=True) if last is not None
    }


def _find_judged_on_saving(form: FormSpec) -> tuple[RuleSpec, ...]:
    wider = {rule.id for rule in waiting_rules(form)}
    return tuple(
        rule
        for rule in form.rules
        if rule.check is not None and rule.id not in wider and not is_live(form, rule)
    )


def _find_in_row(desk: Desk, row: CheckedRow | None) -> tuple[FindingView, ...]:
    if row is None:
        return ()
    place, form = desk.place, desk.form
    seen = {form: place.department_for(form, Action.VIEW_ROWS)}
    scope = Scope(place.unit_id, place.round_id)
    found = find_in_row(desk.engine, scope, seen, form, row.stored.id)
    # Rules are judged anew, and stand at their fields.
    return tuple(one for one in found if not one.kind.startswith("rule:"))


def _links(neighbours: navigation.Neighbours):
    for word, form in (("上一张", neighbours.previous), ("下一张", neighbours.next)):
        if form is not None:
            yield Link(f"{word} {form.code}", url_of_form(form))
