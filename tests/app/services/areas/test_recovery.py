"""Forgotten passwords: questions that tell nobody who has an account, and codes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from app.errors import AppError, BadRequest, Forbidden, Refused, TooManyRequests
from app.models import AuditAction, AuditEntry, Notice, ResetCode, SecurityQuestion
from app.models.base import now_utc
from app.services import passwords
from app.services.accounts import change_password, reset_password
from app.services.areas import changing
from app.services.passwords import verify_password
from app.services.question_rules import QUESTIONS, OwnQuestion, normalise_answer
from app.services.recovery import (
    Forgetful,
    count_visit,
    give_code,
    redeem_code,
    set_recovered_password,
)
from app.services.recovery_answers import (
    WRONG_FIRST,
    WRONG_REST,
    judge_first,
    judge_rest,
    list_asked,
)
from app.services.security_questions import (
    list_chosen,
    may_have_questions,
    set_questions,
)
from tests.support.areas import CITY, FAR_GROUP, GROUP, OTHER, PASSWORD, PROVINCE

SECRET = "a secret of tests"
FIRST = OwnQuestion("first_school", "青屿小学")
TEAM = OwnQuestion("team", "海鸥队")
SONG = OwnQuestion("", "渔光曲", "外婆常唱的是哪一首歌")
CHOSEN = [FIRST, TEAM, SONG]
ANSWERS = ["青屿 小学。", "海鸥队", "《渔光曲》"]
NEW = "xin-mima-2086"
NOW = now_utc()


@pytest.fixture
def person(nation):
    """The administrator of a group, who has chosen questions."""
    choose(nation)
    return who(nation)


@pytest.fixture
def work(monkeypatch):
    """How often a password or an answer was hashed to compare it."""
    seen = []

    class Hasher(PasswordHasher):
        def verify(self, digest, password):
            seen.append(password)
            return super().verify(digest, password)

    for name in ("_HASHER", "_ONE_TIME_HASHER"):
        old = getattr(passwords, name)
        costs = old.time_cost, old.memory_cost, old.parallelism
        monkeypatch.setattr(passwords, name, Hasher(*costs))
    return seen


def who(nation, username=GROUP, kind="group_admin"):
    known = nation.known(kind) if kind else None
    return Forgetful(username, known, "a", browser="of tests")


def choose(nation, chosen=CHOSEN, password=PASSWORD, unit=GROUP, kind="group_admin"):
    given = nation.actor(unit, kind), nation.known(kind), chosen, password
    set_questions(nation.engine, *given)


def answer(nation, person, answers=ANSWERS, **options):
    """Answer one question after the other; returns the ticket."""
    given = nation.engine, SECRET, person
    passed = judge_first(*given, answers[0], **options)
    return judge_rest(*given, passed, answers[1:], **options)


def ask(nation, person, passed="", **options):
    asked = list_asked(nation.engine, SECRET, person, passed, **options)
    return [one.text for one in asked]


def stored(nation, kind="group_admin"):
    return nation.user(GROUP, kind).password_hash


def test_three_right_answers_lead_to_a_new_password(nation, person):
    ticket = answer(nation, person)
    set_recovered_password(nation.engine, SECRET, ticket, NEW)
    assert verify_password(stored(nation), NEW)
    assert not nation.user(GROUP, "group_admin").must_change_password
    assert verify_password(stored(nation, "group_leader"), PASSWORD)


def test_the_account_and_the_log_are_told(nation, person):
    set_recovered_password(nation.engine, SECRET, answer(nation, person), NEW)
    user_id = nation.user_id(GROUP, "group_admin")
    with nation.engine.connect() as connection:
        titles = connection.scalars(
            select(Notice.title).where(Notice.user_id == user_id)
        ).all()
        told = connection.scalars(
            select(AuditEntry.details).where(
                AuditEntry.action == AuditAction.PASSWORD_RECOVERED
            )
        ).all()
    assert titles == ["密码已经重设"]
    assert [one["by"] for one in told] == ["questions"]


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (["青屿小学", "海鸥队", "别的"], WRONG_REST),
        (["青屿小学", "渔光曲", "海鸥队"], WRONG_REST),
        (["青屿小学"], WRONG_REST),
        ([*ANSWERS[:2], "\0"], WRONG_REST),
        (["", "", ""], WRONG_FIRST),
        (["海鸥队", "青屿小学", "渔光曲"], WRONG_FIRST),
    ],
)
def test_one_wrong_answer_is_enough(nation, person, answers, told):
    with pytest.raises(BadRequest) as refused:
        answer(nation, person, answers)
    assert refused.value.message == told
    assert verify_password(stored(nation), PASSWORD)


def test_all_names_get_question_answer_and_time_alike(nation, person, work):
    """Unknown, of another kind, without questions, an authority, a person's own."""
    told = set()
    for one in (
        person,
        who(nation, "没有这个集团"),
        who(nation, GROUP, "gov_admin"),
        who(nation, GROUP, "group_leader"),
        who(nation, PROVINCE, "gov_admin"),
        who(nation, "nobody", ""),
    ):
        asked = ask(nation, one)
        assert asked == ask(nation, one)
        assert len(asked) == 1
        assert set(asked) <= set(QUESTIONS.values())
        del work[:]
        with pytest.raises(BadRequest) as refused:
            answer(nation, one, ["别的", "别的", "别的"])
        told.add((refused.value.message, len(work)))
    assert told == {(WRONG_FIRST, 2)}


