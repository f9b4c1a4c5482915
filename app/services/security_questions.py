"""Questions that a person chose and alone can answer, for a forgotten password.

What they may be is said in `question_rules`. Whoever manages or reviews has none.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from app.errors import BadRequest, Forbidden, TooManyRequests
from app.models import AuditAction, SecurityQuestion, User
from app.permissions import Actor
from app.policy import Action
from app.services.account_kinds import KnownType
from app.services.passwords import hash_password, verify_password
from app.services.question_rules import (
    OwnQuestion,
    clean_wording,
    normalise_answer,
    require_good_questions,
)
from app.services.recording import record_account
from app.services.tries import GUESSES, say_wait, take_try
from app.storage.engine import begin_reading

#: Who does one of these has a superior to turn to, not questions.
_CENTRAL = (
    Action.REVIEW_FORM,
    Action.APPROVE_FIGURES,
    Action.MANAGE_ACCOUNTS,
    Action.MANAGE_UNITS,
    Action.MANAGE_AREA,
    Action.DESIGN_FORMS,
)


def may_have_questions(actor: Actor, known: KnownType | None) -> bool:
    """Whether answers may replace the password of this account.

    Args:
        known: the kind of account; None: a person's own.
    """
    if known is not None and not known.type.has_questions:
        return False
    return not any(grant.reach(act) for grant in actor.grants for act in _CENTRAL)


def list_chosen(engine: Engine, user_id: int) -> tuple[OwnQuestion, ...]:
    """The questions that a person chose."""
    with begin_reading(engine) as connection:
        found = connection.execute(
            select(SecurityQuestion.question, SecurityQuestion.wording)
            .where(SecurityQuestion.user_id == user_id)
            .order_by(SecurityQuestion.position)
        )
        return tuple(OwnQuestion(one.question, wording=one.wording) for one in found)


def set_questions(
    engine: Engine,
    actor: Actor,
    known: KnownType | None,
    chosen: Sequence[OwnQuestion],
    password: str,
) -> None:
    """Keep questions with their answers, in place of those before.

    Args:
        password: the one in use: an open page is not yet its person.

    Raises:
        Forbidden: this account has no questions.
        BadRequest: a question or an answer will not do, or the password is wrong.
    """
    if not may_have_questions(actor, known):
        raise Forbidden("管理和审核的账号不用密码问题，忘了密码请找上级管理员。")
    chosen = [
        replace(own, wording="" if own.question else clean_wording(own.wording))
        for own in chosen
    ]
    require_good_questions(chosen)
    _require_password(engine, actor, password)
    hashes = [hash_password(normalise_answer(own.answer)) for own in chosen]
    with Session(engine) as session, session.begin():
        mine = SecurityQuestion.user_id == actor.user_id
        session.execute(delete(SecurityQuestion).where(mine))
        session.add_all(
            SecurityQuestion(
                user_id=actor.user_id,
                position=position,
                question=own.question,
                wording=own.wording,
                answer_hash=digest,
            )
            for position, (own, digest) in enumerate(zip(chosen, hashes, strict=True))
        )
        session.flush()
        act = AuditAction.QUESTIONS_SET
        record_account(session.connection(), act, actor.user_id, actor.user_id)


def _require_password(engine: Engine, actor: Actor, password: str) -> None:
    wait = take_try(engine, f"old password {actor.user_id}", GUESSES).wait
    if wait:
        raise TooManyRequests(f"输错的次数太多，请 {say_wait(wait)}后再试。")
    with begin_reading(engine) as connection:
        stored = connection.scalar(
            select(User.password_hash).where(User.id == actor.user_id)
        )
    if not verify_password(stored, password):
        raise BadRequest("现在的密码不对。")
