"""Runs the matrix of authorisation: every entry for every kind of person and scene.

Each request meets the same database: what it changed is put back before the next one.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from flask import Flask
from sqlalchemy import update

from app.models import UserSession
from app.models.base import now_utc
from app.services.sessions import open_session
from tests.app.web.conftest import encode_form
from tests.support.authorised_designs import add_draft
from tests.support.authorised_entries import Entry, Scene
from tests.support.authorised_people import KINDS, Kind, add_people
from tests.support.authorised_schools import Things, make_school

_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
_FORM_COOKIE, _LOGIN_COOKIE = "tianbao-form", "tianbao"
_NEW_PASSWORD = "请先设新密码"
#: What is open to somebody who has to set a password first.
_WHILE_NEW = frozenset(
    {
        "auth.try_login",
        "auth.password",
        "auth.set_password",
        "auth.logout",
        "assets.serve_asset",
        "assets.serve_form_asset",
        "health.is_ready",
        "portal.lead_to_column",
        "recovery.start",
        "recovery.go_back",
        "recovery.begin",
        "recovery.answer",
        "recovery.use_code",
        "recovery.set_password",
        "registered.show",
        "registered.search",
    }
)


class Outcome(StrEnum):
    """What came of a request, as the table writes it."""

    DONE = "●"
    #: the person may, the state of things forbids it now, or nothing was to be done
    STATE = "▲"
    FORBIDDEN = "✕"
    HIDDEN = "○"
    LOGIN = "→"
    PASSWORD = "＊"
    #: a malformed request, or a failure: never right
    WRONG = "？"


@dataclass(frozen=True)
class Cell:
    """One request's outcome."""

    entry: Entry
    kind: Kind
    scene: Scene
    outcome: Outcome
    #: the database changed
    changed: bool
    status: int
    #: what the policy says by itself
    granted: bool

    def __str__(self) -> str:
        words = "changed" if self.changed else "unchanged"
        return (
            f"{self.entry.method} {self.entry.name} [{self.scene.sign}] "
            f"{self.kind.title}: {self.outcome} {self.status} {words}"
        )


@dataclass(frozen=True)
class Visitor:
    """A person's browser: its cookies and its CSRF token."""

    cookies: str
    token: str