def test_own_words_are_shown_to_who_answered_the_first_question(nation, person):
    given = nation.engine, SECRET
    assert ask(nation, person) == [FIRST.text]
    passed = judge_first(*given, person, FIRST.answer, NOW)
    assert ask(nation, person, passed, now=NOW) == [TEAM.text, SONG.wording]
    for one, at in (
        (replace(person, browser="another"), NOW),
        (who(nation, FAR_GROUP), NOW),
        (who(nation, "没有这个集团"), NOW),
        (person, NOW + timedelta(minutes=16)),
    ):
        assert len(ask(nation, one, passed, now=at)) == 1
        with pytest.raises(Refused):
            judge_rest(*given, one, passed, ANSWERS[1:], at)
    assert judge_rest(*given, person, passed, ANSWERS[1:], NOW)


@pytest.mark.parametrize(
    "passed", ["", "x", "é.ü", "9" * 300, f"{int(NOW.timestamp())}.0"]
)
def test_a_forged_pass_shows_the_first_question(nation, person, passed):
    assert ask(nation, person, passed) == [FIRST.text]
    with pytest.raises(Refused):
        judge_rest(nation.engine, SECRET, person, passed, ANSWERS[1:])


def test_a_pass_ends_with_the_questions_or_the_password_and_sets_none(nation, person):
    given = nation.engine, SECRET
    passed = judge_first(*given, person, FIRST.answer)
    with pytest.raises(Refused):
        set_recovered_password(*given, passed, NEW)
    choose(nation)
    assert ask(nation, person, passed) == [FIRST.text]
    passed = judge_first(*given, person, FIRST.answer)
    change_password(nation.engine, nation.user_id(GROUP, "group_admin"), PASSWORD, NEW)
    assert ask(nation, person, passed) == [FIRST.text]


def test_made_up_questions_differ_by_name_and_installation(nation):
    names = [who(nation, f"集团{n}") for n in range(20)]
    asked = [list_asked(nation.engine, SECRET, one) for one in names]
    assert len(set(asked)) > 5
    assert asked != [list_asked(nation.engine, "another one", one) for one in names]


@pytest.mark.parametrize("username", [GROUP, "没有这个集团"])
def test_answers_are_tried_five_times_an_hour(nation, person, username):
    one = who(nation, username)
    for number in range(5):
        at = NOW + timedelta(seconds=number)
        with pytest.raises(BadRequest):
            answer(nation, one, ["别的"] * 3, now=at)
    with pytest.raises(TooManyRequests):
        answer(nation, one, now=NOW + timedelta(seconds=9))


def test_a_right_first_answer_gives_no_tries_for_the_others(nation, person):
    given = nation.engine, SECRET, person
    for _ in range(2):
        with pytest.raises(BadRequest, match=WRONG_REST):
            answer(nation, person, [FIRST.answer, "别的", "别的"])
    passed = judge_first(*given, FIRST.answer)
    for guess in (
        lambda: judge_rest(*given, passed, ANSWERS[1:]),
        lambda: judge_first(*given, FIRST.answer),
    ):
        with pytest.raises(TooManyRequests):
            guess()


def test_a_code_helps_where_somebody_used_the_tries_up(nation, person):
    for _ in range(6):
        with pytest.raises((BadRequest, TooManyRequests)):
            answer(nation, person, ["别的"] * 3)
    code = give(nation)
    assert redeem_code(nation.engine, SECRET, person, code)


def test_strangers_use_up_no_answers_of_a_known_browser(nation, person):
    for _ in range(5):
        with pytest.raises(BadRequest):
            answer(nation, person, ["x", "y", "z"])
    with pytest.raises(TooManyRequests):
        answer(nation, person)
    assert answer(nation, replace(person, device="0123456789abcdef"))


def test_an_address_tries_thirty_times_an_hour(nation):
    for _ in range(30):
        count_visit(nation.engine, "a", NOW)
    with pytest.raises(TooManyRequests):
        count_visit(nation.engine, "a", NOW)
    count_visit(nation.engine, "b", NOW)


