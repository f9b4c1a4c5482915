"""The page of many rows: a table of real inputs, searched and paged on the server.

`build_grid_page` gathers what the template places; rows come ready-made from `cells`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlencode

from markupsafe import Markup

from form_schemas.catalogue import Catalogue
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import FieldSpec, FormSpec
from renderers.bindings import SPELLINGS, Control, control_of
from renderers.cells import Column, RowTemplate, row_template
from renderers.display import edit, mask, show
from renderers.environment import render
from renderers.live import describe_form, to_data_block
from renderers.problems import ProblemView, view_problem
from renderers.urls import PageUrls
from validators.report import Problem
from validators.rules import Env

PAGE_SIZES = (20, 50, 100)
#: Filters that the bar has room for.
_FILTERS = 3
#: Links to problems that the page lists before it only counts them.
_LISTED = 20


class GridRow(Protocol):
    """What the page asks of a stored row."""

    id: int
    version: int
    row: Mapping[str, object]


@dataclass(frozen=True)
class GridQuery:
    """What the page's address asks for: `?q=…&f-<field>=…&state=…&sort=…&page=…`."""

    search: str = ""
    #: field id and the text chosen
    filters: tuple[tuple[str, str], ...] = ()
    #: "error" or "warning": only rows with such problems
    state: str = ""
    #: field id, with "-" before it for descending
    sort: str = ""
    page: int = 1
    size: int = 50

    @property
    def is_narrowed(self) -> bool:
        return bool(self.search or self.filters or self.state)

    def to_text(self) -> str:
        """The query as it stands in an address."""
        named = {
            "q": self.search,
            **{f"f-{field_id}": text for field_id, text in self.filters},
            "state": self.state,
            "sort": self.sort,
            "page": "" if self.page == 1 else self.page,
            "size": "" if self.size == PAGE_SIZES[1] else self.size,
        }
        return urlencode({name: value for name, value in named.items() if value})


def read_query(form: FormSpec, arguments: Mapping[str, str]) -> GridQuery:
    """The query of an address; unknown fields and strange numbers are left out."""
    chosen = ((f"f-{field.id}", field.id) for field in form.fields)
    filters = tuple(
        (field_id, arguments[name]) for name, field_id in chosen if arguments.get(name)
    )
    sort = arguments.get("sort", "")
    size = _read_number(arguments.get("size"), PAGE_SIZES[1])
    return GridQuery(
        search=arguments.get("q", "").strip(),
        filters=filters,
        state=arguments.get("state", "") if arguments.get("state") in _STATES else "",
        sort=sort if sort.removeprefix("-") in form.by_id else "",
        page=max(1, _read_number(arguments.get("page"), 1)),
        size=size if size in PAGE_SIZES else PAGE_SIZES[1],
    )


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


@dataclass(frozen=True)
class FilterView:
    field_id: str
    label: str
    options: tuple[str, ...]
    chosen: str


@dataclass(frozen=True)
class ChipView:
    """A filter by state, with the number of rows it leaves."""

    label: str
    icon: str
    count: int
    url: str
    pressed: bool


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
    read_only: bool
    #: frozen texts need more room than frozen numbers
    wide_keys: str
    searched: str
    summary: str = ""


def build_grid_page(
    form: FormSpec,
    catalogue: Catalogue,
    rows: Sequence[GridRow],
    query: GridQuery,
    total: int,
    *,
    urls: PageUrls,
    problems: Mapping[int, Sequence[Problem]] | None = None,
    read_only: bool = False,
    counts: Mapping[str, int] | None = None,
    texts: Mapping[int, Mapping[str, str]] | None = None,
    files: Mapping[str, str] | None = None,
    env: Env | None = None,
    unmasked: bool = False,
) -> GridPage:
    """Gather one page of rows.

    Args:
        rows: the rows of this page.
        total: rows that the query finds.
        problems: by row id.
        counts: rows with a problem of level "error" and "warning", over all pages.
        texts: row id -> field id -> text that could not be converted.
        files: token -> file name.
        env: what expressions ask besides the row, for live rules.
    """
    template = row_template(form, read_only or form.is_derived)
    views = {
        row_id: [view_problem(form, problem) for problem in found]
        for row_id, found in (problems or {}).items()
    }
    writer = _Writer(
        catalogue, template, urls, views, texts or {}, files or {}, unmasked
    )
    start = (query.page - 1) * query.size
    listed = list(_place_problems(template, rows, start, views))
    return GridPage(
        title=form.title,
        heads=tuple(
            _view_head(form, column, query, urls) for column in template.columns
        ),
        rows=writer.write_rows(rows, start),
        blank_row=writer.write_blank(),
        filters=_view_filters(form, query),
        chips=_view_chips(query, counts or {}, urls),
        problems=tuple(listed[:_LISTED]),
        unlisted=max(0, len(listed) - _LISTED),
        errors=sum(item.problem.style == "error" for item in listed),
        warnings=sum(item.problem.style == "warn" for item in listed),
        pager=_view_pager(query, urls, total, start, len(rows)),
        query=query,
        cleared=_link(urls, GridQuery(sort=query.sort, size=query.size)),
        urls=urls,
        data=to_data_block(describe_form(form, env)),
        read_only=template.read_only,
        wide_keys=_wide_keys(template),
        searched="、".join(column.field.label for column in template.columns[:2]),
    )


