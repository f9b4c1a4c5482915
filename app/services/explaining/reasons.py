"""Why an origin gives no derived row: no partner, nothing to expand to, or a condition
that it does not fulfil.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.services.explaining.mending import Mending, mend_row, mend_values
from app.services.explaining.sight import (
    Read,
    SeenRow,
    Sight,
    distinct,
    find_column,
    list_expanded,
)
from app.storage.derivation_origins import Asked, Origin, Tracing, Window, equals
from form_schemas.condition_parts import find_alias_equation
from form_schemas.derivations import Condition, Join
from form_schemas.kinds import ValueType
from form_schemas.nodes import (
    Aggregate,
    AliasColumn,
    Field,
    Node,
    Previous,
    RefColumn,
    Unary,
    conjuncts_of,
    parts_of,
)
from form_schemas.spec import FormKind
from form_schemas.wording import describe, describe_condition, find_read
from validators.rules import settle

#: Rows that are listed which a condition does not want.
_OTHERS = 5


@dataclass(frozen=True)
class Reason:
    """Why there is no row."""

    text: str
    #: what was read, where that says more
    read: tuple[Read, ...] = ()
    #: whether nothing is missing: of a gap list
    is_good: bool = False
    mendings: tuple[Mending, ...] = ()
    #: rows that are there and should not be
    others: tuple[SeenRow, ...] = ()


@dataclass(frozen=True)
class OriginStory:
    """A source row, and why nothing follows from it."""

    row: SeenRow
    #: partners and expanded values
    beside: tuple[Read, ...]
    reasons: tuple[Reason, ...]


class Reasons:
    """What is asked of origins, and told of those that give no row."""

    def __init__(self, sight: Sight, tracing: Tracing) -> None:
        self.sight, self.tracing = sight, tracing
        self._form, self.names = sight.form, sight.names
        self.derivation = sight.derivation
        self.is_gap_list = sight.form.kind is FormKind.DERIVED_LIST
        #: a condition has one message, or one a part
        self.checks = tuple(
            (condition, check)
            for condition in self.derivation.conditions
            for check in _list_checks(condition)
        )

    @property
    def asked(self) -> Asked:
        """What has to be known of each origin."""
        leaves = [leaf for _, check in self.checks for leaf in list_leaves(check)]
        picked = [one for one in leaves if isinstance(one, RefColumn)]
        return Asked(
            tuple(check for _, check in self.checks),
            distinct([*self._list_values(), *leaves]),
            tuple(dict.fromkeys((one.alias, one.field_id) for one in picked)),
        )

    def find_key(self, origin: Origin) -> tuple[tuple[str, object], ...]:
        """What tells the row that an origin goes into."""
        return tuple(
            (name, settle(self._form.by_id[name], origin.values[node]))
            for name, node in self._key.items()
        )

    def gives_row(self, origin: Origin) -> bool:
        return (
            all(origin.truths)
            and self.find_missing(origin) is None
            and self.is_expanded(origin)
        )

    def tell(self, origins: list[Origin], looked_into: int) -> Iterator[OriginStory]:
        """Args:
        looked_into: so many may cost questions of their own.
        """
        source = self.sight.source
        wanted = [(source.code, one.source) for one in origins]
        wanted += [pair for one in origins for pair in self._list_partners(one)]
        find = self.sight.find_all(wanted)
        for number, origin in enumerate(origins):
            telling = _Telling(self, origin, number < looked_into)
            partners = {
                join.alias: find(join.table, row_id)
                for join in self.derivation.joins
                for row_id in [origin.partners[join.alias]]
                if row_id is not None
            }
            yield telling.tell(find(source.code, origin.source), partners)

    def _list_partners(self, origin: Origin) -> Iterator[tuple[str, int]]:
        for join in self.derivation.joins:
            row_id = origin.partners[join.alias]
            if row_id is not None:
                yield join.table, row_id

    @property
    def _key(self) -> Mapping[str, Node]:
        names = self.derivation.group_by or self._form.key
        nodes = {name: find_column(self._form, name) for name in names}
        return {name: node for name, node in nodes.items() if node is not None}

    def _list_values(self) -> Iterator[Node]:
        """What sentences name beside what conditions read."""
        yield from list_expanded(self._form)
        yield from self._key.values()
        for join in self.derivation.joins:
            yield from (side for _, side in list_keys(join))
        for condition in self.derivation.conditions:
            if condition.mend is not None:
                yield from (one.root for one in condition.mend.values.values())

    def find_missing(self, origin: Origin) -> Join | None:
        needed = (one for one in self.derivation.joins if not one.optional)
        return next((o for o in needed if origin.partners[o.alias] is None), None)

    def is_expanded(self, origin: Origin) -> bool:
        expanded = list_expanded(self._form)
        return all(origin.values[node] is not None for node in expanded)


class _Telling:
    """Tells of one origin."""

    def __init__(self, reasons: Reasons, origin: Origin, looks: bool) -> None:
        self._of, self._origin, self._looks = reasons, origin, looks
        self._sight, self._names = reasons.sight, reasons.names

    def tell(self, row: SeenRow, partners: Mapping[str, SeenRow]) -> OriginStory:
        self._row, self._partners = row, partners
        return OriginStory(row, tuple(self._tell_beside()), tuple(self._find()))

    def _tell_beside(self) -> Iterator[Read]:
        for node in list_expanded(self._sight.form):
            value = self._origin.values[node]
            read = self._sight.read_value(node, value)
            if read is not None and value is not None:
                yield read
        for partner in self._partners.values():
            yield Read(partner.form.title, partner.name)

    def _find(self) -> Iterator[Reason]:
        join = self._of.find_missing(self._origin)
        if join is not None:
            yield self._tell_missing(join)
        elif not self._of.is_expanded(self._origin):
            yield self._tell_unexpanded()
        else:
            truths = zip(self._of.checks, self._origin.truths, strict=True)
            for (condition, check), is_true in truths:
                if not is_true:
                    yield self._tell_failing(condition, check)

    def _tell_missing(self, join: Join) -> Reason:
        form = self._sight.forms[join.table]
        keys = {name: self._origin.values[side] for name, side in list_keys(join)}
        such = "，".join(
            f"{form.by_id[name].label} = {self._sight.write_as(form, name, value)}"
            for name, value in keys.items()
        )
        text = f"{form.code} {form.title}里没有对应的行（{such}）。"
        mendings = mend_values(self._sight, form, keys, looks=self._looks)
        return Reason(text, mendings=tuple(mendings))

    def _tell_unexpanded(self) -> Reason:
        ends = [
            end.root
            for one in self._of.derivation.expansions
            for end in (one.start, one.end)
            if end is not None
        ]
        said = "、".join(describe(end, self._names) for end in ends)
        text = f"{said}没有填全，或者先后颠倒，没有可以成行的日子或数。"
        field_id = next((end.id for end in ends if isinstance(end, Field)), "")
        return Reason(text, mendings=tuple(mend_row(self._sight, self._row, field_id)))

    def _tell_failing(self, condition: Condition, check: Node) -> Reason:
        values = self._origin.values
        read = (
            self._sight.read_value(leaf, values[leaf])
            for leaf in distinct(list_leaves(check))
        )
        return Reason(
            condition.message or f"须{describe_condition(check, self._names)}。",
            tuple(one for one in read if one is not None),
            self._of.is_gap_list,
            tuple(self._mend(condition, check)),
            self._find_others(check) if self._looks else (),
        )

    def _find_others(self, check: Node) -> tuple[SeenRow, ...]:
        """Rows that are there where a condition wants none."""
        if not isinstance(check, Unary) or not isinstance(check.operand, Aggregate):
            return ()
        node, form = check.operand, self._sight.forms[check.operand.table]
        if not self._sight.sees(form):
            return ()
        derived, values = self._sight.form, self._origin.values
        narrowed = [
            equals(one, item, settle(item, values[one]))
            for one in list_expanded(derived)
            for item in [derived.by_id[one.column]]
        ]
        source, window = self._origin.source, Window(_OTHERS)
        ids, _ = self._of.tracing.find_counted(node, source, narrowed, window)
        found = self._sight.find_rows(form, ids)
        return tuple(found[row_id] for row_id in ids if row_id in found)

    # Where it is mended.

    def _mend(self, condition: Condition, check: Node) -> Iterator[Mending]:
        if condition.mend is not None:
            yield from self._mend_as_told(condition)
            return
        leaves = list(list_leaves(check))
        own = next((leaf.id for leaf in leaves if isinstance(leaf, Field)), "")
        of_partners = [leaf for leaf in leaves if isinstance(leaf, AliasColumn)]
        first = next((one for one in of_partners if one.alias in self._partners), None)
        if own or first is None:
            yield from mend_row(self._sight, self._row, own)
        else:
            yield from mend_row(self._sight, self._partners[first.alias], first.column)

    def _mend_as_told(self, condition: Condition) -> Iterator[Mending]:
        assert condition.mend is not None
        form = self._sight.forms[condition.mend.form]
        read = self._find_read_row(condition, form.code)
        if read is not None:
            yield from mend_row(self._sight, *read)
            return
        told = condition.mend.values.items()
        values = {name: self._origin.values[one.root] for name, one in told}
        yield from mend_values(self._sight, form, values, looks=self._looks)

    def _find_read_row(
        self, condition: Condition, code: str
    ) -> tuple[SeenRow, str] | None:
        """The row of a form that the condition read, and the field there."""
        for leaf in list_leaves(condition.check.root):
            found = find_read(leaf, self._names)
            if found is None or found[0].code != code:
                continue
            if isinstance(leaf, AliasColumn) and leaf.alias in self._partners:
                return self._partners[leaf.alias], leaf.column
            picked = self._find_picked(leaf)
            if picked is not None:
                return SeenRow(found[0], picked, ""), found[1].id
        return None

    def _find_picked(self, leaf: Node) -> int | None:
        if not isinstance(leaf, RefColumn):
            return None
        _, row_id = self._origin.picked.get((leaf.alias, leaf.field_id), ("", None))
        return row_id


def _list_checks(condition: Condition) -> tuple[Node, ...]:
    root = condition.check.root
    return (root,) if condition.message else tuple(conjuncts_of(root))


def list_keys(join: Join) -> Iterator[tuple[str, Node]]:
    """Fields of a partner, each with what it is to equal."""
    for part in conjuncts_of(join.on.root):
        sides = find_alias_equation(part, join.alias)
        if sides is not None and isinstance(sides[0], AliasColumn):
            yield sides[0].column, sides[1]


def list_leaves(node: Node) -> Iterator[Node]:
    """The fields that a condition reads of its origin."""
    if isinstance(node, Aggregate | Previous):
        return
    if isinstance(node, Field | RefColumn | AliasColumn):
        if node.type not in (ValueType.FILE, ValueType.LIST):
            yield node
        return
    for part in parts_of(node):
        yield from list_leaves(part)
