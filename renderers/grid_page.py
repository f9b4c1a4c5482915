"""The page of many rows: a table of real inputs, searched and paged on the server.

`build_grid_page` gathers what the template places; rows come ready-made from `cells`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec
from renderers.bindings import SPELLINGS, Control, control_of, is_fillable
from renderers.cells import Column, RowTemplate, frozen_fields, row_template
from renderers.environment import render
from renderers.grid_query import INHERITED, PAGE_SIZES, GridQuery, read_query
from renderers.grid_rows import Closing, GridRow, RowWriter
from renderers.last_values import can_compare, write_last_values
from renderers.live import describe_form, to_data_block
from renderers.problems import EXPLAINED, NO_NOTES, Notes, ProblemView, view_problem
from renderers.returned import NOTHING_RETURNED, Returned
from renderers.urls import PageUrls
from validators.compiling import Env
from validators.report import Problem

__all__ = [
    "Closing",
    "GridPage",
    "GridQuery",
    "GridRow",
    "build_grid_page",
    "read_query",
    "render_grid_page",
]

#: Filters that the bar has room for.
_FILTERS = 3
#: Links to problems that the page lists before it only counts them.
_LISTED = 20


@dataclass(frozen=True)
class HeadView:
    """The head of one column."""

    field_id: str
    label: str
    classes: str
    required: bool
    #: second line: the unit, or where the values come from
    note: str
    hint: str
    sort_url: str
    #: ascending, descending or none
    sorted: str
    #: key and title: never hidden
    is_fixed: bool
    #: whether last period's values may stand beside it
    is_compared: bool


@dataclass(frozen=True)
class FilterView:
    field_id: str
    label: str
    options: tuple[str, ...]
    chosen: str


@dataclass(frozen=True)
class ChipView:
    """A filter by state, with the number of rows it leaves."""

    #: of `STATES`
    state: str
    label: str
    icon: str
    count: int
    url: str
    pressed: bool

    @property
    def is_needed(self) -> bool:
        return self.count > 0 or self.pressed


@dataclass(frozen=True)
class CellProblem:
    """A problem with the address of its cell on this page."""

    anchor: str
    place: str
    problem: ProblemView


@dataclass(frozen=True)
class Pager:
    first: str
    previous: str
    next: str
    last: str
    page: int
    pages: int
    size: int
    sizes: tuple[int, ...]
    #: numbers of the first and last row shown
    start: int
    end: int
    total: int


@dataclass(frozen=True)
class GridPage:
    """All the template places."""

    title: str
    heads: tuple[HeadView, ...]
    rows: Markup
    blank_row: Markup
    filters: tuple[FilterView, ...]
    chips: tuple[ChipView, ...]
    #: id and label of the columns that a value may be set in for many rows
    fillable: tuple[tuple[str, str], ...]
    problems: tuple[CellProblem, ...]
    unlisted: int
    errors: int
    warnings: int
    pager: Pager
    query: GridQuery
    #: query without search, filters and state
    cleared: str
    urls: PageUrls
    data: Markup
    #: last period's values by row and field, for the page's script
    last_values: Markup
    #: whether there is a last period
    compares: bool
    read_only: bool
    #: whether only returned cells may change: rows neither come nor go
    is_narrow: bool
    #: whether any column holds personal data, and whether it is shown in full
    is_personal: bool
    unmasked: bool
    #: frozen texts need more room than frozen numbers
    wide_keys: str
    searched: str

    @property
    def has_table(self) -> bool:
        """Whether rows can be seen or entered: not where a search finds nothing."""
        return self.pager.total > 0 or not self.query.is_narrowed


def build_grid_page(
    form: FormSpec,
    catalogue: Catalogue,
    rows: Sequence[GridRow],
    query: GridQuery,
    total: int,
    *,
    urls: PageUrls,
    problems: Mapping[int, Sequence[Problem]] | None = None,
    notes: Mapping[int, Notes] | None = None,
    read_only: bool = False,
    counts: Mapping[str, int] | None = None,
    texts: Mapping[int, Mapping[str, str]] | None = None,
    files: Mapping[str, str] | None = None,
    env: Env | None = None,
    previous: Mapping[int, Mapping[str, object]] | None = None,
    unmasked: bool = False,
    returned: Returned = NOTHING_RETURNED,
    closings: Mapping[int, Closing] | None = None,
) -> GridPage:
    """Gather one page of rows.

    Args:
        rows: the rows of this page.
        total: rows that the query finds.
        problems: by row id.
        notes: row id -> what was written about the row's warnings.
        counts: rows of each of `STATES`, over all pages.
        texts: row id -> field id -> text that could not be converted.
        files: token -> file name.
        env: what expressions ask besides the row, for live rules.
        previous: row id -> its row of the last round; None: there was no such round.
        unmasked: show personal data in full.
        returned: which cells are open, and what is asked about them.
        closings: row id -> where what the row says is missing is entered.
    """
    template = row_template(form, read_only or form.is_derived)
    if returned.is_narrow:
        template = replace(template, has_box=False)
    views = {
        row_id: [
            view_problem(form, problem, (notes or {}).get(row_id, NO_NOTES))
            for problem in found
        ]
        for row_id, found in (problems or {}).items()
    }
    writer = RowWriter(
        form,
        catalogue,
        template,
        urls,
        views,
        texts or {},
        files or {},
        unmasked,
        returned,
        closings or {},
    )
    start = (query.page - 1) * query.size
    listed = list(_place_problems(template, rows, start, views))
    return GridPage(
        title=form.title,
        heads=tuple(
            _view_head(form, column, query, urls, unmasked)
            for column in template.columns
        ),
        rows=writer.write_rows(rows, start),
        blank_row=writer.write_blank(),
        filters=_view_filters(form, query),
        chips=_view_chips(query, counts or {}, urls),
        fillable=tuple(
            (column.field.id, column.field.label)
            for column in template.columns
            if is_fillable(form, column.field)
        ),
        problems=tuple(listed[:_LISTED]),
        unlisted=max(0, len(listed) - _LISTED),
        errors=sum(item.problem.style == "error" for item in listed),
        warnings=sum(item.problem.style == "warn" for item in listed),
        pager=_view_pager(query, urls, total, start, len(rows)),
        query=query,
        cleared=_link(urls, GridQuery(sort=query.sort, size=query.size)),
        urls=urls,
        data=to_data_block(describe_form(form, env)),
        last_values=to_data_block(
            {
                f"r{row_id}": write_last_values(
                    form, row, catalogue.codelists, unmasked=unmasked
                )
                for row_id, row in (previous or {}).items()
            }
        ),
        compares=previous is not None,
        read_only=template.read_only,
        is_narrow=returned.is_narrow,
        is_personal=any(field.sensitive for field in form.fields),
        unmasked=unmasked,
        wide_keys=_wide_keys(template),
        searched="、".join(column.field.label for column in template.columns[:2]),
    )


def render_grid_page(page: GridPage) -> Markup:
    """The page as a fragment for the frame's content block (`main` is `.page.tool`)."""
    return render("grid_page.html", page=page)


