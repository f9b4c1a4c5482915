"""What the page of a row that travels shows: its values, its way, what may be done."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.errors import NotFound
from app.permissions import Actor, can
from app.policy import Action
from app.services.files import is_of_form
from app.services.flows.asking import make_asking_form
from app.services.flows.items import Item, find_look, get_item
from app.services.portal.rich_text import clean
from app.services.thumbnails import PICTURE_TYPES
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from app.storage.files import find_file
from app.storage.items import list_moves
from app.storage.records import Filter, FilterOp, Query, StoredRow
from app.storage.rows import RowStore
from form_schemas.field_spec import FieldSpec
from form_schemas.flows import Move
from form_schemas.kinds import FILE_KINDS, FieldKind
from form_schemas.spec import FormSpec
from renderers.display import mask, show
from validators.conversion import from_json

#: Rows of one form that travel with a row.
_MOST_PARTS = 100


@dataclass(frozen=True)
class FileShown:
    token: str
    name: str
    #: whether a small copy of it can be shown
    is_picture: bool


@dataclass(frozen=True)
class CellView:
    """A field as it is read."""

    label: str
    text: str
    is_long: bool = False
    #: an article, safe to be shown as it is
    html: str = ""
    files: tuple[FileShown, ...] = ()


@dataclass(frozen=True)
class PartView:
    """Rows of another form that travel with the row."""

    form: FormSpec
    rows: tuple[tuple[CellView, ...], ...]


@dataclass(frozen=True)
class MoveLine:
    """One move that was made."""

    title: str
    state: str
    actor: str
    unit: str
    at: datetime
    reason: str
    filled: tuple[CellView, ...]


@dataclass(frozen=True)
class MoveChoice:
    """A move that the person may make."""

    id: str
    title: str
    needs_reason: bool
    #: what it asks for, as a form of its own; None: nothing
    asks: FormSpec | None
    #: why it cannot be made yet; empty: it can
    obstacle: str
    #: the form that gets a row of it
    creates: str
    #: whether it hands the row back
    is_back: bool


@dataclass(frozen=True)
class ItemView:
    """A row that travels, as one person sees it."""

    form: FormSpec
    row_id: int
    version: int
    name: str
    state: str
    look: str
    unit_name: str
    unit_id: int
    round_id: int
    round_title: str
    is_standing: bool
    updated_at: datetime
    cells: tuple[CellView, ...]
    parts: tuple[PartView, ...]
    moves: tuple[MoveChoice, ...]
    log: tuple[MoveLine, ...]
    #: whether the person is of the unit that the row belongs to
    is_own: bool


def view_item(workshop: Workshop, actor: Actor, name: str, row_id: int) -> ItemView:
    """The row, as the person sees it.

    Raises:
        NotFound, Forbidden: as for `get_item`.
    """
    with begin_reading(workshop.engine) as connection:
        item = get_item(connection, workshop.catalogue, actor, name, row_id)
        return ItemView(
            form=item.form,
            row_id=item.stored.id,
            version=item.stored.version,
            name=item.name,
            state=item.state,
            look=find_look(item.form, item.stored),
            unit_name=item.row.unit_name,
            unit_id=item.row.unit_id,
            round_id=item.row.round_id,
            round_title=item.row.round_title,
            is_standing=item.row.is_standing,
            updated_at=item.stored.updated_at,
            cells=tuple(_view_cells(item, item.form, item.stored.row)),
            parts=tuple(_view_parts(item)),
            moves=tuple(_view_choice(item, move) for move in item.moves),
            log=tuple(_view_log(item)),
            is_own=can(actor, Action.ENTER_ROWS, item.place),
        )


def find_item_file(
    workshop: Workshop, actor: Actor, name: str, row_id: int, token: str
):
    """What is known of a file that a row or its parts hold.

    Raises:
        NotFound: the row has no such file.
    """
    with begin_reading(workshop.engine) as connection:
        item = get_item(connection, workshop.catalogue, actor, name, row_id)
        holders = [(item.form, [item.stored])]
        holders += [(form, _find_parts(item, form)) for form in _part_forms(item)]
        found = find_file(connection, token)
        for form, rows in holders:
            is_held = any(token in _list_tokens(form, one.row) for one in rows)
            if found is not None and is_held and is_of_form(found.form_name, form):
                return found
    raise NotFound("没有这个文件，可能已被删除。")


def _view_choice(item: Item, move: Move) -> MoveChoice:
    obstacle = ""
    if move.needs_report and item.lacks_report:
        obstacle = "先上报本期数据，才能办这一项。"
    created = item.edition.by_code.get(move.creates.form) if move.creates else None
    return MoveChoice(
        move.id,
        move.title,
        move.needs_reason,
        make_asking_form(item.form, move) if move.asks else None,
        obstacle,
        created.title if created is not None else "",
        move.target in item.flow.editable,
    )


def _view_log(item: Item) -> Iterator[MoveLine]:
    for one in list_moves(item.connection, item.form, item.stored.id):
        move = item.flow.by_id.get(one.move)
        # What the system gave with it stands in the row anyway.
        known = {k: v for k, v in one.filled.items() if move and k in move.asks}
        filled = from_json(item.form, known)
        yield MoveLine(
            one.title,
            one.after,
            one.actor_name,
            one.unit_name,
            one.at,
            one.reason,
            tuple(
                _view_cell(item, item.form.by_id[name], value)
                for name, value in filled.items()
                if value is not None
            ),
        )


def _view_cells(
    item: Item, form: FormSpec, row: Mapping[str, object]
) -> Iterator[CellView]:
    """The fields that have a value; the state stands above them."""
    state = form.flow.field if form.flow is not None else form.flow_with
    for field in form.fields:
        value = row.get(field.id)
        if field.id != state and value not in (None, ()):
            yield _view_cell(item, field, value)


def _view_cell(item: Item, field: FieldSpec, value: object) -> CellView:
    if field.value_kind in FILE_KINDS:
        shown = _view_files(item, value)
        return CellView(field.label, "", files=tuple(shown))
    if field.is_rich:
        return CellView(field.label, "", html=clean(str(value)))
    text = show(field, value, item.catalogue.codelists)
    text = f"{text} {field.unit}".rstrip() if field.unit else text
    shown_text = mask(field, text) if field.sensitive else text
    return CellView(field.label, shown_text, field.value_kind is FieldKind.LONG_TEXT)


def _view_files(item: Item, value: object) -> Iterator[FileShown]:
    for token in value if isinstance(value, tuple) else (value,):
        found = find_file(item.connection, str(token))
        if found is not None:
            is_picture = found.media_type in PICTURE_TYPES
            yield FileShown(found.token, found.name, is_picture)


def _list_tokens(form: FormSpec, row: Mapping[str, object]) -> Iterator[str]:
    for field in form.fields:
        value = row.get(field.id)
        if field.value_kind in FILE_KINDS and value is not None:
            yield from value if isinstance(value, tuple) else (str(value),)


def _part_forms(item: Item) -> Iterator[FormSpec]:
    for form in item.edition.forms:
        if form.flow_with is not None:
            reference = form.by_id[form.flow_with].reference
            if reference is not None and reference.table == item.form.code:
                yield form


def _view_parts(item: Item) -> Iterator[PartView]:
    for form in _part_forms(item):
        rows = _find_parts(item, form)
        if rows:
            shown = (tuple(_view_cells(item, form, one.row)) for one in rows)
            yield PartView(form, tuple(shown))


def _find_parts(item: Item, form: FormSpec) -> tuple[StoredRow, ...]:
    reference = form.by_id[form.flow_with or ""].reference
    value = item.stored.row[reference.field]
    own = Filter(form.flow_with or "", FilterOp.EQUALS, value)
    store = RowStore(item.connection, item.catalogue)
    query = Query(filters=(own,), size=_MOST_PARTS)
    return store.find_page(form, item.scope, query).rows
