"""What a page's script needs to know of a form: fields, and what follows from values.

Only expressions that look no further than their own row travel to the browser; what
the others say comes with the server's answer to a save.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date

from markupsafe import Markup

from form_schemas.expressions import Expression, Reach
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FieldKind
from form_schemas.rule_spec import RuleSpec
from form_schemas.spec import FormSpec, StepKind
from renderers.bindings import SPELLINGS, Control, control_of, is_figure
from validators.compiling import Env
from validators.trees import to_tree

#: Kinds that store codes and show names.
_CODED = frozenset({FieldKind.CODE, FieldKind.MULTI_ENUM})


def describe_form(form: FormSpec, env: Env | None) -> dict[str, object]:
    """Fields, steps, conditions and rules of the form, as JSON."""
    return {
        "form": form.full_name,
        "fields": {field.id: _describe_field(form, field) for field in form.fields},
        "steps": list(_describe_steps(form)),
        "required": {
            field.id: to_tree(field.required_when)
            for field in form.fields
            if _is_local(form, field.required_when)
        },
        "rules": [_describe_rule(rule) for rule in form.rules if is_live(form, rule)],
        "given": _describe_given(env),
    }


def to_data_block(description: Mapping[str, object]) -> Markup:
    """The JSON for a data block: nothing in it can end its `<script>` element."""
    text = json.dumps(description, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _describe_field(form: FormSpec, field: FieldSpec) -> dict[str, object]:
    facts = {
        "label": field.label,
        "kind": field.value_kind.value,
        "type": field.value_type.value,
        "figure": is_figure(field),
        "places": field.places,
        "list": field.is_list,
        "separator": field.separator,
        "options": list(field.options),
        "picker": control_of(field) in (Control.PICKER, Control.TICKS),
        "asks": list(_asked_fields(form, field)),
        "required": field.required and not field.is_given,
        "given": field.is_given,
        "sensitive": field.sensitive,
        "unit": field.unit,
        "hint": field.description or SPELLINGS[field.value_kind],
    }
    return {name: value for name, value in facts.items() if value not in (None, "", [])}


def _asked_fields(form: FormSpec, field: FieldSpec) -> Iterator[str]:
    """The fields of the row whose texts decide what a reference may pick.

    Of personal data the page has a mask only, and addresses are logged: the server
    asks what is stored.
    """
    if field.reference is not None and field.reference.filter is not None:
        for name in sorted(field.reference.filter.fields):
            if not form.by_id[name].sensitive:
                yield name


def _describe_steps(form: FormSpec) -> Iterator[dict[str, object]]:
    for step in form.steps:
        field = form.by_id[step.field_id]
        wanted = step.kind is StepKind.VISIBLE
        expression = field.visible_when if wanted else field.computed
        if _is_local(form, expression):
            yield {
                "kind": step.kind.value,
                "field": step.field_id,
                "tree": to_tree(expression),
            }


def _describe_rule(rule: RuleSpec) -> dict[str, object]:
    return {
        "id": rule.id,
        "level": rule.level.value,
        "field": rule.fields[0] if rule.fields else "",
        "message": rule.message.rstrip("。") + "。",
        "reads": sorted({*rule.fields, *rule.fields_read}),
        "check": to_tree(rule.check),
        "when": to_tree(rule.when) if rule.when else None,
    }


def is_live(form: FormSpec, rule: RuleSpec) -> bool:
    """Whether the page judges a rule by itself while one types."""
    if not _is_local(form, rule.check):
        return False
    return rule.when is None or _is_local(form, rule.when)


def _is_local(form: FormSpec, expression: Expression | None) -> bool:
    """Whether the texts on the page are enough to evaluate it."""
    if expression is None or expression.reach is not Reach.ROW:
        return False
    return not any(_is_veiled(form.by_id[name]) for name in expression.fields)


def _is_veiled(field: FieldSpec) -> bool:
    """Whether the page shows something else than the value: a mask, a code's name."""
    return field.sensitive or bool(field.codes and field.kind in _CODED)


def _describe_given(env: Env | None) -> dict[str, object]:
    if env is None:
        return {}
    days: dict[str, date] = {
        "today": env.today,
        "period_start": env.period_start,
        "period_end": env.period_end,
    }
    return {
        **{name: day.isoformat() for name, day in days.items()},
        "report_year": env.report_year,
        "school_year": env.school_year,
        **env.unit.as_given(),
    }
