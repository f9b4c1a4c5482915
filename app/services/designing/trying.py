"""Tries an expression while somebody types it: whether it is sound, what it reads, and
what comes of it on the rows of the form's examples.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.services.designing.checking import check_file, list_columns
from app.services.designing.editing import Opened
from app.services.workshop import Workshop
from form_schemas.expressions import (
    Expression,
    ExpressionError,
    Reach,
    Tables,
    parse_expression,
)
from form_schemas.kinds import ValueType
from form_schemas.rule_spec import Example
from form_schemas.spec import FormSpec
from form_schemas.wording import Names, describe, describe_condition
from validators.examples import Setting, read_place
from validators.interpreting import interpret

#: What an expression may be written for.
_CONDITIONS = frozenset({"check", "when", "visible_when", "required_when", "filter"})
_MOST_EXAMPLES = 8

REACH_WORDS: Mapping[Reach, str] = {
    Reach.ROW: "边填边判断",
    Reach.REFERENCE: "保存、导入时判断",
    Reach.TABLE: "检查整表时判断",
    Reach.ACROSS: "检查时判断，要看别的表",
    Reach.PREVIOUS: "检查时判断，要看上一轮",
}


@dataclass(frozen=True)
class TriedExample:
    """What comes of the expression on one example row."""

    name: str
    value: str


@dataclass(frozen=True)
class TriedExpression:
    """What a page shows below an expression."""

    #: empty: it is sound
    message: str = ""
    #: where the fault stands, in characters
    position: int = 0
    #: what it says in words
    words: str = ""
    when: str = ""
    #: ids and labels of the fields of the row that it reads
    fields: tuple[tuple[str, str], ...] = ()
    examples: tuple[TriedExample, ...] = ()


def try_expression(
    workshop: Workshop, opened: Opened, text: str, purpose: str, field_id: str = ""
) -> TriedExpression:
    """Try an expression of a form.

    Args:
        purpose: check, when, computed, visible_when, required_when or filter.
        field_id: the field that it is computed for, or whose filter it is.
    """
    if not text.strip():
        return TriedExpression()
    checked = check_file(workshop, opened.draft, opened.file, opened.text)
    tables = list_columns(workshop, opened.draft.edition, opened.sources)
    if opened.code not in tables:
        return TriedExpression("这张表还有别的错，先改好才能试。")
    try:
        found = _parse(text, tables, opened, purpose, field_id)
    except ExpressionError as error:
        return TriedExpression(error.message, error.position)
    by_code = {form.code: form for form in checked.forms}
    return TriedExpression(
        words=_say(found, purpose, by_code, opened, field_id),
        when=REACH_WORDS[found.reach],
        fields=_list_fields(found, opened),
        examples=_try_examples(found, checked.form, checked.setting)
        if purpose != "filter"
        else (),
    )


def _parse(
    text: str, tables: Tables, opened: Opened, purpose: str, field_id: str
) -> Expression:
    own = tables[opened.code]
    expect: ValueType | None = ValueType.BOOLEAN
    if purpose not in _CONDITIONS:
        expect = own[field_id].type if field_id in own else None
    table, within = opened.code, None
    if purpose == "filter":
        targets = own[field_id].ref_tables if field_id in own else ()
        if not targets or targets[0] not in tables:
            raise ExpressionError("请先选从哪张表引用。")
        table, within = targets[0], opened.code
    return parse_expression(text, tables, table, expect=expect, within=within)


def _say(
    found: Expression,
    purpose: str,
    forms: Mapping[str, FormSpec],
    opened: Opened,
    field_id: str,
) -> str:
    """The expression in words; nothing where its form cannot be read as a whole."""
    own = forms.get(opened.code)
    if own is None or purpose == "filter":
        return ""
    names = Names(forms, own)
    try:
        if purpose in _CONDITIONS:
            return describe_condition(found.root, names)
        return describe(found.root, names)
    except (KeyError, AttributeError):
        # A form that it looks into has faults of its own.
        return ""


def _list_fields(found: Expression, opened: Opened) -> tuple[tuple[str, str], ...]:
    schema = opened.schemas.get(opened.code, {})
    declared = schema.get("properties", {})
    read = found.fields | found.ref_fields
    return tuple(
        (field_id, str(told.get("title", field_id)))
        for field_id, told in declared.items()
        if field_id in read
    )


def _try_examples(
    found: Expression, form: FormSpec | None, setting: Setting
) -> tuple[TriedExample, ...]:
    if form is None:
        return ()
    return tuple(
        TriedExample(one.name, _evaluate(found, form, one, setting))
        for one in form.examples[:_MOST_EXAMPLES]
    )


def _evaluate(
    found: Expression, form: FormSpec, example: Example, setting: Setting
) -> str:
    told = {form.code, *example.tables, *example.last_tables}
    if not found.tables <= told:
        return "没有给出要看的表"
    try:
        value = interpret(found.root, read_place(form, example, setting))
    except (KeyError, ValueError, ArithmeticError, TypeError):
        return "这个例子读不出来"
    return _show(value)


def _show(value: object) -> str:
    if value is None:
        return "空"
    if isinstance(value, bool):
        return "成立" if value else "不成立"
    if isinstance(value, tuple):
        return "、".join(map(str, value))
    return str(value)
