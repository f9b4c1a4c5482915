"""Error pages in Chinese: what happened, what to do, and whether anything was lost.

Requests that expect JSON get the same sentence as JSON.
"""

import secrets
from dataclasses import dataclass

import structlog
from flask import Flask, Response, jsonify, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from app.errors import AppError, NotSignedIn, StaleForms, UnknownName
from app.web.api_errors import is_api, make_problem
from app.web.portal_frame import draw_error

_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ErrorPage:
    """What an error page says."""

    status: int
    title: str
    advice: str
    #: class and icon of the sign
    sign: str = "is-none"
    icon: str = "i-search"


_PAGES = {
    400: ErrorPage(
        400,
        "请求不完整",
        "内容没有保存。请返回上一页，刷新后再试。",
        "is-error",
        "i-error",
    ),
    401: ErrorPage(
        401, "登录已过期", "请重新登录，然后回到这里接着做。", "is-warn", "i-lock"
    ),
    403: ErrorPage(
        403, "您不能看这一页", "要看，请找本单位管理员。", "is-none", "i-lock"
    ),
    404: ErrorPage(404, "没有这个页面", "地址可能写错了，或内容已被删除。"),
    405: ErrorPage(405, "这个地址不能这样打开", "请从菜单或按钮进入。"),
    409: ErrorPage(
        409, "现在不能这样做", "数据没有变。请刷新后再试。", "is-warn", "i-warn"
    ),
    413: ErrorPage(
        413,
        "内容太大",
        "没有保存。文件请拆成几个分别上传，表格请分几次粘贴。",
        "is-error",
        "i-error",
    ),
    415: ErrorPage(
        415, "内容的格式不对", "没有保存。请用页面上的按钮提交。", "is-error", "i-error"
    ),
    422: ErrorPage(422, "内容有误", "没有保存。请改正后再试。", "is-error", "i-error"),
    429: ErrorPage(429, "操作太频繁", "请过几分钟再试。", "is-warn", "i-wait"),
    500: ErrorPage(
        500,
        "我们这边出错了，您的数据没有变",
        "已记录。反复出现请把编号告诉管理员。",
        "is-error",
        "i-error",
    ),
}
#: Of what was sent: the page itself may well be seen.
_NOT_DONE = ErrorPage(403, "没有办成", "要办，请找本单位管理员。", "is-none", "i-lock")
_CSRF_SENTENCE = "页面放得太久，或在别的窗口重新登录过。内容没有保存，请刷新后再试。"


def handle_errors(app: Flask) -> None:
    app.register_error_handler(AppError, _answer_refusal)
    app.register_error_handler(CSRFError, _answer_csrf)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_failure)


def wants_json() -> bool:
    """Whether the other side is a program rather than a person."""
    if is_api() or request.mimetype == "application/json":
        return True
    if request.headers.get("X-Requested-With") == "fetch":
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def _answer_refusal(error: AppError) -> Response | tuple[Response | str, int]:
    if isinstance(error, NotSignedIn) and not wants_json():
        target = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("auth.login", next=target))
    if isinstance(error, StaleForms) and request.method == "GET" and not wants_json():
        # The forms changed while the page was made: the next try has the new ones.
        return redirect(request.full_path.rstrip("?"))
    if is_api():
        near = error.suggestions if isinstance(error, UnknownName) else ()
        return make_problem(
            error.status, _find_page(error.status).title, error.message, near
        )
    return _answer(error.status, error.message)


def _answer_csrf(_error: CSRFError) -> tuple[Response | str, int]:
    return _answer(400, _CSRF_SENTENCE, code="csrf")


def _answer_http(error: HTTPException) -> Response | tuple[Response | str, int]:
    if error.code is None or error.code < 400:
        return error.get_response()
    answer = _answer(error.code)
    if error.code != 405:
        return answer
    allowed = ", ".join(sorted(error.valid_methods or ()))
    return (*answer, {"Allow": allowed})


def _answer_failure(error: Exception) -> tuple[Response | str, int]:
    number = f"E-{secrets.token_hex(2).upper()}-{secrets.token_hex(2).upper()}"
    _LOG.error("request failed", number=number, path=request.path, exc_info=error)
    return _answer(500, f"已记录，编号 {number}。反复出现请把编号告诉管理员。")


def _answer(
    status: int, message: str = "", code: str = ""
) -> tuple[Response | str, int]:
    page = _find_page(status)
    if is_api():
        return make_problem(status, page.title, message or page.advice), status
    if wants_json():
        body = {"status": status, "message": message or f"{page.title}。{page.advice}"}
        if code:
            body["code"] = code
        if status == 401:
            body["login"] = url_for("auth.login")
        return jsonify(body), status
    if request.blueprint == "portal":
        return draw_error(page.title, message or page.advice), status
    if status == 403 and request.method == "POST":
        page = _NOT_DONE
    text = render_template("error.html", page=page, message=message)
    return text, status


def _find_page(status: int) -> ErrorPage:
    return _PAGES.get(status) or _PAGES[400 if status < 500 else 500]
