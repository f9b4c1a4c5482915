"""A unit's round as a whole on pages, and what departments supply to one form."""

import re

import pytest
from sqlalchemy import insert, select

from app.models import Department, Filing, FilingState, Round, Unit
from app.models.base import now_utc
from tests.app.web.test_filing_pages import shown

ROUND = "/reviews/round"
SHARED = "talent/1.4.2"


@pytest.fixture
def approved(engine, catalogue):
    """Every form of the school is through its own steps."""
    with engine.begin() as connection:
        unit_id = connection.scalar(select(Unit.id).where(Unit.code == "demo-school"))
        found = select(Round).where(Round.collection == "talent")
        round_ = connection.execute(found.order_by(Round.id.desc())).first()
        edition = catalogue.edition("talent", round_.edition)
        filing = {
            "unit_id": unit_id,
            "round_id": round_.id,
            "state": FilingState.APPROVED,
            "content_hash": "0" * 64,
            "is_empty": True,
            "updated_at": now_utc(),
        }
        connection.execute(
            insert(Filing),
            [
                # A table rule wants rows of this one.
                {**filing, "form_code": form.code, "is_closed": form.code == "1.1.2"}
                for form in edition.forms
                if not form.is_derived
            ],
        )
    return f"{unit_id}-{round_.id}"


def hand_in(office):
    answer = office.post(ROUND, {"act": "hand_in"}, page=ROUND)
    missing = re.findall(r"<li><span>(.*?)</span></li>", answer.text)
    assert answer.status_code == 303, missing


def seen_in(page):
    return re.search(r'name="seen" value="([0-9a-f]{64})"', page).group(1)


def test_a_round_goes_up_step_by_step(approved, sign_in):
    office, leader, city = sign_in("office"), sign_in("leader"), sign_in("city")
    hand_in(office)
    page = f"{ROUND}?at={approved}"
    assert "已上报，待领导小组审议" in shown(office, page)
    assert "等我审的单位" in shown(leader, f"/reviews/?at={approved}")
    fields = {"act": "approve", "seen": seen_in(shown(leader, page))}
    leader.post(page, fields, page=page)
    assert "待市教育局审核" in shown(city, page)
    assert ROUND in shown(city, "/reviews/")


def test_a_leader_returns_the_forms_that_are_named(approved, sign_in):
    office, leader = sign_in("office"), sign_in("leader")
    hand_in(office)
    page = f"{ROUND}?at={approved}"
    fields = {"act": "return", "form": "1.1.4", "remark": "请核对面积"}
    refused = leader.post(page, fields, page=page)
    assert refused.status_code == 409
    assert "都要选一条原因" in refused.text
    # Nothing that was filled in is lost.
    assert re.search(r'value="1.1.4" data-return checked', refused.text)
    assert 'name="remark" value="请核对面积"' in refused.text
    leader.post(page, {**fields, "reason|1.1.4": "wrong"}, page=page)
    text = shown(leader, page)
    assert "已退回，填报单位会收到通知" in text
    assert "请核对面积" in shown(sign_in("filler"), "/forms/talent/1.1.4/")
    undo = re.search(r'action="(/reviews/undo/[^"]+)"', text).group(1)
    leader.post(undo, {"back": page}, page=page)
    assert "决定已撤销" in shown(leader, page)


def test_an_approval_of_other_content_is_refused(approved, sign_in):
    hand_in(sign_in("office"))
    leader, page = sign_in("leader"), f"{ROUND}?at={approved}"
    answer = leader.post(page, {"act": "approve", "seen": "1" * 64}, page=page)
    assert "内容在您打开后有改动" in answer.text


def test_a_city_does_not_decide_for_leaders(approved, sign_in):
    hand_in(sign_in("office"))
    city, page = sign_in("city"), f"{ROUND}?at={approved}"
    fields = {"act": "approve", "seen": seen_in(shown(city, page))}
    assert city.post(page, fields, page=page).status_code == 403


def test_a_department_hands_over_and_gets_it_back(engine, sign_in):
    helper, filler = sign_in("filler"), sign_in("filler")
    url = f"/forms/{SHARED}/contributions"
    assert f'href="{url}?at=' in shown(filler, f"/forms/{SHARED}/")
    text = shown(filler, url)
    assert "未移交" in text
    with engine.begin() as connection:
        found = select(Department.id, Department.name)
        departments = {name: i for i, name in connection.execute(found).all()}
    name = next(n for n in departments if f'<th scope="row">{n}</th>' in text)
    fields = {"department": str(departments[name]), "no_rows": "1"}
    helper.post(f"/forms/{SHARED}/hand-over", fields, page=f"/forms/{SHARED}/")
    assert "已交牵头部门，没有数据" in shown(filler, url)
    back = f"{url}?return={departments[name]}"
    assert f"退回 {name} 的数据" in shown(filler, back)
    fields = {"department": str(departments[name]), "reason": "missing", "text": "漏了"}
    filler.post(url, fields, page=back)
    assert "牵头部门已退回" in shown(filler, url)
    assert "“整张表”</a>：漏了" in shown(sign_in("helper"), "/")
