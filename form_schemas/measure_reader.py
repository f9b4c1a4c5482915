"""Read `x-measures` against the forms of an edition, and say what is wrong there.

A measure with a fault is left out; the others serve all the same. `settings.json` has
judged the shape of what is read here.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from form_schemas.codelists import load_codelists
from form_schemas.expressions import (
    Column,
    Expression,
    ExpressionError,
    parse_expression,
)
from form_schemas.faults import ask_nearest, point
from form_schemas.kinds import ValueType
from form_schemas.measures import (
    ChartKind,
    Dimension,
    Measure,
    MeasureGroup,
    MeasureKind,
    Quantity,
    add_up,
    count_different,
    count_known,
    count_rows,
    read_call,
    source_of,
)
from form_schemas.nodes import Aggregate, Binary, Call, Node, Previous, parts_of
from form_schemas.spec import FieldSpec, FormSpec

WORD = "x-measures"

_Declared = Mapping[str, Any]
_At = tuple[object, ...]
#: Decimal places of quotients, where nobody says.
_USUAL_DIGITS = 2
_NEVER_TOLD_APART = frozenset({ValueType.FILE, ValueType.ANY})
_NOT_COUNTED = _NEVER_TOLD_APART | {ValueType.LIST}


@dataclass(frozen=True)
class MeasureReading:
    """The measures of an edition."""

    groups: tuple[MeasureGroup, ...]
    #: pointer and sentence
    faults: tuple[tuple[str, str], ...]


def read_measures(
    settings: Mapping[str, Any],
    forms: Sequence[FormSpec],
    codelists: Collection[str] | None = None,
) -> MeasureReading:
    """What the settings of an edition say of its statistics.

    Args:
        codelists: slugs of the code lists, if not all there are.
    """
    known = load_codelists() if codelists is None else codelists
    reader = _MeasureReader(settings.get(WORD, ()), forms, known)
    groups = reader.read()
    return MeasureReading(groups, tuple(reader.faults))


class _FaultError(Exception):
    """Something that makes a measure impossible."""


class _MeasureReader:
    def __init__(
        self,
        declared: Sequence[_Declared],
        forms: Sequence[FormSpec],
        codelists: Collection[str],
    ) -> None:
        self._declared = declared
        self._codelists = codelists
        self._forms = {form.code: form for form in forms}
        self._tables = {
            form.code: {field.id: _column_of(field) for field in form.fields}
            for form in forms
        }
        self.faults: list[tuple[str, str]] = []
        #: read so far, by id; ratios follow the others
        self._known: dict[str, Measure] = {}

    def read(self) -> tuple[MeasureGroup, ...]:
        self._check_ids()
        for is_ratio in (False, True):
            for at, declared in self._list_declared():
                if (declared["kind"] == MeasureKind.RATIO) == is_ratio:
                    self._read_one(at, declared)
        return tuple(
            MeasureGroup(
                group["id"],
                group["title"],
                tuple(
                    self._known[one["id"]]
                    for one in group["measures"]
                    if one["id"] in self._known
                ),
            )
            for group in self._declared
        )

    def _list_declared(self) -> Iterator[tuple[_At, _Declared]]:
        for g, group in enumerate(self._declared):
            for m, measure in enumerate(group["measures"]):
                yield (WORD, g, "measures", m), measure

    def _check_ids(self) -> None:
        groups = [((WORD, g), group) for g, group in enumerate(self._declared)]
        for listed in (groups, list(self._list_declared())):
            seen: set[str] = set()
            for at, declared in listed:
                if declared["id"] in seen:
                    message = f"“{declared['id']}”出现了两次，请改成不同的词。"
                    self._complain((*at, "id"), message)
                seen.add(declared["id"])

    def _read_one(self, at: _At, declared: _Declared) -> None:
        known = len(self.faults)
        try:
            measure = self._make(at, declared)
        except _FaultError:
            return
        if len(self.faults) == known:
            self._known.setdefault(measure.id, measure)

    def _make(self, at: _At, declared: _Declared) -> Measure:
        kind = MeasureKind(declared["kind"])
        self._check_words(at, declared, kind)
        ratio = kind is MeasureKind.RATIO
        where = None if ratio else self._where(at, declared)
        sides = self._sides(at, declared) if ratio else ()
        own = () if ratio else self._quantities(at, declared, kind, where)
        quantities = own or tuple(quantity for quantity, _ in sides)
        persons = declared.get("persons")
        if persons is None and sides:
            persons = any(m is not None and m.of_persons for _, m in sides) or None
        return Measure(
            id=declared["id"],
            title=declared["title"],
            unit=declared.get("unit", ""),
            kind=kind,
            quantities=quantities,
            by=self._dimensions(at, declared, sides),
            chart=ChartKind(declared.get("chart", ChartKind.BAR)),
            digits=declared.get("digits", _USUAL_DIGITS),
            counts_persons=persons,
            where=where,
        )

    # What is counted.

    def _check_words(self, at: _At, declared: _Declared, kind: MeasureKind) -> None:
        """Whether the words fit the kind of measure."""
        for word in _WANTED[kind]:
            if word not in declared:
                self._complain(at, f"{kind} 要写 {word}，请补上。")
        for word in _OWN_WORDS - _WANTED[kind] - _ALLOWED[kind]:
            if word in declared:
                self._complain((*at, word), f"{kind} 不用 {word}，请删去。")
        if _WANTED[kind] - set(declared):
            raise _FaultError

    def _where(self, at: _At, declared: _Declared) -> Expression | None:
        if "where" not in declared:
            self._form(at, declared)
            return None
        return self._parse(at, "where", declared, ValueType.BOOLEAN)

    def _quantities(
        self,
        at: _At,
        declared: _Declared,
        kind: MeasureKind,
        where: Expression | None,
    ) -> tuple[Quantity, ...]:
        form = declared["form"]
        if kind is MeasureKind.COUNT:
            return (count_rows(form, where),)
        is_counted = kind is MeasureKind.DISTINCT
        value = self._parse(
            at, "value", declared, None if is_counted else ValueType.NUMBER
        )
        if is_counted and value.type in _NOT_COUNTED:
            self._complain((*at, "value"), "多选和附件不能数有几种，请换一个字段。")
        if _has_division(value.root):
            message = "一行一行地除，合起来不是总的比。请改用 ratio 写分子和分母。"
            self._complain((*at, "value"), message)
        if kind is MeasureKind.MEAN:
            known = count_known(form, value, where)
            return (add_up(form, value, where), known)
        make = count_different if is_counted else add_up
        return (make(form, value, where),)

    def _sides(
        self, at: _At, declared: _Declared
    ) -> tuple[tuple[Quantity, Measure | None], ...]:
        """Numerator and denominator; each is another measure or a call of its own."""
        numerator, denominator = (
            self._side((*at, word), declared, declared[word])
            for word in ("numerator", "denominator")
        )
        if numerator[0] == denominator[0]:
            message = "分子和分母是一回事，比总是 1。请改正。"
            self._complain((*at, "denominator"), message)
        return numerator, denominator

    def _side(
        self, at: _At, declared: _Declared, text: str
    ) -> tuple[Quantity, Measure | None]:
        measure = self._known.get(text)
        if measure is not None:
            if len(measure.quantities) > 1:
                message = (
                    f"“{text}”本身是商，不能再作分子或分母。请写计数或求和的指标。"
                )
                self._complain(at, message)
            return measure.quantities[0], measure
        if text.isidentifier():
            ids = [one["id"] for _, one in self._list_declared()]
            advice = "" if text in ids else ask_nearest(text, self._known)
            told = "有错" if text in ids else "没有"
            raise self._fail(at, f"{told}指标“{text}”。{advice}请改正。")
        if "form" not in declared:
            raise self._fail(at, "写算式要先写 form，说明是哪张表的行。请补上。")
        found = self._parse_text(at, text, declared, ValueType.NUMBER, grouping=True)
        quantity = read_call(declared["form"], found)
        if quantity is None:
            raise self._fail(
                at,
                f"这里写指标的 id，或 rows()、total()、distinct() 之一。原文：{text}",
            )
        return quantity, None

    # Dimensions.

    def _dimensions(
        self,
        at: _At,
        declared: _Declared,
        sides: Sequence[tuple[Quantity, Measure | None]],
    ) -> tuple[tuple[Dimension, ...], ...]:
        """Of each form that is read; those declared here are of the form named here."""
        own = tuple(self._read_dimensions(at, declared))
        if not sides:
            return (own,)
        if own and all(measure is not None for _, measure in sides):
            message = "分子和分母是指标，两者都能分的它就能分。请删去 by。"
            self._complain((*at, "by"), message)
        given = []
        for quantity, measure in sides:
            if measure is not None:
                given.append(measure.by[0])
            elif quantity.form == declared["form"]:
                given.append(own)
        return tuple(given)

    def _read_dimensions(self, at: _At, declared: _Declared) -> Iterator[Dimension]:
        seen: set[str] = set()
        for index, one in enumerate(declared.get("by", ())):
            place = (*at, "by", index)
            if "form" not in declared:
                message = "写 by 要先写 form；不写就按分子和分母都能分的分。请补上。"
                raise self._fail(place, message)
            found = self._dimension(place, declared, one)
            if found is None:
                continue
            if found.id in seen:
                self._complain(place, f"“{found.id}”出现了两次，请删去一个。")
            seen.add(found.id)
            yield found

    def _dimension(
        self, at: _At, declared: _Declared, one: str | _Declared
    ) -> Dimension | None:
        if isinstance(one, str):
            expression = self._parse_text(at, one, declared)
        else:
            expression = self._parse_text((*at, "value"), one["value"], declared)
        form = self._forms[declared["form"]]
        field = self._find_field(form, expression)
        if isinstance(one, str) and field is None:
            self._complain(
                at, "这里写本表的字段，或 ref(字段).列；别的算式要另写 id 和 title。"
            )
            return None
        fault = self._find_dimension_fault(form, expression, field)
        if fault:
            self._complain(at, fault)
            return None
        if not isinstance(one, str):
            return Dimension(
                one["id"],
                one["title"],
                form.code,
                expression,
                field=field,
                codes=self._codes(at, expression, one),
            )
        assert field is not None
        ref, column = source_of(expression) or ("", "")
        name = f"{ref}.{column}" if ref else column
        return Dimension(name, field.label, form.code, expression, field=field)

    def _codes(self, at: _At, expression: Expression, one: _Declared) -> str | None:
        slug: str | None = one.get("codes")
        if slug is None:
            return None
        if slug not in self._codelists:
            advice = ask_nearest(slug, self._codelists)
            self._complain((*at, "codes"), f"没有代码表“{slug}”。{advice}请改正。")
        elif expression.type not in (ValueType.TEXT, ValueType.LIST):
            self._complain((*at, "codes"), "代码是文本，这个算式得的不是。请改正。")
        return slug

    def _find_field(self, form: FormSpec, expression: Expression) -> FieldSpec | None:
        found = source_of(expression)
        if found is None:
            return None
        ref, column = found
        if not ref:
            return form.by_id[column]
        reference = form.by_id[ref].reference
        assert reference is not None
        return self._forms[reference.table].by_id[column]

    def _find_dimension_fault(
        self, form: FormSpec, expression: Expression, field: FieldSpec | None
    ) -> str:
        if expression.type in _NEVER_TOLD_APART:
            return "附件不能用来分组，请换一个字段。"
        read = [form.by_id[name] for name in expression.fields]
        if field is not None:
            read.append(field)
            if any(one.sensitive for one in read):
                return f"“{field.label}”是个人信息，不能用来分组。请换一个字段。"
        return ""

    # Expressions.

    def _form(self, at: _At, declared: _Declared) -> FormSpec:
        code = declared["form"]
        if code not in self._forms:
            advice = ask_nearest(code, self._forms)
            raise self._fail((*at, "form"), f"没有表 {code}。{advice}请改正。")
        return self._forms[code]

    def _parse(
        self, at: _At, word: str, declared: _Declared, expect: ValueType | None
    ) -> Expression:
        self._form(at, declared)
        return self._parse_text((*at, word), declared[word], declared, expect)

    def _parse_text(
        self,
        at: _At,
        text: str,
        declared: _Declared,
        expect: ValueType | None = None,
        *,
        grouping: bool = False,
    ) -> Expression:
        code = declared["form"]
        if code not in self._forms:
            raise _FaultError
        try:
            found = parse_expression(
                text, self._tables, code, expect=expect, grouping=grouping
            )
        except ExpressionError as error:
            raise self._fail(at, str(error)) from error
        if _looks_beyond(found.root):
            message = "统计时只能看本行和它引用的行，不能查别的行、别的表和上期。"
            raise self._fail(at, f"{message}原文：{text}")
        return found

    def _complain(self, at: _At, message: str) -> None:
        self.faults.append((point(*at), message))

    def _fail(self, at: _At, message: str) -> "_FaultError":
        self._complain(at, message)
        return _FaultError()


_OWN_WORDS = frozenset({"form", "where", "value", "numerator", "denominator", "digits"})
_WANTED: Mapping[MeasureKind, frozenset[str]] = {
    MeasureKind.COUNT: frozenset({"form"}),
    MeasureKind.SUM: frozenset({"form", "value"}),
    MeasureKind.DISTINCT: frozenset({"form", "value"}),
    MeasureKind.MEAN: frozenset({"form", "value"}),
    MeasureKind.RATIO: frozenset({"numerator", "denominator"}),
}
_ALLOWED: Mapping[MeasureKind, frozenset[str]] = {
    MeasureKind.COUNT: frozenset({"where"}),
    MeasureKind.SUM: frozenset({"where"}),
    MeasureKind.DISTINCT: frozenset({"where"}),
    MeasureKind.MEAN: frozenset({"where", "digits"}),
    MeasureKind.RATIO: frozenset({"form", "digits"}),
}


def _has_division(node: Node) -> bool:
    if isinstance(node, Binary) and node.op == "/":
        return True
    return any(map(_has_division, parts_of(node)))


def _looks_beyond(node: Node) -> bool:
    """Whether it reads more than its row and the rows that its references pick."""
    if isinstance(node, Aggregate | Previous):
        return True
    if isinstance(node, Call) and node.name == "is_unique":
        return True
    return any(map(_looks_beyond, parts_of(node)))


def _column_of(field: FieldSpec) -> Column:
    return Column(
        id=field.id,
        type=field.value_type,
        options=field.options,
        ref_tables=() if field.reference is None else field.reference.tables,
        multiple=field.is_list,
        separator=field.separator,
    )
