"""Guess the kind of a column from all that is told of it, the surest first."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from form_schemas.codelists import CodeList
from form_schemas.kinds import DEFAULT_DIGITS, TRAITS, FieldKind
from validators.drafting.examples import judge_values
from validators.drafting.guesses import (
    LONG,
    NUMBERS,
    Guess,
    is_listed,
    kind_of_format,
    kind_of_label,
    kind_of_unit,
    show_format,
    unit_of_label,
)
from validators.drafting.hints import Told
from validators.drafting.labels import Heading
from validators.drafting.layouts import Slot
from validators.drafting.words import (
    COMMON_OPTIONS,
    MONEY_UNITS,
    TITLES,
    WHOLE_UNITS,
)

_YES_NO = frozenset({"是", "否"})
_YEARS = range(1900, 2200)
_WORDLESS = re.compile(r"(?:备注|地址|地点|单位|部门|机构|学校|专业|课程|说明)$")
#: What a spreadsheet may make of months: days, 2024.09, 202409.
_MONTHLIKE = frozenset({FieldKind.DATE, FieldKind.INTEGER, FieldKind.DECIMAL})
#: What a text may turn out to be where only 文字 is told.
_TEXTS = frozenset({FieldKind.CODE, FieldKind.LONG_TEXT, FieldKind.TEXT})


def guess_kind(
    heading: Heading,
    told: Told,
    slot: Slot,
    codelists: Mapping[str, CodeList],
    default_unit: str = "",
) -> Guess:
    """Guess what a column holds."""
    unit = heading.unit or told.unit or slot.unit
    evidence = _Evidence(heading, told, slot, codelists, unit, default_unit)
    found = next(evidence.guesses())
    return evidence.complete(found)


@dataclass(frozen=True)
class _Evidence:
    heading: Heading
    told: Told
    slot: Slot
    codelists: Mapping[str, CodeList]
    unit: str
    default_unit: str

    def guesses(self) -> Iterator[Guess]:
        """Guesses from the surest to the last resort."""
        for guess in (
            self._by_codelist(),
            self._by_options(),
            self._by_words(),
            self._by_validation(),
            self._by_values(),
            self._by_format(),
            self._by_label(),
            self._by_unit(),
        ):
            if guess is not None:
                yield guess
        label = self.heading.label
        is_plain = bool(TITLES.search(label) or _WORDLESS.search(label))
        yield Guess(FieldKind.TEXT, "", is_certain=is_plain)

    def _by_codelist(self) -> Guess | None:
        if self.told.codelist is None:
            return None
        for slug, codes in self.codelists.items():
            if codes.title == self.told.codelist:
                kind = kind_of_label(self.heading.label)
                is_text = (
                    TITLES.search(self.heading.label) and kind is not FieldKind.CODE
                )
                chosen = FieldKind.TEXT if is_text else FieldKind.CODE
                if self.told.is_multiple:
                    chosen = FieldKind.MULTI_ENUM
                return Guess(chosen, "填法", True, codes=slug)
        return None

    def _by_options(self) -> Guess | None:
        rule = self.slot.allowed
        options, reason = self.heading.options, "列名里的选项"
        if self.told.options:
            options, reason = self.told.options, "填法里的选项"
        is_list = rule is not None and rule.kind == "list"
        if is_list and rule is not None and rule.options:
            options, reason = rule.options, "下拉框"
        if not options:
            return Guess(FieldKind.ENUM, "下拉框（选项读不出来）") if is_list else None
        if set(options) == _YES_NO:
            return Guess(FieldKind.BOOLEAN, reason, True)
        is_several = self.told.is_multiple or self.told.kind is FieldKind.MULTI_ENUM
        slug = self._find_codelist(options)
        if slug and not is_several and not self.told.options:
            return Guess(FieldKind.CODE, f"{reason}与代码表相同", codes=slug)
        kind = FieldKind.MULTI_ENUM if is_several else FieldKind.ENUM
        is_whole = reason == "下拉框" or not self.told.has_more
        is_certain = is_whole and reason != "列名里的选项"
        return Guess(kind, reason, is_certain, options=options, is_multiple=is_several)

    def _find_codelist(self, options: tuple[str, ...]) -> str | None:
        wanted = frozenset(options)
        if len(wanted) < 2:
            return None
        for slug, codes in self.codelists.items():
            names = frozenset(entry.name for entry in codes.entries)
            numbered = frozenset(f"{e.code} {e.name}" for e in codes.entries)
            if wanted in (names, numbered, frozenset(codes.by_code)):
                return slug
        return None

    def _by_words(self) -> Guess | None:
        told = self.told
        if told.kind is None or told.kind is FieldKind.ENUM:
            return None
        kind: FieldKind = told.kind
        if kind is FieldKind.TEXT:
            named = kind_of_label(self.heading.label)
            kind = named if named in _TEXTS and named is not None else kind
        if kind is FieldKind.DECIMAL or kind is FieldKind.INTEGER:
            kind = self._refine_number(kind)
        reason = f"填法“{told.kind_words}”"
        return Guess(kind, reason, True, told.is_exact)

    def _refine_number(self, kind: FieldKind) -> FieldKind:
        rule = self.slot.allowed
        is_whole = rule is not None and rule.kind == "whole"
        if MONEY_UNITS.match(self.unit) and not is_whole:
            return FieldKind.MONEY
        if self.unit == "%":
            return FieldKind.PERCENT
        return kind

    def _by_validation(self) -> Guess | None:
        rule = self.slot.allowed
        named = kind_of_label(self.heading.label)
        if rule is None or rule.kind in ("list", "time"):
            return None
        if rule.kind == "whole":
            bounds = [int(float(b)) for b in (rule.lowest, rule.highest) if b]
            is_year = bool(bounds) and all(bound in _YEARS for bound in bounds)
            is_year = is_year or (not bounds and named is FieldKind.YEAR)
            kind = FieldKind.YEAR if is_year else FieldKind.INTEGER
            return Guess(kind, "数据有效性", True)
        if rule.kind == "decimal":
            kind = FieldKind.MONEY if named is FieldKind.MONEY else FieldKind.DECIMAL
            if named is FieldKind.PERCENT:
                kind = named
            return Guess(self._refine_number(kind), "数据有效性", True)
        if rule.kind == "date":
            is_month = kind_of_format(self.slot.format) is FieldKind.YEAR_MONTH
            kind = FieldKind.YEAR_MONTH if is_month else FieldKind.DATE
            return Guess(kind, "数据有效性", True)
        if named is None or not TRAITS[named].textual:
            return Guess(FieldKind.TEXT, "数据有效性（字数）", True)
        return Guess(named, "列名", False)

    def _by_values(self) -> Guess | None:
        found = judge_values(self.slot.values, self.heading.label)
        if found is None:
            return None
        kind = found.kind
        named = kind_of_label(self.heading.label)
        if kind in (FieldKind.INTEGER, FieldKind.DECIMAL):
            kind = self._number_of(kind, named)
        is_month = named is FieldKind.YEAR_MONTH and found.kind in _MONTHLIKE
        is_day = named is FieldKind.DATE and found.kind is FieldKind.INTEGER
        if named is not None and (is_month or is_day):
            kind = named
        elif kind is FieldKind.TEXT and named in _TEXTS and named is not None:
            # A text that is no phone number makes none of a column of phones.
            kind = named
        digits = found.digits if kind in NUMBERS else None
        is_plain = kind is FieldKind.TEXT and named is None
        is_certain = is_plain and not is_listed(self.heading.label)
        return Guess(kind, "示例行", is_certain, digits=digits, seen=found.options)

    def _number_of(self, kind: FieldKind, named: FieldKind | None) -> FieldKind:
        if named is FieldKind.CODE:
            return FieldKind.CODE
        if named is FieldKind.YEAR and kind is FieldKind.INTEGER:
            return named
        is_percent = "%" in self.slot.format or self.unit == "%"
        if is_percent or (named is FieldKind.PERCENT and not self.unit):
            return FieldKind.PERCENT
        if MONEY_UNITS.match(self.unit) or (named is FieldKind.MONEY and not self.unit):
            return FieldKind.MONEY
        if named is FieldKind.DECIMAL and self.unit not in WHOLE_UNITS:
            return FieldKind.DECIMAL
        return kind

    def _by_format(self) -> Guess | None:
        code = self.slot.format
        kind = kind_of_format(code)
        if kind is not None:
            return Guess(kind, f"单元格格式“{show_format(code)}”")
        if "%" in code:
            return Guess(FieldKind.PERCENT, f"单元格格式“{show_format(code)}”")
        named = kind_of_label(self.heading.label)
        if "0" in code and "@" not in code:
            is_whole = "." not in code
            number = FieldKind.INTEGER if is_whole else FieldKind.DECIMAL
            if is_whole and named is not None and named not in NUMBERS:
                # 0 stands in many sheets that nobody formatted on purpose.
                return None
            made = self._number_of(number, named)
            return Guess(made, f"单元格格式“{show_format(code)}”")
        return None

    def _by_label(self) -> Guess | None:
        label = self.heading.label
        if label in COMMON_OPTIONS:
            return Guess(FieldKind.ENUM, "列名", options=COMMON_OPTIONS[label])
        kind = kind_of_label(label)
        if kind is None or (self.unit and kind not in NUMBERS):
            return None
        if kind in NUMBERS and self.unit:
            kind = self._number_of(kind, kind)
            if kind is FieldKind.MONEY and not MONEY_UNITS.match(self.unit):
                kind = kind_of_unit(self.unit)
        return Guess(kind, f"列名“…{label[-4:]}”")

    def _by_unit(self) -> Guess | None:
        if not self.unit:
            return None
        return Guess(kind_of_unit(self.unit), f"单位“{self.unit}”")

    def complete(self, guess: Guess) -> Guess:
        """Add bounds, places and the unit to a guess."""
        told, rule = self.told, self.slot.allowed
        low, high, length = told.minimum, told.maximum, told.max_length
        if rule is not None and rule.kind in ("whole", "decimal"):
            low, high = rule.lowest or low, rule.highest or high
        if rule is not None and rule.kind == "textLength" and rule.highest:
            length = int(float(rule.highest))
        are_crossed = bool(low and high and Decimal(low) > Decimal(high))
        kind = guess.kind
        if kind is FieldKind.TEXT and length is not None and length >= LONG:
            kind = FieldKind.LONG_TEXT
        has_bounds = TRAITS[kind].bounded
        return replace(
            guess,
            kind=kind,
            unit=self._choose_unit(kind),
            is_unit_told=bool(self.unit) and kind in NUMBERS,
            digits=self._digits(guess, kind),
            minimum=low if has_bounds and not are_crossed else None,
            maximum=high if has_bounds and not are_crossed else None,
            are_crossed=has_bounds and are_crossed,
            max_length=length if TRAITS[kind].textual else None,
            is_multiple=guess.is_multiple or told.is_multiple,
        )

    def _choose_unit(self, kind: FieldKind) -> str:
        if kind not in NUMBERS or kind is FieldKind.YEAR:
            return ""
        if kind is FieldKind.PERCENT:
            return "%"
        if self.unit:
            return self.unit
        if self.default_unit and (
            (kind is FieldKind.MONEY) == bool(MONEY_UNITS.match(self.default_unit))
        ):
            return self.default_unit
        return unit_of_label(self.heading.label, kind)

    def _digits(self, guess: Guess, kind: FieldKind) -> int | None:
        if not TRAITS[kind].scaled:
            return None
        if self.told.digits is not None:
            return self.told.digits
        if self.told.kind is FieldKind.INTEGER:
            return 0
        shown = re.search(r"0\.(0+)", self.slot.format)
        if shown:
            return min(len(shown[1]), 8)
        return max(guess.digits or 0, DEFAULT_DIGITS)