@pytest.mark.parametrize(
    ("chosen", "part"),
    [
        (CHOSEN[:2], "3 个问题"),
        ([FIRST, TEAM, OwnQuestion("made up", "渔光曲")], "第 3 个问题还是空的"),
        ([FIRST, TEAM, replace(SONG, wording=" \u200b")], "第 3 个问题还是空的"),
        ([SONG, TEAM, FIRST], "第 1 个问题请从列表里选"),
        ([FIRST, TEAM, replace(TEAM, answer="渔光曲")], "不同的问题"),
        ([FIRST, TEAM, replace(SONG, wording=f" {TEAM.text}？")], "不同的问题"),
        ([FIRST, TEAM, replace(SONG, wording="歌？？？？")], "第 3 个问题太短"),
        ([FIRST, TEAM, replace(SONG, wording="歌" * 61)], "第 3 个问题太长"),
        ([FIRST, TEAM, replace(SONG, answer="。曲")], "至少 2 个字"),
        ([FIRST, TEAM, replace(SONG, answer="海鸥队")], "不要一样"),
        ([FIRST, TEAM, replace(SONG, answer=" 外,婆")], "第 3 个答案在问题里"),
        ([FIRST, replace(TEAM, answer="外婆"), SONG], "第 2 个答案在问题里"),
    ],
)
def test_questions_that_will_not_do(nation, chosen, part):
    with pytest.raises(BadRequest, match=part):
        choose(nation, chosen)
    assert list_chosen(nation.engine, nation.user_id(GROUP, "group_admin")) == ()


def test_own_words_are_kept_as_one_line_of_signs(nation):
    odd = replace(SONG, wording=" 外婆常唱的\r\n\t是\x1b\u202e哪一首\u200b歌\x85")
    choose(nation, [FIRST, TEAM, odd])
    kept = list_chosen(nation.engine, nation.user_id(GROUP, "group_admin"))
    assert [one.text for one in kept] == [
        FIRST.text,
        TEAM.text,
        "外婆常唱的 是哪一首歌",
    ]


def test_questions_are_set_by_who_knows_the_password(nation):
    with pytest.raises(BadRequest, match="密码不对"):
        choose(nation, password="wrong password 1")


def test_answers_are_kept_as_hashes(nation, person):
    with nation.engine.connect() as connection:
        hashes = connection.scalars(select(SecurityQuestion.answer_hash)).all()
    assert len(hashes) == 3
    assert all(one.startswith("$argon2id$") for one in hashes)


def test_width_case_blanks_and_signs_do_not_count():
    assert normalise_answer(" Ｑｉｎｇ-Yu 小学。") == normalise_answer("qingyu小学")
    assert normalise_answer("，。 ") == ""


def test_who_manages_or_reviews_has_no_questions(nation):
    authority, known = nation.actor(PROVINCE), nation.known("gov_admin")
    assert not may_have_questions(authority, known)
    assert not may_have_questions(authority, None)
    assert may_have_questions(nation.actor(GROUP, "group_admin"), None)
    with pytest.raises(Forbidden):
        choose(nation, unit=PROVINCE, kind="gov_admin")


def test_who_reviews_by_now_is_not_helped_by_earlier_answers(nation):
    """A city had questions somehow before rights were switched on for it."""
    with nation.engine.begin() as connection:
        connection.execute(
            SecurityQuestion.__table__.insert(),
            [
                {
                    "user_id": nation.user_id(CITY),
                    "position": at,
                    "question": own.question,
                    "wording": own.wording,
                    "answer_hash": passwords.hash_password(
                        normalise_answer(own.answer)
                    ),
                }
                for at, own in enumerate(CHOSEN)
            ],
        )
    with pytest.raises(BadRequest):
        answer(nation, who(nation, CITY, "gov_admin"))


def give(nation, unit=GROUP, by=PROVINCE, now=None):
    actor, user_id = nation.actor(by), nation.user_id(unit, "group_admin")
    return give_code(nation.engine, SECRET, user_id, actor, now)


def test_a_code_leads_to_a_new_password_once(nation):
    code, person = give(nation), who(nation)
    tickets = [
        redeem_code(nation.engine, SECRET, person, text)
        for text in (code, f" {code.upper()} ", code.replace("-", ""))
    ]
    set_recovered_password(nation.engine, SECRET, tickets[0], NEW)
    assert verify_password(stored(nation), NEW)
    for ticket in tickets:
        with pytest.raises(Refused):
            set_recovered_password(nation.engine, SECRET, ticket, "bie-de-2086-mima")
    with pytest.raises(BadRequest):
        redeem_code(nation.engine, SECRET, person, code)


def test_a_closed_account_gets_no_code_that_would_be_called_wrong(nation):
    actor, user_id = nation.actor(PROVINCE), nation.user_id(GROUP, "group_admin")
    changing.set_account_open(
        nation.engine, actor, nation.units[GROUP], user_id, is_open=False
    )
    with pytest.raises(Refused, match="先启用"):
        give(nation)


