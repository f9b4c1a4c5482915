"""What is exported reads back unchanged: every kind of field, xlsx and csv."""

from datetime import date
from decimal import Decimal

import pytest
from openpyxl import load_workbook
from rustpy_xlsxwriter import write_worksheets

from exporters.bindings import CELLS
from exporters.reader import read_workbook
from exporters.template import write_template
from exporters.workbook import chunks_of, write_csv, write_xlsx
from form_schemas.kinds import FILE_KINDS, FieldKind
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of

TEXTS = [
    "=1+1", "+86", "-", "@某", "'=x", "''+", "'单", "普通 文字", "007", "１２３",
    "两\n行", '逗,号"引"', "1e5", "2024-01-02", "TRUE", "是", "𠮷田", "85%", "\t缩进",
]  # fmt: skip
VALUES = {
    FieldKind.TEXT: [text.strip() for text in TEXTS],
    FieldKind.LONG_TEXT: ["长" * 30_000, "短"],
    FieldKind.INTEGER: [0, -3, 123_456_789_012_345, None],
    FieldKind.DECIMAL: [Decimal("0.1"), Decimal("-19.9"), Decimal("1234567.5"), None],
    FieldKind.MONEY: [Decimal("0.07"), Decimal("9999999999999.99"), Decimal("1.10")],
    FieldKind.PERCENT: [Decimal("85.00"), Decimal("0.85"), Decimal("100.00")],
    FieldKind.DATE: [date(2024, 9, 1), date(1899, 12, 31), date(1900, 2, 28)],
    FieldKind.YEAR_MONTH: ["2024-09", "1899-01"],
    FieldKind.YEAR: [2024, 1949],
    FieldKind.BOOLEAN: [True, False, None],
    FieldKind.ENUM: ["甲", "乙"],
    FieldKind.MULTI_ENUM: [("甲",), ("甲", "乙"), None],
    FieldKind.CODE: ["001", "0", "1e10"],
    FieldKind.PHONE: ["13800001234", "0510-8000000"],
    FieldKind.EMAIL: ["a@example.com"],
    FieldKind.URL: ["https://example.com/?a=1"],
    FieldKind.ID_CARD: ["11010519491231002X"],
    FieldKind.USCC: ["91350100M000100Y43"],
}
KINDS = sorted(VALUES)


def make_form(kind, **words):
    catalogue = catalogue_of(
        schema_of(
            number=field_of("code", "编号"), value=field_of(kind, "内容", **words)
        )
    )
    return catalogue.get("test/T1"), catalogue


def export(form, catalogue, rows, path, **options):
    write = write_csv if path.suffix == ".csv" else write_xlsx
    with path.open("wb") as stream:
        count = write(
            form, catalogue, chunks_of(form, catalogue, rows), stream, **options
        )
    assert count == len(rows)
    return path


def read_back(form, catalogue, path):
    with read_workbook(path, form, catalogue) as reading:
        assert reading.refusal is None
        blocks = list(reading.blocks())
    assert [problem for block in blocks for problem in block.problems] == []
    return [
        dict(zip(block.columns, values, strict=True))
        for block in blocks
        for values in zip(*block.columns.values(), strict=True)
    ]


@pytest.mark.parametrize("extension", ["xlsx", "csv"])
@pytest.mark.parametrize("kind", KINDS)
def test_values_read_back_as_they_were(tmp_path, kind, extension):
    form, catalogue = make_form(kind)
    rows = [
        {"number": f"K{at}", "value": value} for at, value in enumerate(VALUES[kind])
    ]
    path = export(form, catalogue, rows, tmp_path / f"export.{extension}")
    assert read_back(form, catalogue, path) == rows


@pytest.mark.parametrize("extension", ["xlsx", "csv"])
def test_codes_of_a_list_read_back_as_codes(tmp_path, extension):
    form, catalogue = make_form("code", codes="gbt-3304", sensitive=False)
    rows = [{"number": "K", "value": "01"}, {"number": "L", "value": "56"}]
    path = export(form, catalogue, rows, tmp_path / f"export.{extension}")
    assert read_back(form, catalogue, path) == rows


def test_every_kind_is_bound_and_tried():
    assert set(CELLS) == set(FieldKind)
    assert set(VALUES) == set(FieldKind) - FILE_KINDS - {FieldKind.REF}


