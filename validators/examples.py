"""Runs the examples of schema files (`x-tests`): each row gets the verdict it states.

Called by `tianbao schemas lint` beside `form_schemas.lint`. Only rules are judged, by
`interpreting`: an example holds the fields that matter to them and no others.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import InvalidOperation
from functools import cache
from pathlib import Path

from form_schemas.codelists import CodeList, load_codelists
from form_schemas.faults import Fault, ask_nearest, point
from form_schemas.field_spec import FieldSpec
from form_schemas.folder_reading import read_folder
from form_schemas.folders import SCHEMAS_FOLDER, edition_folders
from form_schemas.rule_spec import Example, Level, RuleSpec, ToldTables
from form_schemas.settings import read_settings
from form_schemas.spec import FormSpec
from validators.compiling import Env, Row
from validators.constraints import ValueJudge, get_judges
from validators.conversion import from_json
from validators.interpreted_rows import evaluate_row, is_broken
from validators.messages import describe
from validators.places import Place, Tables

#: Pointer below the example, and what is wrong there.
Wrong = tuple[str, str]

#: Examples are judged so long after the last day of the edition's periods.
_JUDGED_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class Setting:
    """What the examples of an edition have in common."""

    #: the forms of the edition by code
    forms: Mapping[str, FormSpec]
    #: period of a form -> its first and last day
    periods: Mapping[str, tuple[date, date]]
    codelists: Mapping[str, CodeList]

    def env(self, form: FormSpec) -> Env:
        start, end = self.periods[form.period]
        last = max(last for _, last in self.periods.values())
        return Env(today=last + _JUDGED_AFTER, period_start=start, period_end=end)


def lint_examples(folder: Path = SCHEMAS_FOLDER) -> tuple[Fault, ...]:
    """Find the wrong examples of all editions below a folder."""
    return tuple(
        fault
        for path in edition_folders(folder)
        for fault in lint_edition_examples(path)
    )


def lint_edition_examples(path: Path) -> tuple[Fault, ...]:
    """Find the wrong examples of one edition's folder; broken forms are passed over."""
    found, codelists = read_folder(path), load_codelists()
    forms, files = found.reading.forms, found.files
    setting = make_setting(forms, read_settings(path).values, codelists)
    return tuple(
        Fault(files[form.code], pointer, message)
        for form in forms
        for pointer, message in find_wrong_examples(form, setting)
    )


def make_setting(
    forms: tuple[FormSpec, ...],
    settings: Mapping[str, object],
    codelists: Mapping[str, CodeList],
) -> Setting:
    """Give the setting of an edition's examples.

    A period that the settings do not tell is the calendar year of the edition.
    """
    told = settings.get("periods")
    declared = told if isinstance(told, Mapping) else {}
    year = int(forms[0].edition) if forms else date.min.year
    bare = (date(year, 1, 1), date(year, 12, 31))
    periods = {form.period.value: bare for form in forms}
    for name, (start, end) in declared.items():
        periods[name] = (date.fromisoformat(start), date.fromisoformat(end))
    return Setting({form.code: form for form in forms}, periods, codelists)


def find_wrong_examples(form: FormSpec, setting: Setting) -> Iterator[Wrong]:
    """Yield what is wrong with a form's examples, with JSON pointers."""
    names: set[str] = set()
    for index, example in enumerate(form.examples):
        at = point("x-tests", index)
        if example.name in names:
            yield f"{at}/name", f"名称“{example.name}”用了两次，请改一个。"
        names.add(example.name)
        # An example that cannot be read is not run.
        wrong = list(_find_unreadable(form, example, setting)) or list(
            _find_wrong_verdicts(form, example, setting)
        )
        for pointer, message in wrong:
            yield at + pointer, f"“{example.name}”：{message}"


def find_broken_rules(
    form: FormSpec, example: Example, setting: Setting
) -> tuple[RuleSpec, ...]:
    """Give the rules that the row of an example breaks, in their order.

    A rule over a form that the example says nothing of waits, as for one not filled in.
    """
    place = read_place(form, example, setting)
    told = {form.code, *example.tables, *example.last_tables}
    return tuple(
        rule
        for rule in form.rules
        if _tables_of(rule) <= told and is_broken(rule, place)
    )


