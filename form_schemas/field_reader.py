"""Build the fields of a form, knowing the columns of all files of its edition."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from form_schemas.codelists import CodeList
from form_schemas.drafts import Draft, Json
from form_schemas.expressions import (
    Column,
    Expression,
    ExpressionError,
    parse_expression,
)
from form_schemas.faults import ask_nearest, point
from form_schemas.field_spec import Comparison, FieldSpec, Fill, Reference
from form_schemas.kinds import TRAITS, FieldKind, ValueType
from form_schemas.patterns import find_pattern_fault

#: Told of every sound expression: code of the form, JSON pointer, expression.
Note = Callable[[str, str, Expression], None]


def pass_over(code: str, pointer: str, expression: Expression) -> None:
    """Nobody asks where expressions stand."""


class FieldReader:
    """Links fields and expressions; what is wrong goes to the draft's faults."""

    def __init__(
        self,
        drafts: Mapping[str, Draft],
        codelists: Mapping[str, CodeList],
        note: Note = pass_over,
    ) -> None:
        self._drafts = drafts
        self._codelists = codelists
        self._note = note
        #: what expressions may know of the fields, by code of form and id
        self.tables = {
            code: {fid: self._column(code, fid) for fid in draft.fields}
            for code, draft in drafts.items()
        }

    # Columns: what expressions may know of a field before any form is built.

    def _column(self, code: str, field_id: str) -> Column:
        declared = self._drafts[code].fields[field_id]
        reference = declared.get("x-ref", {})
        kind = self._value_kind(code, field_id, ())
        several = declared["type"] == "array"
        value_type = TRAITS[kind].value_type
        if several and value_type is not ValueType.FILE:
            value_type = ValueType.LIST
        return Column(
            id=field_id,
            type=value_type,
            options=_options(declared),
            ref_tables=_targets(reference) if reference else (),
            multiple=several,
            separator=declared.get("x-separator"),
        )

    def _value_kind(self, code: str, field_id: str, seen: tuple[str, ...]) -> FieldKind:
        declared = self._drafts[code].fields[field_id]
        reference = declared.get("x-ref")
        if reference is None:
            return FieldKind(declared["x-kind"])
        target = self._drafts.get(reference["table"])
        place = f"{code}.{field_id}"
        # What does not lead anywhere is said by _reference; here it reads as text.
        if target is None or reference["field"] not in target.fields or place in seen:
            return FieldKind.CODE
        return self._value_kind(target.code, reference["field"], (*seen, place))

    # Fields.

    def read(self, draft: Draft, field_id: str) -> FieldSpec:
        declared = draft.fields[field_id]
        at = ("properties", field_id)
        value_rules = declared.get("items", declared)
        kind = FieldKind(declared["x-kind"])
        value_kind = self._value_kind(draft.code, field_id, ())
        column = self.tables[draft.code][field_id]
        self._check_type(draft, field_id, value_kind)
        self._check_codes(draft, field_id)
        self._check_pattern(draft, field_id, value_rules.get("pattern"))
        is_month = value_kind is FieldKind.YEAR_MONTH
        in_whole = draft.schema["x-form"].get("keyFigures", False)
        return FieldSpec(
            id=field_id,
            label=declared["title"],
            kind=kind,
            value_kind=value_kind,
            description=declared.get("description", ""),
            required=field_id in draft.schema.get("required", ()),
            unit=declared.get("x-unit", ""),
            digits=declared.get("x-digits"),
            minimum=_decimal(declared.get("minimum")),
            maximum=_decimal(declared.get("maximum")),
            max_length=value_rules.get("maxLength"),
            pattern=None if is_month else value_rules.get("pattern"),
            options=_options(declared),
            codes=declared.get("x-codes"),
            codes_below=self._codes_below(draft, field_id),
            default=declared.get("default"),
            reference=self._reference(draft, field_id),
            fill=self._fill(draft, field_id),
            computed=self._expression(
                draft, (*at, "x-computed"), declared, column.type
            ),
            visible_when=self.condition(draft, (*at, "x-visible-when"), declared),
            required_when=self.condition(draft, (*at, "x-required-when"), declared),
            sensitive=declared.get("x-sensitive", False),
            is_key_figure=declared.get("x-key-figure", in_whole),
            id_type=self._id_type(draft, field_id),
            accept=tuple(declared.get("x-accept", ())),
            max_size_mb=_decimal(declared.get("x-max-size-mb")),
            min_width_px=declared.get("x-min-width-px"),
            min_dpi=declared.get("x-min-dpi"),
            multiple=declared.get("x-multiple", False),
            separator=declared.get("x-separator"),
            is_rich=declared.get("x-rich", False),
            was=tuple(declared.get("x-was", ())),
            recode=declared.get("x-recode", {}),
            made_from=declared.get("x-from"),
            compare=_comparison(declared),
            by_move=field_id in draft.moved_fields,
        )

    def _check_type(self, draft: Draft, field_id: str, kind: FieldKind) -> None:
        declared = draft.fields[field_id]
        one = declared.get("items", declared)
        wanted = TRAITS[kind].json_type
        if one["type"] != wanted:
            draft.complain(
                point("properties", field_id, "type"),
                f"这种字段的 type 应当是“{wanted}”，不是“{one['type']}”。请改正。",
            )

    def _check_codes(self, draft: Draft, field_id: str) -> None:
        declared = draft.fields[field_id]
        slug = declared.get("x-codes")
        if slug is not None and slug not in self._codelists:
            advice = ask_nearest(slug, self._codelists)
            draft.complain(
                point("properties", field_id, "x-codes"),
                f"没有代码表“{slug}”。{advice}请改正，或把它放进 codes 文件夹。",
            )
        is_choice = declared["x-kind"] == FieldKind.MULTI_ENUM
        if is_choice and slug is None and "enum" not in declared["items"]:
            draft.complain(
                point("properties", field_id),
                "多选字段要有 items.enum 或 x-codes，请补上。",
            )

    def _check_pattern(self, draft: Draft, field_id: str, pattern: str | None) -> None:
        fault = None if pattern is None else find_pattern_fault(pattern)
        if fault is not None:
            at = point("properties", field_id, "pattern")
            draft.complain(at, f"pattern {fault}，请改写。")

    def _id_type(self, draft: Draft, field_id: str) -> str | None:
        other = draft.fields[field_id].get("x-id-type")
        if other is not None:
            pointer = point("properties", field_id, "x-id-type")
            draft.check_field_id(pointer, other)
        return other

    def _codes_below(self, draft: Draft, field_id: str) -> str | None:
        declared = draft.fields[field_id]
        other: str | None = declared.get("x-codes-below")
        if other is None:
            return None
        pointer = point("properties", field_id, "x-codes-below")
        if not draft.check_field_id(pointer, other):
            return None
        above = draft.fields[other]
        slug = declared.get("x-codes")
        if slug is None or above.get("x-codes") != slug or "items" in above:
            draft.complain(
                pointer,
                f"“{other}”要存一个代码，和这一栏用同一个代码表（x-codes）。请改正。",
            )
        return other

    def _reference(self, draft: Draft, field_id: str) -> Reference | None:
        declared = draft.fields[field_id].get("x-ref")
        if declared is None:
            return None
        pointer = point("properties", field_id, "x-ref")
        for table in _targets(declared):
            target = self._drafts.get(table)
            if target is None:
                advice = ask_nearest(table, self._drafts)
                draft.complain(pointer, f"没有表“{table}”。{advice}请改正。")
                return None
            if declared["field"] not in target.fields:
                self._complain_of_column(draft, pointer, target, declared["field"])
                return None
        filter_ = None
        if "filter" in declared:
            filter_ = self.parse(
                draft,
                ("properties", field_id, "x-ref", "filter"),
                declared["filter"],
                expect=ValueType.BOOLEAN,
                table=declared["table"],
                within=draft.code,
            )
        return Reference(_targets(declared), declared["field"], filter_)

    @staticmethod
    def _complain_of_column(
        draft: Draft, pointer: str, target: Draft, column: str
    ) -> None:
        advice = ask_nearest(column, target.fields)
        draft.complain(
            pointer, f"表 {target.code} 没有字段“{column}”。{advice}请改正。"
        )

    def _fill(self, draft: Draft, field_id: str) -> Fill | None:
        text = draft.fields[field_id].get("x-fill")
        if text is None:
            return None
        pointer = point("properties", field_id, "x-fill")
        ref_field, column = text.split(".")
        if not draft.check_field_id(pointer, ref_field):
            return None
        source = draft.fields[ref_field]
        if "x-ref" not in source or source["type"] == "array":
            draft.complain(
                pointer, f"“{ref_field}”不是选一行的引用字段，带不出值。请改正。"
            )
            return None
        target = self._drafts.get(source["x-ref"]["table"])
        if target is not None and column not in target.fields:
            self._complain_of_column(draft, pointer, target, column)
        return Fill(ref_field, column)

    # Expressions.

    def condition(
        self, draft: Draft, at: tuple[object, ...], declared: Json
    ) -> Expression | None:
        return self._expression(draft, at, declared, ValueType.BOOLEAN)

    def _expression(
        self,
        draft: Draft,
        at: tuple[object, ...],
        declared: Json,
        expect: ValueType,
    ) -> Expression | None:
        text = declared.get(str(at[-1]))
        if text is None:
            return None
        return self.parse(draft, at, text, expect=expect, table=draft.code)

    def parse(
        self, draft: Draft, at: Sequence[object], text: object, **scope: Any
    ) -> Expression | None:
        try:
            found = parse_expression(str(text), self.tables, **scope)
        except ExpressionError as error:
            where = f"第 {error.position + 1} 个字符起" if error.position else ""
            draft.complain(point(*at), f"表达式{where}有错：{error}原文：{text}")
            return None
        self._note(draft.code, point(*at), found)
        return found


def _targets(reference: Json) -> tuple[str, ...]:
    return (reference["table"], *reference.get("also", ()))


def _options(declared: Json) -> tuple[str, ...]:
    return tuple(declared.get("items", declared).get("enum", ()))


def _comparison(declared: Json) -> Comparison | None:
    compared = declared.get("x-compare")
    if compared is None:
        return None
    amount = Decimal(compared["warn"].removesuffix("%"))
    is_share = compared["warn"].endswith("%")
    return Comparison(
        limit=amount / 100 if is_share else amount,
        is_share=is_share,
        floor=_decimal(compared.get("floor")),
    )


def _decimal(number: object) -> Decimal | None:
    return None if number is None else Decimal(str(number))
