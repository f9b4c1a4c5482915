"""People of a school at their browsers: one browser, a window for every account.

What a browser complains about is collected; refusals that a test asks for are not.
Where clicking adds nothing, somebody's window sends the pages' own requests.
"""

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import APIResponse, Browser, BrowserContext, Page, expect

from app.services.demo_people import list_departments, name_filler, name_head
from app.storage.assignments import Assignments
from form_schemas.catalogue import Edition
from form_schemas.spec import FormSpec

OFFICE, LEADER, CITY, PROVINCE = "office", "leader", "city", "province"

_TAG = re.compile("<[^>]*>")
#: What Chromium says of a page whose status tells of a refusal.
_REFUSED = re.compile(r"the server responded with a status of (409|422)")


@dataclass
class Stage:
    """Everybody's windows, and who answers for which form."""

    browser: Browser
    address: str
    edition: Edition
    password: str
    #: of the round that is played, once it is open
    assignments: Assignments | None = None
    #: unit and round, as addresses name them
    key: str = ""
    complaints: list[str] = field(default_factory=list)
    _contexts: dict[str, BrowserContext] = field(default_factory=dict)
    _pages: dict[str, Page] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)
    _is_refusal_meant: bool = False

    # People.

    def filler(self, form: FormSpec) -> str:
        """User name of who fills the form in for the department that leads it."""
        return name_filler(self._position(self.assignments.names(form)[0]))

    def head(self, form: FormSpec) -> str:
        return name_head(self._position(self.assignments.names(form)[0]))

    def helpers(self, form: FormSpec) -> dict[str, int]:
        """Who fills in for the other departments -> the id of the department."""
        return {
            name_filler(self._position(one.name)): one.department_id
            for one in self.assignments.suppliers(form)[1:]
        }

    def _position(self, name: str) -> int:
        return list_departments([self.edition]).index(name) + 1

    # Windows.

    def open(self, username: str, url: str = "") -> Page:
        """The window of an account, signed in; with an address, led there."""
        if username not in self._pages:
            self._sign_in(username)
        page = self._pages[username]
        if url:
            page.goto(url)
        return page

    def send(self, username: str, url: str, **fields: Any) -> APIResponse:
        """Post a form as the account's page would; files are dicts."""
        self.open(username)
        values = {"csrf_token": self._tokens[username], **fields}
        is_upload = any(isinstance(value, dict) for value in fields.values())
        answer = self._contexts[username].request.post(
            url, **{"multipart" if is_upload else "form": values}, max_redirects=0
        )
        assert answer.status == 303, f"{username} {url}: {_read_main(answer.text())}"
        return answer

    def fetch(self, username: str, url: str) -> APIResponse:
        self.open(username)
        answer = self._contexts[username].request.get(url)
        assert answer.ok, f"{username} {url}: {answer.status}"
        return answer

    @contextmanager
    def refusal(self):
        """A refusal is what the test wants to see meanwhile."""
        self._is_refusal_meant = True
        yield
        self._is_refusal_meant = False

    def close(self) -> None:
        for context in self._contexts.values():
            context.close()

    def _sign_in(self, username: str) -> None:
        context = self.browser.new_context(base_url=self.address, locale="zh-CN")
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self._note(username, message))
        page.goto("/login")
        page.fill("#username", username)
        page.fill("#password", self.password)
        page.keyboard.press("Enter")
        expect(page.locator(".topbar")).to_be_visible()
        token = page.locator('meta[name="csrf-token"]').get_attribute("content")
        self._contexts[username], self._pages[username] = context, page
        self._tokens[username] = token

    def _note(self, username: str, message) -> None:
        if message.type != "error":
            return
        if self._is_refusal_meant and _REFUSED.search(message.text):
            return
        where = message.location.get("url", "")
        self.complaints.append(f"{username} {where}: {message.text}")


def _read_main(text: str) -> str:
    """The words of a page below its bar."""
    return " ".join(_TAG.sub(" ", text.partition("<main")[2]).split())


def see(page: Page, text: str | re.Pattern[str], timeout: float = 30_000) -> None:
    """Wait until the page says it, somewhere or in several places."""
    expect(page.get_by_text(text).first).to_be_visible(timeout=timeout)


def fill(control, text: str) -> None:
    """Type into a field, or choose from its list, whichever it is."""
    kind = control.evaluate("one => one.tagName")
    if kind == "SELECT":
        control.select_option(label=text)
    elif kind == "DIV":
        control.get_by_text(text, exact=True).click()
    else:
        control.fill(text)
        control.blur()
