"""A running application with the demo school and group, on either database.

The database is made once a test process, and each test gets it as it was then.
"""

import re

import pytest
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app.config import Config, load_secret
from app.factory import create_app
from app.jobs import Worker
from app.models import Base, Department, Role, Round, Unit, UnitKind
from app.services.accounts import NewMembership, create_user
from app.services.demo import DEMO_PASSWORD, prepare_demo
from app.services.standing_rounds import keep_standing_rounds
from app.services.workshop import open_workshop
from app.storage.tables import build_metadata
from app.web.server import Server, attach_server
from tests.support.lending import get_engine

PASSWORD = DEMO_PASSWORD
OTHER_UNIT = "other-school"

#: A page that costs little and, as all of a session, has its token.
_LIGHT = "/password"
_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


@pytest.fixture
def fill():
    """What fills the database before a test; a file of tests may have its own."""
    return fill_school


@pytest.fixture
def sqlite_url(lend, fill, catalogue):
    with lend("sqlite", fill, catalogue) as url:
        yield url


@pytest.fixture
def postgresql_url(lend, fill, catalogue):
    with lend("postgresql", fill, catalogue) as url:
        yield url


@pytest.fixture
def config(tmp_path):
    return Config(data_folder=tmp_path, secret_key="a secret of tests, long enough!")


@pytest.fixture
def workshop(config, database_url, catalogue):
    engine = get_engine(database_url)
    yield open_workshop(config, engine, catalogue)
    engine.dispose()


@pytest.fixture
def engine(workshop):
    return workshop.engine


@pytest.fixture(scope="session")
def apps():
    """Applications by their engines; one takes long to make."""
    return {}


@pytest.fixture
def app(apps, config, workshop):
    """Of the test before it keeps compiled templates, and nothing else."""
    engine = workshop.engine
    if engine not in apps:
        apps[engine] = create_app(config, workshop=workshop)
    attach_server(apps[engine], Server(config, workshop, load_secret(config)))
    return apps[engine]


@pytest.fixture
def client(app):
    """A browser that nobody has signed in with."""
    return Browser(app)


@pytest.fixture
def sign_in(app):
    """Sign somebody in: `sign_in("filler")`."""

    def sign_in(username, password=PASSWORD):
        browser = Browser(app)
        answer = browser.post(
            "/login", {"username": username, "password": password}, page="/login"
        )
        assert answer.status_code == 302, answer.text
        return browser

    return sign_in


@pytest.fixture
def filler(sign_in):
    return sign_in("filler")


@pytest.fixture
def reviewer(sign_in):
    return sign_in("reviewer")


@pytest.fixture
def administrator(sign_in):
    return sign_in("admin")


@pytest.fixture
def work(workshop):
    """Do all jobs that wait, as a worker would."""
    worker = Worker(workshop, "worker of the test")

    def work():
        while worker.run_next():
            pass

    return work


def encode_form(fields):
    """A form with files as a browser sends it, and its content type.

    Left to itself, the test client keeps large bodies in files it never closes.
    """
    parts = {
        name: [*map(_part_of, value)] if isinstance(value, list) else _part_of(value)
        for name, value in fields.items()
    }
    boundary, body = encode_multipart(parts)
    return body, f'multipart/form-data; boundary="{boundary}"'


def _part_of(value):
    return FileStorage(*value) if isinstance(value, tuple) else value


class Browser:
    """A client that sends the CSRF token of the page it was on."""

    def __init__(self, app):
        self.client = app.test_client()
        self.token = ""

    def get(self, url, **options):
        answer = self.client.get(url, buffered=True, **options)
        if answer.mimetype == "text/html":
            found = _TOKEN.search(answer.text)
            self.token = found.group(1) if found else self.token
        return answer

    def post(self, url, fields=None, page=_LIGHT, **options):
        """Post a form, having looked at `page`."""
        if page:
            self.get(page, follow_redirects=True)
        fields = {"csrf_token": self.token, **(fields or {})}
        if options.get("content_type") == "multipart/form-data":
            fields, options["content_type"] = encode_form(fields)
        return self.client.post(url, data=fields, buffered=True, **options)

    def send(self, url, body, page=_LIGHT, **options):
        """Post JSON as the pages' scripts do."""
        if page:
            self.get(page, follow_redirects=True)
        headers = {"X-CSRFToken": self.token, "Accept": "application/json"}
        return self.client.post(url, json=body, headers=headers, **options)

    def save(self, form, *rows, **options):
        """Save rows of a form: each (id, version, cells)."""
        body = {
            "rows": [
                {"key": f"r{n}", "id": row_id, "version": version, "cells": cells}
                for n, (row_id, version, cells) in enumerate(rows)
            ]
        }
        return self.send(f"/forms/{form}/save", body, **options)


def fill_school(engine, catalogue):
    """The demo school and group, another school, and people of both."""
    Base.metadata.create_all(engine)
    build_metadata(catalogue).create_all(engine)
    prepare_demo(engine, catalogue)
    with engine.begin() as connection:
        keep_standing_rounds(connection, catalogue)
    with Session(engine) as session, session.begin():
        school = Unit(
            kind=UnitKind.SCHOOL,
            code=OTHER_UNIT,
            name="另一所学校",
            collections=["talent"],
        )
        departments = ("学生工作处", "教学管理处")
        school.departments = [Department(name=name, aliases=[]) for name in departments]
        session.add(school)
        assert session.query(Round).count()
    for username, unit, role, department in (
        ("colleague", "demo-school", Role.FILLER, None),
        ("stranger", OTHER_UNIT, Role.FILLER, None),
        ("teaching", "demo-school", Role.FILLER, "教学管理处"),
        ("students", "demo-school", Role.FILLER, "学生工作处"),
    ):
        create_user(
            engine,
            username=username,
            name=f"{username} 的姓名",
            memberships=[NewMembership(role, unit, department, may_import=True)],
            password=PASSWORD,
            must_change_password=False,
        )
