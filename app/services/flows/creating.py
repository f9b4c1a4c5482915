"""Rows that moves create: in the unit of whoever moves, with copies of the files."""

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, select

from app.errors import DuplicateKey, Refused
from app.models import Round, Unit
from app.services.contexts import make_context
from app.services.flows.items import Item
from app.services.workshop import Workshop
from app.storage.files import FileOwner, FileStore, find_file, keep_file
from app.storage.records import Scope, StoredRow
from app.storage.rows import RowStore
from form_schemas.field_spec import FieldSpec
from form_schemas.flows import Creation
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import FormSpec
from validators.check import Stage, check_row
from validators.compiling import Question, compile_row
from validators.report import find_level
from validators.rules import settle

Row = Mapping[str, object]


def create_row(
    workshop: Workshop, item: Item, creation: Creation, unit_id: int, row: Row
) -> tuple[FormSpec, StoredRow]:
    """Add the row that a move makes of `row`.

    Raises:
        Refused: the unit has no such form, or such a row already.
    """
    form = item.edition.by_code[creation.form]
    scope = _find_scope(item, form, unit_id)
    store = RowStore(item.connection, workshop.catalogue, moves=True)
    values = _find_values(workshop.files, item, creation, form, unit_id, row)
    context = make_context(item.connection, store, form, scope)
    checked = check_row(form, values, context, Stage.DRAFT)
    kept = {name: v for name, v in checked.row.items() if name in form.by_id}
    level = find_level(checked.problems)
    reason = f"由 {item.form.code} {item.form.title}的“{item.name}”建立"
    try:
        return form, store.insert(
            form, scope, kept, item.actor.user_id, reason[:500], level
        )
    except DuplicateKey as error:
        raise Refused(
            f"没有办成：{form.title}里{error.message}请先处理那一行。"
        ) from error


def _find_scope(item: Item, form: FormSpec, unit_id: int) -> Scope:
    """Where the row comes to, if the unit fills such a form there."""
    unit = item.connection.execute(
        select(Unit.kind, Unit.name, Unit.collections).where(Unit.id == unit_id)
    ).one()
    forms = item.edition.forms_for(unit.kind, standing=form.is_standing)
    if form not in forms or item.edition.collection not in unit.collections:
        raise Refused(
            f"没有办成：{unit.name}不填 {form.code} {form.title}，这一条没有地方放。"
            "请系统管理员把这套表加给本单位。"
        )
    if not form.is_standing:
        return Scope(unit_id, item.scope.round_id)
    return Scope(unit_id, _find_standing_round(item.connection, item))


def _find_standing_round(connection: Connection, item: Item) -> int:
    found = connection.scalar(
        select(Round.id).where(
            Round.collection == item.edition.collection, Round.is_standing
        )
    )
    if found is None:
        raise Refused("没有办成：日常表还没有建立。请系统管理员重启服务后再试。")
    return found


def _find_values(
    files: FileStore,
    item: Item,
    creation: Creation,
    form: FormSpec,
    unit_id: int,
    row: Row,
) -> dict[str, object]:
    values = {}
    for name, expression in creation.values.items():
        field = form.by_id[name]
        value = compile_row(Question(expression))(row, item.env)
        owner = FileOwner(unit_id, item.actor.user_id, form.full_name, name)
        values[name] = copy_value(item.connection, files, field, value, owner)
    return values


def copy_value(
    connection: Connection,
    files: FileStore,
    field: FieldSpec,
    value: object,
    owner: FileOwner,
) -> object:
    """A value of the row that moves as the new row's field holds it.

    Of files it gets copies, which stay when the row that they came from goes.
    """
    if field.value_kind not in FILE_KINDS:
        return settle(field, value)
    return _as_kept(field, tuple(_copy_files(connection, files, value, owner)))


def _as_kept(field: FieldSpec, tokens: tuple[str, ...]) -> object:
    if field.is_list:
        return tokens or None
    return tokens[0] if tokens else None


def _copy_files(
    connection: Connection, files: FileStore, value: object, owner: FileOwner
) -> Iterator[str]:
    several = isinstance(value, tuple | list)
    for token in value if several else filter(None, [value]):
        known = find_file(connection, str(token))
        if known is None:
            continue
        with files.open_path(known.token) as path:
            yield keep_file(
                connection, files, path, known.name, known.media_type, owner
            )
