"""Packages of many forms: templates and data, zipped or sheet by sheet."""

import io
import zipfile

import pytest
from openpyxl import load_workbook

from exporters.package import (
    write_export_zip,
    write_one_workbook,
    write_template_zip,
)
from exporters.reader import read_workbook
from exporters.workbook import chunks_of
from tests.support.catalogues import catalogue_of, get_catalogue
from tests.support.forms import field_of, schema_of

ROWS = {"T1": [{"number": "A1", "kind": "甲"}, {"number": "=A2"}], "T2": []}


@pytest.fixture(scope="module")
def catalogue():
    fields = {
        "number": field_of("code", "编号"),
        "kind": field_of("enum", "种类"),
        "day": field_of("date", "日期"),
    }
    return catalogue_of(schema_of("T1", **fields), schema_of("T2", **fields))


@pytest.fixture(scope="module")
def rows_of(catalogue):
    return lambda form: chunks_of(form, catalogue, ROWS[form.code])


def test_templates_of_many_forms_come_in_one_zip(catalogue):
    stream = io.BytesIO()
    done = []
    write_template_zip(catalogue.forms, catalogue, stream, done.append)
    with zipfile.ZipFile(stream) as package:
        assert package.namelist() == ["T1 T1 表.xlsx", "T2 T2 表.xlsx"]
        load_workbook(io.BytesIO(package.read("T1 T1 表.xlsx")))
    assert done == [1, 2]


@pytest.mark.parametrize("file_type", ["xlsx", "csv"])
def test_data_of_many_forms_come_in_one_zip(tmp_path, catalogue, rows_of, file_type):
    stream = io.BytesIO()
    count = write_export_zip(
        catalogue.forms, catalogue, rows_of, stream, file_type=file_type
    )
    assert count == 2
    path = tmp_path / f"T1.{file_type}"
    with zipfile.ZipFile(stream) as package:
        path.write_bytes(package.read(f"T1 T1 表.{file_type}"))
    with read_workbook(path, catalogue.get("test/T1"), catalogue) as reading:
        (block,) = reading.blocks()
    assert block.columns["number"] == ["A1", "=A2"]


def test_one_workbook_has_a_sheet_a_form(catalogue, rows_of):
    stream = io.BytesIO()
    count = write_one_workbook(catalogue.forms, catalogue, stream, rows_of=rows_of)
    workbook = load_workbook(stream)
    assert count == 2
    assert workbook.sheetnames == ["T1 T1 表", "T2 T2 表", "_lists"]
    assert workbook["T1 T1 表"]["A3"].value == "=A2"
    assert workbook["T1 T1 表"]["A3"].data_type == "s"


def test_all_forms_of_an_edition_fit_into_one_workbook():
    catalogue = get_catalogue()
    stream = io.BytesIO()
    forms = catalogue.newest["talent"].forms
    write_one_workbook(forms, catalogue, stream)
    assert len(load_workbook(stream, read_only=True).sheetnames) == len(forms) + 1
