"""Pages that make accounts from a workbook: upload, preview, confirmation, and then
the passwords, once.
"""

import io

from flask import (
    Blueprint,
    Response,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)

from app.errors import AppError
from app.policy import ROLE_NAMES, Action
from app.services.account_lists import (
    LINES_MAX,
    TITLES,
    ListReport,
    NewAccount,
    create_accounts,
    read_accounts,
    rows_of,
    write_account_template,
)
from app.services.account_search import find_places
from app.storage.files import MEDIA_TYPES
from app.web.admin import require_action
from app.web.downloads import attach
from app.web.entry_lists import judge_upload, pack, pack_rows, send_told, unpack_rows
from app.web.security import UPLOADS, takes, upload_limit
from app.web.server import Answer, get_server
from exporters.entry_list import FILE_MB

admin_lists = Blueprint("admin_lists", __name__, url_prefix="/admin/users/list")

_WIDTHS = {"用户名": 18, "姓名": 14, "一次性密码": 22, "角色": 48}


@admin_lists.get("")
def show() -> Answer:
    require_action(Action.MANAGE_ACCOUNTS)
    return _show()


@admin_lists.get("/template.xlsx")
def send_template() -> Response:
    actor = require_action(Action.MANAGE_ACCOUNTS)
    stream = io.BytesIO()
    write_account_template(get_server().engine, actor, stream, _read_unit())
    content = stream.getvalue()
    return attach([content], "账号.xlsx", MEDIA_TYPES["xlsx"], len(content))


@admin_lists.post("")
@takes(UPLOADS, upload_limit)
def upload() -> Answer:
    server, actor = get_server(), require_action(Action.MANAGE_ACCOUNTS)
    given = server.workshop.limits, _read_unit()
    return judge_upload(
        lambda path: read_accounts(server.engine, actor, path, *given), _show
    )


@admin_lists.post("/create")
def create() -> Answer:
    actor = require_action(Action.MANAGE_ACCOUNTS)
    rows = unpack_rows(TITLES, LINES_MAX)
    try:
        made = create_accounts(get_server().engine, actor, rows)
    except AppError as refused:
        return _show(problem=refused.message), refused.status
    return render_template(
        "admin_list_made.html", made=made, told=pack(map(_line_of, made))
    )


@admin_lists.post("/passwords.xlsx")
def send_passwords() -> Answer:
    require_action(Action.MANAGE_ACCOUNTS)
    return send_told("一次性密码", _WIDTHS, LINES_MAX)


@admin_lists.get("/create")
@admin_lists.get("/passwords.xlsx")
def go_back() -> Answer:
    """Nothing of it is kept: whoever reloads such an address begins again."""
    flash("这一页不能再打开。没有记下的密码，可以在账号页面重设。", "warn")
    return redirect(url_for("admin_users.show_list"))


def _show(
    *, problem: str = "", report: ListReport | None = None, file_name: str = ""
) -> str:
    server, actor = get_server(), require_action(Action.MANAGE_ACCOUNTS)
    return render_template(
        "admin_list.html",
        most_mb=FILE_MB,
        places=find_places(server.engine, actor, _read_unit()),
        problem=problem,
        report=report,
        file_name=file_name,
        roles=ROLE_NAMES,
        most=LINES_MAX,
        packed=pack_rows(rows_of(report.lines if report else ()), TITLES),
    )


def _read_unit() -> str:
    """The unit that the page is about, as its address says."""
    return request.args.get("in", "")[:60]


def _line_of(one: NewAccount) -> list[str]:
    return [one.username, one.name, one.password, "；".join(one.roles)]
