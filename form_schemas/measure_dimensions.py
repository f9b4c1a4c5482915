"""Reads what measures are told apart by: fields of their forms, or expressions."""

from collections.abc import Collection, Iterator

from form_schemas.expressions import Expression
from form_schemas.faults import ask_nearest
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import ValueType
from form_schemas.measure_parsing import At, Declared, MeasureParser
from form_schemas.measures import Dimension, source_of
from form_schemas.spec import FormSpec

_NEVER_TOLD_APART = frozenset({ValueType.FILE, ValueType.ANY})


class DimensionReader:
    """What is wrong goes to the parser's faults.

    Args:
        codelists: slugs of the code lists there are.
    """

    def __init__(self, parser: MeasureParser, codelists: Collection[str]) -> None:
        self._parser = parser
        self._codelists = codelists

    def read(self, at: At, declared: Declared) -> Iterator[Dimension]:
        seen: set[str] = set()
        for index, one in enumerate(declared.get("by", ())):
            place = (*at, "by", index)
            if "form" not in declared:
                message = "写 by 要先写 form；不写就按分子和分母都能分的分。请补上。"
                raise self._parser.fail(place, message)
            found = self._dimension(place, declared, one)
            if found is None:
                continue
            if found.id in seen:
                self._parser.complain(place, f"“{found.id}”出现了两次，请删去一个。")
            seen.add(found.id)
            yield found

    def _dimension(
        self, at: At, declared: Declared, one: str | Declared
    ) -> Dimension | None:
        if isinstance(one, str):
            expression = self._parser.parse_text(at, one, declared)
        else:
            expression = self._parser.parse_text((*at, "value"), one["value"], declared)
        form = self._parser.forms[declared["form"]]
        field = self._find_field(form, expression)
        if isinstance(one, str) and field is None:
            self._parser.complain(
                at, "这里写本表的字段，或 ref(字段).列；别的算式要另写 id 和 title。"
            )
            return None
        fault = self._find_dimension_fault(form, expression, field)
        if fault:
            self._parser.complain(at, fault)
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

    def _codes(self, at: At, expression: Expression, one: Declared) -> str | None:
        slug: str | None = one.get("codes")
        if slug is None:
            return None
        if slug not in self._codelists:
            advice = ask_nearest(slug, self._codelists)
            message = f"没有代码表“{slug}”。{advice}请改正。"
            self._parser.complain((*at, "codes"), message)
        elif expression.type not in (ValueType.TEXT, ValueType.LIST):
            message = "代码是文本，这个算式得的不是。请改正。"
            self._parser.complain((*at, "codes"), message)
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
        return self._parser.forms[reference.table].by_id[column]

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
