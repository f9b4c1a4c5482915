"""The page that says whether a unit is registered; it needs no login."""

from flask import Blueprint, render_template, request

from app.errors import AppError, BadRequest
from app.models import UnitKind
from app.services.account_kinds import list_kinds
from app.services.registered import is_registered, list_provinces
from app.services.unit_tree import KIND_NAMES
from app.web.addresses import read_number
from app.web.server import Answer, get_server

registered = Blueprint("registered", __name__, url_prefix="/registered")


@registered.get("")
def show() -> str:
    return _show()


@registered.post("")
def search() -> Answer:
    server, form = get_server(), request.form
    try:
        kind = form.get("kind", "")
        if kind not in set(UnitKind):
            raise BadRequest("请选单位类型。")
        found = is_registered(
            server.engine,
            server.catalogue,
            form.get("name", "")[:200],
            UnitKind(kind),
            read_number(form.get("province", "")),
            request.remote_addr or "",
        )
    except AppError as refused:
        status = 422 if isinstance(refused, BadRequest) else refused.status
        return _show(problem=refused.message), status
    return _show(found=found)


def _show(*, found: bool | None = None, problem: str = "") -> str:
    server = get_server()
    return render_template(
        "registered.html",
        kinds={kind: KIND_NAMES[kind] for kind in list_kinds(server.catalogue)},
        provinces=list_provinces(server.engine),
        typed=request.form,
        found=found,
        problem=problem,
    )
