"""What a row looks up in other rows, as joins: references, its last year, aggregates.

A count of the rows that equal this one in some fields is made for all rows at once:
grouped by these fields, then joined. Asked row by row it would read the whole table for
every row. What no grouping can say is counted over pairs of rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

from sqlalchemy import (
    Boolean,
    Label,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
)

from app.storage.expression_reaching import is_plain, reach
from app.storage.expression_rows import Moment, NotInSqlError, RowsOf, is_asked
from app.storage.sql_values import Sql, Value
from form_schemas.condition_parts import (
    Parts,
    divide,
    find_item_around,
    list_ways,
    reads_around,
)
from form_schemas.kinds import ValueType
from form_schemas.lineage import Origin
from form_schemas.nodes import (
    Aggregate,
    Call,
    Field,
    Node,
    Previous,
    RefColumn,
    conjuncts_of,
    parts_of,
)
from form_schemas.spec import FieldSpec, FormSpec

#: Each one within another is written out three times.
_MOST_NESTED = 4


class Compiler(Protocol):
    """What `expressions` does, as the joins need it."""

    def value(self, node: Node, rows: RowsOf, wanted: ValueType) -> Value: ...
    def read(self, rows: RowsOf, field_id: str, kind: ValueType) -> Value: ...
    def condition(self, node: Node, rows: RowsOf) -> Sql: ...
    def argument(self, node: Node, rows: RowsOf, wanted: ValueType) -> Value: ...
    def comparable(
        self, sides: Sequence[Node], rows: Sequence[RowsOf]
    ) -> list[Value]: ...


# The rows that references pick.


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
    listed = _pair(mine, other, and_(*conditions), other.id.label("target"))
    first = select(listed.c.k0, func.min(listed.c.target).label("target"))
    found = first.group_by(listed.c.k0).subquery()
    rows.join(found, found.c.k0 == rows.id)
    rows.join(target.table, target.id == found.c.target)
    return target


# The round before.


def look_back(compiler: Compiler, node: Previous, rows: RowsOf) -> Value:
    """A field or an aggregate in the previous round."""
    words, moment = rows.place.words, rows.place.previous
    if moment is None or rows.moment is moment:
        return words.nothing(node.type)
    if isinstance(node.of, Aggregate):
        return aggregate(compiler, node.of, rows, moment)
    if not isinstance(node.of, Field):
        return words.nothing(node.type)
    if "previous" not in rows.found:
        before = RowsOf(rows.place, rows.form, moment)
        rows.join(before.table, and_(before.in_place(), before.key == rows.key))
        rows.found["previous"] = before
    return compiler.read(rows.found["previous"], node.of.id, node.type)


def moved(rows: RowsOf, form: FormSpec) -> RowsOf:
    """The row of another form of the same moment that has the same key."""
    asked = ("moved", form.code)
    if asked not in rows.found:
        other = RowsOf(rows.place, form, rows.moment)
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


# Aggregates.


def aggregate(
    compiler: Compiler, node: Aggregate, rows: RowsOf, moment: Moment
) -> Value:
    """`count`, `sum`, `exists` or `texts` over the rows of a form at a moment."""
    form = rows.place.now.edition.by_code.get(node.table)
    if form is None or not is_asked(rows.place.catalogue, form, moment.edition):
        return rows.place.words.nothing(node.type)
    asked = (node, moment)
    if asked not in rows.found:
        inner = RowsOf(rows.place, form, moment, around=rows)
        if node.condition is None or not reads_around(node.condition):
            value = _count_apart(compiler, node, inner)
        else:
            value = _count_for_each(compiler, node, inner, rows)
        rows.found[asked] = value
    return rows.found[asked]


def _count_apart(compiler: Compiler, node: Aggregate, inner: RowsOf) -> Value:
    """An aggregate that is the same for every row: the database computes it once."""
    conditions = [inner.in_place()]
    if node.condition is not None:
        conditions.append(compiler.condition(node.condition, inner))
    if node.name == "exists":
        found = select(literal(1)).select_from(inner.joined()).where(*conditions)
        return Value(found.exists(), ValueType.BOOLEAN)
    total = _combine(node, inner, _summed(compiler, node, inner))
    counted = select(total.sql).select_from(inner.joined()).where(*conditions)
    return total.become(counted.scalar_subquery())


def _count_for_each(
    compiler: Compiler, node: Aggregate, inner: RowsOf, rows: RowsOf
) -> Value:
    """An aggregate that compares its rows with the one it is made for."""
    assert node.condition is not None
    parts = divide(node.condition) if _is_worth_grouping(node, rows) else None
    if parts is not None and parts.within and node.name != "exists":
        # A row may hold the same item twice, and would be counted twice.
        parts = None
    if parts is None and (terms := _find_terms(node, rows)):
        found = [aggregate(compiler, term, rows, inner.moment).sql for term in terms]
        return Value(or_(*found), ValueType.BOOLEAN)
    if parts is None:
        listed, keys = _pair_up(compiler, node, inner, rows)
        conditions = []
    else:
        fields = _find_fields(parts, inner)
        inner = reach(compiler, parts, inner, rows, fields) or _narrow(
            parts, inner, fields
        )
        keys = [compiler.comparable(pair, (inner, inner)) for pair in parts.equal]
        keys += [_find_item(compiler, pair, inner) for pair in parts.within]
        conditions = [compiler.condition(part, inner) for part in parts.around]
        own = [compiler.condition(part, inner) for part in parts.own]
        listed = _list_keys(inner, keys, own, *_label(_summed(compiler, node, inner)))
    summed = _summed(compiler, node, inner)
    if summed is not None:
        summed = summed.become(listed.c.summed)
    total = _combine(node, inner, summed)
    groups = _group(listed, total, len(keys))
    rows.join(groups, and_(_match(rows, groups, keys), *conditions))
    if node.name == "exists":
        return Value(groups.c.k0.is_not(None), ValueType.BOOLEAN)
    if node.name == "texts":
        return total.become(groups.c.total)
    nothing = "0" if total.is_long else 0
    return total.become(func.coalesce(groups.c.total, nothing))


def _is_worth_grouping(node: Aggregate, rows: RowsOf) -> bool:
    """Few rows are better compared with each other one, but not with lists of it."""
    if rows.only is None:
        return True
    assert node.condition is not None
    ways = [divide(way) for way in list_ways(node.condition)]
    return any(parts is not None and parts.within for parts in ways)


def _pair_up(
    compiler: Compiler, node: Aggregate, inner: RowsOf, rows: RowsOf
) -> tuple[Subquery, list[list[Value]]]:
    """Every pair of a row and one that the aggregate counts for it."""
    mine = rows.copy(rows.only)
    # A text may name an item twice; who counts would count its rows twice.
    is_once = node.name in ("exists", "texts")
    found = {
        part: find_item_around(part) if is_once else None
        for part in conjuncts_of(node.condition)
    }
    has_items = any(sides is not None for sides in found.values())
    # By its items each row leads to those that it needs.
    other = replace(inner, around=mine) if has_items else inner.beside(mine)
    conditions = []
    for part, sides in found.items():
        if sides is None:
            conditions.append(compiler.condition(part, other))
            continue
        # Joined by its items a list is looked up; asked, it is read for every pair.
        items, item = rows.place.words.items(_as_list(compiler, sides[0], other))
        mine.join(items, true())
        wanted = compiler.argument(sides[1], other, ValueType.TEXT)
        conditions.append(rows.place.words.compare("==", item, wanted))
    pair = _pair_in_order if has_items else _pair
    listed = pair(
        mine, other, and_(*conditions), *_label(_summed(compiler, node, other))
    )
    sides = zip(mine.identity(), rows.identity(), strict=True)
    return listed, [[_plain(ours), _plain(theirs)] for ours, theirs in sides]


def _plain(sql: Sql) -> Value:
    return Value(sql, ValueType.TEXT)


def _as_list(compiler: Compiler, node: Node, rows: RowsOf) -> Value:
    return compiler.argument(node, rows, ValueType.LIST)


def _find_item(
    compiler: Compiler, sides: tuple[Node, Node], inner: RowsOf
) -> list[Value]:
    """An item of a list of the rows looked through, and what it is to equal."""
    items, item = inner.place.words.items(_as_list(compiler, sides[0], inner))
    inner.join(items, true())
    return [item, compiler.argument(sides[1], inner, ValueType.TEXT)]


def _find_fields(parts: Parts, inner: RowsOf) -> tuple[str, ...] | None:
    """The fields that are read of the rows looked through; None for all."""
    own = [*parts.own, *(side for side, _ in (*parts.equal, *parts.within))]
    fields = {name for one in own for name in _list_fields(one, inner)}
    return None if None in fields else tuple(sorted(filter(None, fields)))


def _narrow(parts: Parts, inner: RowsOf, fields: tuple[str, ...] | None) -> RowsOf:
    """Of rows whose lists are taken apart only those that differ where it matters."""
    if not parts.within or fields is None:
        return inner
    assert inner.around is not None
    asked = ("differing", inner.form.code, inner.moment, fields)
    if asked not in inner.around.found:
        # Named, so that what is asked of them twice is listed once.
        inner.around.found[asked] = inner.list_differing(fields).cte()
    narrow = RowsOf(inner.place, inner.form, inner.moment, around=inner.around)
    narrow.stand_apart(inner.around.found[asked].alias())
    return narrow


def _list_fields(node: Node, rows: RowsOf) -> Iterator[str | None]:
    """The fields that it reads of its row; None for what asks for the row itself."""
    if isinstance(node, Field):
        yield node.id
    elif isinstance(node, RefColumn):
        yield node.field_id if _picks_plainly(node, rows) else None
    elif isinstance(node, Aggregate | Previous) or (
        isinstance(node, Call) and node.name == "is_unique"
    ):
        yield None
    for part in parts_of(node):
        yield from _list_fields(part, rows)


def _picks_plainly(node: RefColumn, rows: RowsOf) -> bool:
    spec, forms = rows.find_field(node.field_id), rows.moment.edition.by_code
    if spec is None or spec.reference is None:
        return True
    picked = (forms[code] for code in spec.reference.tables if code in forms)
    return all(is_plain(spec, form) for form in picked)


def is_unique(compiler: Compiler, node: Call, rows: RowsOf) -> Value:
    """Whether no other row of the form has the same values; null if one is empty."""
    words, arguments = rows.place.words, node.arguments
    if any(argument.type is ValueType.ANY for argument in arguments):
        return words.nothing(node.type)
    if _count_nested(node) > _MOST_NESTED:
        raise NotInSqlError("asks is_unique() within is_unique() again and again")
    values = [compiler.comparable([part], [rows])[0] for part in arguments]
    other = rows.copy()
    if rows.parts is not None:
        raise NotInSqlError("asks is_unique() of what a derivation joins")
    if rows.only is None:
        keys = [compiler.comparable([part] * 2, (other, rows)) for part in arguments]
        listed = _list_keys(other, keys, [])
    else:
        mine = rows.copy(rows.only)
        pairs = [compiler.comparable([part] * 2, (other, mine)) for part in arguments]
        condition = and_(*(words.compare("==", *pair) for pair in pairs))
        listed = _pair(mine, other, condition)
        keys = [(Value(mine.id, ValueType.NUMBER), Value(rows.id, ValueType.NUMBER))]
    groups = _group(listed, words.whole(func.count(), 10), len(keys), least=2)
    rows.join(groups, _match(rows, groups, keys))
    is_filled = and_(*(value.sql.is_not(None) for value in values))
    verdict = case((is_filled, groups.c.k0.is_(None)))
    return Value(cast(verdict, Boolean()), ValueType.BOOLEAN)


def _summed(compiler: Compiler, node: Aggregate, rows: RowsOf) -> Value | None:
    if node.field_id is None:
        return None
    return compiler.read(rows, node.field_id, node.type)


def _label(summed: Value | None) -> list[Label[Any]]:
    return [] if summed is None else [summed.sql.label("summed")]


def _combine(node: Aggregate, rows: RowsOf, summed: Value | None) -> Value:
    """The count of a group, or the sum of what is summed, or its texts joined."""
    words = rows.place.words
    if summed is None:
        return words.whole(func.count(), 10)
    return words.join_texts(summed) if node.name == "texts" else words.sum(summed)


def _list_keys(
    rows: RowsOf, keys: Sequence[Sequence[Value]], conditions: list[Sql], *more: Label
) -> Subquery:
    named = [key.sql.label(f"k{place}") for place, (key, _) in enumerate(keys)]
    listed = select(*named, *more).select_from(rows.joined())
    return listed.where(rows.in_place(), *conditions).subquery()


def _pair(mine: RowsOf, other: RowsOf, condition: Sql, *more: Label) -> Subquery:
    """Pairs of rows that fulfil a condition, by the id of the first."""
    keys = [sql.label(f"k{place}") for place, sql in enumerate(mine.identity())]
    listed = select(*keys, *more)
    listed = listed.select_from(mine.joined().join(other.joined(), condition))
    return listed.where(mine.in_place(), other.in_place()).subquery()


def _pair_in_order(
    mine: RowsOf, other: RowsOf, condition: Sql, *more: Label
) -> Subquery:
    """As `_pair`, by having each of the first rows look for those it needs.

    SQLite turns joins around as it thinks best, but for outer ones; OFFSET keeps it
    from seeing that no row without a partner is wanted.
    """
    keys = [sql.label(f"k{place}") for place, sql in enumerate(mine.identity())]
    pairs = select(*keys, other.id.label("other"), *more)
    condition = and_(other.in_place(), condition)
    pairs = pairs.select_from(mine.joined().outerjoin(other.joined(), condition))
    listed = pairs.where(mine.in_place()).offset(0).subquery()
    return select(listed).where(listed.c.other.is_not(None)).subquery()


def _group(listed: Subquery, total: Value, keys: int, least: int = 1) -> Subquery:
    columns = [listed.c[f"k{place}"] for place in range(keys)]
    groups = select(*columns, total.sql.label("total")).group_by(*columns)
    if least > 1:
        groups = groups.having(func.count() >= least)
    return groups.subquery()


def _match(rows: RowsOf, groups: Subquery, keys: Sequence[Sequence[Value]]) -> Sql:
    return and_(
        *(
            rows.place.words.compare("==", key.become(groups.c[f"k{place}"]), mine)
            for place, (key, mine) in enumerate(keys)
        )
    )


def _find_terms(node: Aggregate, rows: RowsOf) -> list[Aggregate]:
    """Questions of which one is enough, where each can be grouped but not all of it."""
    if node.name != "exists" or not _is_worth_grouping(node, rows):
        return []
    assert node.condition is not None
    ways = list_ways(node.condition)
    if any(divide(way) is None for way in ways):
        return []
    return [replace(node, condition=way) for way in ways]


def _count_nested(node: Node) -> int:
    """How deep is_unique() stands within itself."""
    is_asked = isinstance(node, Call) and node.name == "is_unique"
    return is_asked + max(map(_count_nested, parts_of(node)), default=0)
