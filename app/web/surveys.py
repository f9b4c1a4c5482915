"""Surveys by link: the list, the sheet of questions, and the results.

The public answers without a login, after a captcha; a cookie says which browser did.
"""

import re
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import (
    Blueprint,
    Response,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)

from app.config import Config
from app.errors import AppError, BadRequest, Forbidden, NotFound, Refused
from app.permissions import Actor
from app.services.captchas import (
    WRONG_CAPTCHA,
    CaptchaKind,
    make_captcha,
    use_captcha,
)
from app.services.surveys import answering, results
from app.services.surveys.answering import Respondent, Sheet
from app.services.surveys.finding import (
    Question,
    Survey,
    get_survey,
    list_questions,
    list_surveys,
    today,
)
from app.storage.engine import begin_reading
from app.web.downloads import send_made
from app.web.recovery import CaptchaView
from app.web.security import takes
from app.web.server import Answer, get_server

surveys = Blueprint("surveys", __name__, url_prefix="/surveys")

#: A sheet is small; more is no sheet.
_LIMIT = 1024 * 1024
_COOKIE = re.compile(r"[0-9a-f]{32}")
_COOKIE_SECONDS = 400 * 86400


@dataclass(frozen=True, eq=False)
class SurveyLine:
    """A survey in the list."""

    survey: Survey
    #: why nobody may answer now; empty: one may
    refused: str
    is_early: bool
    may_answer: bool
    has_answered: bool
    sees_results: bool


@surveys.get("")
def show_list() -> str:
    lines = (_make_line(survey) for survey in list_surveys(get_server().workshop))
    shown = [one for one in lines if one.may_answer or one.sees_results]
    return render_template("surveys.html", lines=shown)


@surveys.get("/<key>")
def show(key: str) -> str:
    survey = get_survey(get_server().workshop, key)
    return _draw(survey, _require_respondent(survey))


@surveys.post("/<key>")
@takes(frozenset({"application/x-www-form-urlencoded"}), lambda: _LIMIT)
def answer(key: str) -> Answer:
    survey = get_survey(get_server().workshop, key)
    respondent = _require_respondent(survey)
    posted = request.form.to_dict(flat=False)
    if "again" in posted:
        sheet = Sheet(_keep(posted))
        return _draw(survey, respondent, sheet, kind=posted["again"][0])
    questions = _list_questions(survey)
    try:
        sheet = answering.judge(survey, questions, posted)
    except BadRequest as refused:
        typed = Sheet(_keep(posted))
        return _draw(survey, respondent, typed, problem=refused.message), 422
    if sheet.problems:
        return _draw(survey, respondent, sheet), 422
    return _store(survey, respondent, sheet)


@surveys.get("/<key>/results")
def show_results(key: str) -> str:
    workshop = get_server().workshop
    survey = get_survey(workshop, key)
    if not results.may_see(workshop, survey, _actor()):
        raise _refuse_results()
    sees_all = results.may_see_all(workshop, survey, _actor())
    found = results.load_results(workshop, survey, with_texts=sees_all)
    return render_template(
        "survey_results.html",
        survey=survey,
        results=found,
        sees_all=sees_all,
        panels=[(one, _draw_chart(one)) for one in found.questions],
        most_texts=results.MOST_TEXTS,
    )


@surveys.get("/<key>/export")
def export(key: str) -> Answer:
    workshop = get_server().workshop
    survey = get_survey(workshop, key)
    if not results.may_see_all(workshop, survey, _actor()):
        raise _refuse_results()
    found = results.load_results(workshop, survey, with_texts=True)
    folder = tempfile.TemporaryDirectory(prefix="tianbao-survey-")
    path = Path(folder.name) / "file"
    return send_made(folder, path, results.write_results(workshop, found, path))


# Who it is.


def _actor() -> Actor | None:
    return g.visit.actor if "visit" in g else None


def _find_respondent(survey: Survey) -> Respondent | None:
    actor = _actor()
    if actor is not None:
        unit = answering.find_unit(get_server().engine, survey, actor)
        if unit is not None:
            return unit
    if not survey.is_for_all:
        return None
    cookie = request.cookies.get(cookie_name(get_server().config), "")
    return Respondent(f"browser {cookie}" if _COOKIE.fullmatch(cookie) else "")


def _require_respondent(survey: Survey) -> Respondent:
    found = _find_respondent(survey)
    if found is not None:
        return found
    asked = "、".join(target.value for target in survey.targets)
    if _actor() is None:
        raise NotFound(f"这份调查只问{asked}。您是其中之一的话，请先登录，再打开链接。")
    raise Forbidden(f"这份调查只问{asked}，您的账号不在其中。")


