"""Formulas of blank forms: what is certain is proposed, the rest is told."""

import pytest
from openpyxl import Workbook

from tests.support.blank_forms import put
from tests.support.drafting import draft, find_notes

HEADINGS = [
    "班级名称",
    "男生人数（人）",
    "女生人数（人）",
    "合计（人）",
    "应到人数（人）",
    "到课率（%）",
]


def draft_table(tmp_path, formula, column="D", rows=(2,), **formats):
    book = Workbook()
    sheet = book.active
    put(sheet, {1: HEADINGS})
    for row in rows:
        sheet[f"{column}{row}"] = formula.replace("#", str(row))
    for name, code in formats.items():
        sheet[f"{name}2"].number_format = code
    path = tmp_path / "form.xlsx"
    book.save(path)
    return draft(path)


def find_computed(drafted, label):
    ids = {f: words["title"] for f, words in drafted.schema["properties"].items()}
    [note] = [n for n in drafted.notes if n.label == label and "公式" in n.text]
    said = note.computed
    for name, title in sorted(ids.items(), key=lambda one: -len(one[0])):
        said = said.replace(name, title[:2])
    return said


@pytest.mark.parametrize(
    ("formula", "computed"),
    [
        ("=B2+C2", "男生 + 女生"),
        ("=SUM(B2:C2)", "男生 + 女生"),
        ("=SUM($B2,C2,E2)", "男生 + 女生 + 应到"),
        ("=E2-B2-C2", "应到 - 男生 - 女生"),
        ("=E2-(B2+C2)", "应到 - (男生 + 女生)"),
        ("=(B2+C2)*2", "(男生 + 女生) * 2"),
        ("=E2/(B2/C2)", "应到 / (男生 / 女生)"),
        ("=ROUND(B2*1.5,0)", "round(男生 * 1.5, 0)"),
        ("=PRODUCT(B2:C2)", "男生 * 女生"),
        ('=IFERROR(B2/C2,"")', "男生 / 女生"),
        ("=B2*10%", "男生 * (10 / 100)"),
    ],
)
def test_simple_formulas_become_expressions(tmp_path, formula, computed):
    assert find_computed(draft_table(tmp_path, formula), "合计") == computed


@pytest.mark.parametrize(
    "formula",
    [
        "=B1+C2",
        "=SUM(B2:B9)",
        "=SUM(A2:C2)",
        "=D2+1",
        "=1+1",
        "=IF(B2>0,B2,C2)",
        "=VLOOKUP(A2,Sheet2!A:B,2,0)",
        "=Sheet2!B2+C2",
        "=B2^2",
        "=-B2",
        "=B2+",
        '=B2&"人"',
        "=COUNTIF(B2:C2,1)",
        "=ROUND(B2,-1)",
        "=IFERROR(B2/C2,0)",
    ],
)
def test_what_is_not_certain_is_told_as_before(tmp_path, formula):
    drafted = draft_table(tmp_path, formula)
    assert all(not note.computed for note in drafted.notes)
    assert "x-computed" in find_notes(drafted, "合计")


def test_a_share_is_computed_in_percent(tmp_path):
    drafted = draft_table(tmp_path, "=D2/E2", column="F", F="0.0%")
    assert find_computed(drafted, "到课率") == "合计 / 应到 * 100"
    written = draft_table(tmp_path, "=D2/E2*100", column="F")
    assert find_computed(written, "到课率") == "合计 / 应到 * 100"


def test_rows_that_say_otherwise_are_not_certain(tmp_path):
    alike = draft_table(tmp_path, "=B#+C#", rows=(2, 3, 4))
    assert find_computed(alike, "合计") == "男生 + 女生"
    book = Workbook()
    put(book.active, {1: HEADINGS})
    book.active["D2"], book.active["D3"] = "=B2+C2", "=B3-C3"
    book.save(tmp_path / "other.xlsx")
    drafted = draft(tmp_path / "other.xlsx")
    assert all(not note.computed for note in drafted.notes)


def test_a_record_adds_up_its_own_cells(tmp_path):
    book = Workbook()
    put(
        book.active,
        {
            1: ["序号", "指标名称", "计量单位", "数值"],
            2: [1, "专任教师数", "人", None],
            3: [2, "校外教师数", "人", None],
            4: [3, "教师合计", "人", "=SUM(D2:D3)"],
        },
    )
    book.save(tmp_path / "record.xlsx")
    drafted = draft(tmp_path / "record.xlsx")
    [note] = [one for one in drafted.notes if one.computed]
    first, second, _ = drafted.schema["properties"]
    assert note.computed == f"{first} + {second}"
    assert "“专任教师数” + “校外教师数”" in note.text
