"""Every page there is, with who opens it: what a crawl of all pages goes through.

The matrix of authorisation knows a sample of each route. What its schools do not have
(a portal, surveys, publications) two more installations bring.
"""

import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from flask import Flask
from werkzeug.serving import make_server

from tests.support.authorisation import Stage
from tests.support.authorised_people import KINDS
from tests.support.authorised_routes import ENTRIES

#: One person of each role, and nobody.
_ROLES = ("admin", "office", "head", "filler", "leader", "analyst", "city", "guest")
#: Whoever sees a form in its states.
_WATCHER = "filler"
#: Of what an element stands in as much says how it looks.
_AROUND = 2
_TELLING = ("class", "role", "type")
# A parser would take longer than the pages do.
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:[^<>"]|"[^"]*")*)>')
_WORD = re.compile(r'([a-z-]+)="([^"]*)"')
_CLOSED_BY_ITSELF = frozenset({"br", "col", "hr", "img", "input", "link", "meta"})


@dataclass(frozen=True)
class Visit:
    """Somebody opens an address."""

    person: str
    url: str


@dataclass(frozen=True)
class Shown:
    """What came of a visit."""

    visit: Visit
    endpoint: str
    status: int
    media_type: str
    text: str

    @property
    def is_page(self) -> bool:
        return self.status == 200 and self.media_type == "text/html"

    def __str__(self) -> str:
        return f"{self.endpoint}, {self.visit.person}: {self.status} {self.visit.url}"

    @property
    def needs_no_look(self) -> bool:
        """It leads elsewhere, or it is for programs."""
        return self.status < 400 and not self.is_page


@dataclass(frozen=True)
class Site:
    """An application, and what people's browsers send to it."""

    app: Flask
    #: by person
    cookies: dict[str, str]
    visits: tuple[Visit, ...]

    def show_all(self) -> Iterator[Shown]:
        client = self.app.test_client(use_cookies=False)
        for_programs = set()
        for visit in self.visits:
            endpoint = self._find_endpoint(visit.url)
            if endpoint in for_programs:
                continue
            headers = {"Cookie": self.cookies.get(visit.person, "")}
            with client.get(visit.url, headers=headers, buffered=True) as answer:
                is_html = answer.mimetype == "text/html"
                text = answer.text if is_html else ""
                found = answer.status_code, answer.mimetype, text
            if found[0] == 200 and not is_html:
                for_programs.add(endpoint)
            yield Shown(visit, endpoint, *found)

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Its address while the block runs."""
        server = make_server("127.0.0.1", 0, self.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def _find_endpoint(self, url: str) -> str:
        adapter = self.app.url_map.bind("localhost")
        return adapter.match(re.split("[?#]", url)[0])[0]


def make_matrix_site(stage: Stage) -> Site:
    """Every route with its sample: for each role once, in each state for a filler."""
    visits = []
    people = [kind for kind in KINDS if kind.key in _ROLES]
    for entry in ENTRIES:
        if entry.method != "GET":
            continue
        for kind in people:
            scenes = entry.scenes_for(kind)
            for scene in scenes if kind.key == _WATCHER else scenes[:1]:
                visits.append(Visit(kind.key, stage.find_address(entry, scene)))
    cookies = {key: one.cookies for key, one in stage.visitors.items()}
    return Site(stage.app, cookies, tuple(dict.fromkeys(visits)))


def choose_unlike(shown: Iterable[Shown], known: set[str]) -> list[Visit]:
    """Of all pages those that hold an element in a place where none had it so far."""
    chosen = []
    for one in shown:
        elements = {one.endpoint, *_list_elements(one.text)}
        if elements - known:
            chosen.append(one.visit)
        known |= elements
    return chosen


def _list_elements(text: str) -> set[str]:
    """Every element with what it stands in: what its looks and its role follow."""
    found, around = set(), []
    for closing, tag, words in _TAG.findall(text):
        if closing:
            while around and around.pop()[0] != tag:
                pass
            continue
        told = _tell(tag, words)
        found.add(" > ".join((*(one for _, one in around[-_AROUND:]), told)))
        if tag not in _CLOSED_BY_ITSELF:
            around.append((tag, told))
    return found


@cache
def _tell(tag: str, words: str) -> str:
    known = dict(_WORD.findall(words))
    return ".".join((tag, *(known.get(name, "") for name in _TELLING)))
