"""Forms that are published while people have pages of the earlier ones open."""

import gc
import re
import weakref

import pytest

from app.config import load_secret
from app.factory import create_app
from app.models import Role
from app.services.accounts import NewMembership, create_user
from app.services.keeping import KEEPER
from app.storage.engine import begin_reading
from app.storage.rows import RowStore
from app.web.server import Server, attach_server
from tests.app.web.conftest import PASSWORD, Browser
from tests.support.publishing import (
    SCOPE,
    config_of,
    find_administrator,
    install_forms,
    major,
    open_small,
    publish_change,
    student,
    write_edition,
)

PAGE = "/forms/test/M/"


@pytest.fixture
def workshop(database_url, tmp_path):
    folder = tmp_path / "schemas"
    write_edition(folder, major(), student())
    install_forms(database_url, folder)
    workshop = open_small(config_of(database_url, folder, tmp_path / "data"))
    create_user(
        workshop.engine,
        username="filler",
        name="填报人",
        memberships=[NewMembership(Role.FILLER, "u1", None)],
        password=PASSWORD,
        must_change_password=False,
    )
    yield workshop
    workshop.engine.dispose()


@pytest.fixture
def filler(workshop, database_url, tmp_path):
    config = config_of(database_url, workshop.schema_folder, tmp_path / "data")
    app = create_app(config, workshop=workshop)
    attach_server(app, Server(config, workshop, load_secret(config)))
    browser = Browser(app)
    fields = {"username": "filler", "password": PASSWORD}
    browser.post("/login", fields, page="/login")
    return browser


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
