"""The fillers' handbook: what it says can be written into a cell is read."""

import pytest

from app.services.navigation import matches
from tests.support.catalogues import get_catalogue
from tests.support.docs import find_code, find_rows, find_section, read_page
from tests.support.forms import form_of, schema_of
from validators.conversion import convert_value
from validators.report import Finding

PAGE = read_page("filling.zh.md")
CELLS = {row[0]: row[1] for row in find_rows(find_section(PAGE, "格子里怎样写都认得"))}
KINDS = {
    "日期": "date",
    "年月": "year_month",
    "是否": "boolean",
    "数": "decimal",
    "百分数": "percent",
}


@pytest.mark.parametrize("label", KINDS)
def test_what_the_handbook_lets_one_write_is_read(label):
    field = form_of(schema_of(a=KINDS[label])).get_field("a")
    texts = find_code(CELLS[label])
    assert texts
    values = [convert_value(field, text, {}) for text in texts]
    assert not any(isinstance(value, Finding) for value in values)
    if label not in ("是否", "数"):
        assert len(set(values)) == 1


def test_forms_are_found_as_the_handbook_says():
    form = get_catalogue().get("talent/0.1.5")
    for text in find_code(find_section(PAGE, "登录和找表")):
        assert matches(form, text)