def test_a_text_that_looks_like_a_formula_is_a_text_in_the_workbook(tmp_path):
    form, catalogue = make_form("text")
    rows = [{"number": "K", "value": "=1+1"}]
    path = export(form, catalogue, rows, tmp_path / "export.xlsx")
    cell = load_workbook(path).worksheets[0]["B2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1"])
def test_no_text_in_a_csv_is_a_formula_to_a_spreadsheet(tmp_path, text):
    form, catalogue = make_form("text")
    path = export(
        form, catalogue, [{"number": "K", "value": text}], tmp_path / "export.csv"
    )
    cell = path.read_text("utf-8-sig").splitlines()[1].split(",")[1]
    assert cell.startswith("'")


def test_a_negative_number_in_a_csv_stays_a_number(tmp_path):
    form, catalogue = make_form("integer")
    path = export(form, catalogue, [{"number": "K", "value": -3}], tmp_path / "e.csv")
    assert path.read_bytes().endswith(b"K,-3\r\n")


def test_a_csv_begins_with_the_mark_that_excel_needs(tmp_path):
    form, catalogue = make_form("text")
    path = export(form, catalogue, [{"number": "K"}], tmp_path / "e.csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("extension", ["xlsx", "csv"])
def test_personal_data_are_masked_on_demand(tmp_path, extension):
    form, catalogue = make_form("phone")
    rows = [{"number": "K", "value": "13800001234"}]
    path = export(
        form,
        catalogue,
        rows,
        tmp_path / f"e.{extension}",
        mask=lambda field, text: text[:3] + "*",
    )
    (row,) = read_back(form, catalogue, path)
    assert row["value"] == "138*"


def test_an_export_of_no_rows_is_the_template(tmp_path):
    form, catalogue = make_form("text")
    path = export(form, catalogue, [], tmp_path / "e.xlsx")
    assert [cell.value for cell in load_workbook(path).worksheets[0][1]] == [
        "编号",
        "内容",
    ]


def test_drop_downs_and_formats_stand_in_an_export(tmp_path):
    form, catalogue = make_form("enum")
    path = export(
        form, catalogue, [{"number": "K", "value": "甲"}], tmp_path / "e.xlsx"
    )
    sheet = load_workbook(path).worksheets[0]
    (validation,) = sheet.data_validations.dataValidation
    assert validation.formula1 == '"甲,乙"'
    assert sheet["A2"].number_format == "@"
    assert sheet.auto_filter.ref == "A1:B2"


@pytest.mark.parametrize(("length", "count"), [(128, 1), (129, 0)])
def test_an_export_has_drop_downs_of_short_lists_only(tmp_path, length, count):
    # With their commas 128 options of one character are 255 characters.
    options = [chr(0x4E00 + at) for at in range(length)]
    form, catalogue = make_form("enum", enum=options)
    rows = [{"number": "K", "value": options[0]}]
    path = export(form, catalogue, rows, tmp_path / "e.xlsx")
    found = load_workbook(path).worksheets[0].data_validations.dataValidation
    assert len(found) == count


def test_the_fast_writer_takes_no_range_of_options(tmp_path):
    """Where it learns to, exports can have the drop-downs that templates have."""
    with pytest.raises(ValueError, match="values"):
        write_worksheets(
            [("S", [{"a": "x"}])],
            str(tmp_path / "e.xlsx"),
            data_validations={"S": {"a": {"type": "list", "formula": "=L!$A$1:$A$9"}}},
        )


@pytest.mark.office
@pytest.mark.parametrize("kind", ["text", "date", "money"])
def test_libreoffice_opens_an_export_and_it_still_reads_back(tmp_path, office, kind):
    form, catalogue = make_form(kind)
    rows = [
        {"number": f"K{at}", "value": value}
        for at, value in enumerate(VALUES[kind])
        if value not in ("两\n行", "缩进")
    ]
    path = export(form, catalogue, rows, tmp_path / "export.xlsx")
    assert read_back(form, catalogue, office(path, "xlsx")) == rows


@pytest.mark.office
def test_libreoffice_opens_a_template_with_its_drop_downs(tmp_path, office):
    form, catalogue = make_form("code", codes="gbt-3304")
    path = tmp_path / "template.xlsx"
    with path.open("wb") as stream:
        write_template(form, catalogue, stream)
    saved = load_workbook(office(path, "xlsx"))
    assert saved.sheetnames == ["T1 表", "填表说明", "_lists", "_tianbao"]
    (validation,) = saved.worksheets[0].data_validations.dataValidation
    assert "_lists" in validation.formula1
