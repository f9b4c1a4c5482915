"""Questions that a person chose and alone can answer, for a forgotten password.

They are chosen from one list: a question in own words would show everybody who asks for
it that there is such an account. Whoever manages or reviews has none.
"""

import unicodedata
from collections.abc import Mapping, Sequence

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from app.errors import BadRequest, Forbidden, TooManyRequests
from app.models import AuditAction, SecurityQuestion, User
from app.permissions import Actor
from app.policy import Action
from app.services.account_kinds import KnownType
from app.services.passwords import hash_password, verify_password
from app.services.recording import record_account
from app.services.tries import GUESSES, say_wait, take_try
from app.storage.engine import begin_reading

#: How many a person has.
COUNT = 3
ANSWER_MIN = 2
ANSWER_MAX = 60

#: Ids are stored; the texts may be mended.
QUESTIONS: Mapping[str, str] = {
    "first_school": "您上的第一所小学叫什么",
    "first_teacher": "您小学一年级的班主任叫什么",
    "desk_mate": "您中学时印象最深的同桌叫什么",
    "first_job": "您第一份工作的单位叫什么",
    "first_chief": "您工作后第一位领导叫什么",
    "first_town": "您小时候住的村、街道或小区叫什么",
    "first_trip": "您第一次坐火车去的是哪个城市",
    "first_book": "您自己买的第一本书叫什么",
    "first_film": "您第一次在电影院看的是哪部电影",
    "first_pet": "您养的第一只宠物叫什么",
    "first_phone": "您的第一部手机是什么牌子、型号",
    "first_pay": "您第一个月的工资是多少元",
    "grandfather": "您外祖父叫什么",
    "grandmother": "您祖母的老家在哪个县",
    "mother_school": "您母亲上过的中学叫什么",
    "father_job": "您父亲年轻时做什么工作",
    "nick_name": "家里人小时候怎样叫您",
    "old_friend": "您认识最久的朋友叫什么",
    "best_dish": "您最拿手的一道菜是什么",
    "old_song": "您会唱全的第一首歌叫什么",
    "team": "您最喜欢的一支球队叫什么",
    "teacher_nick": "您给哪位老师起过绰号，绰号是什么",
    "favourite_place": "您最想再去一次的地方是哪里",
    "lost_thing": "您丢过的最可惜的东西是什么",
}

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


def list_chosen(engine: Engine, user_id: int) -> tuple[str, ...]:
    """The ids of the questions that a person chose."""
    with begin_reading(engine) as connection:
        return tuple(
            connection.scalars(
                select(SecurityQuestion.question)
                .where(SecurityQuestion.user_id == user_id)
                .order_by(SecurityQuestion.position)
            )
        )


def set_questions(
    engine: Engine,
    actor: Actor,
    known: KnownType | None,
    chosen: Sequence[tuple[str, str]],
    password: str,
) -> None:
    """Keep questions with their answers, in place of those before.

    Args:
        chosen: id of a question, and its answer.
        password: the one in use: an open page is not yet its person.

    Raises:
        Forbidden: this account has no questions.
        BadRequest: a question or an answer will not do, or the password is wrong.
    """
    if not may_have_questions(actor, known):
        raise Forbidden("管理和审核的账号不用密码问题，忘了密码请找上级管理员。")
    _require_good(chosen)
    _require_password(engine, actor, password)
    hashes = [hash_password(normalise_answer(answer)) for _, answer in chosen]
    with Session(engine) as session, session.begin():
        mine = SecurityQuestion.user_id == actor.user_id
        session.execute(delete(SecurityQuestion).where(mine))
        session.add_all(
            SecurityQuestion(
                user_id=actor.user_id,
                position=position,
                question=question,
                answer_hash=digest,
            )
            for position, ((question, _), digest) in enumerate(
                zip(chosen, hashes, strict=True)
            )
        )
        session.flush()
        act = AuditAction.QUESTIONS_SET
        record_account(session.connection(), act, actor.user_id, actor.user_id)


def normalise_answer(text: str) -> str:
    """What counts of an answer: neither width, case, blanks nor signs do."""
    folded = unicodedata.normalize("NFKC", text[: 4 * ANSWER_MAX]).casefold()
    return "".join(char for char in folded if char.isalnum())[:ANSWER_MAX]


def _require_good(chosen: Sequence[tuple[str, str]]) -> None:
    ids = [question for question, _ in chosen]
    if len(ids) != COUNT or not set(ids) <= set(QUESTIONS):
        raise BadRequest(f"请选 {COUNT} 个问题，并填上答案。")
    if len(set(ids)) < COUNT:
        raise BadRequest("有问题选了两次，请换成不同的问题。")
    answers = [normalise_answer(answer) for _, answer in chosen]
    if min(map(len, answers)) < ANSWER_MIN:
        raise BadRequest(
            f"每个答案至少 {ANSWER_MIN} 个字（空格和标点不算），请写长一些。"
        )
    if len(set(answers)) < COUNT:
        raise BadRequest("几个问题的答案不要一样，请改成不同的答案。")


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
