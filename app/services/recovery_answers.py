"""A forgotten password: answers to own questions, the first one before the others.

Every name gets the same first page, in the same time: where there is no such account,
or it has no questions, a made-up one is shown, always the same for one name, and no
answer to it is right. So nobody who cannot answer it sees what is in own words.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, and_, select
from sqlalchemy.orm import Session

from app.errors import BadRequest, TooManyRequests
from app.models import SecurityQuestion, User
from app.permissions import actor_of
from app.services.passwords import verify_password
from app.services.question_rules import (
    COUNT,
    QUESTIONS,
    OwnQuestion,
    normalise_answer,
)
from app.services.recovery import Forgetful, note_failure
from app.services.recovery_tickets import (
    is_good_pass,
    make_pass,
    make_ticket,
    outdated,
)
from app.services.security_questions import may_have_questions
from app.services.tries import Allowance, say_wait, take_try
from app.storage.engine import begin_reading

WRONG_FIRST = "答案不对，或者这个账号没有设密码问题。"
WRONG_REST = "答案不全对，请再想一想。"

#: Answers are words that acquaintances may know: of both steps together.
_ANSWERS = Allowance(5)


@dataclass(frozen=True)
class Asked:
    """A question as a page asks it."""

    #: 0: the first one
    position: int
    text: str


@dataclass(frozen=True)
class _Own:
    """An account, its questions and the hashes of their answers."""

    user_id: int
    password_hash: str
    questions: tuple[OwnQuestion, ...]
    hashes: tuple[str, ...]

    def bind(self, person: Forgetful) -> tuple[str, ...]:
        """What a pass serves: this browser, while password and questions stay."""
        return (person.browser, str(self.user_id), self.password_hash, *self.hashes)


def list_asked(
    engine: Engine,
    secret: str,
    person: Forgetful,
    passed: str = "",
    now: datetime | None = None,
) -> tuple[Asked, ...]:
    """The first question, own or made up; with a good pass those after it."""
    own = _find_own(engine, person)
    if own is not None and is_good_pass(secret, passed, own.bind(person), now):
        texts = [question.text for question in own.questions]
        return tuple(Asked(n, texts[n]) for n in range(1, COUNT))
    first = own.questions[0].question if own else ""
    made_up = _make_up(secret, person.login)
    return (Asked(0, QUESTIONS.get(first, QUESTIONS[made_up])),)


def judge_first(
    engine: Engine,
    secret: str,
    person: Forgetful,
    answer: str,
    now: datetime | None = None,
) -> str:
    """A pass to the other questions, if the answer to the first is right.

    Raises:
        BadRequest: it is not, or there is no such account or question.
        TooManyRequests: it was tried too often.
    """
    _take_answer(engine, person, now)
    own = _find_own(engine, person)
    is_right = verify_password(own and own.hashes[0], normalise_answer(answer))
    if own is None or not is_right or not _may_answer(engine, own, person):
        note_failure(engine, person)
        raise BadRequest(WRONG_FIRST)
    return make_pass(secret, own.bind(person), now)


def judge_rest(
    engine: Engine,
    secret: str,
    person: Forgetful,
    passed: str,
    answers: Sequence[str],
    now: datetime | None = None,
) -> str:
    """A ticket to set a new password with, if all other answers are right.

    Raises:
        Refused: the pass is outdated, or not of this account and browser.
        BadRequest: one is wrong; nobody learns which.
        TooManyRequests: it was tried too often.
    """
    own = _find_own(engine, person)
    if own is None or not is_good_pass(secret, passed, own.bind(person), now):
        raise outdated()
    _take_answer(engine, person, now)
    given = [normalise_answer(answer) for answer in answers][: COUNT - 1]
    given += [""] * (COUNT - 1 - len(given))
    # Each is verified, whatever the others were: the time tells nothing.
    right = [verify_password(*pair) for pair in zip(own.hashes[1:], given, strict=True)]
    if not all(right) or not _may_answer(engine, own, person):
        note_failure(engine, person)
        raise BadRequest(WRONG_REST)
    return make_ticket(secret, own.user_id, 0, own.password_hash, now)


def _take_answer(engine: Engine, person: Forgetful, now: datetime | None) -> None:
    """Right ones count as well: a first answer is known to acquaintances, too."""
    # As with passwords: strangers use up no tries of a browser that was in before.
    what = f"answers {person.login} {person.device}"
    wait = take_try(engine, what, _ANSWERS, now).wait
    if wait:
        raise TooManyRequests(
            f"答的次数太多，请 {say_wait(wait)}后再试，或请管理员给一个重置码。"
        )


def _find_own(engine: Engine, person: Forgetful) -> _Own | None:
    """None: there is no such account, or it has no questions."""
    mine = SecurityQuestion.user_id == User.id
    with begin_reading(engine) as connection:
        found = connection.execute(
            select(
                User.id,
                User.password_hash,
                SecurityQuestion.question,
                SecurityQuestion.wording,
                SecurityQuestion.answer_hash,
            )
            .join(SecurityQuestion, mine)
            .where(and_(person.is_account, User.is_active))
            .order_by(SecurityQuestion.position)
        ).all()
    if len(found) != COUNT:
        return None
    questions = (OwnQuestion(one.question, wording=one.wording) for one in found)
    hashes = (one.answer_hash for one in found)
    return _Own(found[0].id, found[0].password_hash, (*questions,), (*hashes,))


def _make_up(secret: str, login: str) -> str:
    def weigh(question: str) -> bytes:
        text = f"{login}\n{question}".encode()
        return hmac.digest(f"questions {secret}".encode(), text, "sha256")

    return min(QUESTIONS, key=weigh)


def _may_answer(engine: Engine, own: _Own, person: Forgetful) -> bool:
    """Who reviews or manages by now has questions no longer."""
    with begin_reading(engine) as connection, Session(connection) as session:
        user = session.get_one(User, own.user_id)
        return may_have_questions(actor_of(user), person.known)
