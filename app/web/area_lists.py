"""Pages that add and change units of an area from a workbook."""

from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Blueprint, Response, flash, redirect, render_template, url_for

from app.errors import AppError, BadRequest
from app.policy import Action
from app.services.areas.lists import (
    LINES_MAX,
    Registrar,
    UnitReport,
    make_template,
)
from app.services.areas.making import MadeAccount
from app.services.unit_tree import KIND_NAMES
from app.storage.files import MEDIA_TYPES
from app.web.admin import require_action
from app.web.downloads import attach, send_made
from app.web.entry_lists import judge_upload, pack, pack_rows, send_told, unpack_rows
from app.web.security import UPLOADS, takes, upload_limit
from app.web.server import Answer, get_server
from exporters.entry_list import FILE_MB

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
    registrar, limits = _registrar(), get_server().workshop.limits
    return judge_upload(lambda path: registrar.read(path, limits), _show)


@area_lists.post("/marked.xlsx")
def send_marked() -> Answer:
    """The list that was sent, with what is wrong marked in it."""
    registrar = _registrar()
    rows = unpack_rows(registrar.titles, LINES_MAX)
    folder = TemporaryDirectory(prefix="tianbao-list-")
    path = Path(folder.name) / "list.xlsx"
    with path.open("wb") as stream:
        registrar.write_marked(rows, stream)
    return send_made(folder, path, "单位（标出要改的地方）.xlsx")


@area_lists.post("/done")
def carry_out() -> Answer:
    registrar = _registrar()
    rows = unpack_rows(registrar.titles, LINES_MAX)
    try:
        made = registrar.carry_out(rows)
    except AppError as refused:
        status = 422 if isinstance(refused, BadRequest) else refused.status
        return _show(problem=refused.message), status
    told = pack(map(_line_of, made))
    return render_template("area_made.html", made=made, told=told, phone=_PHONE)


@area_lists.post("/passwords.xlsx")
def send_passwords() -> Answer:
    require_action(Action.MANAGE_AREA)
    return send_told("初始密码", _WIDTHS, 4 * LINES_MAX)


@area_lists.get("/done")
@area_lists.get("/marked.xlsx")
@area_lists.get("/passwords.xlsx")
def go_back() -> Answer:
    """Nothing of it is kept: whoever reloads such an address begins again."""
    flash("这一页不能再打开。没有记下的密码，可以在单位的页面给重置码。", "warn")
    return redirect(url_for("areas.show_list"))


def _show(
    *, problem: str = "", report: UnitReport | None = None, file_name: str = ""
) -> str:
    registrar = _registrar()
    return render_template(
        "area_list.html",
        most_mb=FILE_MB,
        problem=problem,
        report=report,
        file_name=file_name,
        kind_names=KIND_NAMES,
        most=LINES_MAX,
        packed=pack_rows(report.rows if report else (), registrar.titles),
        marked_url=url_for(".send_marked"),
    )


def _registrar() -> Registrar:
    actor, server = require_action(Action.MANAGE_AREA), get_server()
    return Registrar(
        server.engine, server.catalogue, actor, server.config.phone_passwords
    )


def _line_of(one: MadeAccount) -> list[str]:
    password = _PHONE if one.is_phone else one.password
    return [one.unit, one.title, one.username, one.name, password]
