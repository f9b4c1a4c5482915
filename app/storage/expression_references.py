"""Single rows that stand beside a row: those it refers to, and its own elsewhere."""

from sqlalchemy import and_, case, func, null, select

from app.storage.expression_compiler import Compiler
from app.storage.expression_pairs import list_pairs
from app.storage.expression_reaching import is_plain
from app.storage.expression_rows import RowsOf
from app.storage.sql_values import Sql, Value
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import ValueType
from form_schemas.lineage import Origin
from form_schemas.nodes import RefColumn
from form_schemas.spec import FormSpec


def refer(compiler: Compiler, node: RefColumn, rows: RowsOf) -> Value:
    """A column of the row that a reference picks."""
    targets = find_targets(compiler, node.field_id, rows)
    words = rows.place.words
    if not targets:
        return words.nothing(node.type)
    if len(targets) == 1:
        return compiler.read(targets[0], node.column, node.type)
    # Several forms to pick from: the first one that has the row.
    read = [compiler.read(target, node.column, node.type) for target in targets]
    values = words.unify(read)
    pairs = zip(targets, values, strict=True)
    found = case(*((target.id.is_not(None), value.sql) for target, value in pairs))
    size = values[0].size
    for value in values[1:]:
        size = size | value.size
    return values[0].become(found, size=size)


def find_targets(compiler: Compiler, field_id: str, rows: RowsOf) -> tuple[RowsOf, ...]:
    asked = ("ref", field_id)
    if asked not in rows.found:
        spec = rows.find_field(field_id)
        reference = None if spec is None else spec.reference
        forms = rows.moment.edition.by_code
        codes = () if reference is None else reference.tables
        rows.found[asked] = tuple(
            _join_target(compiler, field_id, spec, forms[code], rows)
            for code in codes
            if code in forms
        )
    return rows.found[asked]


def _join_target(
    compiler: Compiler, field_id: str, spec: FieldSpec, form: FormSpec, rows: RowsOf
) -> RowsOf:
    reference = spec.reference
    target = RowsOf(rows.place, form, rows.moment, around=rows)
    column = reference.field
    kind = form.by_id[column].value_type

    def equals(left: RowsOf, right: RowsOf) -> Sql:
        sides = (left.value(column, kind), right.value(field_id, kind))
        return rows.place.words.compare("==", *rows.place.words.unify(sides))

    if is_plain(spec, form):
        rows.join(target.table, and_(target.in_place(), equals(target, rows)))
        return target
    mine = rows.copy(rows.only)
    other = target.beside(mine)
    conditions = [equals(other, mine)]
    if reference.filter is not None:
        conditions.append(compiler.condition(reference.filter.root, other))
    listed = list_pairs(mine, other, and_(*conditions), other.id.label("target"))
    first = select(listed.c.k0, func.min(listed.c.target).label("target"))
    found = first.group_by(listed.c.k0).subquery()
    rows.join(found, found.c.k0 == rows.id)
    rows.join(target.table, target.id == found.c.target)
    return target


def moved(rows: RowsOf, form: FormSpec) -> RowsOf:
    """The row of another form of the same unit and moment that has the same key."""
    asked = ("moved", form.code)
    if asked not in rows.found:
        other = RowsOf(rows.place, form, rows.moment, around=rows)
        rows.join(other.table, and_(other.in_place(), other.key == rows.key))
        rows.found[asked] = other
    return rows.found[asked]


def recoded(value: Value, origin: Origin) -> Value:
    """A text with what its former values are called by now."""
    if not origin.recode or value.type is not ValueType.TEXT:
        return value
    known = origin.recode.items()
    # Null first: SQLite takes the type of the first one.
    cases = [(value.sql == old, null() if new is None else new) for old, new in known]
    return value.become(case(*cases, else_=value.sql))
