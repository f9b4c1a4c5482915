"""Forms that are published while people have pages of the earlier ones open."""

import gc
import re
import weakref

import pytest

from app.services.keeping import KEEPER
from app.storage.engine import begin_reading
from app.storage.rows import RowStore
from tests.support.publishing import (
    SCOPE,
    find_administrator,
    install_small,
    major,
    opened,
    publish_change,
    student,
)
from tests.support.schema_pages import open_pages, sign_in

PAGE = "/forms/test/M/"


@pytest.fixture
def config(database_url, tmp_path):
    return install_small(database_url, tmp_path)


@pytest.fixture
def workshop(config):
    with opened(config) as workshop:
        yield workshop


@pytest.fixture
def filler(config, workshop):
    return sign_in(open_pages(config, workshop), "tian")


@pytest.fixture
def publish(workshop):
    actor = find_administrator(workshop.engine)
    return lambda **schemas: publish_change(workshop, actor, **schemas)


def find_address(page, name):
    found = re.search(rf'{name}="([^"]+)"', page.text).group(1)
    return found.replace("&amp;", "&")


def find_post(page):
    found = re.search(r'<form method="post" action="([^"]+)" enctype', page.text)
    return found.group(1).replace("&amp;", "&")


def one_row(cells):
    return {"rows": [{"key": "r", "id": None, "version": None, "cells": cells}]}


def count_rows(workshop):
    with begin_reading(workshop.engine) as connection:
        store = RowStore(connection, workshop.catalogue)
        return store.count(workshop.catalogue.get("test/M"), SCOPE)


def test_the_next_page_is_of_the_new_form(filler, publish):
    assert "成立日期" not in filler.get(PAGE).text
    publish(M=major(founded={"title": "成立日期", "type": "string", "x-kind": "text"}))
    assert "成立日期" in filler.get(PAGE).text


def test_an_old_grid_saves_nothing_and_says_why(filler, publish, workshop):
    save = find_address(filler.get(PAGE), "data-save")
    publish(M=major(founded="date"))
    answer = filler.send(save, one_row({"code": "1"}), page=None)
    assert answer.status_code == 409
    assert "表单刚刚更新过" in answer.json["message"]
    assert count_rows(workshop) == 0


def test_the_reopened_grid_saves(filler, publish, workshop):
    filler.get(PAGE)
    publish(M=major(founded="date"))
    save = find_address(filler.get(PAGE), "data-save")
    row = {"code": "1", "name": "甲", "founded": "2000-01-01"}
    assert filler.send(save, one_row(row), page=None).status_code == 200
    assert count_rows(workshop) == 1


def test_a_page_of_an_untouched_form_goes_on(filler, publish, workshop):
    save = find_address(filler.get(PAGE), "data-save")
    publish(S=student(grade="text"))
    sent = one_row({"code": "1", "name": "甲"})
    assert filler.send(save, sent, page=None).status_code == 200
    assert count_rows(workshop) == 1


def test_what_an_old_page_posts_comes_back_in_the_new_one(filler, publish, workshop):
    page = filler.get(f"{PAGE}rows/new")
    address = find_post(page)
    publish(M=major(founded="date"))
    typed = {"code": "1", "name": "机械专业", "bygone": "不再有的"}
    answer = filler.post(address, typed, page=None)
    assert answer.status_code == 409
    for text in ("表单刚刚更新过", "机械专业", "bygone：不再有的", "founded"):
        assert text in answer.text
    assert count_rows(workshop) == 0
    posted = {"code": "1", "name": "机械专业", "founded": "2000-01-01"}
    assert filler.post(find_post(answer), posted, page=None).status_code == 303
    assert count_rows(workshop) == 1


def test_pages_of_a_form_that_went_say_so(filler, publish):
    filler.get("/forms/test/S/")
    publish(S=None)
    assert filler.get("/forms/test/S/").status_code == 404


def test_forms_that_are_in_use_no_more_are_forgotten(filler, workshop):
    keeper = filler.client.application.extensions[KEEPER]
    actor = find_administrator(workshop.engine)
    publish_change(keeper.get(), actor, M=major(founded="date"))
    for page in (PAGE, f"{PAGE}rows/new", f"{PAGE}template.xlsx"):
        assert filler.get(page).status_code == 200
    earlier = weakref.ref(keeper.get().catalogue)
    publish_change(keeper.get(), actor, S=student(grade="text"))
    assert filler.get(PAGE).status_code == 200
    gc.collect()
    assert earlier() is None
