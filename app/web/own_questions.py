"""The questions of one's own account, for a forgotten password."""

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.errors import BadRequest, Forbidden, TooManyRequests
from app.services.account_kinds import KnownType, find_type
from app.services.own_account import find_account_type
from app.services.question_rules import (
    ANSWER_MAX,
    ANSWER_MIN,
    COUNT,
    QUESTIONS,
    WORDING_MAX,
    WORDING_MIN,
    OwnQuestion,
)
from app.services.security_questions import (
    list_chosen,
    may_have_questions,
    set_questions,
)
from app.web.server import Answer, get_server
from app.web.visit import get_visit

own_questions = Blueprint("own_questions", __name__, url_prefix="/account/questions")

#: What the page chooses in the list for a question in own words.
_OWN = "own"


@own_questions.get("")
def show() -> str:
    if not may_have():
        raise Forbidden("管理和审核的账号不用密码问题，忘了密码请找上级管理员。")
    return _show()


@own_questions.post("")
def save() -> Answer:
    form, server = request.form, get_server()
    try:
        set_questions(
            server.engine,
            get_visit().actor,
            _find_type(),
            _read_chosen(),
            form.get("password", ""),
        )
    except (BadRequest, TooManyRequests) as refused:
        status = 422 if isinstance(refused, BadRequest) else refused.status
        return _show(refused.message), status
    flash("密码问题已设好。", "good")
    return redirect(url_for("account.show"), 303)


def may_have() -> bool:
    """Whether the person's own account may have questions."""
    return may_have_questions(get_visit().actor, _find_type())


def count_own() -> int:
    """How many questions it has."""
    return len(list_chosen(get_server().engine, get_visit().actor.user_id))


def _find_type() -> KnownType | None:
    server, actor = get_server(), get_visit().actor
    type_id = find_account_type(server.engine, actor)
    return find_type(server.catalogue, type_id) if type_id else None


def _read_chosen() -> list[OwnQuestion]:
    """As typed: what stands in the field of another choice does not count."""
    form, chosen = request.form, []
    for n in range(COUNT):
        question, answer = form.get(f"question{n}", ""), form.get(f"answer{n}", "")
        wording = form.get(f"wording{n}", "") if question == _OWN else ""
        question = "" if question == _OWN else question
        chosen.append(OwnQuestion(question, answer, wording))
    return chosen


def _show(problem: str = "") -> str:
    actor = get_visit().actor
    own = list_chosen(get_server().engine, actor.user_id)
    empty = [OwnQuestion("")] * COUNT
    return render_template(
        "own_questions.html",
        questions=QUESTIONS,
        chosen=_read_chosen() if problem else own or empty,
        own=_OWN,
        typed=request.form,
        has=bool(own),
        shortest=ANSWER_MIN,
        longest=ANSWER_MAX,
        shortest_wording=WORDING_MIN,
        longest_wording=WORDING_MAX,
        problem=problem,
    )
