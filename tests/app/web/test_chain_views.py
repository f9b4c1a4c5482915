from app.models import DecisionKind
from app.models.base import now_utc
from app.services.chain.views import LogLine
from app.web.chain_views import view_history

OWN_ID, OTHER_ID = 1, 2


def line(actor_id):
    kind = DecisionKind.SUBMIT
    return LogLine(1, kind, "提交", "", actor_id, "张三", now_utc(), "", None, False)


def test_who_has_the_same_name_is_not_oneself():
    shown = view_history([line(OTHER_ID), line(OWN_ID)], "", OWN_ID)
    assert [one.text for one in shown] == ["您提交", "张三 提交"]
