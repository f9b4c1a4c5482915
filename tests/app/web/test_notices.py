"""The bell, the list of notices, and the account page."""

import pytest
from sqlalchemy import select, update

from app.models import Mail, MailState, NoticeKind, Role, Unit, User
from app.services.accounts import find_user_id
from app.services.notices import Message, send
from tests.support.people import SCHOOL, add_person, notices_of


@pytest.fixture
def tell(engine):
    """Tell somebody something: `tell("filler", "标题", link="/forms/")`."""

    def tell(username, title="请填表", **values):
        user_id = find_user_id(engine, username)
        with engine.begin() as connection:
            send(connection, Message(NoticeKind.ROUND, title, **values), [user_id])
        return notices_of(engine, user_id)[-1].id

    return tell


def is_read(engine, username, notice_id):
    notices = notices_of(engine, find_user_id(engine, username))
    return next(n.read_at for n in notices if n.id == notice_id) is not None


def test_the_bell_counts_what_is_unread(filler, tell):
    assert 'aria-label="通知"' in filler.get("/forms/").text
    tell("filler")
    tell("filler")
    assert 'aria-label="通知，2 条未读"' in filler.get("/forms/").text


def test_the_bell_counts_no_further_than_people_read(filler, tell, engine):
    user_id = find_user_id(engine, "filler")
    with engine.begin() as connection:
        for number in range(101):
            send(connection, Message(NoticeKind.ROUND, str(number)), [user_id])
    assert 'aria-label="通知，99+ 条未读"' in filler.get("/forms/").text


def test_opening_a_notice_reads_it_and_leads_on(filler, tell, engine):
    notice_id = tell("filler", link="/forms/?q=1#top")
    answer = filler.get(f"/notices/{notice_id}")
    assert (answer.status_code, answer.location) == (303, "/forms/?q=1#top")
    assert is_read(engine, "filler", notice_id)


@pytest.mark.parametrize(
    "link",
    [
        "",
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "//[",
        "javascript:alert(1)",
        "/\tevil",
    ],
)
def test_a_notice_leads_nowhere_else(filler, tell, link):
    answer = filler.get(f"/notices/{tell('filler', link=link)}")
    assert (answer.status_code, answer.location) == (303, "/notices/")


def test_notices_of_others_are_not_found(filler, sign_in, tell, engine):
    notice_id = tell("filler", "给填报员的话")
    other = sign_in("clerk")
    assert other.get(f"/notices/{notice_id}").status_code == 404
    other.post(f"/notices/{notice_id}/read")
    assert not is_read(engine, "filler", notice_id)
    assert "给填报员的话" not in other.get("/notices/").text


def test_unread_notices_come_first(filler, tell):
    first, second = tell("filler", "先来的"), tell("filler", "后来的")
    filler.get(f"/notices/{second}")
    page = filler.get("/notices/").text
    assert page.index("先来的") < page.index("后来的")
    assert first < second


def test_one_notice_is_marked_as_read(filler, tell, engine):
    first, second = tell("filler"), tell("filler")
    answer = filler.post(f"/notices/{first}/read", {"back": "/notices/?page=1"})
    assert (answer.status_code, answer.location) == (303, "/notices/?page=1")
    assert is_read(engine, "filler", first)
    assert not is_read(engine, "filler", second)


def test_marking_as_read_leads_nowhere_else(filler, tell):
    answer = filler.post(f"/notices/{tell('filler')}/read", {"back": "//evil.example"})
    assert answer.location == "/notices/"


def test_all_notices_are_marked_as_read(filler, tell, engine):
    mine, other = tell("filler"), tell("clerk")
    filler.post("/notices/read")
    assert is_read(engine, "filler", mine)
    assert not is_read(engine, "clerk", other)
    assert "没有未读的" in filler.get("/notices/").text


