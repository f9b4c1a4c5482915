"""Reads the expressions of measures, and gathers what is wrong with them."""

from collections.abc import Mapping, Sequence
from typing import Any

from form_schemas.expressions import Expression, ExpressionError, parse_expression
from form_schemas.faults import ask_nearest, point
from form_schemas.kinds import ValueType
from form_schemas.lineage import list_columns
from form_schemas.nodes import Aggregate, Call, Node, Previous, parts_of
from form_schemas.spec import FormSpec

#: A measure as the settings declare it.
Declared = Mapping[str, Any]
#: The way to it, or to a part of it.
At = tuple[object, ...]


class MeasureFaultError(Exception):
    """Something that makes a measure impossible."""


class MeasureParser:
    """Knows the forms that measures count; keeps the faults of all of them."""

    def __init__(self, forms: Sequence[FormSpec]) -> None:
        self.forms = {form.code: form for form in forms}
        self._tables = list_columns(forms)
        #: pointer and sentence
        self.faults: list[tuple[str, str]] = []

    def get_form(self, at: At, declared: Declared) -> FormSpec:
        code = declared["form"]
        if code not in self.forms:
            advice = ask_nearest(code, self.forms)
            raise self.fail((*at, "form"), f"没有表 {code}。{advice}请改正。")
        return self.forms[code]

    def parse(
        self, at: At, word: str, declared: Declared, expect: ValueType | None
    ) -> Expression:
        self.get_form(at, declared)
        return self.parse_text((*at, word), declared[word], declared, expect)

    def parse_text(
        self,
        at: At,
        text: str,
        declared: Declared,
        expect: ValueType | None = None,
        *,
        grouping: bool = False,
    ) -> Expression:
        code = declared["form"]
        if code not in self.forms:
            raise MeasureFaultError
        try:
            found = parse_expression(
                text, self._tables, code, expect=expect, grouping=grouping
            )
        except ExpressionError as error:
            raise self.fail(at, str(error)) from error
        if _looks_beyond(found.root):
            message = "统计时只能看本行和它引用的行，不能查别的行、别的表和上期。"
            raise self.fail(at, f"{message}原文：{text}")
        return found

    def complain(self, at: At, message: str) -> None:
        self.faults.append((point(*at), message))

    def fail(self, at: At, message: str) -> "MeasureFaultError":
        self.complain(at, message)
        return MeasureFaultError()


def _looks_beyond(node: Node) -> bool:
    """Whether it reads more than its row and the rows that its references pick."""
    if isinstance(node, Aggregate | Previous):
        return True
    if isinstance(node, Call) and node.name == "is_unique":
        return True
    return any(map(_looks_beyond, parts_of(node)))