def _tables_of(rule: RuleSpec) -> set[str]:
    parts = (rule.check, rule.when)
    return {code for part in parts if part is not None for code in part.tables}


def read_place(form: FormSpec, example: Example, setting: Setting) -> Place:
    """Give the evaluated row of an example, among the rows it tells of."""

    row = from_json(form, example.row)
    tables = _read_tables(example.tables, setting)
    others = tables.get(form.code, [])
    place = Place(
        form=form,
        row=row,
        forms=setting.forms,
        tables={**tables, form.code: [row, *others]},
        env=setting.env(form),
        previous=_read_previous(form, example, setting, row),
    )
    evaluated = evaluate_row(place, told=example.row.keys())
    tables[form.code] = [evaluated, *others]
    return replace(place, row=evaluated, tables=tables)


def _read_previous(
    form: FormSpec, example: Example, setting: Setting, row: Row
) -> Tables | None:
    if example.last is None and not example.last_tables:
        return None
    tables = _read_tables(example.last_tables, setting)
    if example.last is not None:
        key = {name: row.get(name) for name in form.key}
        last = key | from_json(form, example.last)
        tables[form.code] = [last, *tables.get(form.code, [])]
    return tables


def _read_tables(told: ToldTables, setting: Setting) -> dict[str, list[Row]]:
    return {
        code: [from_json(setting.forms[code], row) for row in rows]
        for code, rows in told.items()
    }


# What is wrong with an example.


def _find_unreadable(
    form: FormSpec, example: Example, setting: Setting
) -> Iterator[Wrong]:
    known = [rule.id for rule in form.rules if rule.check is not None]
    for rule_id in example.breaks:
        if rule_id not in known:
            advice = ask_nearest(rule_id, known)
            yield "/breaks", f"本表没有能运行的规则“{rule_id}”。{advice}请改正。"
    yield from _find_wrong_values(form, example.row, setting, "/row")
    yield from _find_wrong_values(form, example.last or {}, setting, "/last")
    told = (("tables", example.tables), ("lastTables", example.last_tables))
    for word, tables in told:
        for code, rows in tables.items():
            target = setting.forms.get(code)
            if target is None:
                advice = ask_nearest(code, setting.forms)
                yield point(word, code), f"没有表“{code}”。{advice}请改正。"
                continue
            for index, row in enumerate(rows):
                at = point(word, code, index)
                yield from _find_wrong_values(target, row, setting, at)


def _find_wrong_values(
    form: FormSpec, row: Mapping[str, object], setting: Setting, at: str
) -> Iterator[Wrong]:
    """Yield the values that nobody could have entered."""
    judges = get_judges(form, setting.codelists)
    for field_id, value in row.items():
        field = form.by_id.get(field_id)
        if field is None:
            advice = ask_nearest(field_id, form.by_id)
            yield at, f"表 {form.code} 没有字段“{field_id}”。{advice}请改正。"
            continue
        try:
            typed = from_json(form, {field_id: value})[field_id]
        except (AssertionError, InvalidOperation, TypeError, ValueError):
            yield at, f"“{field.label}”不能是 {value}，请写成这种字段的值。"
            continue
        judge = judges.get(field_id) or _judge_given(form, field)
        for finding in judge.find(typed):
            if finding.level is Level.ERROR:
                yield at, describe(form, finding.at(None, field_id))


@cache
def _judge_given(form: FormSpec, field: FieldSpec) -> ValueJudge:
    """The judge of a filled or computed field, which rows told of may hold too."""
    return ValueJudge(form, field, None)


def _find_wrong_verdicts(
    form: FormSpec, example: Example, setting: Setting
) -> Iterator[Wrong]:
    broken = [rule.id for rule in find_broken_rules(form, example, setting)]
    messages = {rule.id: rule.message for rule in form.rules}
    advice = "请核对这一行、breaks 和规则，改正其中的一处。"
    for rule_id in example.breaks:
        if rule_id not in broken:
            told = f"规则“{rule_id}”（{messages[rule_id]}）应当不符合，结果却符合。"
            yield "/breaks", told + advice
    for rule_id in broken:
        if rule_id not in example.breaks:
            told = f"规则“{rule_id}”（{messages[rule_id]}）不符合，breaks 里却没有它。"
            yield "/breaks", told + advice
