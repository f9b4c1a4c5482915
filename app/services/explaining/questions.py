"""By what people may ask why a derived form has no row of something."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.errors import NotFound
from app.services.explaining.sight import Sight, find_column
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS
from form_schemas.nodes import AliasColumn, Field, Node, RefColumn
from form_schemas.spec import FormSpec

#: Before the id of a field of the source.
_OF_SOURCE = "from."


@dataclass(frozen=True)
class AskedColumn:
    """A column of the derived form, or a field of its source."""

    #: as addresses name it
    id: str
    field: FieldSpec
    #: whose field it is: a picker's options are asked there
    form: FormSpec
    #: what it is of each origin
    node: Node
    is_of_source: bool

    @property
    def label(self) -> str:
        return self.field.label

    @property
    def is_picked(self) -> bool:
        """Whether its values are found by their first letters, as where it is typed."""
        has_options = self.field.reference is not None or bool(self.field.codes)
        return has_options and not self.field.is_given


def list_askable(sight: Sight) -> tuple[AskedColumn, ...]:
    """Key, title and references of the derived form, then those of its source."""
    form, source = sight.form, sight.source
    found: dict[Node, AskedColumn] = {}
    for item in _list_telling(form):
        node = find_column(form, item.id)
        if isinstance(node, Field | AliasColumn | RefColumn):
            found.setdefault(node, AskedColumn(item.id, item, form, node, False))
    for item in _list_telling(source) if sight.sees(source) else ():
        own, name = Field(item.id, item.value_type), f"{_OF_SOURCE}{item.id}"
        found.setdefault(own, AskedColumn(name, item, source, own, True))
    return tuple(found.values())


def choose(columns: tuple[AskedColumn, ...], column_id: str) -> AskedColumn:
    """The column of an id; without one what most people ask by.

    Raises:
        NotFound: nobody may ask by it.
    """
    if not column_id and columns:
        referring = (one for one in columns if one.field.reference is not None)
        return next(referring, columns[0])
    chosen = next((one for one in columns if one.id == column_id), None)
    if chosen is None:
        raise NotFound("不能按这一栏来查。")
    return chosen


def _list_telling(form: FormSpec) -> Iterator[FieldSpec]:
    """The fields by which people know a row; personal data are not asked by."""
    for item in form.fields:
        is_name = item.id in form.key or item.id == form.title_field
        is_plain = not item.is_list and item.value_kind not in FILE_KINDS
        if (is_name or item.reference is not None) and is_plain and not item.sensitive:
            yield item