def _place_problems(
    template: RowTemplate,
    rows: Sequence[GridRow],
    start: int,
    problems: Mapping[int, Sequence[ProblemView]],
) -> Iterator[CellProblem]:
    first = template.columns[0].field.id
    for number, row in enumerate(rows, start + 1):
        for problem in problems.get(row.id, ()):
            if problem.style == EXPLAINED:
                continue
            anchor = f"#row-r{row.id}/{problem.field_id or first}"
            yield CellProblem(
                anchor, f"第 {number} 行 {problem.label}".strip(), problem
            )


def _view_head(
    form: FormSpec, column: Column, query: GridQuery, urls: PageUrls, unmasked: bool
) -> HeadView:
    field = column.field
    is_sorted = query.sort.removeprefix("-") == field.id
    descends = is_sorted and query.sort.startswith("-")
    order = field.id if not is_sorted else "" if descends else f"-{field.id}"
    return HeadView(
        field_id=field.id,
        label=field.label,
        classes=column.head_class,
        required=field.required and not field.is_given,
        note=_note(form, field, unmasked),
        hint=field.description or SPELLINGS[field.value_kind],
        sort_url=_link(urls, replace(query, sort=order, page=1)),
        sorted="descending" if descends else "ascending" if is_sorted else "none",
        is_fixed=field in frozen_fields(form) or field.id in form.key,
        is_compared=can_compare(form, field) and field not in frozen_fields(form),
    )


def _note(form: FormSpec, field: FieldSpec, unmasked: bool) -> str:
    if field.fill:
        return "自动带出"
    if field.computed:
        return "自动计算"
    if field.unit:
        return field.unit
    if field.sensitive:
        return "完整显示" if unmasked else "已遮蔽"
    if field.reference and not form.is_derived:
        return f"从 {field.reference.table} 选"
    return ""


def _view_filters(form: FormSpec, query: GridQuery) -> tuple[FilterView, ...]:
    chosen = dict(query.filters)
    fields = [f for f in form.fields if control_of(f) is Control.SELECT][:_FILTERS]
    return tuple(
        FilterView(field.id, field.label, field.options, chosen.get(field.id, ""))
        for field in fields
    )


def _view_chips(
    query: GridQuery, counts: Mapping[str, int], urls: PageUrls
) -> tuple[ChipView, ...]:
    looks = (
        ("error", "有错", "error"),
        ("warning", "警告", "warn"),
        (INHERITED, "沿用", "down"),
    )
    return tuple(
        ChipView(
            state,
            label,
            icon,
            counts.get(state, 0),
            _link(
                urls,
                replace(query, state="" if query.state == state else state, page=1),
            ),
            query.state == state,
        )
        for state, label, icon in looks
    )


def _view_pager(
    query: GridQuery, urls: PageUrls, total: int, start: int, shown: int
) -> Pager:
    pages = max(1, -(-total // query.size))
    at_start, at_end = query.page <= 1, query.page >= pages

    def turn(page: int) -> str:
        return _link(urls, replace(query, page=page))

    return Pager(
        first="" if at_start else turn(1),
        previous="" if at_start else turn(query.page - 1),
        next="" if at_end else turn(query.page + 1),
        last="" if at_end else turn(pages),
        page=query.page,
        pages=pages,
        size=query.size,
        sizes=PAGE_SIZES,
        start=start + 1 if shown else 0,
        end=start + shown,
        total=total,
    )


def _wide_keys(template: RowTemplate) -> str:
    frozen = [c.field for c in template.columns if c.head_class.startswith("k")]
    wide = [
        f"wide-k{index}"
        for index, field in enumerate(frozen, 2)
        if (field.max_length or 0) > 60 or len(field.label) > 8
    ]
    return " ".join([*wide, f"frozen-{len(frozen)}"])


def _link(urls: PageUrls, query: GridQuery) -> str:
    text = query.to_text()
    return f"{urls.page}?{text}" if text else urls.page
