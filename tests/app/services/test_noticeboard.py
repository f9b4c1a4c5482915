"""The newest unread notices, for a box beside other work."""

import pytest

from app.models import NoticeKind, Role
from app.permissions import Actor
from app.services.noticeboard import find_newest, mark_read
from app.services.notices import Message, send
from tests.support.people import add_person


@pytest.fixture
def engine(workshop):
    return workshop.engine


@pytest.fixture
def reader(engine):
    user_id = add_person(engine, "reader", Role.FILLER)
    with engine.begin() as connection:
        for number in range(4):
            send(connection, Message(NoticeKind.ROUND, f"第{number}条"), [user_id])
    return Actor(user_id, "reader", "读者")


def test_the_newest_come_first_and_no_more_than_asked(engine, reader):
    titles = [line.title for line in find_newest(engine, reader, 2)]
    assert titles == ["第3条", "第2条"]


def test_what_was_read_is_left_out(engine, reader):
    newest = find_newest(engine, reader, 1)[0]
    mark_read(engine, reader, newest.id)
    assert find_newest(engine, reader, 1)[0].title == "第2条"


def test_every_kind_has_a_name(engine, reader):
    with engine.begin() as connection:
        for kind in NoticeKind:
            send(connection, Message(kind, kind), [reader.user_id])
    lines = find_newest(engine, reader, 50)
    assert all(line.kind_name for line in lines)
