"""The bell, the list of notices, and the way from a notice to its page."""

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.services import noticeboard
from app.web.addresses import own_path, read_page_number
from app.web.server import Answer, get_server
from app.web.visit import get_visit

notices = Blueprint("notices", __name__, url_prefix="/notices")

_SIZE = 30


@notices.app_context_processor
def offer_count():
    """The bell on every page asks for it."""
    return {"count_unread": _count_unread}


@notices.get("/")
def show_list() -> str:
    page = read_page_number()
    found = noticeboard.list_notices(
        get_server().engine, get_visit().actor, page, _SIZE
    )
    return render_template(
        "notices.html",
        found=found,
        page=page,
        pages=max(1, -(-found.total // _SIZE)),
        start=(page - 1) * _SIZE + 1,
    )


@notices.get("/<id:notice_id>")
def open_notice(notice_id: int) -> Answer:
    """Also the address that mails give: nothing but the id comes from there."""
    link = noticeboard.open_notice(get_server().engine, get_visit().actor, notice_id)
    return redirect(own_path(link) or url_for(".show_list"), 303)


@notices.post("/<id:notice_id>/read")
def mark_read(notice_id: int) -> Answer:
    noticeboard.mark_read(get_server().engine, get_visit().actor, notice_id)
    return redirect(
        own_path(request.form.get("back", "")) or url_for(".show_list"), 303
    )


@notices.post("/read")
def mark_all_read() -> Answer:
    count = noticeboard.mark_read(get_server().engine, get_visit().actor)
    if count:
        flash(f"{count} 条通知已标为已读。", "good")
    return redirect(url_for(".show_list"), 303)


def _count_unread() -> str:
    """The number beside the bell; empty for none."""
    count = noticeboard.count_unread(get_server().engine, get_visit().actor)
    if count >= noticeboard.MOST_COUNTED:
        return f"{noticeboard.MOST_COUNTED - 1}+"
    return str(count or "")
