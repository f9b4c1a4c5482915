"""What waits for a reviewer, and approving many forms at once after a summary."""

from dataclasses import dataclass

from flask import render_template, request, url_for

from app.errors import BadRequest
from app.models import FilingState
from app.policy import Action
from app.services.chain.deciding import BulkResult, approve_many
from app.services.chain.summaries import BulkLine, WarningLine, summarise
from app.services.comparing import count_rows
from app.services.desks import find_desk
from app.services.form_states import judge_form
from app.services.review_lists import ReviewLine, WholeLine, list_reviews, list_wholes
from app.services.workplaces import Workplace
from app.storage.records import Scope
from app.web.figure_views import FigureRow, list_figure_rows
from app.web.server import Answer, get_server
from form_schemas.spec import FormSpec


@dataclass(frozen=True)
class Chip:
    label: str
    count: int
    url: str
    chosen: bool


@dataclass(frozen=True)
class StepCount:
    title: str
    count: int


@dataclass(frozen=True)
class ReviewList:
    """All the list of what waits places."""

    place: Workplace
    lines: tuple[ReviewLine, ...]
    wholes: tuple[WholeLine, ...]
    steps: tuple[StepCount, ...]
    chips: tuple[Chip, ...]
    departments: tuple[Chip, ...]
    chosen_department: str
    is_narrowed: bool
    may_figures: bool

    @property
    def may_bulk(self) -> bool:
        return any(line.is_mine for line in self.lines)

    def state_of(self, line: ReviewLine) -> tuple[str, str]:
        """Class and words of where a form stands."""
        standing = self.place.standings[line.form.code]
        judged = judge_form(standing, line.rows > 0, self.place.edition.steps)
        return judged.state.value, judged.word


@dataclass(frozen=True)
class BulkForm:
    """One form of a summary before, or after, many are approved."""

    form: FormSpec
    content_hash: str = ""
    rows: int = 0
    previous: int | None = None
    is_empty: bool = False
    warnings: tuple[WarningLine, ...] = ()
    figures: tuple[FigureRow, ...] = ()
    obstacle: str = ""
    ok: bool = False
    message: str = ""


#: Filter -> its label, and which forms it leaves.
_SHOWN = {
    "": ("等我审", lambda line: line.is_mine),
    "others": ("等别人审", lambda line: line.step is not None and not line.is_mine),
    "returned": ("已退回", lambda line: line.state is FilingState.RETURNED),
    "approved": ("已通过", lambda line: line.state is FilingState.APPROVED),
    "all": ("全部", lambda line: True),
}


def make_list(place: Workplace) -> ReviewList:
    """The list, narrowed as the address asks."""
    workshop = get_server().workshop
    lines = list_reviews(workshop, place)
    shown = request.args.get("show", "")
    shown = shown if shown in _SHOWN else ""
    department = request.args.get("department", "")
    in_state = [line for line in lines if _SHOWN[shown][1](line)]
    return ReviewList(
        place,
        tuple(ln for ln in in_state if department in ("", ln.department)),
        list_wholes(workshop, place.actor),
        _count_steps(lines),
        tuple(
            Chip(
                label,
                sum(map(fits, lines)),
                _here(place, name, department),
                name == shown,
            )
            for name, (label, fits) in _SHOWN.items()
        ),
        _list_departments(place, in_state, shown, department),
        department,
        bool(department) or len(lines) > 0,
        place.can(Action.APPROVE_FIGURES, place.forms[0]),
    )


def show_summary(place: Workplace, codes: list[str]) -> Answer:
    """What is to be known of the chosen forms before they pass together."""
    forms = [place.get_form(code) for code in dict.fromkeys(codes)]
    if not forms:
        raise BadRequest("还没有选表。请先勾选，再看汇总。")
    scope = Scope(place.unit_id, place.round_id)
    found = summarise(get_server().workshop, place.actor, scope, forms)
    lines = [_view_bulk(place, one) for one in found]
    passable = sum(not line.obstacle for line in lines)
    return render_template(
        "review_bulk.html",
        place=place,
        workplace=place,
        lines=lines,
        passable=passable,
        done=False,
    )


def approve_chosen(place: Workplace, codes: list[str], remark: str) -> Answer:
    """Approve the forms of a summary, each as it was seen there."""
    forms = [place.get_form(code) for code in dict.fromkeys(codes)]
    seen = {form: request.form.get(f"seen-{form.code}", "") for form in forms}
    scope = Scope(place.unit_id, place.round_id)
    found = approve_many(get_server().workshop, place.actor, scope, seen, remark)
    lines = [_view_result(one) for one in found]
    return render_template(
        "review_bulk.html",
        place=place,
        workplace=place,
        lines=lines,
        passed=sum(line.ok for line in lines),
        done=True,
    )


def _count_steps(lines: tuple[ReviewLine, ...]) -> tuple[StepCount, ...]:
    titles = [line.step.title for line in lines if line.step is not None]
    return tuple(StepCount(one, titles.count(one)) for one in dict.fromkeys(titles))


def _list_departments(
    place: Workplace, lines: list[ReviewLine], shown: str, chosen: str
) -> tuple[Chip, ...]:
    names = [line.department for line in lines]
    known = [name for name in dict.fromkeys([*names, chosen]) if name]
    return (
        Chip("全部部门", len(names), _here(place, shown, ""), not chosen),
        *(
            Chip(name, names.count(name), _here(place, shown, name), name == chosen)
            for name in sorted(known)
        ),
    )


def _here(place: Workplace, shown: str, department: str) -> str:
    return url_for(
        "reviews.show_list",
        at=place.key,
        show=shown or None,
        department=department or None,
    )


def _view_bulk(place: Workplace, one: BulkLine) -> BulkForm:
    server = get_server()
    desk = find_desk(server.engine, server.catalogue, place, one.form.code)
    _, previous = count_rows(desk)
    return BulkForm(
        one.form,
        one.content_hash or "",
        one.rows,
        previous,
        one.is_empty,
        one.warnings,
        list_figure_rows(desk),
        one.obstacle,
    )


def _view_result(one: BulkResult) -> BulkForm:
    if one.moved is None:
        return BulkForm(one.form, message=one.message)
    title = one.moved.step_title
    return BulkForm(
        one.form, ok=True, message=f"已通过，等{title}" if title else "已通过"
    )
