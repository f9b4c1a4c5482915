"""The templates of all forms, filled in and recalculated by LibreOffice.

What their formulas say of each row is what Python says, and the file reads back as if
no formulas were there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.utils import column_index_from_string

from exporters.form_formulas import form_formulas
from exporters.header import is_importable
from exporters.layout import sheet_layout
from exporters.reader import read_workbook
from form_schemas.expressions import Reach
from tests.support.catalogues import get_catalogue
from tests.support.machine import convert_all_with_office
from tests.support.templates import Filled, fill_template, invent_rows
from validators.rules import (
    broken_rules,
    evaluate_steps,
    hidden_fields,
    required_fields,
)

pytestmark = [pytest.mark.office, pytest.mark.long]

CATALOGUE = get_catalogue()
FORMS = [
    form
    for form in CATALOGUE.all_forms
    if any(is_importable(field) for field in form.fields)
]
#: What a formula shows that cannot be calculated.
FAILED = ("#N/A", "#NAME", "#NULL", "#NUM", "#REF", "#VALUE", "#DIV", "Err:")
every_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.full_name)


@dataclass(frozen=True)
class Sent:
    """A filled template as LibreOffice saved it."""

    filled: Filled
    path: Path


@pytest.fixture(scope="module")
def rows() -> Mapping[str, Filled]:
    return {filled.form.full_name: filled for filled in invent_rows(CATALOGUE)}


@pytest.fixture(scope="module")
def files(rows, tmp_path_factory) -> Mapping[str, Sent]:
    folder = tmp_path_factory.mktemp("templates")
    saved = folder / "saved"
    saved.mkdir()
    paths = [
        fill_template(rows[form.full_name], CATALOGUE, folder / f"{number}.xlsx")
        for number, form in enumerate(FORMS)
    ]
    targets = convert_all_with_office(paths, "xlsx", saved, timeout=900)
    return {
        form.full_name: Sent(rows[form.full_name], target)
        for form, target in zip(FORMS, targets, strict=True)
    }


@pytest.fixture
def sent(files, form):
    return files[form.full_name]


@every_form
def test_formulas_judge_each_row_as_python_does(form, sent):
    formulas = form_formulas(form, CATALOGUE)
    flags = formulas.flags
    book = load_workbook(sent.path, data_only=True, read_only=True)
    sheets = [list(sheet.values) for sheet in book]
    book.close()
    assert [text for text in texts_of(sheets) if text.startswith(FAILED)] == []
    first = sheet_layout(form, CATALOGUE).header_row + 1
    lines = sheets[0][first - 1 :]
    for row, line in zip(sent.filled.rows, lines, strict=False):
        read = {flag.name: value_at(line, flag.letter) for flag in flags}
        judged = {
            "broken": [r.rule.id for r in formulas.rules if read[r.flag.name] is True],
            "hidden": [f for f, flag in formulas.shown.items() if not read[flag.name]],
            "missing": read[formulas.missing.name] or "" if formulas.missing else "",
            "computed": {
                field_id: plain(value_at(line, formulas.letter_of(field_id)))
                for field_id in formulas.computed
            },
        }
        assert judged == judge(sent.filled, formulas, row)


def value_at(line, letter):
    """What stands in a column; a line ends with its last cell that is not empty."""
    position = column_index_from_string(letter) - 1
    return line[position] if position < len(line) else None


def texts_of(sheets):
    values = (value for sheet in sheets for row in sheet for value in row)
    return [value for value in values if isinstance(value, str)]


def judge(filled, formulas, row) -> dict[str, Any]:
    """The same by Python, for what formulas judge."""
    form, env = filled.form, filled.env
    evaluated = evaluate_steps(form, row, env)
    broken = {rule.id for rule in broken_rules(form, evaluated, env)}
    hidden = hidden_fields(form, evaluated, env)
    required = {field.id for field in required_fields(form, evaluated, env)}
    missing = [
        form.by_id[field_id].label
        for field_id in formulas.required
        if field_id in required and evaluated.get(field_id) is None
    ]
    return {
        "broken": [r.rule.id for r in formulas.rules if r.rule.id in broken],
        "hidden": [field_id for field_id in formulas.shown if field_id in hidden],
        "missing": "".join(f"“{label}”" for label in missing),
        "computed": {
            field_id: plain(evaluated.get(field_id)) for field_id in formulas.computed
        },
    }


def plain(value: Any) -> Any:
    """A value whether it comes from a cell or from Python."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float | Decimal):
        return Decimal(f"{Decimal(value):.12g}").normalize()
    return value.date() if isinstance(value, datetime) else value


@every_form
def test_a_recalculated_template_reads_back_as_it_was_filled(form, sent):
    with read_workbook(sent.path, form, CATALOGUE) as reading:
        blocks = list(reading.blocks())
    (block,) = blocks
    assert list(block.problems) == []
    assert reading.columns_unknown == ()
    rows = sent.filled.rows
    assert {name: list(block.columns[name]) for name in reading.columns} == {
        name: [row.get(name) for row in rows] for name in reading.columns
    }


def test_nearly_every_rule_that_is_judged_is_broken_by_some_row(rows):
    judged, broken = set(), set()
    for name, filled in rows.items():
        form, env = filled.form, filled.env
        judged |= {(name, r.rule.id) for r in form_formulas(form, CATALOGUE).rules}
        for row in filled.rows:
            evaluated = evaluate_steps(form, row, env)
            broken |= {(name, rule.id) for rule in broken_rules(form, evaluated, env)}
    # Some are broken only by computed values, or by days after today.
    assert len(judged) > 600
    assert len(judged & broken) > 0.9 * len(judged)


def test_rules_of_a_row_that_workbooks_leave_to_the_upload_are_few():
    left = [
        (form.full_name, rule.id)
        for form in FORMS
        for rule in form.rules
        if rule.check is not None
        and all(part.reach is Reach.ROW for part in (rule.check, rule.when) if part)
        and rule.id not in {r.rule.id for r in form_formulas(form, CATALOGUE).rules}
    ]
    # They read values that the system fills in.
    assert len(left) < 10
