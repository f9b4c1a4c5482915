"""Publishing among processes: killed at every step, and followed by running servers."""

import http.cookiejar
import json
import re
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from contextlib import ExitStack

import pytest

from app.models import PublicationState, Role
from app.services.accounts import NewMembership, create_user
from app.services.demo import DEMO_PASSWORD
from app.services.publications import list_publications
from app.services.schema_changes import plan
from app.services.schema_files import load_published, read_texts
from app.storage.generations import read_generation
from form_schemas.loading import load_catalogue
from tests.support.forms import field_of
from tests.support.publishing import (
    file_of,
    find_administrator,
    install_small,
    major,
    opened,
    publish_change,
    student,
    write_form,
)
from tests.support.servers import serve

pytestmark = pytest.mark.long

#: A process that publishes two files and kills itself on the way.
_DYING = """
import os, signal, sys
from pathlib import Path
from app.services import publishing, schema_files
from tests.support.publishing import (
    config_of, find_administrator, major, open_small, publish_change, student
)

url, folder, data, step = sys.argv[1:]

def die(*_args, **_more):
    os.kill(os.getpid(), signal.SIGKILL)

def die_after(module, name, calls):
    real, left = getattr(module, name), [calls]
    def run(*args, **more):
        done = real(*args, **more)
        left[0] -= 1
        return done if left[0] else die()
    setattr(module, name, run)

STEPS = {
    "before the commit": lambda: die_after(publishing, "_keep", 1),
    "after the commit": lambda: setattr(publishing, "try_completing", die),
    "half a file": lambda: setattr(schema_files.os, "fsync", die),
    "between two files": lambda: die_after(schema_files, "_replace", 1),
    "before the note": lambda: setattr(schema_files, "_note_written", die),
    "after all": lambda: die_after(publishing, "try_completing", 1),
}
workshop = open_small(config_of(url, Path(folder), Path(data)))
actor = find_administrator(workshop.engine)
candidate_of = publishing.read_publishable
def read_then_arm(*args):
    candidate = candidate_of(*args)
    STEPS[step]()
    return candidate
import tests.support.publishing as support
support.read_publishable = read_then_arm
publish_change(workshop, actor, M=major(founded="date"), S=student(grade="text"))
"""
_STEPS = (
    ("before the commit", False),
    ("after the commit", True),
    ("half a file", True),
    ("between two files", True),
    ("before the note", True),
    ("after all", True),
)
_BEFORE = {file_of("M"): write_form(major()), file_of("S"): write_form(student())}
_AFTER = {
    file_of("M"): write_form(major(founded="date")),
    file_of("S"): write_form(student(grade="text")),
}


@pytest.fixture
def config(database_url, tmp_path):
    return install_small(database_url, tmp_path)


@pytest.fixture
def folder(config):
    return config.forms_folder


@pytest.fixture
def workshop(config):
    with opened(config) as workshop:
        yield workshop


@pytest.mark.parametrize(("step", "is_new"), _STEPS)
def test_whoever_dies_while_publishing_leaves_the_old_or_the_new(
    workshop, config, folder, step, is_new
):
    arguments = (config.database_url, folder, config.data_folder, step)
    done = subprocess.run(
        [sys.executable, "-c", _DYING, *map(str, arguments)],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    # The next process that starts.
    in_use = load_published(workshop.engine, folder)
    assert read_texts(folder, _BEFORE) == (_AFTER if is_new else _BEFORE)
    assert ("founded" in in_use.get("test/M").by_id) is is_new
    assert ("grade" in in_use.get("test/S").by_id) is is_new
    published = list_publications(workshop.engine)
    assert len(published) == is_new
    assert all(one.state is PublicationState.WRITTEN for one in published)
    assert plan(workshop.engine, load_catalogue(folder)).is_empty
    assert in_use.generation == read_generation(workshop.engine)
    left = [path.name for path in folder.rglob("*.tmp")]
    assert left == []


class Person:
    """Somebody with a browser, which keeps cookies."""

    def __init__(self, address, username):
        self.address = address
        jar = http.cookiejar.CookieJar()
        self._browser = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(jar)
        )
        token = self._find_token(self.get("/login"))
        fields = {"csrf_token": token, "username": username, "password": DEMO_PASSWORD}
        self._open("/login", urllib.parse.urlencode(fields).encode())

    def get(self, path):
        return self._open(path)

    def save(self, page, cells):
        """Save a new row as the page's script does; gives the answer."""
        text = self.get(page)
        address = re.search(r'data-save="([^"]+)"', text).group(1)
        row = {"key": "r", "id": None, "version": None, "cells": cells}
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-CSRFToken": self._find_token(text),
        }
        body = json.dumps({"rows": [row]}).encode()
        path = address.replace("&amp;", "&")
        return json.loads(self._open(path, body, headers))["rows"][0]

    def _open(self, path, body=None, headers=None):
        request = urllib.request.Request(
            self.address + path, data=body, headers=headers or {}
        )
        with self._browser.open(request, timeout=60) as answer:
            return answer.read().decode()

    @staticmethod
    def _find_token(text):
        return re.search(r'name="csrf-token" content="([^"]+)"', text).group(1)


def test_two_servers_follow_a_publication_without_a_restart(workshop, config, tmp_path):
    create_user(
        workshop.engine,
        username="filler",
        name="填报人",
        memberships=[NewMembership(Role.FILLER, "u1", None)],
        password=DEMO_PASSWORD,
        must_change_password=False,
    )
    actor = find_administrator(workshop.engine)
    page = "/forms/test/M/"
    with ExitStack() as stack:
        logs = (tmp_path / "one.log", tmp_path / "other.log")
        addresses = [stack.enter_context(serve(config, log)) for log in logs]
        people = [Person(address, "filler") for address in addresses]
        assert not any("成立日期" in one.get(page) for one in people)
        founded = field_of("date", "成立日期")
        publish_change(workshop, actor, M=major(founded=founded))
        begun = time.monotonic()
        assert all("成立日期" in one.get(page) for one in people)
        assert time.monotonic() - begun < 5
        for number, person in enumerate(people):
            cells = {"code": str(number), "name": "甲", "founded": "2000-01-01"}
            row = person.save(page, cells)
            assert (row["status"], row["cells"]["founded"]) == ("saved", "2000-01-01")
