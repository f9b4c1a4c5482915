"""Formulas as texts: what is escaped, what is refused and why."""

import pytest

from exporters.formula_cells import quote_text
from exporters.formulas import CellRef, Cells, NotInExcel, compile_formula
from form_schemas.expressions import Column, parse_expression
from form_schemas.kinds import ValueType

KINDS = {"x": "number", "s": "text", "t": "text", "d": "date", "p": "file"}
COLUMNS = {name: Column(name, ValueType(kind)) for name, kind in KINDS.items()}
TABLES = {"F": COLUMNS | {"r": Column("r", ValueType.TEXT, ref_tables=("F",))}}
CELLS = Cells(
    {
        name: CellRef(f"${name.upper()}2", column.type)
        for name, column in COLUMNS.items()
    }
)


def write(text, cells=CELLS):
    return compile_formula(parse_expression(text, TABLES, "F"), cells)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("甲", '"甲"'),
        ('说"好"', '"说""好"""'),
        ('")+WEBSERVICE("http://x")&("', '""")+WEBSERVICE(""http://x"")&("""'),
        ("=1+1", '"=1+1"'),
        ("　a  b ", '"a b"'),
    ],
)
def test_a_text_stays_a_text(text, quoted):
    assert quote_text(text) == quoted


@pytest.mark.parametrize("text", ["", " ", "字" * 256, "a\nb", "a\ue000"])
def test_texts_no_formula_holds_are_refused(text):
    with pytest.raises(NotInExcel):
        quote_text(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("count('F') > x", "要看别的行或别的表"),
        ("prev(x) > 1", "要看上期的数据"),
        ("ref(r).x > 1", "要看所引用的行"),
        ("is_unique(x)", "要看本表的其他行"),
        ("s < t", "要排文字的先后"),
        ("is_empty(p)", "要看上传的文件"),
        ("in_period(d)", "要知道统计时期"),
        ("x > 1234567890123456", "数字太长"),
        (" or ".join(["s == t"] * 60), "公式太长"),
        ("is_empty(r)", "模板里没有“r”这一列"),
    ],
)
def test_what_no_formula_can_say_has_a_reason(text, reason):
    with pytest.raises(NotInExcel) as refused:
        write(text)
    assert refused.value.reason == reason


def test_functions_within_functions_have_an_end():
    nested = "x"
    for _ in range(40):
        nested = f"ceil({nested})"
    with pytest.raises(NotInExcel, match="层次太多"):
        write(nested)


def test_formulas_that_would_double_at_each_step_end_soon():
    nested = "x"
    for _ in range(40):
        nested = f"min({nested}, x)"
    with pytest.raises(NotInExcel, match="太长"):
        write(nested)


def test_a_code_is_compared_as_code_and_as_name():
    cells = Cells(
        {"s": CellRef("$A2", ValueType.TEXT, spellings={"01": ("01", "汉族")})}
    )
    assert '{"01","汉族"}' in write("s == '01'", cells)
    assert '{"01","汉族","02"}' in write("s in ('01', '02')", cells)
    with pytest.raises(NotInExcel, match="名称"):
        write("left(s, 1) == '0'", cells)


def test_a_hidden_field_is_null():
    cells = Cells({"x": CellRef("$A2", ValueType.NUMBER, shown_if="$Z2")})
    assert write("x", cells) == 'IF($Z2,VALUE($A2&""),NA())'