def render_grid_page(page: GridPage) -> Markup:
    """The page as a fragment for the frame's content block (`main` is `.page.tool`)."""
    return render("grid_page.html", page=page)


@dataclass(frozen=True)
class _Writer:
    """Turns stored rows into table rows."""

    catalogue: Catalogue
    template: RowTemplate
    urls: PageUrls
    problems: Mapping[int, Sequence[ProblemView]]
    texts: Mapping[int, Mapping[str, str]]
    files: Mapping[str, str]
    unmasked: bool

    def write_rows(self, rows: Sequence[GridRow], start: int) -> Markup:
        drawn = (self._write(row, start + n) for n, row in enumerate(rows, 1))
        return Markup("\n".join(drawn))

    def write_blank(self) -> Markup:
        """A new row, for scripts to clone; `{n}` and `{key}` are filled in there."""
        return Markup(
            self.template.draw(
                number="{n}",
                key="{key}",
                row_id="",
                version="",
                texts=[_default_text(column, self) for column in self.template.columns],
                status=_STATUS["new"],
                row_class=' class="new"',
            )
        )

    def _write(self, row: GridRow, number: int) -> str:
        found = self.problems.get(row.id, ())
        by_field: dict[str, list[ProblemView]] = {}
        for problem in found:
            by_field.setdefault(problem.field_id, []).append(problem)
        return self.template.draw(
            number=number,
            key=f"r{row.id}",
            row_id=row.id,
            version=row.version,
            texts=self._texts(row),
            status=_STATUS[_state(found)],
            page=self.urls.row_page(row.id),
            problems=by_field,
        )

    def _texts(self, row: GridRow) -> list[str]:
        values, raw = row.row, self.texts.get(row.id)
        texts = [
            self.write_text(c.field, values.get(c.field.id))
            for c in self.template.columns
        ]
        if raw:
            for index, column in enumerate(self.template.columns):
                texts[index] = raw.get(column.field.id, texts[index])
        return texts

    def write_text(self, field: FieldSpec, value: object) -> str:
        if value is None:
            return ""
        if field.value_kind in FILE_KINDS:
            return self._name_files(value)
        codelists = self.catalogue.codelists
        if field.is_given:
            text = show(field, value, codelists)
        else:
            text = edit(field, value, codelists)
        return mask(field, text) if field.sensitive and not self.unmasked else text

    def _name_files(self, value: object) -> str:
        tokens = value if isinstance(value, tuple) else (value,)
        if len(tokens) > 1:
            return f"{len(tokens)} 个文件"
        return self.files.get(str(tokens[0]), "1 个文件")


def _default_text(column: Column, writer: _Writer) -> str:
    if column.field.default is None:
        return ""
    return writer.write_text(column.field, column.field.default)


def _state(problems: Sequence[ProblemView]) -> str:
    styles = {problem.style for problem in problems}
    return next((style for style in ("error", "warn") if style in styles), "saved")


_STATES = ("error", "warning")
_STATUS = {
    "saved": '<span class="state plain is-nil i-pass">'
    '<span class="visually-hidden">已存</span></span>',
    "error": '<span class="state plain is-error i-error">有错</span>',
    "warn": '<span class="state plain is-warn i-warn">警告</span>',
    "new": '<span class="state plain is-draft i-draft">新行</span>',
}


def _place_problems(
    template: RowTemplate,
    rows: Sequence[GridRow],
    start: int,
    problems: Mapping[int, Sequence[ProblemView]],
) -> Iterator[CellProblem]:
    first = template.columns[0].field.id
    for number, row in enumerate(rows, start + 1):
        for problem in problems.get(row.id, ()):
            anchor = f"#row-r{row.id}/{problem.field_id or first}"
            yield CellProblem(
                anchor, f"第 {number} 行 {problem.label}".strip(), problem
            )


def _view_head(
    form: FormSpec, column: Column, query: GridQuery, urls: PageUrls
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
        note=_note(field),
        hint=field.description or SPELLINGS[field.value_kind],
        sort_url=_link(urls, replace(query, sort=order, page=1)),
        sorted="descending" if descends else "ascending" if is_sorted else "none",
    )


def _note(field: FieldSpec) -> str:
    if field.fill:
        return "自动带出"
    if field.computed:
        return "自动计算"
    if field.unit:
        return field.unit
    if field.sensitive:
        return "已遮蔽"
    if field.reference:
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
    looks = (("error", "有错", "error"), ("warning", "警告", "warn"))
    return tuple(
        ChipView(
            label,
            icon,
            counts[state],
            _link(
                urls,
                replace(query, state="" if query.state == state else state, page=1),
            ),
            query.state == state,
        )
        for state, label, icon in looks
        if counts.get(state) or query.state == state
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


def _read_number(text: str | None, default: int) -> int:
    return (
        int(text)
        if text and text.isascii() and text.isdigit() and len(text) < 9
        else default
    )
