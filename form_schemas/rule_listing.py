"""Tell a form's rules in words, each with an example that breaks it.

What `tianbao schemas rules` prints, for whoever writes a handbook or asks why a row was
refused.
"""

from collections.abc import Iterator, Mapping

from form_schemas.rule_spec import LEVEL_WORDS, Example, RuleSpec
from form_schemas.spec import FormSpec


def write_rules(form: FormSpec, forms: Mapping[str, FormSpec]) -> str:
    """Give the listing.

    Args:
        form: the form.
        forms: the forms of its edition by code.
    """
    lines = [f"{form.code} {form.title}"]
    for example in form.examples:
        if not example.breaks:
            lines += ["", example.name, *_example_lines(form, example, forms)]
    for rule in form.rules:
        lines += ["", *_rule_lines(form, rule, forms)]
    return "\n".join(lines) + "\n"


def _rule_lines(
    form: FormSpec, rule: RuleSpec, forms: Mapping[str, FormSpec]
) -> Iterator[str]:
    yield f"{rule.message}（{LEVEL_WORDS[rule.level]}，{rule.id}）"
    if rule.when is not None:
        yield f"    当：{rule.when.text}"
    if rule.check is not None:
        yield f"    应当：{rule.check.text}"
    for example in form.examples:
        if rule.id in example.breaks:
            yield "  违反的例子："
            yield from _example_lines(form, example, forms)


def list_example_rows(
    form: FormSpec, example: Example, forms: Mapping[str, FormSpec]
) -> Iterator[tuple[str, str]]:
    """The rows of an example: whose they are, and what they hold."""
    yield "本行", _show_row(form, example.row)
    if example.last is not None:
        yield "上一轮", _show_row(form, example.last)
    for word, tables in (("", example.tables), ("上一轮 ", example.last_tables)):
        for code, rows in tables.items():
            shown = [_show_row(forms[code], row) for row in rows if code in forms]
            yield f"{word}{code}", "；".join(shown) or "没有行"


def _example_lines(
    form: FormSpec, example: Example, forms: Mapping[str, FormSpec]
) -> Iterator[str]:
    for whose, shown in list_example_rows(form, example, forms):
        yield f"    {whose}：{shown}"


def _show_row(form: FormSpec, row: Mapping[str, object]) -> str:
    known = ((form.by_id[name], v) for name, v in row.items() if name in form.by_id)
    parts = [f"{field.label} {_show(value)}" for field, value in known]
    return "，".join(parts) or "空行"


def _show(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(map(_show, value))
    return "空" if value is None else str(value)
