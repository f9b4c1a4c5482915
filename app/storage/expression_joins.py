"""What a row looks up in many other rows, as joins: aggregates, its last round.

A count of the rows that equal this one in some fields is made for all rows at once:
grouped by these fields, then joined. Asked row by row it would read the whole table for
every row. What no grouping can say is counted over pairs of rows.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    Boolean,
    Label,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    true,
)

from app.storage.expression_compiler import Compiler
from app.storage.expression_pairs import (
    group_by_keys,
    list_keys,
    list_pairs,
    list_pairs_in_order,
    match_keys,
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

#: Each one within another is written out three times.
_MOST_NESTED = 4


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
        listed = list_keys(inner, keys, own, *_label(_summed(compiler, node, inner)))
    summed = _summed(compiler, node, inner)
    if summed is not None:
        summed = summed.become(listed.c.summed)
    total = _combine(node, inner, summed)
    groups = group_by_keys(listed, total, len(keys))
    rows.join(groups, and_(match_keys(rows, groups, keys), *conditions))
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
    pairing = list_pairs_in_order if has_items else list_pairs
    listed = pairing(
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
        listed = list_keys(other, keys, [])
    else:
        mine = rows.copy(rows.only)
        pairs = [compiler.comparable([part] * 2, (other, mine)) for part in arguments]
        condition = and_(*(words.compare("==", *pair) for pair in pairs))
        listed = list_pairs(mine, other, condition)
        keys = [(Value(mine.id, ValueType.NUMBER), Value(rows.id, ValueType.NUMBER))]
    groups = group_by_keys(listed, words.whole(func.count(), 10), len(keys), least=2)
    rows.join(groups, match_keys(rows, groups, keys))
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
