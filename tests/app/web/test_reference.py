"""The documentation of editions as pages."""

import time
from dataclasses import replace
from io import BytesIO

import pytest
from openpyxl import load_workbook

from app.web.server import attach_server
from form_schemas.catalogue import Catalogue

# What the pages say comes from the files; the database only knows who is asking.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

CONTENTS = "/reference/talent/2024/"
FORM = f"{CONTENTS}1.2.1/"


@pytest.mark.parametrize("person", ["filler", "stranger", "admin"])
def test_whoever_is_logged_in_reads_all_of_it(sign_in, person):
    browser = sign_in(person)
    for address in (CONTENTS, FORM, "/reference/national/2024/"):
        assert browser.get(address).status_code == 200


def test_nobody_reads_it_without_a_login(client):
    assert client.get(FORM).location.startswith("/login?next=")


def test_without_any_edition_there_is_nothing_to_read(app, administrator, catalogue):
    server = app.extensions["tianbao.server"]
    bare = replace(server.workshop, catalogue=Catalogue((), catalogue.codelists))
    attach_server(app, replace(server, workshop=bare))
    assert administrator.get("/reference/").status_code == 404


def test_the_contents_name_every_form_of_the_edition(filler, catalogue):
    text = filler.get(CONTENTS).text
    for form in catalogue.newest["talent"].forms:
        assert f'href="{CONTENTS}{form.code}/"' in text
        assert form.title in text


def test_forms_are_found_by_pinyin(filler):
    answer = filler.get(f"{CONTENTS}?q=zxs")
    assert "在校生基础信息表" in answer.text
    assert "占地面积" not in answer.text
    assert filler.get(f"{CONTENTS}?q=1.2.1").location == FORM
    nothing = filler.get(f"{CONTENTS}?q=没有这样的").text
    assert "没有找到“没有这样的”" in nothing


def test_a_form_is_told_in_words(filler):
    text = filler.get(FORM).text
    for words in (
        "学年，2023-09-01 至 2024-08-31",
        "按“专业代码”认定一行",
        "study_years",
        "不大于 6",
        "其中：一年级 + 其中：二年级",
        "0.1.1 开设专业基础信息表的“专业代码”",
        "各类生源人数之和应等于在校生总人数",
        "= 在校生总人数",
        "违反的例子",
        "当年是否招生为“是”",
    ):
        assert words in text
    assert f'href="{CONTENTS}0.1.1/"' in text
    assert 'href="/api/v1/forms/talent/2024/1.2.1"' in text


def test_a_code_list_is_paged_and_searched(filler):
    address = "/reference/codes/gbt-2260/"
    assert "page=2" in filler.get(address).text
    found = filler.get(f"{address}?q=南京").text
    assert "南京市" in found
    assert "page=2" not in found


def test_the_workbook_is_that_of_the_edition(filler, catalogue):
    answer = filler.get(f"{CONTENTS}workbook.xlsx")
    assert "attachment" in answer.headers["Content-Disposition"]
    workbook = load_workbook(BytesIO(answer.data))
    forms = catalogue.newest["talent"].forms
    assert workbook["目录"].max_row == len(forms) + 1


@pytest.mark.parametrize(
    "address",
    ["/reference/talent/2034/", f"{CONTENTS}9.9.9/", "/reference/codes/nothing/"],
)
def test_what_is_not_there_is_said(filler, address):
    answer = filler.get(address)
    assert answer.status_code == 404
    assert "相近的有" in answer.text


def test_the_form_and_the_list_of_forms_lead_here(filler):
    assert f'href="{FORM}"' in filler.get("/forms/talent/1.2.1/").text
    assert f'href="{CONTENTS}"' in filler.get("/forms/").text
    assert filler.get("/reference/").location == CONTENTS


def test_the_contents_of_120_forms_are_quick(filler):
    address = "/reference/national/2024/"
    filler.get(address)
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        filler.get(address)
        taken.append(time.perf_counter() - start)
    assert min(taken) <= 0.1
