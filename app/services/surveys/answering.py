"""Answers of one unit or one visitor to a survey, judged and stored as rows.

An anonymous survey keeps nothing that leads from an answer to who gave it: the rows
carry a number made up and no person, their time is the survey's first day and their
order says nothing (`unlinked_rows`); the mark that somebody has answered holds neither
the number nor the time.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time

from sqlalchemy import Connection, Engine, select

from app.errors import BadRequest, DuplicateKey, Refused, TooManyRequests
from app.models import Unit, User
from app.permissions import Actor
from app.services.contexts import make_context
from app.services.surveys.finding import Question, Survey, today
from app.services.tries import (
    Allowance,
    is_taken,
    network_of,
    say_wait,
    take_try,
    take_within,
)
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from app.storage.rows import RowStore
from app.storage.unlinked_rows import unlink_row
from form_schemas.surveys import QuestionKind
from validators.check import Stage, check_row
from validators.report import find_level

ALREADY = "您这里已经答过这份调查，一个单位（公众一个浏览器）只能答一次。"
#: Values of the page that are no answers begin with something else.
PREFIX = "q"

_SEPARATOR = "；"
_USUAL = 2000
#: As long as anybody could come back.
_ONCE = Allowance(1, 20 * 366 * 86400)
#: Answers of the public, by address: a school's visitors share one.
_AT_ADDRESS = Allowance(60)

Posted = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Respondent:
    """Who answers: a unit, or a browser of the public."""

    #: names it among all that answer
    mark: str
    #: of the unit; empty: a visitor
    name: str = ""

    @property
    def is_visitor(self) -> bool:
        return not self.name


@dataclass(frozen=True)
class Sheet:
    """What was answered, and what has to be mended first."""

    #: by the number of the question
    answers: Mapping[int, str] = field(default_factory=dict)
    problems: Mapping[int, str] = field(default_factory=dict)


def find_unit(engine: Engine, survey: Survey, actor: Actor) -> Respondent | None:
    """The person's unit, if the survey asks it; None: it does not."""
    named = [grant.unit_id for grant in actor.grants]
    with begin_reading(engine) as connection:
        kind_of_account = connection.scalar(
            select(User.account_type).where(User.id == actor.user_id)
        )
        units = connection.execute(
            select(Unit.id, Unit.name, Unit.kind)
            .where(Unit.id.in_(named), Unit.is_open)
            .order_by(Unit.id)
        )
        for unit in units:
            for target in survey.targets:
                if target.kind == unit.kind and target.account_type in (
                    "",
                    kind_of_account,
                ):
                    return Respondent(f"unit {unit.id}", unit.name)
    return None


def has_answered(
    engine: Engine, secret: str, survey: Survey, respondent: Respondent
) -> bool:
    with begin_reading(engine) as connection:
        return is_taken(connection, _name_mark(secret, survey, respondent))


def count_visitor(engine: Engine, address: str) -> None:
    """Raise TooManyRequests where an address sends answer after answer."""
    taken = take_try(engine, f"survey at {network_of(address)}", _AT_ADDRESS)
    if taken.wait:
        raise TooManyRequests(
            f"从这里交的答卷太多，没有收下。请过 {say_wait(taken.wait)}再交。"
        )


def find_longest(survey: Survey) -> int:
    """Characters of an answer, at most."""
    told = survey.terms.answer
    return survey.edition.by_code[told.form].by_id[told.answer].max_length or _USUAL


def judge(survey: Survey, questions: Sequence[Question], posted: Posted) -> Sheet:
    """Read what a page sent.

    Raises:
        BadRequest: it answers questions that are not asked.
    """
    asked = {f"{PREFIX}{one.number}" for one in questions}
    if any(name not in asked for name in posted if _is_answer(name)):
        raise BadRequest("答卷里有这份问卷没有的题目，没有收下。请刷新后重新答。")
    longest = find_longest(survey)
    answers, problems = {}, {}
    for one in questions:
        sent = [text.strip() for text in posted.get(f"{PREFIX}{one.number}", ())]
        given = [text.replace("\r\n", "\n") for text in sent if text]
        problem = _find_problem(one, given, longest)
        if problem:
            problems[one.number] = problem
        if given:
            answers[one.number] = _SEPARATOR.join(given)
    if not answers and not problems:
        problems |= {one.number: "一题都没有答。" for one in questions[:1]}
    return Sheet(answers, problems)


def store(
    workshop: Workshop,
    secret: str,
    survey: Survey,
    respondent: Respondent,
    answers: Mapping[int, str],
) -> None:
    """Keep the answers, once.

    Raises:
        Refused: it is over, or whoever it is has answered.
    """
    refused = survey.refuses(today())
    if refused:
        raise Refused(refused)
    # No time of the answer: it would lead to the rows.
    day = datetime.combine(survey.begins, time(), UTC)
    with workshop.engine.begin() as connection:
        mark = _name_mark(secret, survey, respondent)
        if take_within(connection, mark, _ONCE, day).wait:
            raise Refused(ALREADY)
        _insert(connection, workshop, survey, _name(survey, respondent), answers)


def _is_answer(name: str) -> bool:
    return name.startswith(PREFIX) and name.removeprefix(PREFIX)[:1].isdecimal()


def _find_problem(one: Question, given: Sequence[str], longest: int) -> str:
    if not given:
        return "这一题必答，请作答。" if one.is_required else ""
    if one.kind is QuestionKind.TEXT:
        length = len(given[0])
        if length > longest:
            return f"最多 {longest} 字，现在 {length} 字，请删短。"
        return ""
    if len(given) > 1 and one.kind is not QuestionKind.MULTIPLE:
        return "这一题只能选一项。"
    if len(set(given)) < len(given) or not set(given) <= set(one.options):
        return "选的不是这一题的选项，请重新选。"
    return ""


def _name_mark(secret: str, survey: Survey, respondent: Respondent) -> str:
    # With the secret: units are few, and a bare digest of each is soon made.
    return f"survey {secret} {survey.key} {respondent.mark}"


def _name(survey: Survey, respondent: Respondent) -> str:
    if survey.is_anonymous or respondent.is_visitor:
        return f"匿名 {secrets.token_hex(6)}"
    return respondent.name


def _insert(
    connection: Connection,
    workshop: Workshop,
    survey: Survey,
    name: str,
    answers: Mapping[int, str],
) -> None:
    told, scope = survey.terms.answer, survey.scope
    form = survey.edition.by_code[told.form]
    rows = RowStore(connection, workshop.catalogue, by_engine=True)
    context = make_context(connection, rows, form, scope)
    for number, answer in answers.items():
        values = {
            told.survey: survey.title,
            told.number: number,
            told.who: name,
            told.answer: answer,
            told.day: survey.begins if survey.is_anonymous else context.today,
        }
        checked = check_row(form, values, context, Stage.DRAFT)
        kept = {name: v for name, v in checked.row.items() if name in form.by_id}
        level = find_level(checked.problems)
        try:
            stored = rows.insert(form, scope, kept, None, "在线调查", level)
        except DuplicateKey as error:
            raise Refused(ALREADY) from error
        if survey.is_anonymous:
            unlink_row(
                connection,
                workshop.catalogue,
                form,
                scope,
                stored.id,
                survey.begins,
                {told.survey: survey.title, told.number: number},
            )