class Stage:
    """The application with both schools, and everybody's browser."""

    def __init__(self, app: Flask, workshop, folder) -> None:
        self.app = app
        self.workshop = workshop
        self.client = app.test_client(use_cookies=False)
        own = make_school(workshop, "own", folder)
        other = make_school(workshop, "other", folder)
        self.schools = {"own": own, "other": other}
        self.people = add_people(own.school, other.school)
        own.draft_id = other.draft_id = add_draft(workshop, self.people["admin"])
        self.visitors = {kind.key: self._visit(kind) for kind in KINDS}
        self._calm_sessions()

    def things(self, scene: Scene) -> Things:
        return self.schools[scene.unit]

    def find_address(self, entry: Entry, scene: Scene) -> str:
        """Where the entry's sample is sent."""
        if entry.path:
            return entry.path
        with self.app.test_request_context():
            values = entry.values(self.things(scene), scene)
            return self.app.url_for(entry.endpoint, **values)

    def ask(self, entry: Entry, kind: Kind, scene: Scene, *, token=None):
        """Send the entry's sample; gives the answer."""
        things, visitor = self.things(scene), self.visitors[kind.key]
        token = visitor.token if token is None else token
        headers = {"Cookie": visitor.cookies}
        address = self.find_address(entry, scene)
        if entry.method == "GET":
            return self.client.get(address, headers=headers, buffered=True)
        body = entry.body(things, scene)
        if entry.is_json:
            headers |= {"X-CSRFToken": token, "Accept": "application/json"}
            return self.client.post(address, json=body, headers=headers)
        fields = {"csrf_token": token} | body
        view = self.app.view_functions[entry.endpoint]
        accepted = getattr(view, "accepted_types", ())
        is_upload = any(isinstance(value, tuple) for value in body.values())
        if is_upload or tuple(accepted) == ("multipart/form-data",):
            data, content_type = encode_form(fields)
            headers["Content-Type"] = content_type
        else:
            data = fields
        return self.client.post(address, data=data, headers=headers, buffered=True)

    def judge(self, entry: Entry, answer, *, changed: bool) -> Outcome:
        """What an answer comes to."""
        target = answer.location or ""
        if answer.status_code == 401 or target.startswith("/login?"):
            return Outcome.LOGIN
        if target == "/login" and entry.endpoint != "auth.logout":
            return Outcome.LOGIN
        if target == "/password":
            return Outcome.PASSWORD
        if answer.status_code == 403:
            is_new = answer.is_json and _NEW_PASSWORD in answer.text
            return Outcome.PASSWORD if is_new else Outcome.FORBIDDEN
        if answer.status_code == 404:
            return Outcome.HIDDEN
        if answer.status_code in (409, 422):
            return Outcome.STATE
        if answer.status_code >= 400:
            return Outcome.WRONG
        is_act = entry.method == "POST" and entry.changes
        return Outcome.DONE if changed or not is_act else Outcome.STATE

    def _visit(self, kind: Kind) -> Visitor:
        """Sign a person in without a password; what this costs is tested elsewhere."""
        actor, login = self.people[kind.key], ""
        if actor is not None:
            config = self.app.extensions["tianbao.server"].config
            token = open_session(self.workshop.engine, config, actor.user_id)
            login = f"{_LOGIN_COOKIE}={token}"
        page = self.client.get("/password", headers={"Cookie": login})
        if page.status_code == 302:
            page = self.client.get("/login", headers={"Cookie": login})
        cookies = [login] if login else []
        for line in page.headers.getlist("Set-Cookie"):
            cookies.append(line.partition(";")[0])
        return Visitor("; ".join(cookies), _TOKEN.search(page.text).group(1))

    def _calm_sessions(self) -> None:
        """Sessions note now and then when they were seen: not while we look."""
        with self.workshop.engine.begin() as connection:
            later = now_utc() + timedelta(hours=1)
            connection.execute(update(UserSession).values(last_seen_at=later))


class Keeper:
    """Puts a SQLite file back as it was, and knows whether it has to."""

    def __init__(self, path) -> None:
        self._file = sqlite3.connect(path, isolation_level=None)
        self._kept = sqlite3.connect(":memory:")
        self._file.backup(self._kept)
        self._version = self._read_version()

    def has_changed(self) -> bool:
        return self._read_version() != self._version

    def put_back(self) -> None:
        self._kept.backup(self._file)
        self._version = self._read_version()

    def close(self) -> None:
        self._file.close()
        self._kept.close()

    def _read_version(self) -> int:
        return self._file.execute("PRAGMA data_version").fetchone()[0]


def run(stage: Stage, keeper: Keeper, entries: Sequence[Entry]) -> Iterator[Cell]:
    """All cells of the entries, one after the other."""
    for entry in entries:
        for kind in KINDS:
            for scene in entry.scenes_for(kind):
                yield run_cell(stage, keeper, entry, kind, scene)


def run_cell(stage, keeper, entry, kind, scene) -> Cell:
    answer = stage.ask(entry, kind, scene)
    changed = keeper.has_changed()
    outcome = stage.judge(entry, answer, changed=changed)
    answer.close()
    if changed:
        keeper.put_back()
    granted = _is_granted(stage, entry, kind, scene)
    return Cell(entry, kind, scene, outcome, changed, answer.status_code, granted)


def _is_granted(stage: Stage, entry: Entry, kind: Kind, scene: Scene) -> bool:
    actor = stage.people[kind.key]
    if kind.key == "new":
        return entry.endpoint in _WHILE_NEW
    if kind.key == "gone":
        actor = None
    return entry.need.grants(actor, stage.things(scene), scene)
