"""Pages that make accounts from a workbook: upload, preview, confirmation, passwords.

Between preview and confirmation the lines travel through the browser: they are judged
again, so that nobody gains by changing them. Passwords are kept nowhere; the page that
shows them can have them written into a workbook.
"""

import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import (
    Blueprint,
    Response,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)

from app.errors import AppError, BadRequest
from app.permissions import ROLE_NAMES, Action
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
from app.web.addresses import read_number
from app.web.admin import require_action
from app.web.downloads import attach, send_made
from app.web.security import UPLOADS, takes, upload_limit
from app.web.server import Answer, get_server
from app.web.uploads import received
from exporters.entry_list import ListRow
from exporters.listing import write_listing

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
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _show(problem="请先选一个文件。"), 422
    try:
        with received(sent) as path:
            limits = server.workshop.limits
            report = read_accounts(server.engine, actor, path, limits, _read_unit())
    except AppError as refused:
        return _show(problem=refused.message), 422
    page = _show(report=report, file_name=sent.filename)
    return page, 422 if report.faults else 200


@admin_lists.post("/create")
def create() -> Answer:
    actor = require_action(Action.MANAGE_ACCOUNTS)
    try:
        made = create_accounts(get_server().engine, actor, _read_lines())
    except AppError as refused:
        return _show(problem=refused.message), refused.status
    return render_template("admin_list_made.html", made=made, told=_pack(made))


@admin_lists.post("/passwords.xlsx")
def send_passwords() -> Answer:
    """The list of the page before, as a workbook: nothing is looked up."""
    require_action(Action.MANAGE_ACCOUNTS)
    lines = _read_json("told", len(_WIDTHS))
    folder = TemporaryDirectory(prefix="tianbao-accounts-")
    path = Path(folder.name) / "accounts.xlsx"
    write_listing(path, "一次性密码", _WIDTHS, lines)
    return send_made(folder, path, "一次性密码.xlsx")


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
    lines = report.lines if report else ()
    return render_template(
        "admin_list.html",
        places=find_places(server.engine, actor, _read_unit()),
        problem=problem,
        report=report,
        file_name=file_name,
        roles=ROLE_NAMES,
        most=LINES_MAX,
        packed=json.dumps(
            [[row.number, *row.cells.values()] for row in rows_of(lines)],
            ensure_ascii=False,
        ),
    )


def _read_unit() -> str:
    """The unit that the page is about, as its address says."""
    return request.args.get("in", "")[:60]


def _read_lines() -> list[ListRow]:
    return [
        ListRow(read_number(number) or 0, dict(zip(TITLES, cells, strict=True)))
        for number, *cells in _read_json("lines", 1 + len(TITLES))
    ]


def _read_json(name: str, width: int) -> list[list[str]]:
    """Lists of texts that a page of ours sent back.

    Raises:
        BadRequest: it is something else.
    """
    try:
        lines = json.loads(request.form.get(name, ""))
    except ValueError as error:
        raise BadRequest from error
    if not isinstance(lines, list) or len(lines) > LINES_MAX:
        raise BadRequest
    for line in lines:
        if not isinstance(line, list) or len(line) != width:
            raise BadRequest
        if not all(isinstance(text, str | int) for text in line):
            raise BadRequest
    return [[str(text) for text in line] for line in lines]


def _pack(made: tuple[NewAccount, ...]) -> str:
    lines = [
        [one.username, one.name, one.password, "；".join(one.roles)] for one in made
    ]
    return json.dumps(lines, ensure_ascii=False)
