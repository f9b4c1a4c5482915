"""What a group reported over the years, side by side."""

import io
import re

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from app.models import Round, Unit
from app.services.organisation import insert_round
from tests.app.web.test_booklets import BASICS, INDUSTRY, LOOKS, SCHOOL, reporter

__all__ = ["reporter"]

YEARS = "/booklets/group/report/years"


@pytest.fixture
def before(engine, catalogue, reporter):
    """Opens rounds before this one, newest first; gives their places."""
    edition = catalogue.edition("group", "2014")
    with engine.begin() as connection:
        own = Round.collection == "group", ~Round.is_standing
        later = now = connection.scalar(select(Round.id).where(*own))
        unit = connection.scalar(select(Unit.id).where(Unit.code == "demo-group"))
        places = [f"{unit}-{now}"]
        for year in range(2012, 2003, -1):
            number = insert_round(connection, edition, f"{year} 年的一轮")
            days = [f"{year}-01-01", f"{year}-12-31"]
            periods = dict.fromkeys(edition.settings["periods"], days)
            chosen = update(Round).where(Round.id == number)
            connection.execute(chosen.values(periods=periods))
            chained = update(Round).where(Round.id == later)
            connection.execute(chained.values(previous_id=number))
            later = number
            places.append(f"{unit}-{number}")
    return places


def report(browser, place, form, cells):
    row = {"key": "r", "id": None, "version": None, "cells": cells}
    answer = browser.send(f"/forms/group/{form}/save?at={place}", {"rows": [row]})
    assert answer.json["rows"][0]["status"] == "saved"


def read_table(text):
    """Its head, and the cells of each line by the item's name."""
    head = re.findall(r'<th scope="col"[^>]*><a[^>]*>([^<]+)', text)
    lines = re.findall(r'<th scope="row".*?</tr>', text, re.DOTALL)
    read = [re.sub(r"<[^>]+>", "\n", line).split("\n") for line in lines]
    texts = [[part.strip() for part in line if part.strip()] for line in read]
    return head, {line[0]: line[-len(head) :] for line in texts}


def test_years_stand_side_by_side_with_this_one_first(reporter, before):
    now, last, older, *_ = before
    report(reporter, now, "G3", {"employee_total": "1500"})
    report(reporter, last, "G3", {"employee_total": "1200"})
    report(reporter, older, "G1", BASICS)
    report(reporter, older, "G2", INDUSTRY)
    report(reporter, older, "G5.2", SCHOOL)
    head, lines = read_table(reporter.get(f"{YEARS}?at={now}").text)
    assert head == ["2013", "2012", "2011"]
    assert lines["职教集团内职工总数"] == ["1,500", "1,200", "—"]
    assert lines["经批准成立"] == ["—", "—", "是"]
    assert lines["D 电力、热力、燃气及水生产和供应业"] == ["—", "—", "2"]
    assert lines["高职学校数"] == ["0", "0", "1"]
    assert lines["成员单位总数"] == ["0", "0", "1"]


@LOOKS
def test_years_without_a_report_are_left_out(reporter, before):
    now, oldest = before[0], before[-1]
    report(reporter, oldest, "G6", {"joint_tech_projects": "3"})
    head, lines = read_table(reporter.get(f"{YEARS}?at={now}").text)
    assert head == ["2013", "2004"]
    assert lines["集团内校企联合开展生产技术攻关项目数"] == ["—", "3"]


@LOOKS
def test_each_year_leads_to_its_own_page(reporter, before):
    now, last = before[:2]
    report(reporter, last, "G3", {"employee_total": "1200"})
    page = reporter.get(f"/booklets/group/report/?at={now}").text
    assert re.search(rf'href="{YEARS}\?at={now}">往年数据', page)
    assert f'href="/booklets/group/report/?at={last}"' in (
        reporter.get(f"{YEARS}?at={now}").text
    )


@LOOKS
def test_years_come_as_a_workbook_with_numbers(reporter, before):
    now, last = before[:2]
    report(reporter, now, "G3", {"employee_total": "1500"})
    report(reporter, last, "G3", {"enterprise_assets": "12.50"})
    answer = reporter.get(f"{YEARS}.xlsx?at={now}")
    head, *lines = load_workbook(io.BytesIO(answer.data)).active.values
    assert head == ("部分", "项目", "单位", "2013", "2012")
    told = {line[1]: line[2:] for line in lines}
    assert told["职教集团内职工总数"] == ("人", 1500, None)
    assert told["集团企业资产总额"] == ("万元", None, 12.5)
