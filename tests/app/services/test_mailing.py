"""Mails go to a real server on this machine, by workers, exactly once."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.config import MailSecurity
from app.jobs import Worker
from app.models import Mail, MailState, NoticeKind, Role
from app.models.base import now_utc
from app.services.mail_server import (
    Letter,
    MailServer,
    Undeliverable,
    clean_line,
    compose,
)
from app.services.mailing import NEWS, PAUSES, send_mails
from app.services.notices import Message, send
from tests.support.mail import SENDER, address_of, make_identity, run_post, run_silent
from tests.support.people import add_person

MESSAGE = Message(
    NoticeKind.REMINDER, "还有 3 张表没有填", "2.1.1 甲表\n2.1.2 乙表", "/forms/"
)


@pytest.fixture
def post():
    with run_post() as post:
        yield post


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    """A certificate for a mail server on this machine, and its key."""
    return make_identity(tmp_path_factory.mktemp("identity"))


@pytest.fixture
def mailing(workshop, post):
    """The workshop with that server."""
    return replace(workshop, mail_server=address_of(post))


def tell(workshop, count=1, message=MESSAGE):
    """Tell so many people with addresses."""
    people = [
        add_person(workshop.engine, f"p{n}", Role.FILLER, email=f"p{n}@example.edu.cn")
        for n in range(count)
    ]
    with workshop.engine.begin() as connection:
        send(connection, message, people)


def mails_of(workshop):
    with workshop.engine.begin() as connection:
        return connection.execute(
            select(Mail.__table__).order_by(Mail.__table__.c.id)
        ).all()


def change(workshop, **values):
    with workshop.engine.begin() as connection:
        connection.execute(update(Mail.__table__).values(**values))


def make_due(workshop):
    change(workshop, due_at=now_utc() - timedelta(seconds=1))


def test_a_worker_sends_what_waits(mailing, post):
    tell(mailing, 3)
    worker = Worker(mailing, "worker")
    assert worker.run_next()
    assert not worker.run_next()
    assert sorted(post.recipients) == [(f"p{n}@example.edu.cn",) for n in range(3)]
    assert {mail.state for mail in mails_of(mailing)} == {MailState.SENT}


def test_a_mail_says_who_what_and_where(mailing, post):
    tell(mailing)
    send_mails(mailing, "worker")
    (letter,) = post.letters
    (mail,) = mails_of(mailing)
    assert (letter["To"], letter["From"]) == ("p0@example.edu.cn", SENDER)
    assert letter["Subject"] == MESSAGE.title
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content_type() == "text/plain"
    text = letter.get_content()
    assert text.startswith("p0 的姓名，您好：")
    assert "2.1.2 乙表" in text
    assert f"https://forms.example.edu.cn/notices/{mail.notice_id}" in text


def test_questions_about_data_stay_in_the_system(mailing, post):
    secret = "这一格写的是谁的号码"
    tell(mailing, message=Message(NoticeKind.QUESTION, "有人提问", secret))
    send_mails(mailing, "worker")
    assert secret not in post.letters[0].get_content()


def test_nothing_typed_begins_a_header(mailing, post):
    title = "通知\r\nBcc: everybody@example.edu.cn\r\n\r\n正文"
    tell(mailing, message=Message(NoticeKind.ROUND, title))
    send_mails(mailing, "worker")
    (letter,) = post.letters
    assert letter["Subject"] == "通知 Bcc: everybody@example.edu.cn 正文"
    assert letter["Bcc"] is None
    assert post.recipients == [("p0@example.edu.cn",)]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b\nRCPT TO:<c@d>",
        "a@b, c@d",
        "<a@b>",
        "张@example.edu.cn",
        "a@",
    ],
)
def test_an_address_that_is_none_is_never_used(post, address):
    letter = Letter(address, "标题", "正文", "notice-1")
    with pytest.raises(Undeliverable):
        compose(address_of(post), letter)


def test_control_characters_leave_a_line():
    assert clean_line("a\r\nb\tc\0d\u2028e  f") == "a b c d e f"


def test_without_a_mail_server_mails_wait(workshop):
    tell(workshop)
    assert not send_mails(workshop, "worker")
    assert mails_of(workshop)[0].state is MailState.WAITING


def test_what_nobody_sent_while_it_was_news_is_dropped(mailing, post):
    tell(mailing)
    change(mailing, created_at=now_utc() - NEWS - timedelta(minutes=1))
    send_mails(mailing, "worker")
    assert post.received == []
    assert mails_of(mailing)[0].state is MailState.OUTDATED


def test_a_busy_server_is_asked_again_after_growing_pauses(mailing, post):
    post.answers["RCPT TO"] = "450 try later"
    tell(mailing)
    pauses = []
    for _ in PAUSES:
        before = now_utc()
        send_mails(mailing, "worker")
        (mail,) = mails_of(mailing)
        assert mail.state is MailState.WAITING
        pauses.append(round((mail.due_at - before).total_seconds() / 60))
        assert not send_mails(mailing, "worker")
        make_due(mailing)
    assert pauses == list(PAUSES)
    send_mails(mailing, "worker")
    (mail,) = mails_of(mailing)
    assert (mail.state, mail.attempts) == (MailState.FAILED, len(PAUSES) + 1)
    assert mail.failure == "450 try later"


def test_a_mail_that_was_postponed_arrives_later(mailing, post):
    post.answers["p1@"] = "451 greylisted"
    tell(mailing, 2)
    send_mails(mailing, "worker")
    assert post.recipients == [("p0@example.edu.cn",)]
    post.answers.clear()
    make_due(mailing)
    send_mails(mailing, "worker")
    assert post.recipients[1:] == [("p1@example.edu.cn",)]
    assert mails_of(mailing)[1].failure is None


def test_an_address_that_is_refused_is_given_up_at_once(mailing, post):
    post.answers["p0@"] = "550 no such mailbox"
    tell(mailing, 2)
    send_mails(mailing, "worker")
    refused, sent = mails_of(mailing)
    assert (refused.state, refused.failure) == (
        MailState.FAILED,
        "550 no such mailbox",
    )
    assert sent.state is MailState.SENT


def test_a_server_that_is_away_is_tried_once_for_all(mailing, post):
    post.answers["EHLO"] = "421 closing"
    tell(mailing, 5)
    send_mails(mailing, "worker")
    assert post.connections == 1
    assert {(m.state, m.attempts) for m in mails_of(mailing)} == {
        (MailState.WAITING, 1)
    }
    assert not send_mails(mailing, "worker")


def test_nobody_listens_and_the_worker_lives_on(mailing, post):
    post.server_close()
    tell(mailing)
    assert Worker(mailing, "worker").run_next()
    (mail,) = mails_of(mailing)
    assert (mail.state, mail.attempts) == (MailState.WAITING, 1)
    assert "Refused" in mail.failure


def test_a_server_that_says_nothing_is_left(workshop):
    with run_silent() as port:
        silent = MailServer("127.0.0.1", port, MailSecurity.NONE, SENDER, seconds=1)
        tell(workshop)
        send_mails(replace(workshop, mail_server=silent), "worker")
    assert "timed out" in mails_of(workshop)[0].failure


def test_a_password_never_travels_in_clear(workshop, post):
    account = {"user": "forms", "password": "geheim", "security": MailSecurity.STARTTLS}
    tell(workshop)
    send_mails(replace(workshop, mail_server=address_of(post, **account)), "worker")
    assert post.received == []
    assert "STARTTLS" in mails_of(workshop)[0].failure


class TestEncryption:
    """The line is encrypted, with a server that somebody vouches for."""

    ACCOUNT = {"user": "forms", "password": "geheim"}  # noqa: RUF012 - never changed

    def send(self, workshop, post, security):
        server = address_of(post, security=security, **self.ACCOUNT)
        tell(workshop)
        send_mails(replace(workshop, mail_server=server), "worker")

    @pytest.mark.parametrize(
        ("security", "at_once"),
        [(MailSecurity.STARTTLS, False), (MailSecurity.TLS, True)],
    )
    def test_password_and_mail_travel_encrypted(
        self, workshop, identity, security, at_once, monkeypatch
    ):
        monkeypatch.setenv("SSL_CERT_FILE", str(identity[0]))
        with run_post(identity, at_once=at_once) as post:
            self.send(workshop, post, security)
        assert post.recipients == [("p0@example.edu.cn",)]
        assert any(line.startswith("AUTH PLAIN") for line in post.sealed)
        assert not any("AUTH" in line or "<" in line for line in post.clear)

    @pytest.mark.parametrize(
        ("security", "at_once"),
        [(MailSecurity.STARTTLS, False), (MailSecurity.TLS, True)],
    )
    def test_a_server_that_nobody_vouches_for_gets_neither(
        self, workshop, identity, security, at_once
    ):
        with run_post(identity, at_once=at_once) as post:
            self.send(workshop, post, security)
        assert post.received == []
        assert not any("AUTH" in line for line in post.clear + post.sealed)
        assert "CERTIFICATE_VERIFY_FAILED" in mails_of(workshop)[0].failure

    def test_a_wrong_password_keeps_mails_waiting(
        self, workshop, identity, monkeypatch
    ):
        monkeypatch.setenv("SSL_CERT_FILE", str(identity[0]))
        with run_post(identity) as post:
            post.answers["AUTH"] = "535 wrong password"
            self.send(workshop, post, MailSecurity.STARTTLS)
        (mail,) = mails_of(workshop)
        assert mail.state is MailState.WAITING
        assert mail.failure == "535 wrong password"
        assert "geheim" not in mail.failure


def test_a_line_that_breaks_leaves_the_rest_waiting(mailing, post):
    post.answers["p1@"] = "421 closing"
    tell(mailing, 3)
    send_mails(mailing, "worker")
    assert post.recipients == [("p0@example.edu.cn",)]
    states = [(mail.state, mail.attempts) for mail in mails_of(mailing)]
    assert states == [
        (MailState.SENT, 1),
        (MailState.WAITING, 1),
        (MailState.WAITING, 1),
    ]


def test_a_mail_whose_worker_died_is_sent_by_another(mailing, post):
    tell(mailing)
    change(
        mailing,
        state=MailState.SENDING,
        lease_holder="dead",
        due_at=now_utc() + timedelta(minutes=1),
    )
    assert not send_mails(mailing, "worker")
    make_due(mailing)
    send_mails(mailing, "worker")
    assert post.recipients == [("p0@example.edu.cn",)]


def test_two_workers_send_each_mail_once(mailing, post):
    tell(mailing, 12)
    start = threading.Barrier(2)

    def work(name):
        start.wait()
        while send_mails(mailing, name):
            pass

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(post.recipients) == sorted(
        (f"p{n}@example.edu.cn",) for n in range(12)
    )
