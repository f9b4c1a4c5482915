"""Says in Chinese what a form is as a whole: its period, its rows, who makes them.

`documenting` puts it on top of the form.
"""

from collections.abc import Iterator, Mapping

from form_schemas.catalogue import Edition
from form_schemas.field_words import PERIOD_NAMES
from form_schemas.spec import FormKind, FormSpec, Period, Shape

_KINDS: Mapping[FormKind, str] = {
    FormKind.BASE: "基础表，供别的表引用",
    FormKind.BUSINESS: "",
    FormKind.AUTO: "由系统汇总，不用填",
    FormKind.DERIVED_LIST: "由系统列出，不用填",
}


def say_period(edition: Edition, form: FormSpec) -> str:
    """What its figures describe, with the days that the edition begins with."""
    name, told = PERIOD_NAMES[form.period], edition.settings.get("periods")
    if form.period is Period.NONE or edition.faults or not isinstance(told, Mapping):
        return name
    first, last = told.get(form.period, ("", ""))
    if not last:
        return name
    if form.period is Period.SNAPSHOT:
        return f"{name}，{last}"
    if form.period is Period.CALENDAR_YEAR:
        return f"{name}，{last[:4]}"
    return f"{name}，{first} 至 {last}"


def say_shape(form: FormSpec) -> str:
    """How many rows there are, and by what they are told apart."""
    if form.shape is Shape.RECORD:
        return "每个单位一张"
    labels = "、".join(f"“{form.by_id[name].label}”" for name in form.key)
    return f"一行一条，按{labels}认定一行" if labels else "一行一条"


def say_notes(form: FormSpec) -> Iterator[str]:
    """What else is true of the form as a whole."""
    yield from filter(None, [_KINDS[form.kind]])
    if form.is_carried:
        yield "新一轮可以从上一轮的行开始"
    for freeze in form.freezes:
        label = form.by_id[freeze.field].label
        yield f"“{label}”连上以后，两头的行都不能再改"
    yield from _say_flow(form)


def _say_flow(form: FormSpec) -> Iterator[str]:
    if form.flow is not None:
        moves = "、".join(dict.fromkeys(move.title for move in form.flow.moves))
        yield f"一行一行地办（{moves}），不随整轮提交"
    if form.flow_with is not None:
        label = form.by_id[form.flow_with].label
        yield f"随“{label}”所选的那一行一起办，那一行锁住时也不能改"
