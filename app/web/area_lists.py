"""Pages that add and change units of an area from a workbook.

Between preview and confirmation the lines travel through the browser: they are judged
again, so that nobody gains by changing them.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask import url_for as address_of

from app.errors import AppError, BadRequest
from app.permissions import Action
from app.services.areas.lists import (
    LINES_MAX,
    Registrar,
    UnitReport,
    make_template,
)
from app.services.areas.making import MadeAccount
from app.services.unit_tree import KIND_NAMES
from app.storage.files import MEDIA_TYPES
from app.web.addresses import read_number
from app.web.admin import require_action
from app.web.downloads import attach, send_made
from app.web.security import UPLOADS, takes, upload_limit
from app.web.server import Answer, get_server
from app.web.uploads import received
from exporters.entry_list import ListRow
from exporters.listing import write_listing

area_lists = Blueprint("area_lists", __name__, url_prefix="/area/list")

_WIDTHS = {"单位": 40, "类型": 20, "用户名": 40, "姓名": 16, "初始密码": 22}
_PHONE = "手机号最后六位"


@area_lists.get("")
def show() -> str:
    return _show()


@area_lists.get("/template.xlsx")
def send_template() -> Response:
    content = make_template(_registrar())
    return attach([content], "单位.xlsx", MEDIA_TYPES["xlsx"], len(content))


@area_lists.post("")
@takes(UPLOADS, upload_limit)
def upload() -> Answer:
    registrar, sent = _registrar(), request.files.get("file")
    if sent is None or not sent.filename:
        return _show(problem="请先选一个文件。"), 422
    try:
        with received(sent) as path:
            report = registrar.read(path, get_server().workshop.limits)
    except AppError as refused:
        return _show(problem=refused.message), 422
    page = _show(report=report, file_name=sent.filename)
    return page, 422 if report.faults else 200


@area_lists.post("/done")
def carry_out() -> Answer:
    registrar = _registrar()
    rows = _read_rows(registrar)
    try:
        made = registrar.carry_out(rows)
    except AppError as refused:
        status = 422 if isinstance(refused, BadRequest) else refused.status
        return _show(problem=refused.message), status
    lines = [_line_of(one) for one in made]
    told = json.dumps(lines, ensure_ascii=False)
    return render_template("area_made.html", made=made, told=told, phone=_PHONE)


@area_lists.post("/passwords.xlsx")
def send_passwords() -> Answer:
    """The list of the page before, as a workbook: nothing is looked up."""
    require_action(Action.MANAGE_AREA)
    lines = _read_json("told", len(_WIDTHS), 4 * LINES_MAX)
    folder = TemporaryDirectory(prefix="tianbao-area-")
    path = Path(folder.name) / "accounts.xlsx"
    write_listing(path, "初始密码", _WIDTHS, lines)
    return send_made(folder, path, "初始密码.xlsx")


@area_lists.get("/done")
@area_lists.get("/passwords.xlsx")
def go_back() -> Answer:
    """Nothing of it is kept: whoever reloads such an address begins again."""
    flash("这一页不能再打开。没有记下的密码，可以在单位的页面给重置码。", "warn")
    return redirect(address_of("areas.show_list"))


def _show(
    *, problem: str = "", report: UnitReport | None = None, file_name: str = ""
) -> str:
    registrar = _registrar()
    titles = registrar.titles
    rows = report.rows if report else ()
    return render_template(
        "area_list.html",
        problem=problem,
        report=report,
        file_name=file_name,
        kind_names=KIND_NAMES,
        most=LINES_MAX,
        packed=json.dumps(
            [[row.number, *(row.cells.get(t, "") for t in titles)] for row in rows],
            ensure_ascii=False,
        ),
    )


def _registrar() -> Registrar:
    actor, server = require_action(Action.MANAGE_AREA), get_server()
    return Registrar(
        server.engine, server.catalogue, actor, server.config.phone_passwords
    )


def _read_rows(registrar: Registrar) -> list[ListRow]:
    titles = registrar.titles
    return [
        ListRow(read_number(number) or 0, dict(zip(titles, cells, strict=True)))
        for number, *cells in _read_json("lines", 1 + len(titles), LINES_MAX)
    ]


def _read_json(name: str, width: int, most: int) -> list[list[str]]:
    """Lists of texts that a page of ours sent back.

    Raises:
        BadRequest: it is something else.
    """
    try:
        lines = json.loads(request.form.get(name, ""))
    except ValueError as error:
        raise BadRequest from error
    if not isinstance(lines, list) or len(lines) > most:
        raise BadRequest
    for line in lines:
        if not isinstance(line, list) or len(line) != width:
            raise BadRequest
        if not all(isinstance(text, str | int) for text in line):
            raise BadRequest
    return [[str(text) for text in line] for line in lines]


def _line_of(one: MadeAccount) -> list[str]:
    password = _PHONE if one.is_phone else one.password
    return [one.unit, one.title, one.username, one.name, password]
