"""What questions for a forgotten password are, and which of them and answers will do.

The first one is from one list, as everybody who names the account is asked it: one in
own words would show that there is such an account. The others, asked whoever answered
the first, may be in own words.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.errors import BadRequest

#: How many a person has.
COUNT = 3
ANSWER_MIN = 2
ANSWER_MAX = 60
#: Letters and signs of a question in own words.
WORDING_MIN = 4
WORDING_MAX = 60

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


@dataclass(frozen=True)
class OwnQuestion:
    """A question of a person, and the answer where it is being set."""

    #: id in the list; empty: in own words
    question: str
    answer: str = ""
    wording: str = ""

    @property
    def text(self) -> str:
        """As it is asked; empty where the list has it no longer."""
        return self.wording or QUESTIONS.get(self.question, "")


def normalise_answer(text: str) -> str:
    """What counts of an answer: neither width, case, blanks nor signs do."""
    return _fold(text[: 4 * ANSWER_MAX])[:ANSWER_MAX]


def clean_wording(text: str) -> str:
    """A question as it is kept: one line, without what no page shows."""
    # A little more than fits: one that is too long is told so, however long it is.
    seen = (
        " " if char.isspace() else char
        for char in unicodedata.normalize("NFC", text[: 10 * WORDING_MAX])
        if char.isspace() or unicodedata.category(char)[0] != "C"
    )
    return " ".join("".join(seen).split())


def require_good_questions(chosen: Sequence[OwnQuestion]) -> None:
    """Raise BadRequest where questions, cleaned already, or answers will not do."""
    _require_questions(chosen)
    _require_answers(chosen)


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if char.isalnum())


def _require_questions(chosen: Sequence[OwnQuestion]) -> None:
    if len(chosen) != COUNT:
        raise BadRequest(f"要有 {COUNT} 个问题，每个都填上答案。")
    if chosen[0].wording:
        raise BadRequest(
            "第 1 个问题请从列表里选：谁填了您的用户名都会先看到它，"
            "自己写的会让别人看出有这个账号。"
        )
    for number, own in enumerate(chosen, start=1):
        if own.wording:
            _require_wording(number, own.wording)
        elif own.question not in QUESTIONS:
            raise BadRequest(
                f"第 {number} 个问题还是空的，请"
                + ("从列表里选一个。" if number == 1 else "选一个，或者自己写一个。")
            )
    if len({_fold(own.text) for own in chosen}) < COUNT:
        raise BadRequest("有两个问题是一样的，请换成不同的问题。")


def _require_wording(number: int, wording: str) -> None:
    if len(_fold(wording)) < WORDING_MIN:
        raise BadRequest(
            f"第 {number} 个问题太短，至少写 {WORDING_MIN} 个字（标点不算）。"
        )
    if len(wording) > WORDING_MAX:
        raise BadRequest(f"第 {number} 个问题太长，最多 {WORDING_MAX} 个字，请写短些。")


def _require_answers(chosen: Sequence[OwnQuestion]) -> None:
    asked = [_fold(own.text) for own in chosen]
    answers = [normalise_answer(own.answer) for own in chosen]
    for number, answer in enumerate(answers, start=1):
        if len(answer) < ANSWER_MIN:
            raise BadRequest(
                f"第 {number} 个答案太短，至少 {ANSWER_MIN} 个字"
                "（空格和标点不算），请写长一些。"
            )
        if any(answer in text for text in asked):
            raise BadRequest(
                f"第 {number} 个答案在问题里就能看到，别人一看便知。请换个问题或答案。"
            )
    if len(set(answers)) < COUNT:
        raise BadRequest("几个问题的答案不要一样，请改成不同的答案。")
