"""What a form declares by expressions, as formulas of its sheet.

A sheet has hidden columns behind its data, each with one formula a row: whether the row
holds data, whether a field is shown or needed, whether a rule is broken. Everything
else (colours, the column 检查, the sheet 检查) looks at those. What no formula can say
stands in `left_out`, so that the workbook tells it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from openpyxl.utils import get_column_letter

from exporters.field_cells import letters_of, read_fields, settle
from exporters.formula_cells import ROW, CellRef, NotInExcel, trim_text
from exporters.formulas import Cells, compile_broken, compile_formula, finish
from exporters.header import is_importable
from exporters.last_period import LastColumn, find_row, last_columns
from exporters.layout import SheetLayout, sheet_layout
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import ValueType
from form_schemas.rule_spec import Level, RuleSpec
from form_schemas.spec import FormSpec, StepKind
from validators.compiling import UnitFacts

_GIVEN = "由系统带出"
_BY_PEOPLE = "没有公式，要人来核对"


@dataclass(frozen=True)
class Flag:
    """A hidden column: TRUE or FALSE in each row."""

    name: str
    #: letter of its column
    letter: str
    formula: str

    @property
    def address(self) -> str:
        return f"${self.letter}{ROW}"


@dataclass(frozen=True)
class RuleFlag:
    """A rule and the column that says whether a row breaks it."""

    rule: RuleSpec
    flag: Flag


@dataclass(frozen=True)
class LeftOut:
    """Something the workbook cannot judge, and why."""

    level: Level
    field_id: str | None
    message: str
    reason: str


@dataclass(frozen=True)
class FormFormulas:
    """All formulas of a form's sheet."""

    layout: SheetLayout
    #: whether the row holds any data
    has_data: Flag
    #: field id -> whether it is shown, where that depends on the row
    shown: Mapping[str, Flag]
    #: field id -> whether it needs a value, where that depends on the row
    needed: Mapping[str, Flag]
    #: the labels of what is missing, as one text; None where nothing is required
    missing: Flag | None
    #: errors first
    rules: tuple[RuleFlag, ...]
    #: field id -> value of a computed field
    computed: Mapping[str, str]
    left_out: tuple[LeftOut, ...]
    #: the fields that need a value always or under a condition
    required: tuple[str, ...] = ()
    #: last period's values, and where their row is found
    last_columns: tuple[LastColumn, ...] = ()
    last_row: Flag | None = None

    @property
    def flags(self) -> tuple[Flag, ...]:
        missing = [self.missing] if self.missing else []
        rules = [item.flag for item in self.rules]
        last = [self.last_row] if self.last_row else []
        return (
            self.has_data,
            *last,
            *self.shown.values(),
            *self.needed.values(),
            *missing,
            *rules,
        )

    @property
    def has_checks(self) -> bool:
        return bool(self.missing or self.rules or self.left_out)

    def is_missing(self, field_id: str) -> str:
        """A formula: whether a required field is shown, needs a value and is empty."""
        return _is_missing(field_id, letters_of(self.layout), self.shown, self.needed)

    def letter_of(self, field_id: str) -> str | None:
        """The column of a field's data; None for an upload."""
        return letters_of(self.layout).get(field_id)


Periods = tuple[date, date]


def form_formulas(
    form: FormSpec,
    catalogue: Catalogue,
    periods: Periods | None = None,
    *,
    has_last: bool = False,
    unit: UnitFacts | None = None,
) -> FormFormulas:
    """The formulas of a form's sheet.

    Args:
        periods: first and last day of the form's period; those of its edition if None.
        has_last: whether the workbook holds last period's values.
        unit: who fills the sheet in, where that is known.
    """
    periods = periods or _find_periods(form, catalogue)
    # The formulas of other forms are the same for all units.
    return _build(
        form, catalogue, periods, has_last, unit if form.unit_fields else None
    )


def _find_periods(form: FormSpec, catalogue: Catalogue) -> Periods | None:
    name = f"{form.collection}/{form.edition}"
    edition = next((e for e in catalogue.editions if e.name == name), None)
    periods = edition.settings.get("periods", {}) if edition else {}
    found = periods.get(form.period.value) or periods.get("snapshot")
    if not found:
        return None
    return date.fromisoformat(found[0]), date.fromisoformat(found[1])