def _has_answered(survey: Survey, respondent: Respondent) -> bool:
    server = get_server()
    return bool(respondent.mark) and answering.has_answered(
        server.engine, server.secret, survey, respondent
    )


def _make_line(survey: Survey) -> SurveyLine:
    respondent = _find_respondent(survey)
    return SurveyLine(
        survey,
        survey.refuses(today()),
        today() < survey.begins,
        respondent is not None,
        respondent is not None and _has_answered(survey, respondent),
        results.may_see(get_server().workshop, survey, _actor()),
    )


def _refuse_results() -> AppError:
    if _actor() is None:
        return NotFound("这份调查的结果没有公布。")
    return Forbidden("这份调查的结果没有公布，只有发调查的单位能看。")


def cookie_name(config: Config) -> str:
    """It says which browser answered, and nothing else."""
    return "__Host-tianbao-survey" if config.is_production else "tianbao-survey"


# Answers.


def _store(survey: Survey, respondent: Respondent, sheet: Sheet) -> Answer:
    server, form = get_server(), request.form
    if respondent.is_visitor and not respondent.mark:
        respondent = Respondent(f"browser {secrets.token_hex(16)}")
    try:
        if respondent.is_visitor:
            captcha = form.get("seal", ""), form.get("captcha", "")
            address = request.remote_addr or ""
            if not use_captcha(server.engine, server.secret, address, captcha):
                return _draw(survey, respondent, sheet, wrong=WRONG_CAPTCHA), 422
            answering.count_visitor(server.engine, address)
        answering.store(
            server.workshop, server.secret, survey, respondent, sheet.answers
        )
    except Refused as refused:
        return _draw(survey, respondent, sheet, problem=refused.message), 409
    except AppError as refused:
        return _draw(survey, respondent, sheet, problem=refused.message), refused.status
    flash("答卷已收下，谢谢。", "good")
    response = redirect(url_for(".show", key=survey.key), 303)
    if respondent.is_visitor:
        _set_cookie(response, respondent.mark.removeprefix("browser "))
    return response


def _set_cookie(response: Response, value: str) -> None:
    config = get_server().config
    response.set_cookie(
        cookie_name(config),
        value,
        max_age=_COOKIE_SECONDS,
        secure=config.is_production,
        httponly=True,
        samesite="Lax",
    )


def _keep(posted: Mapping[str, Sequence[str]]) -> dict[int, str]:
    """What was typed so far, whatever it is worth."""
    found = {}
    for name, sent in posted.items():
        number = name.removeprefix(answering.PREFIX)
        if name.startswith(answering.PREFIX) and number.isdecimal():
            found[int(number[:6])] = "；".join(sent)
    return found


def _list_questions(survey: Survey) -> tuple[Question, ...]:
    workshop = get_server().workshop
    with begin_reading(workshop.engine) as connection:
        return list_questions(connection, workshop, survey)


def _draw(
    survey: Survey,
    respondent: Respondent,
    sheet: Sheet | None = None,
    *,
    problem: str = "",
    wrong: str = "",
    kind: str = "",
) -> str:
    server = get_server()
    closed = survey.refuses(today())
    is_done = not closed and _has_answered(survey, respondent)
    captcha = None
    if respondent.is_visitor and not closed and not is_done:
        known = CaptchaKind(kind) if kind in set(CaptchaKind) else CaptchaKind.IMAGE
        address = request.remote_addr or ""
        captcha = CaptchaView(make_captcha(server.secret, address, known))
    return render_template(
        "survey.html",
        survey=survey,
        respondent=respondent,
        questions=_list_questions(survey),
        sheet=sheet or Sheet(),
        closed=closed,
        is_done=is_done,
        problem=problem,
        wrong=wrong,
        longest=answering.find_longest(survey),
        captcha=captcha,
        sees_results=results.may_see(server.workshop, survey, _actor()),
    )


def _draw_chart(one: results.QuestionResult) -> dict[str, object] | None:
    """As the script of the statistics reads it; None: nothing to draw."""
    if not one.answered or not one.choices:
        return None
    return {
        "kind": "pie" if one.question.kind == "single" else "bar",
        "unit": "份",
        "places": 0,
        "labels": [choice.label for choice in one.choices],
        "urls": ["" for _ in one.choices],
        "now": [choice.count for choice in one.choices],
        "last": None,
        "names": ["答卷", ""],
    }