def test_the_list_has_pages(filler, engine):
    user_id = find_user_id(engine, "filler")
    with engine.begin() as connection:
        for number in range(35):
            send(connection, Message(NoticeKind.ROUND, f"第{number}条"), [user_id])
    assert "第34条" in filler.get("/notices/").text
    second = filler.get("/notices/?page=2").text
    assert "第0条" in second
    assert "第34条" not in second
    assert "这一页没有通知" in filler.get("/notices/?page=9").text


def test_what_a_notice_says_is_text(filler, tell):
    tell("filler", "<b>粗</b>", text="<script>alert(1)</script>\n第二行")
    page = filler.get("/notices/").text
    assert "&lt;b&gt;粗&lt;/b&gt;" in page
    assert "&lt;script&gt;" in page


def test_a_person_sets_where_mails_go(filler, engine, app):
    answer = filler.post(
        "/account/", {"email": " a.b@example.edu.cn ", "wants_mail": "1"}
    )
    assert answer.status_code == 303
    assert "a.b@example.edu.cn" in filler.get("/account/").text
    filler.post("/account/", {"email": "a.b@example.edu.cn"})
    assert "checked" not in filler.get("/account/").text


def test_no_address_at_all_is_an_answer(filler):
    filler.post("/account/", {"email": "a@example.edu.cn", "wants_mail": "1"})
    assert filler.post("/account/", {"email": "", "wants_mail": "1"}).status_code == 303
    assert "a@example.edu.cn" not in filler.get("/account/").text


@pytest.mark.parametrize(
    "address",
    ["nobody", "a@b@c", "张三@example.edu.cn", "a@b.cn\r\nBcc: c@d.cn", "x" * 290],
)
def test_what_is_no_address_is_told_of_and_kept(filler, address):
    answer = filler.post("/account/", {"email": address})
    assert answer.status_code == 422
    assert "不是邮箱地址" in answer.text


def test_the_account_page_says_that_no_mails_are_sent(filler):
    assert "暂时不发邮件" in filler.get("/account/").text


class TestMails:
    def test_a_person_learns_that_mails_do_not_arrive(self, filler, engine, tell):
        set_address(engine, "filler", "typo@example.edu.cn")
        tell("filler")
        assert "没有送到这个邮箱" not in filler.get("/account/").text
        with engine.begin() as connection:
            connection.execute(
                update(Mail.__table__).values(
                    state=MailState.FAILED, attempts=1, failure="550 no such mailbox"
                )
            )
        page = filler.get("/account/").text
        assert "没有送到这个邮箱" in page
        assert "550 no such mailbox" in page

    def test_an_administrator_sees_why_mails_did_not_go(
        self, administrator, engine, tell
    ):
        set_address(engine, "filler", "typo@example.edu.cn")
        tell("filler", "请填表")
        with engine.begin() as connection:
            connection.execute(
                update(Mail.__table__).values(
                    state=MailState.FAILED, attempts=1, failure="550 no such mailbox"
                )
            )
        page = administrator.get("/admin/mails/").text
        assert "没有设邮件服务器" in page
        assert "typo@example.edu.cn" in page
        assert "550 no such mailbox" in page
        assert "已放弃 1" in page

    def test_others_do_not_see_addresses(self, filler):
        assert filler.get("/admin/mails/").status_code == 403

    def test_a_quality_office_sees_mails_of_its_unit_only(self, sign_in, engine, tell):
        add_person(engine, "sender", Role.QUALITY_OFFICE)
        set_address(engine, "filler", "own@example.edu.cn")
        set_address(engine, "stranger", "foreign@example.edu.cn")
        with engine.begin() as connection:
            units = dict(connection.execute(select(Unit.code, Unit.id)).all())
        tell("filler", unit_id=units[SCHOOL])
        tell("stranger", unit_id=units["other-school"])
        with engine.begin() as connection:
            connection.execute(update(Mail.__table__).values(failure="451 later"))
        page = sign_in("sender").get("/admin/mails/").text
        assert "own@example.edu.cn" in page
        assert "foreign@example.edu.cn" not in page


def set_address(engine, username, address):
    with engine.begin() as connection:
        connection.execute(
            update(User.__table__)
            .where(User.username == username)
            .values(email=address)
        )