@lru_cache(maxsize=1024)
def _build(
    form: FormSpec,
    catalogue: Catalogue,
    periods: Periods | None,
    has_last: bool,
    unit: UnitFacts | None,
) -> FormFormulas:
    return _Builder(form, catalogue, periods, has_last, unit).build()


class _Builder:
    """Collects the flags of a form, left to right."""

    def __init__(
        self,
        form: FormSpec,
        catalogue: Catalogue,
        periods: Periods | None,
        has_last: bool,
        unit: UnitFacts | None,
    ) -> None:
        self._form = form
        self._layout = sheet_layout(form, catalogue)
        self._letters = letters_of(self._layout)
        days = zip(("period_start", "period_end"), periods or (), strict=False)
        facts = {} if unit is None else unit.as_given()
        given: dict[str, date | str | None] = {**dict(days), **facts}
        self._refs = dict(read_fields(form, catalogue, self._letters))
        self._absent = {
            field.id: f"“{field.label}”是上传的文件"
            for field in form.fields
            if field.id not in self._refs
        }
        self._given = given
        # The first column behind the data is 检查.
        behind = len(self._layout.columns) + 2
        self._last = last_columns(self._layout, behind) if has_last else ()
        self._next = behind + len(self._last)
        self._previous = {
            last.field.id: CellRef(
                f"${last.letter}{ROW}", ValueType.NUMBER, last.field.places or 0
            )
            for last in self._last
        }
        self._left_out: list[LeftOut] = []
        self._shown: dict[str, Flag] = {}
        self._needed: dict[str, Flag] = {}
        self._computed: dict[str, str] = {}

    def build(self) -> FormFormulas:
        if not any(is_importable(column.field) for column in self._layout.columns):
            return self._nothing()
        has_data = self._flag("有数据", self._has_data())
        last_row = None
        if self._last:
            last_row = self._flag("上期行", find_row(self._form, self._letters))
        for step in self._form.steps:
            self._take[step.kind](self, self._form.by_id[step.field_id])
        for field in self._form.typed_fields:
            self._take_need(field)
        required = tuple(self._required())
        missing = self._flag_missing(has_data, required)
        return FormFormulas(
            layout=self._layout,
            has_data=has_data,
            shown=self._shown,
            needed=self._needed,
            missing=missing,
            rules=tuple(self._rules(has_data)),
            computed={
                field_id: f'IF({has_data.address},{formula},"")'
                for field_id, formula in self._computed.items()
            },
            left_out=tuple(self._left_out),
            required=required,
            last_columns=self._last,
            last_row=last_row,
        )

    def _nothing(self) -> FormFormulas:
        """Nobody fills in such a sheet, so that there is no row to judge."""
        flag = Flag("有数据", get_column_letter(self._next), "FALSE")
        return FormFormulas(self._layout, flag, {}, {}, None, (), {}, ())

    def _flag(self, name: str, formula: str) -> Flag:
        flag = Flag(name, get_column_letter(self._next), formula)
        self._next += 1
        return flag

    @property
    def _cells(self) -> Cells:
        return Cells(self._refs, self._given, self._absent, self._previous)

    def _has_data(self) -> str:
        """Whether a column that people fill in holds anything."""
        ranges = []
        for at, column in enumerate(self._layout.columns, 1):
            if not is_importable(column.field):
                continue
            if ranges and ranges[-1][1] == at - 1:
                ranges[-1] = (ranges[-1][0], at)
            else:
                ranges.append((at, at))
        counted = ",".join(
            f"${get_column_letter(first)}{ROW}:${get_column_letter(last)}{ROW}"
            for first, last in ranges
        )
        return f"COUNTA({counted})>0"

    # Steps: what is given, and what is shown.

    def _take_fill(self, field: FieldSpec) -> None:
        self._lose(field, f"“{field.label}”{_GIVEN}")

    def _take_computed(self, field: FieldSpec) -> None:
        assert field.computed is not None
        try:
            value = compile_formula(field.computed, self._cells)
            self._computed[field.id] = f'IFERROR({settle(field, value)},"")'
        except NotInExcel as reason:
            self._lose(field, f"“{field.label}”：{reason.reason}")
            self._leave_out(field, "值自动计算", reason.reason)

    def _take_visible(self, field: FieldSpec) -> None:
        assert field.visible_when is not None
        try:
            formula = compile_formula(
                field.visible_when, self._cells, is_condition=True
            )
        except NotInExcel as reason:
            self._leave_out(field, "按条件显示", reason.reason)
            # What looks beyond the row waits everywhere: the field is shown till then.
            if field.visible_when.is_runnable:
                self._lose(field, f"“{field.label}”按条件显示：{reason.reason}")
            return
        flag = self._shown[field.id] = self._flag(f"{field.label}·显示", formula)
        if field.id in self._refs:
            ref = replace(self._refs[field.id], shown_if=flag.address)
            self._refs[field.id] = ref
        if field.id in self._computed:
            value = self._computed[field.id]
            self._computed[field.id] = f'IF({flag.address},{value},"")'

    _take = {  # noqa: RUF012 - never written to
        StepKind.FILL: _take_fill,
        StepKind.COMPUTED: _take_computed,
        StepKind.VISIBLE: _take_visible,
    }

    def _lose(self, field: FieldSpec, reason: str) -> None:
        self._refs.pop(field.id, None)
        self._absent[field.id] = reason

    def _leave_out(self, field: FieldSpec, message: str, reason: str) -> None:
        self._left_out.append(LeftOut(Level.ERROR, field.id, message, reason))

    # What has to be filled in.

    def _take_need(self, field: FieldSpec) -> None:
        condition = field.required_when
        if field.required or condition is None or field.id not in self._letters:
            return
        try:
            formula = compile_formula(condition, self._cells, is_condition=True)
        except NotInExcel as reason:
            self._leave_out(field, "按条件必填", reason.reason)
            return
        self._needed[field.id] = self._flag(f"{field.label}·必填", formula)

    def _flag_missing(self, has_data: Flag, required: Sequence[str]) -> Flag | None:
        if not required:
            return None
        labels = "&".join(map(self._label_if_missing, required))
        try:
            formula = finish(f'IF({has_data.address},{labels},"")')
        except NotInExcel as reason:
            left = LeftOut(Level.ERROR, None, "必填", reason.reason)
            self._left_out.append(left)
            return None
        return self._flag("未填", formula)

    def _required(self) -> Iterator[str]:
        for field in self._form.typed_fields:
            is_needed = field.required or field.id in self._needed
            if is_needed and field.id in self._letters:
                yield field.id

    def _label_if_missing(self, field_id: str) -> str:
        empty = _is_missing(field_id, self._letters, self._shown, self._needed)
        label = self._form.by_id[field_id].label.replace('"', '""')
        return f'IF({empty},"“{label}”","")'

    # Rules.

    def _rules(self, has_data: Flag) -> Iterator[RuleFlag]:
        order = [Level.ERROR, Level.WARNING, Level.MANUAL]
        for rule in sorted(self._form.rules, key=lambda r: order.index(r.level)):
            field_id = rule.fields[0] if rule.fields else None
            if rule.check is None:
                self._left_out.append(
                    LeftOut(rule.level, field_id, rule.message, _BY_PEOPLE)
                )
                continue
            try:
                broken = compile_broken(rule.check, rule.when, self._cells)
            except NotInExcel as reason:
                self._left_out.append(
                    LeftOut(rule.level, field_id, rule.message, reason.reason)
                )
                continue
            formula = f"IF({has_data.address},{broken},FALSE)"
            yield RuleFlag(rule, self._flag(rule.id, formula))


def _is_missing(
    field_id: str,
    letters: Mapping[str, str],
    shown: Mapping[str, Flag],
    needed: Mapping[str, Flag],
) -> str:
    """A formula: whether a field needs a value, is shown, and is empty."""
    conditions = [
        flags[field_id].address for flags in (shown, needed) if field_id in flags
    ]
    conditions.append(f'{trim_text(f"${letters[field_id]}{ROW}")}=""')
    return f"AND({','.join(conditions)})"
