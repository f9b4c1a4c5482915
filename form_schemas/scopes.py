"""The names an expression may use, and what it reads through them.

A scope is one level: the row an expression is written for, or the rows an aggregate or
a filter looks through, with the row around it as `this`. `expression_nodes` asks here
for the meaning of every name.
"""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from form_schemas.expression_text import ExpressionError, Syntax
from form_schemas.functions import AGGREGATES, FUNCTIONS, GIVEN, LITERALS
from form_schemas.kinds import ValueType
from form_schemas.nodes import AliasColumn, Field, Node, RefColumn, ThisField


class Reach(StrEnum):
    """How far an expression looks beyond its row; each one includes those before."""

    ROW = "row"
    #: rows that its references pick
    REFERENCE = "reference"
    #: other rows of its own form
    TABLE = "table"
    #: rows of other forms
    ACROSS = "across"
    PREVIOUS = "previous"


_REACHES = tuple(Reach)


@dataclass(frozen=True)
class Column:
    """What expressions may know of a field."""

    id: str
    type: ValueType
    #: in their order; a literal compared with the field has to be one of them
    options: tuple[str, ...] = ()
    #: the forms a reference picks from; the first one gives the columns of `ref()`
    ref_tables: tuple[str, ...] = ()
    multiple: bool = False
    #: how several values stand in one text
    separator: str | None = None


Tables = Mapping[str, Mapping[str, Column]]


@dataclass(frozen=True)
class Mention:
    """Where an expression names a form or a field, so that the name can be changed."""

    #: characters from the start of the expression
    position: int
    #: code of the form; "" the form in whose file the expression stands
    table: str
    #: None: the form itself is named
    field_id: str | None


@dataclass(frozen=True)
class Scope:
    """The names of one level: a form, and the row around it that `this` means."""

    table: str
    joins: Mapping[str, str] = field(default_factory=dict)
    expanded: Mapping[str, Column] = field(default_factory=dict)
    grouping: bool = False
    #: whether bare names are fields of the row the expression is written for
    is_row: bool = False
    #: whether they are fields of the rows a filter chooses from
    is_target: bool = False
    this: "Scope | None" = None

    @property
    def outer(self) -> "Scope | None":
        # In a derivation the row of `from` is `this` on its own level too.
        return self if self.this is None and self.grouping else self.this