def test_a_code_is_good_for_a_day(nation):
    code, person = give(nation, now=NOW), who(nation)
    nearly = NOW + timedelta(hours=23, minutes=59)
    assert redeem_code(nation.engine, SECRET, person, code, nearly)
    later = NOW + timedelta(hours=24)
    with pytest.raises(BadRequest):
        redeem_code(nation.engine, SECRET, person, code, later)


def test_a_second_code_takes_the_first_ones_place(nation):
    first, second = give(nation), give(nation)
    with pytest.raises(BadRequest):
        redeem_code(nation.engine, SECRET, who(nation), first)
    assert redeem_code(nation.engine, SECRET, who(nation), second)


def test_a_code_dies_with_the_password_that_was_forgotten(nation):
    """Somebody remembered it after all; the paper with the code lies about."""
    code = give(nation)
    user_id = nation.user_id(GROUP, "group_admin")
    change_password(nation.engine, user_id, PASSWORD, NEW)
    with pytest.raises(BadRequest):
        redeem_code(nation.engine, SECRET, who(nation), code)


def test_answers_of_who_had_the_account_before_open_it_no_more(nation, person):
    ticket = redeem_code(nation.engine, SECRET, person, give(nation))
    set_recovered_password(nation.engine, SECRET, ticket, NEW)
    with pytest.raises(BadRequest):
        answer(nation, person)
    choose(nation, password=NEW)
    reset_password(nation.engine, nation.user_id(GROUP, "group_admin"))
    assert not list_chosen(nation.engine, nation.user_id(GROUP, "group_admin"))


def test_of_many_who_use_a_code_at_once_one_sets_the_password(nation):
    code, person = give(nation), who(nation)
    ticket = redeem_code(nation.engine, SECRET, person, code)

    def use(number):
        try:
            given = nation.engine, SECRET, ticket, f"{NEW}-{number}"
            set_recovered_password(*given)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        done = [*pool.map(use, range(4))]
    assert sorted(done) == [False, False, False, True]
    assert verify_password(stored(nation), f"{NEW}-{done.index(True)}")


@pytest.mark.parametrize(
    ("username", "kind"),
    [(GROUP, "group_leader"), (FAR_GROUP, "group_admin"), (GROUP, "")],
)
def test_a_code_serves_its_own_account_only(nation, username, kind):
    code = give(nation)
    with pytest.raises(BadRequest):
        redeem_code(nation.engine, SECRET, who(nation, username, kind), code)


def test_codes_are_kept_as_digests_and_told(nation):
    code = give(nation)
    user_id = nation.user_id(GROUP, "group_admin")
    with nation.engine.connect() as connection:
        assert code not in str(connection.execute(select(ResetCode.__table__)).all())
        notices = select(Notice.text).where(Notice.user_id == user_id)
        [text] = connection.scalars(notices)
        log = select(AuditEntry.action).order_by(AuditEntry.id.desc()).limit(1)
        assert connection.scalar(log) == AuditAction.RESET_CODE_GIVEN
    assert code not in text


def test_a_code_is_given_within_the_area_and_never_to_oneself(nation):
    unit_id, user_id = nation.units[GROUP], nation.user_id(GROUP, "group_admin")
    given = nation.engine, SECRET, nation.actor(PROVINCE), unit_id, user_id
    assert changing.give_unit_code(*given)
    for unit in (OTHER, CITY):
        with pytest.raises(AppError) as refused:
            changing.give_unit_code(
                nation.engine, SECRET, nation.actor(unit), unit_id, user_id
            )
        assert refused.value.status in (403, 404)
    actor = nation.actor(PROVINCE)
    with pytest.raises(Refused):
        give_code(nation.engine, SECRET, actor.user_id, actor)


@pytest.mark.parametrize(
    "ticket",
    [
        *("", "1.0.1.x", "...", "1.2.3.4.5", "9" * 300, "é.ü.ö.x", "1.0.9.9"),
        # More than a key can be, on either database.
        f"{2**31}.0.{int(NOW.timestamp())}.x",
    ],
)
def test_a_forged_ticket_sets_nothing(nation, ticket):
    with pytest.raises(Refused):
        set_recovered_password(nation.engine, SECRET, ticket, NEW)


def test_a_ticket_lasts_a_quarter_of_an_hour(nation, person):
    ticket = answer(nation, person, now=NOW)
    later = NOW + timedelta(minutes=16)
    with pytest.raises(Refused):
        set_recovered_password(nation.engine, SECRET, ticket, NEW, later)


def test_a_weak_new_password_is_refused(nation, person):
    ticket = answer(nation, person)
    with pytest.raises(BadRequest):
        set_recovered_password(nation.engine, SECRET, ticket, "123456")
    set_recovered_password(nation.engine, SECRET, ticket, NEW)
