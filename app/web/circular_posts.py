"""What the page of a draft posts, as the draft that it means."""

import re
import secrets
from datetime import datetime
from typing import TypeVar

from flask import request

from app.models import Role, UnitKind
from app.services.circulars.audience import Audience
from app.services.circulars.drafts import Draft
from app.services.circulars.pending import PAPERS
from app.web.addresses import read_number

_TYPE = re.compile(r"[A-Za-z0-9_.-]{1,40}")
#: Others the clocks of databases and browsers take for something else.
_YEARS = range(2000, 2200)
_MOST_ADDED = 100
_DUE = "%Y-%m-%dT%H:%M"
_Word = TypeVar("_Word", UnitKind, Role)


def make_key() -> str:
    """Of a page that begins a draft: however often it is sent, it begins one."""
    return secrets.token_urlsafe(16)


def read_page_draft() -> tuple[Draft, str]:
    """The draft, and what could not be read of it; empty: nothing."""
    form, problem = request.form, ""
    try:
        due_at = read_due(form.get("due", ""))
    except ValueError:
        due_at, problem = (
            None,
            "截止时间没有看懂。请用日期框选，或写成 2026-01-31T18:00。",
        )
    areas = map(read_number, form.getlist("areas"))
    draft = Draft(
        read_number(form.get("unit", "")) or 0,
        form.get("title", ""),
        # Browsers send line breaks of their own.
        form.get("text", "").replace("\r\n", "\n"),
        frozenset(_read_words(UnitKind, "kinds")),
        frozenset(one for one in areas if one),
        Audience(
            frozenset(one for one in form.getlist("types") if _TYPE.fullmatch(one)),
            frozenset(_read_words(Role, "roles")),
        ),
        form.get("receipt") == "1",
        form.get("question", ""),
        due_at,
        read_number(form.get("remind", "")) or None,
    )
    return draft, problem


def read_added() -> list[str]:
    """Tokens of the files that the page sent before; no page of ours sends so many."""
    return request.form.getlist(PAPERS)[:_MOST_ADDED]


def read_due(text: str) -> datetime | None:
    """A moment by the clock on the wall; ValueError: it is none of our times."""
    if not text.strip():
        return None
    due_at = datetime.strptime(text.strip(), _DUE)
    if due_at.year not in _YEARS:
        raise ValueError(text)
    return due_at.astimezone()


def show_due(due_at: datetime | None) -> str:
    """A moment as the browser's field takes it."""
    return "" if due_at is None else due_at.astimezone().strftime(_DUE)


def _read_words(words: type[_Word], name: str) -> list[_Word]:
    known = {word.value for word in words}
    return [words(one) for one in request.form.getlist(name) if one in known]
