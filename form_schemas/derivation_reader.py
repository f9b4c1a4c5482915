"""Read `x-derive` and `x-generate`: linked expressions, and what is wrong there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from form_schemas.condition_parts import reads_alias
from form_schemas.derivations import (
    Closing,
    Condition,
    Derivation,
    Expansion,
    Join,
    Mend,
    has_group_calls,
    is_over_group,
)
from form_schemas.drafts import Draft, Json
from form_schemas.expressions import Expression
from form_schemas.faults import ask_nearest, point
from form_schemas.field_reader import FieldReader
from form_schemas.kinds import ValueType
from form_schemas.nodes import Aggregate, Call, Node, RefColumn, parts_of

#: What columns may be expanded to listed values, and how these are written.
_LISTED: Mapping[ValueType, type] = {ValueType.TEXT: str, ValueType.NUMBER: int}


def read_derivation(
    draft: Draft, word: str, drafts: Mapping[str, Draft], fields: FieldReader
) -> Derivation | None:
    """What the word says; None where the file has it not, or has faults there.

    Args:
        word: `x-derive` or `x-generate`.
        drafts: all files of the edition, by code of form.
    """
    if word not in draft.schema:
        return None
    reader = _DerivationReader(draft, word, drafts, fields)
    known = len(draft.faults)
    found = reader.read() if reader.check_names() else None
    return found if len(draft.faults) == known else None


class _DerivationReader:
    def __init__(
        self,
        draft: Draft,
        word: str,
        drafts: Mapping[str, Draft],
        fields: FieldReader,
    ) -> None:
        self._draft, self._word, self._drafts = draft, word, drafts
        self._fields = fields
        self._declared: Json = draft.schema[word]

    # Names, before any expression is read.

    def check_names(self) -> bool:
        """Whether the forms and columns that it names are there."""
        joins = self._declared.get("join", ())
        places: list[tuple[tuple[object, ...], str]] = [((), self._declared["from"])]
        places += [(("join", i), join["table"]) for i, join in enumerate(joins)]
        # All of them: every fault is told.
        is_known = [self._knows(at, code) for at, code in places]
        columns = self._declared["columns"]
        for word in ("columns", "expand", "groupBy", "totalRow"):
            for name in self._declared.get(word, ()):
                is_known.append(self._draft.check_field_id(self._at(word), name))
        given = (*columns, *self._declared.get("expand", ()))
        for name in self._declared.get("groupBy", ()):
            if name not in given:
                message = f"分组的列“{name}”没有算式，请写进 columns。"
                self._complain(("groupBy",), message)
        return all(is_known)

    def _knows(self, at: Sequence[object], code: str) -> bool:
        if code in self._drafts:
            return True
        advice = ask_nearest(code, self._drafts)
        self._complain(at, f"没有表“{code}”。{advice}请改正。")
        return False

    # Parts.

    def read(self) -> Derivation:
        declared = self._declared
        self._check_word()
        return Derivation(
            source=declared["from"],
            columns=dict(self._columns("columns", is_grouped="groupBy" in declared)),
            joins=tuple(self._joins()),
            expansions=tuple(self._expansions()),
            conditions=tuple(self._conditions()),
            group_by=tuple(declared.get("groupBy", ())),
            total_row=dict(self._columns("totalRow", is_grouped=True))
            if "totalRow" in declared
            else None,
            closing=self._closing(),
            note=declared.get("note", ""),
        )

    def _check_word(self) -> None:
        for word in ("totalRow", "close"):
            if word in self._declared and self._word != "x-derive":
                self._complain((word,), f"{word} 只用在 x-derive 里，请删去。")

    def _joins(self) -> Iterator[Join]:
        for index, declared in enumerate(self._declared.get("join", ())):
            at = ("join", index)
            yield Join(
                table=declared["table"],
                alias=declared["as"],
                on=self._on((*at, "on"), declared),
                optional=declared.get("optional", False),
                first=self._parse((*at, "first"), declared["first"])
                if "first" in declared
                else None,
                is_many=declared.get("many", False),
            )

    def _on(self, at: Sequence[object], declared: Json) -> Expression:
        found = self._condition(at, declared["on"])
        if found is not None and _looks_beyond(found.root, declared["as"]):
            # In SQL these rows would have to be joined before the partner is.
            message = (
                f"on 里只能用 {declared['as']} 自己的字段：它引用的行请另写一个 join。"
            )
            self._complain(at, message)
        return found

    def _expansions(self) -> Iterator[Expansion]:
        for column, declared in self._declared.get("expand", {}).items():
            at, own = ("expand", column), self._own(column)
            if self._fields.tables[self._draft.code][column].ref_tables:
                # What it picked would be no form that the derivation is known to read.
                self._complain(at, "引用的列不能展开，请换一列。")
            if isinstance(declared, Mapping):
                start, end = (
                    self._parse((*at, word), declared[word], expect=own)
                    for word in ("from", "to")
                )
                yield Expansion(column, start=start, end=end)
                if own not in (ValueType.DATE, ValueType.NUMBER):
                    self._complain(at, "从 from 到 to 只能用于日期和数的列。请改正。")
            else:
                self._check_listed(at, column, declared)
                yield Expansion(column, tuple(declared))

    def _check_listed(
        self, at: Sequence[object], column: str, values: Sequence[object]
    ) -> None:
        own = self._own(column)
        if own not in _LISTED:
            message = "列出的值只能用于文字和数的列；日期请写 from 和 to。请改正。"
            self._complain(at, message)
            return
        for index, value in enumerate(values):
            if type(value) is not _LISTED[own]:
                message = f"值“{value}”的类型与列“{column}”不符。请改正。"
                self._complain((*at, index), message)

    def _conditions(self) -> Iterator[Condition]:
        declared = self._declared.get("where", ())
        if isinstance(declared, str):
            yield Condition(self._condition(("where",), declared))
            return
        for index, one in enumerate(declared):
            at = ("where", index)
            yield Condition(
                self._condition((*at, "check"), one["check"]),
                one["message"],
                self._mend((*at, "mend"), one.get("mend")),
            )

    def _mend(self, at: Sequence[object], declared: Json | None) -> Mend | None:
        if declared is None or not self._knows(at, declared["form"]):
            return None
        target = self._fields.tables[declared["form"]]
        values = {}
        for name, text in declared.get("values", {}).items():
            if self._has_field((*at, "values"), declared["form"], name):
                place = (*at, "values", name)
                values[name] = self._parse(place, text, expect=target[name].type)
        return Mend(declared["form"], values)

    def _closing(self) -> Closing | None:
        declared = self._declared.get("close")
        if declared is None or not self._knows(("close",), declared["form"]):
            return None
        for name, column in declared.get("values", {}).items():
            self._has_field(("close", "values"), declared["form"], name)
            self._draft.check_field_id(self._at("close", "values", name), column)
        return Closing(declared["form"], dict(declared.get("values", {})))

    def _has_field(self, at: Sequence[object], code: str, name: str) -> bool:
        known = self._fields.tables[code]
        if name not in known:
            advice = ask_nearest(name, known)
            self._complain(at, f"表 {code} 没有字段“{name}”。{advice}请改正。")
        return name in known

    # Expressions.

    def _columns(
        self, word: str, *, is_grouped: bool
    ) -> Iterator[tuple[str, Expression]]:
        for column, text in self._declared[word].items():
            at = (word, column)
            found = self._parse(
                at, text, expect=self._own(column), is_grouped=is_grouped
            )
            yield column, found

    def _own(self, column: str) -> ValueType:
        return self._fields.tables[self._draft.code][column].type

    def _condition(self, at: Sequence[object], text: str) -> Expression:
        expression: Expression = self._parse(at, text, expect=ValueType.BOOLEAN)
        return expression

    def _parse(
        self,
        at: Sequence[object],
        text: object,
        expect: ValueType | None = None,
        *,
        is_grouped: bool = False,
    ) -> Any:
        """The expression; None, which no caller lives to use, where it has faults."""
        own = self._fields.tables[self._draft.code]
        expression: Any = self._fields.parse(
            self._draft,
            (self._word, *at),
            text,
            expect=expect,
            table=self._declared["from"],
            joins={j["as"]: j["table"] for j in self._declared.get("join", ())},
            expanded={name: own[name] for name in self._declared.get("expand", {})},
            grouping=True,
        )
        if expression is not None:
            fault = _find_group_fault(expression.root, is_grouped)
            if _asks_others(expression.root):
                fault = "这里不能用 is_unique()，请改用 count()。"
            if fault:
                self._complain(at, f"{fault}原文：{text}")
        return expression

    def _at(self, *at: object) -> str:
        return point(self._word, *at)

    def _complain(self, at: Sequence[object], message: str) -> None:
        self._draft.complain(self._at(*at), message)


def _looks_beyond(node: Node, alias: str) -> bool:
    """Whether it looks up other rows by what a partner holds."""
    if isinstance(node, RefColumn):
        return node.alias == alias
    if isinstance(node, Aggregate):
        return reads_alias(node, alias)
    return any(_looks_beyond(part, alias) for part in parts_of(node))


def _asks_others(node: Node) -> bool:
    is_unique = isinstance(node, Call) and node.name == "is_unique"
    return is_unique or any(map(_asks_others, parts_of(node)))


def _find_group_fault(node: Node, is_grouped: bool) -> str:
    """What is wrong with calls of functions over the rows of a group."""
    if is_over_group(node) and not is_grouped:
        return f"没有分组，不能用 {node.name}()：写上 groupBy，或换一个算式。"
    if is_over_group(node) or isinstance(node, Aggregate):
        if any(map(has_group_calls, parts_of(node))):
            return f"{node.name}() 里面不能再用对一组行的函数，请改写。"
        return ""
    faults = (_find_group_fault(part, is_grouped) for part in parts_of(node))
    return next(filter(None, faults), "")