class Names:
    """Finds the columns that names stand for, and notes which are read."""

    def __init__(self, syntax: Syntax, tables: Tables, home: str) -> None:
        self._syntax = syntax
        self._tables = tables
        #: the form of the row the expression is written for
        self._home = home
        self.reach = Reach.ROW
        self.fields: set[str] = set()
        self.ref_fields: set[str] = set()
        self.target_fields: set[str] = set()
        self.looked_into: set[str] = set()
        self.unit_facts: set[str] = set()
        self.mentions: list[Mention] = []
        #: whether what is read belongs to the previous round
        self.in_previous = False

    def widen(self, reach: Reach) -> None:
        self.reach = max(self.reach, reach, key=_REACHES.index)

    def look_into(self, code: str, at: ast.AST) -> None:
        """Note that the rows of a form are looked through."""
        if code not in self._tables:
            raise self._syntax.unknown("没有表", code, self._tables, at, "请核对表号。")
        self.looked_into.add(code)
        self._mention(code, None, at)
        self.widen(Reach.TABLE if code == self._home else Reach.ACROSS)

    def resolve(
        self, node: ast.Name | ast.Attribute, scope: Scope
    ) -> tuple[Node, Column]:
        """The field that `x`, `this.x`, `alias.x` or `ref(f).x` stands for."""
        if isinstance(node, ast.Name):
            return self._bare(node, scope)
        owner = node.value
        if isinstance(owner, ast.Call) and called_name(owner) == "ref":
            return self._reference(node, owner, scope)
        if not isinstance(owner, ast.Name):
            raise self._syntax.fault(
                f"“{self._syntax.quote(node)}”不能这样写：点号只用在 "
                "ref(引用字段).列、this.字段 和别名后面。",
                node,
            )
        if owner.id == "this":
            return self._this(node, scope)
        return self._alias(node, owner.id, scope)

    def _bare(self, node: ast.Name, scope: Scope) -> tuple[Node, Column]:
        if node.id in scope.expanded:
            column = scope.expanded[node.id]
            self._mention("", column.id, node)
            return AliasColumn("", column.id, column.type), column
        known = self._tables[scope.table]
        if node.id not in known:
            if node.id in FUNCTIONS or node.id in AGGREGATES:
                raise self._syntax.fault(
                    f"“{node.id}”是函数，请写成 {node.id}(…)。", node
                )
            names = [*known, *GIVEN, *LITERALS, *scope.expanded]
            raise self._no_field(scope.table, node.id, names, node)
        column = known[node.id]
        self._mention(scope.table, column.id, node)
        self._note(column.id, scope)
        return Field(column.id, column.type), column

    def _this(self, node: ast.Attribute, scope: Scope) -> tuple[Node, Column]:
        outer = scope.outer
        if outer is None:
            raise self._syntax.fault(
                f"this 只用在 {'、'.join(AGGREGATES)} 和引用的 filter 里，这里请直接写 "
                f"{node.attr}。",
                node,
            )
        if node.attr in outer.expanded:
            column = outer.expanded[node.attr]
            self._mention("", column.id, node)
            return AliasColumn("", column.id, column.type, of_this=True), column
        column = self.get_column(outer.table, node.attr, node)
        # What an aggregate of the previous round compares with is the present row.
        self._note(column.id, outer, is_present=True)
        return ThisField(column.id, column.type), column

    def _alias(
        self, node: ast.Attribute, alias: str, scope: Scope
    ) -> tuple[Node, Column]:
        outer = scope.this.joins if scope.this else {}
        joined = {**outer, **scope.joins}
        if alias not in joined:
            raise self._no_alias(alias, node, scope, joined)
        column = self.get_column(joined[alias], node.attr, node)
        self.widen(Reach.ACROSS)
        of_this = alias not in scope.joins
        return AliasColumn(alias, column.id, column.type, of_this), column

    def _reference(
        self, node: ast.Attribute, call: ast.Call, scope: Scope
    ) -> tuple[Node, Column]:
        field_node = call.args[0] if len(call.args) == 1 else None
        if call.keywords or not isinstance(field_node, (ast.Name, ast.Attribute)):
            raise self._syntax.fault("ref() 里只能写一个引用字段。", call)
        source, picked = self.resolve(field_node, scope)
        if not picked.ref_tables or picked.multiple:
            raise self._syntax.fault(
                f"ref() 里要写选一行的引用字段，“{picked.id}”不是。", call
            )
        if picked.ref_tables[0] not in self._tables:
            raise self._syntax.fault(
                f"引用字段“{picked.id}”指向的表不存在。请先改正它的 x-ref。", call
            )
        column = self.get_column(picked.ref_tables[0], node.attr, node)
        if isinstance(source, RefColumn):
            raise self._syntax.fault("引用只能走一步，不能从所选的行再往下取。", call)
        self._note_reference(source, scope)
        built = RefColumn(
            field_id=picked.id,
            column=column.id,
            type=column.type,
            of_this=isinstance(source, ThisField)
            or (isinstance(source, AliasColumn) and source.of_this),
            alias=source.alias if isinstance(source, AliasColumn) else "",
        )
        return built, column

    def get_column(self, table: str, name: str, at: ast.AST) -> Column:
        known = self._tables[table]
        if name not in known:
            raise self._no_field(table, name, known, at)
        self._mention(table, name, at)
        return known[name]

    def _no_field(
        self, table: str, name: str, known: Iterable[str], at: ast.AST
    ) -> ExpressionError:
        where = "本表" if table == self._home else f"表 {table} "
        return self._syntax.unknown(
            f"{where}没有字段", name, known, at, "请核对字段的 id。"
        )

    def _no_alias(
        self, alias: str, node: ast.Attribute, scope: Scope, joined: Iterable[str]
    ) -> ExpressionError:
        column = self._tables[scope.table].get(alias)
        if column is not None and column.ref_tables:
            written = f"ref({alias}).{node.attr}"
            return self._syntax.fault(f"取引用行的列，请写成 {written}。", node)
        otherwise = "点号只用在 ref(引用字段).列、this.字段 和别名后面。"
        return self._syntax.unknown(
            "没有别名", alias, [*joined, "this"], node, otherwise
        )

    def _note(self, field_id: str, scope: Scope, is_present: bool = False) -> None:
        if self.in_previous and not is_present:
            return
        if scope.is_row:
            self.fields.add(field_id)
        elif scope.is_target:
            self.target_fields.add(field_id)

    def _note_reference(self, source: Node, scope: Scope) -> None:
        self.widen(Reach.REFERENCE)
        is_present = isinstance(source, ThisField)
        owner = scope.outer if is_present else scope
        if owner is None or not owner.is_row:
            return
        if self.in_previous and not is_present:
            return
        if isinstance(source, (Field, ThisField)):
            self.ref_fields.add(source.id)

    def _mention(self, table: str, field_id: str | None, at: ast.AST) -> None:
        name = table if field_id is None else field_id
        start = self._syntax.find_position(at)
        if isinstance(at, ast.Attribute):
            start += len(self._syntax.cut(at)) - len(name)
        if isinstance(at, ast.Constant):
            start += 1
        self.mentions.append(Mention(start, table, field_id))

    def find_column(self, node: ast.expr, scope: Scope) -> Column | None:
        if not isinstance(node, (ast.Name, ast.Attribute)):
            return None
        if isinstance(node, ast.Name) and (node.id in GIVEN or node.id in LITERALS):
            return None
        return self.resolve(node, scope)[1]


def called_name(node: ast.AST | None) -> str | None:
    """The name a call calls; None if it is no plain call."""
    function = node.func if isinstance(node, ast.Call) else None
    return function.id if isinstance(function, ast.Name) else None
