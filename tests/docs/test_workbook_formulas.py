"""What the page about expressions says of workbooks is what the formulas refuse."""

import pytest

from exporters.formula_functions import MISSING
from exporters.formulas import CellRef, Cells, NotInExcel, compile_formula
from form_schemas.expressions import parse_expression
from form_schemas.functions import GROUPING
from tests.docs.test_expressions_page import TABLES
from tests.support.docs import find_code, find_rows, find_section, read_page

SECTION = find_section(read_page("expressions.zh.md"), "在工作簿里")
ROWS = [(find_code(written)[0], reason) for written, reason in find_rows(SECTION)]
CELLS = Cells(
    {name: CellRef("$A2", column.type) for name, column in TABLES["T"].items()}
)


@pytest.mark.parametrize(("text", "reason"), ROWS)
def test_what_a_workbook_does_not_judge_has_the_reason_told(text, reason):
    with pytest.raises(NotInExcel) as refused:
        compile_formula(parse_expression(text, TABLES, "T"), CELLS)
    assert refused.value.reason == reason


def test_every_function_that_is_missing_stands_in_the_table():
    texts = " ".join(text for text, _ in ROWS)
    assert [name for name in set(MISSING) - set(GROUPING) if name not in texts] == []
