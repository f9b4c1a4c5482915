"""Rows that explanations lead to, as far as the person at a desk may see them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy import Connection

from app.policy import Action
from app.services.desks import Desk
from app.services.round_checks import RoundCheck
from app.storage.derivation_origins import Tracing
from app.storage.records import Filter, FilterOp, Query, Scope, StoredRow
from app.storage.rows import RowStore
from form_schemas.derivations import Derivation, has_group_calls
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS
from form_schemas.nodes import AliasColumn, Node
from form_schemas.spec import FormSpec, Shape
from form_schemas.wording import Names, find_read
from renderers.display import mask, show
from validators.conversion import display
from validators.rules import settle

#: Says that there is something which the person may not see.
HIDDEN = "（不在您的查看范围内）"


@dataclass(frozen=True)
class SeenRow:
    """A row that an explanation leads to."""

    form: FormSpec
    #: None where the person may not see it
    id: int | None
    name: str
    #: field id -> what is shown of it
    texts: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Read:
    """What an expression read, in words."""

    label: str
    text: str


class Sight:
    """What a person may see of the forms that a derived one follows from."""

    def __init__(self, desk: Desk, connection: Connection) -> None:
        assert desk.form.derive is not None
        self._desk, self._connection = desk, connection
        self.form, self.derivation = desk.form, desk.form.derive
        self.forms = desk.place.edition.by_code
        self.source = self.forms[self.derivation.source]
        self.codelists = desk.catalogue.codelists
        self._store = RowStore(connection, desk.catalogue)

    @cached_property
    def names(self) -> Names:
        """Whose fields the names in the derivation are."""
        partners = {one.alias: self.forms[one.table] for one in self.derivation.joins}
        return Names(self.forms, self.source, partners=partners, derived=self.form)

    def open_tracing(self) -> Tracing:
        """The derivation, of whose source rows the person sees."""
        desk = self._desk
        scope = Scope(desk.place.unit_id, desk.place.round_id)
        check = RoundCheck(self._connection, desk.catalogue, scope)
        place = check.place_of(self.form)
        tracing = Tracing(self._connection, desk.catalogue, self.form, place)
        tracing.department_id = self.find_department(self.source)
        return tracing

    def sees(self, form: FormSpec) -> bool:
        return self._desk.place.can(Action.VIEW_ROWS, form)

    def can_enter(self, form: FormSpec) -> bool:
        return not form.is_derived and not self._desk.place.find_obstacle(form)

    def name_owners(self, form: FormSpec) -> str:
        """Who fills a form in."""
        return "、".join(self._desk.place.assignments.names(form)) or "其他部门"

    def find_department(self, form: FormSpec) -> int | None:
        """The department whose rows alone the person sees."""
        return self._desk.place.department_for(form, Action.VIEW_ROWS)

    # Rows.

    def find_rows(self, form: FormSpec, ids: Collection[int]) -> dict[int, SeenRow]:
        """Those of some rows that the person may see, by id."""
        if not ids or not self.sees(form):
            return {}
        query = Query(ids=tuple(ids), size=len(ids))
        found = self._store.iterate_rows(form, self._scope(form), query)
        return {row.id: self.name(form, row) for row in found}

    def find_like(
        self, form: FormSpec, values: Mapping[str, object], most: int
    ) -> tuple[SeenRow, ...]:
        """Rows of a form that hold these values, as far as the person sees them."""
        return self.count_like(form, values, most)[0]

    def count_like(
        self, form: FormSpec, values: Mapping[str, object], most: int
    ) -> tuple[tuple[SeenRow, ...], int]:
        """The same, with how many there are."""
        if not self.sees(form):
            return (), 0
        filters = tuple(
            Filter(name, FilterOp.EMPTY if value is None else FilterOp.EQUALS, value)
            for name, value in values.items()
        )
        query = Query(filters=filters, size=most)
        page = self._store.find_page(form, self._scope(form), query)
        return tuple(self.name(form, row) for row in page.rows), page.total

    def find_all(
        self, wanted: Iterable[tuple[str, int]]
    ) -> Callable[[str, int], SeenRow]:
        """Rows of any forms by code and id, each form asked once."""
        ids: dict[str, set[int]] = {}
        for code, row_id in wanted:
            ids.setdefault(code, set()).add(row_id)
        found = {
            code: self.find_rows(self.forms[code], some) for code, some in ids.items()
        }
        return lambda code, row_id: (
            found.get(code, {}).get(row_id) or self.hide(self.forms[code])
        )

    def hide(self, form: FormSpec) -> SeenRow:
        """A row that is there, of which nothing may be told."""
        return SeenRow(form, None, HIDDEN)

    def name(self, form: FormSpec, row: StoredRow) -> SeenRow:
        texts = {f.id: self.write(f, row.row.get(f.id)) for f in form.fields}
        if form.shape is Shape.RECORD:
            return SeenRow(form, row.id, form.title, texts)
        title = [form.title_field] if form.title_field else []
        # The mask of a number tells less than a name.
        key = (n for n in form.key if not (title and form.by_id[n].sensitive))
        told = (texts[name] for name in dict.fromkeys([*key, *title]))
        return SeenRow(form, row.id, " ".join(filter(None, told)), texts)

    def _scope(self, form: FormSpec) -> Scope:
        place = self._desk.place
        return Scope(place.unit_id, place.round_id, self.find_department(form))

    # Values.

    def write(self, item: FieldSpec, value: object) -> str:
        """A value as people read it, personal data masked."""
        if value is None:
            return ""
        if item.value_kind in FILE_KINDS:
            return "有附件"
        text = show(item, value, self.codelists)
        return mask(item, text) if item.sensitive else text

    def write_as(self, form: FormSpec, name: str, value: object) -> str:
        """A value as a field of a form shows it."""
        item = form.by_id[name]
        return self.write(item, settle(item, value)) or "空"

    def read_value(self, node: Node, value: object) -> Read | None:
        """What a node read, with its label; None where it reads no field."""
        found = find_read(node, self.names)
        if found is None:
            return None
        form, item = found
        label = item.label
        if form not in (self.source, self.form):
            label = f"“{form.title}”的{label}"
        if not self.sees(form):
            return Read(label, HIDDEN)
        return Read(label, self.write(item, settle(item, value)) or "没有填")

    def preset(
        self, form: FormSpec, values: Mapping[str, object]
    ) -> tuple[tuple[str, str], ...]:
        """Values as the address of a new row takes them; no personal data in it."""
        fields = ((form.by_id[name], value) for name, value in values.items())
        return tuple(
            (item.id, display(item, settle(item, value), self.codelists))
            for item, value in fields
            if value is not None and not item.sensitive and not item.is_given
        )


def find_column(form: FormSpec, name: str) -> Node | None:
    """What a column of a derived row is of each of its origins; None if of all."""
    derivation: Derivation | None = form.derive
    assert derivation is not None
    expression = derivation.columns.get(name)
    if expression is not None:
        return None if has_group_calls(expression.root) else expression.root
    if any(one.column == name for one in derivation.expansions):
        return AliasColumn("", name, form.by_id[name].value_type)
    return None


def list_expanded(form: FormSpec) -> Iterator[AliasColumn]:
    """The expanded columns, as expressions name them."""
    assert form.derive is not None
    for one in form.derive.expansions:
        yield AliasColumn("", one.column, form.by_id[one.column].value_type)


def distinct(nodes: Iterable[Node]) -> tuple[Node, ...]:
    return tuple(dict.fromkeys(nodes))
