"""Whatever stands on a sheet: a sound draft comes of it, or a reason why none does."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from form_schemas.codelists import load_codelists
from form_schemas.dialect import find_dialect_faults
from form_schemas.drafts import Source
from form_schemas.lint import lint_forms
from form_schemas.reader import read_edition
from form_schemas.writer import format_schema
from validators.drafting.composing import Place
from validators.drafting.draft import draft_form
from validators.drafting.outline import Allowed, Area, Outline, Sheet, SheetCell
from validators.drafting.sheets import NothingToDraftError

TEXTS = [
    "序号",
    "*项目名称",
    "项目代码",
    "金额（万元）",
    "人数(人)",
    "其中：女",
    "其中",
    "性别",
    "是否共享",
    "开始日期",
    "出版年月",
    "备注",
    "单位：万元",
    "填报单位：",
    "填表人：",
    "合计",
    "必填",
    "（万元）",
    "甲",
    "1",
    "2024年度统计表",
    "注：1.项目名称：填全称。",
    "指标名称",
    "数值",
    "计量单位",
    "字段名称",
    "数据类型",
    "说明",
    "例：张三",
    "是",
    "否",
    "13812345678",
    "ABC_d",
    "（）",
    "（（）",
    "*",
    "/",
    "：",
    "=1",
    "💡",
    "%",
    "课程名称（1.甲;2.乙）",
    "联系电话",
    "身份证号",
    "学年",
    "123e5",
]
TEXTS += ["　", "\n", "🙂" * 90, "a" * 300, "第一行\n第二行", "课程名称（1.甲 2.乙）"]
VALUES = st.one_of(
    st.sampled_from(TEXTS),
    st.integers(-5, 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    st.text(max_size=12),
)
CELLS = st.builds(
    SheetCell,
    value=VALUES,
    format=st.sampled_from(["General", "0.00", "0%", "@", "yyyy-mm", 'yyyy"年"', "0"]),
    comment=st.sampled_from(["", "必填\n整数，不小于 0", "最多 20 字", "单位：%"]),
    is_red=st.booleans(),
    has_formula=st.booleans(),
)
PLACES = st.tuples(st.integers(1, 7), st.integers(1, 7))


@st.composite
def areas(draw):
    (row, column), (more_rows, more_columns) = draw(PLACES), draw(PLACES)
    return Area(row, column, row + more_rows // 3, column + more_columns // 2)


RULES = st.builds(
    Allowed,
    areas=st.lists(areas(), min_size=1, max_size=3).map(tuple),
    kind=st.sampled_from(["list", "whole", "decimal", "date", "textLength", "custom"]),
    lowest=st.sampled_from([None, "0", "1900", "0.5"]),
    highest=st.sampled_from([None, "100", "2199"]),
    options=st.lists(st.sampled_from(TEXTS[:12]), unique=True, max_size=4).map(tuple),
)
SHEETS = st.builds(
    Sheet,
    title=st.sampled_from(["Sheet1", "附件1", "填表说明", "教师情况表", "9.1 表"]),
    cells=st.dictionaries(PLACES, CELLS, max_size=40),
    merges=st.lists(areas(), max_size=5).map(tuple),
    allowed=st.lists(RULES, max_size=4).map(tuple),
    hidden_columns=st.frozensets(st.integers(1, 7), max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(SHEETS, min_size=1, max_size=2).map(tuple))
def test_a_draft_is_sound_or_refused_with_a_reason(sheets):
    made = _draft(sheets)
    if isinstance(made, str):
        assert made.endswith("。")
        return
    assert list(find_dialect_faults("draft", made.schema)) == []
    source = Source(f"talent/2024/{made.code}.json", format_schema(made.schema))
    reading = read_edition("talent", "2024", [source], load_codelists())
    faults = (*reading.faults, *lint_forms({source.code: source.file}, reading.forms))
    assert faults == ()


def _draft(sheets):
    """The draft, or the sentence that says why there is none."""
    place = Place("talent", "2024")
    try:
        return draft_form(Outline(sheets), place, (), load_codelists())
    except NothingToDraftError as error:
        return str(error)
