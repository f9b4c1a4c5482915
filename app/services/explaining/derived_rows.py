"""How a derived row came about: each value in words, and the rows it was made from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from app.errors import NotFound
from app.services.desks import Desk
from app.services.explaining.sight import (
    SeenRow,
    Sight,
    distinct,
    find_column,
)
from app.storage.derivation_origins import (
    Asked,
    Followed,
    Origin,
    Origins,
    Tracing,
    Window,
    equals,
    find_first_source,
)
from app.storage.engine import begin_reading
from app.storage.records import StoredRow
from app.storage.rows import RowStore
from form_schemas.condition_parts import find_equation
from form_schemas.derivation_words import (
    say_condition,
    say_expanded,
    say_join,
    say_value,
)
from form_schemas.expressions import Expression
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import ValueType
from form_schemas.nodes import (
    Aggregate,
    AliasColumn,
    Field,
    Node,
    Previous,
    RefColumn,
    conjuncts_of,
    parts_of,
)
from form_schemas.spec import FormSpec
from form_schemas.wording import (
    find_referring,
)
from validators.conversion import display
from validators.rules import settle

#: Source rows on a page, and rows that an aggregate counts.
ROWS = 20


@dataclass(frozen=True)
class Counted:
    """Rows that an aggregate of a column looks at."""

    form: FormSpec
    rows: tuple[SeenRow, ...]
    total: int
    is_seen: bool
    #: field id -> text, as the form's grid is narrowed to them
    filters: tuple[tuple[str, str], ...] = ()
    #: whether the filters say all of the aggregate's condition
    is_exact: bool = False


@dataclass(frozen=True)
class ColumnStory:
    """A value of a derived row, and how it was computed."""

    field: FieldSpec
    text: str
    words: str
    counted: tuple[Counted, ...] = ()


@dataclass(frozen=True)
class SourceLine:
    """A source row with what stands beside it."""

    row: SeenRow
    #: of the fields that the derivation reads
    cells: tuple[str, ...]
    #: partners, then the rows that references pick; None where there is none
    beside: tuple[SeenRow | None, ...]


@dataclass(frozen=True)
class RowStory:
    """A derived row, explained."""

    form: FormSpec
    stored: StoredRow
    name: str
    is_total: bool
    source: FormSpec
    owners: str
    sees_source: bool
    #: whether only source rows of the person's department are shown
    is_partial: bool
    columns: tuple[ColumnStory, ...]
    #: how partners are found, what rows have to fulfil, what they are grouped by
    joins: tuple[str, ...]
    conditions: tuple[str, ...]
    groups: tuple[str, ...]
    note: str
    #: heads of the source rows' cells, and of what stands beside them
    read: tuple[str, ...]
    heads: tuple[str, ...]
    lines: tuple[SourceLine, ...]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // ROWS))

    @property
    def start(self) -> int:
        return (self.page - 1) * ROWS + 1


def explain_row(desk: Desk, row_id: int, page: int = 1) -> RowStory:
    """How a derived row came about.

    Raises:
        NotFound: the form is no derived one, or has no such row.
    """
    if not desk.form.is_derived:
        raise NotFound
    with begin_reading(desk.engine) as connection:
        store = RowStore(connection, desk.catalogue)
        stored = store.get(desk.form, desk.scope(), row_id)
        first = find_first_source(connection, desk.catalogue, desk.form, row_id)
        sight = Sight(desk, connection)
        return _Telling(sight, stored, first, page).tell()


class _Telling:
    """Tells of one derived row."""

    def __init__(
        self, sight: Sight, stored: StoredRow, first: int | None, page: int
    ) -> None:
        self._sight, self._stored, self._first = sight, stored, first
        self._form, self._names = sight.form, sight.names
        self._derivation = sight.derivation
        self._page = page
        self._is_total = first is None and self._derivation.total_row is not None
        self._tracing: Tracing | None = None
        if sight.sees(sight.source) and (first is not None or self._is_total):
            self._tracing = sight.open_tracing()

    def tell(self) -> RowStory:
        sight, derivation = self._sight, self._derivation
        followed, read = self._list_followed(), self._list_read()
        window = Window(ROWS, (self._page - 1) * ROWS)
        origins = self._find_origins(window, Asked(references=followed))
        return RowStory(
            form=self._form,
            stored=self._stored,
            name=sight.name(self._form, self._stored).name,
            is_total=self._is_total,
            source=sight.source,
            owners=sight.name_owners(sight.source),
            sees_source=sight.sees(sight.source),
            is_partial=sight.find_department(sight.source) is not None,
            columns=tuple(self._tell_columns()),
            joins=tuple(say_join(one, self._names) for one in derivation.joins),
            conditions=tuple(
                say_condition(one, self._names) for one in derivation.conditions
            ),
            groups=tuple(self._form.by_id[name].label for name in derivation.group_by),
            note=derivation.note,
            read=tuple(item.label for item in read),
            heads=tuple(self._name_beside(followed)),
            lines=tuple(self._tell_lines(origins.origins, followed, read)),
            total=origins.total,
            page=self._page,
        )

    # Origins.

    def _find_origins(self, window: Window, asked: Asked) -> Origins:
        if self._tracing is None:
            return Origins((), 0)
        is_grouped = self._derivation.is_grouped or self._is_total
        source = None if is_grouped else self._first
        return self._tracing.find_origins(self._narrowed, window, asked, source)

    @cached_property
    def _narrowed(self) -> tuple[Node, ...]:
        """What is true of the row's own origins among those of others."""
        if self._is_total:
            return ()
        return tuple(
            equals(node, item, self._stored.row.get(item.id))
            for name in self._derivation.group_by or self._form.key
            for item in [self._form.by_id[name]]
            for node in [find_column(self._form, name)]
            if node is not None and item.value_type is not ValueType.LIST
        )

    def _list_followed(self) -> tuple[Followed, ...]:
        """The references that expressions follow, from source rows and partners."""
        nodes = [one for root in self._roots for one in _walk(root)]
        found = [(n.alias, n.field_id) for n in nodes if isinstance(n, RefColumn)]
        return tuple(dict.fromkeys(found))

    def _list_read(self) -> list[FieldSpec]:
        """The fields of the source that expressions read; its name is shown anyway."""
        source = self._sight.source
        nodes = [one for root in self._roots for one in _walk(root)]
        read = {node.id for node in nodes if isinstance(node, Field)}
        named = {*source.key, source.title_field}
        return [f for f in source.fields if f.id in read and f.id not in named]

    @property
    def _roots(self) -> list[Node]:
        return [one.root for one in self._derivation.expressions]

    def _name_beside(self, followed: Iterable[Followed]) -> Iterator[str]:
        forms = self._sight.forms
        for join in self._derivation.joins:
            yield forms[join.table].title
        for alias, field_id in followed:
            node = RefColumn(field_id, "", ValueType.ANY, alias=alias)
            yield f"{find_referring(node, self._names)[1].label}所指的行"

    def _tell_lines(
        self,
        origins: Sequence[Origin],
        followed: Sequence[Followed],
        read: Sequence[FieldSpec],
    ) -> Iterator[SourceLine]:
        source = self._sight.source
        places = [list(self._place(origin, followed)) for origin in origins]
        wanted = [(source.code, origin.source) for origin in origins]
        find = self._sight.find_all(
            [*wanted, *(one for row in places for one in row if one)]
        )
        for origin, beside in zip(origins, places, strict=True):
            row = find(source.code, origin.source)
            yield SourceLine(
                row,
                tuple(row.texts.get(item.id, "") for item in read),
                tuple(None if one is None else find(*one) for one in beside),
            )

    def _place(
        self, origin: Origin, followed: Iterable[Followed]
    ) -> Iterator[tuple[str, int] | None]:
        """Form and id of each row that stands beside a source row."""
        for join in self._derivation.joins:
            row_id = origin.partners[join.alias]
            yield None if row_id is None else (join.table, row_id)
        for one in followed:
            yield origin.picked.get(one)

    # Columns.

    def _tell_columns(self) -> Iterator[ColumnStory]:
        derivation = self._derivation
        computed = derivation.total_row if self._is_total else derivation.columns
        expressions = computed or {}
        counted = self._find_counted(expressions.values())
        for item in self._form.fields:
            expression = expressions.get(item.id)
            roots = [] if expression is None else list(_walk(expression.root))
            yield ColumnStory(
                item,
                self._sight.write(item, self._stored.row.get(item.id)),
                self._say_column(item, expression),
                tuple(counted[one] for one in distinct(roots) if one in counted),
            )

    def _say_column(self, item: FieldSpec, expression: Expression | None) -> str:
        node = find_column(self._form, item.id)
        if expression is None:
            if node is None or self._is_total:
                return ""
            return say_expanded(self._derivation, item.id, self._names)
        if isinstance(expression.root, AliasColumn) and not expression.root.alias:
            column = expression.root.column
            return say_expanded(self._derivation, column, self._names)
        said = say_value(expression.root, self._names)
        is_first = self._derivation.is_grouped and node is not None
        if is_first and item.id not in self._derivation.group_by:
            said = f"{said}（各来源行中最先录入的一行）"
        return said

    # Rows that aggregates count.

    def _find_counted(self, expressions: Iterable[Expression]) -> dict[Node, Counted]:
        nodes = distinct(one for each in expressions for one in _walk(each.root))
        counts = [node for node in nodes if isinstance(node, Aggregate)]
        if self._tracing is None or self._first is None or not counts:
            return {}
        asked = distinct(side for one in counts for _, side in _list_equations(one))
        origins = self._find_origins(Window(1), Asked(values=asked)).origins
        values = origins[0].values if origins else {}
        return {node: self._count(self._tracing, node, values) for node in counts}

    def _count(
        self, tracing: Tracing, node: Aggregate, values: Mapping[Node, object]
    ) -> Counted:
        sight, form = self._sight, self._sight.forms[node.table]
        assert self._first is not None
        if not sight.sees(form):
            return Counted(form, (), 0, is_seen=False)
        ids, total = tracing.find_counted(
            node, self._first, self._narrowed, Window(ROWS)
        )
        found = sight.find_rows(form, ids)
        rows = tuple(found.get(row_id) or sight.hide(form) for row_id in ids)
        filters = dict(self._filter(node, form, values))
        wanted = _count_conjuncts(node)
        is_exact = len(filters) == wanted
        return Counted(form, rows, total, True, tuple(filters.items()), is_exact)

    def _filter(
        self, node: Aggregate, form: FormSpec, values: Mapping[Node, object]
    ) -> Iterator[tuple[str, str]]:
        """What of an aggregate's condition an address of the form's grid can say."""
        for name, side in _list_equations(node):
            item, value = form.by_id[name], values.get(side)
            if value is not None and not item.sensitive:
                yield name, display(item, settle(item, value), self._sight.codelists)


def _list_equations(node: Aggregate) -> Iterator[tuple[str, Node]]:
    """Fields of the counted rows, each with what it is to equal."""
    for part in () if node.condition is None else conjuncts_of(node.condition):
        sides = find_equation(part)
        if sides is not None and isinstance(sides[0], Field):
            yield sides[0].id, sides[1]


def _count_conjuncts(node: Aggregate) -> int:
    return 0 if node.condition is None else len(list(conjuncts_of(node.condition)))


def _walk(node: Node) -> Iterator[Node]:
    """A node and its parts, but not what an aggregate asks of other rows."""
    yield node
    if not isinstance(node, Aggregate | Previous):
        for part in parts_of(node):
            yield from _walk(part)
