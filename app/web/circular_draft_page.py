"""Draws the page of a circular's draft: as it is stored, or as it was just sent."""

from typing import Any

from flask import render_template

from app.models import Role
from app.services.circulars import drafts
from app.services.circulars.audience import Audience
from app.services.circulars.drafts import Page
from app.services.circulars.papers import MOST_FILES
from app.services.circulars.pending import list_pending
from app.services.circulars.pictures import ADDRESS
from app.services.circulars.sent import (
    DraftView,
    begin_draft,
    find_own,
    name_audience,
    view_draft,
)
from app.services.unit_tree import KIND_NAMES
from app.web.circular_posts import read_added, show_due
from app.web.server import get_server
from app.web.visit import get_visit


def draw_saved(circular_id: int, problems: tuple[str, ...]) -> str:
    """A draft that was saved, with what has to be mended."""
    server, actor = get_server(), get_visit().actor
    row = find_own(server.engine, actor, circular_id)
    return draw_draft(view_draft(server.engine, actor, row), problems=problems)


def draw_again(page: Page, draft: drafts.Draft, problem: str) -> str:
    """What was written and could not be saved."""
    server, actor = get_server(), get_visit().actor
    if page.circular_id is None:
        view = begin_draft(server.engine, actor, draft.unit_id)
    else:
        row = find_own(server.engine, actor, page.circular_id)
        view = view_draft(server.engine, actor, row)
    return draw_draft(
        view,
        draft=draft,
        key=page.key,
        problems=(problem,),
        is_saved=False,
        pending=list_pending(server.engine, actor, read_added()),
    )


def draw_draft(
    view: DraftView,
    *,
    draft: drafts.Draft | None = None,
    key: str = "",
    problems: tuple[str, ...] = (),
    is_saved: bool = True,
    pending: tuple[Any, ...] = (),
) -> str:
    server = get_server()
    return render_template(
        "circular_draft.html",
        view=view,
        draft=draft or view.draft,
        key=key,
        problems=problems,
        is_saved=is_saved,
        pending=pending,
        due=show_due((draft or view.draft).due_at),
        kind_names=KIND_NAMES,
        types=dict(_name_types(view)),
        roles=dict(_name_roles(view)),
        limit=server.config.max_upload_mb,
        most_files=MOST_FILES,
        pictures=ADDRESS,
        bounds=drafts,
    )


def _name_types(view: DraftView):
    for one in view.choices.types:
        audience = Audience(types=frozenset({one}))
        yield one, name_audience(get_server().catalogue, audience)[0]


def _name_roles(view: DraftView):
    for one in view.choices.roles:
        audience = Audience(roles=frozenset({Role(one)}))
        yield one, name_audience(get_server().catalogue, audience)[0]
