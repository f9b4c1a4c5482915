"""A province at addresses of another one's area: nothing is shown, nothing changes."""

import pytest
from sqlalchemy import select

from app.models import FilingState, UnitRound
from tests.app.web.test_areas import solve
from tests.app.web.test_authorities_in_browser import catalogue, database_url, year
from tests.support.areas import FAR_GROUP, OTHER, PASSWORD, PROVINCE
from tests.support.travelling import NEWS

__all__ = ["catalogue", "database_url", "year"]


@pytest.fixture
def province(client):
    fields = {"type": "gov_admin", "username": PROVINCE, "password": PASSWORD}
    assert client.post("/login", fields | solve(client, "/login")).status_code == 302
    return client


def test_forged_addresses_lead_nowhere(year, province):
    year.fill(FAR_GROUP)
    year.hand_in(FAR_GROUP)
    news = year.add_item(FAR_GROUP, "G9", **NEWS)
    year.move(FAR_GROUP, "G9", news, "recommend")
    at, unit = year.key(FAR_GROUP), year.nation.units[FAR_GROUP]
    user = year.nation.user_id(FAR_GROUP, "group_admin")
    seen = year.view(FAR_GROUP, by=OTHER).content_hash
    for path in (
        f"/reviews/round?at={at}",
        f"/reviews/group/G1/?at={at}",
        f"/forms/group/G1/?at={at}",
        f"/booklets/group/report/?at={at}",
        f"/progress/?at={at}",
        f"/items/group/G9/{news}",
        f"/area/{unit}",
        f"/statistics/group/area/?below={year.nation.units[OTHER]}",
    ):
        answer = province.get(path)
        assert answer.status_code in (403, 404), path
        assert FAR_GROUP not in answer.text, path
    until = {"until": "2099-01-31T18:00"}
    for path, fields in (
        (f"/reviews/round?at={at}", {"act": "approve", "seen": seen}),
        (f"/reviews/round?at={at}", {"act": "lengthen", **until}),
        (
            f"/reviews/round?at={at}",
            {"act": "return", "form": "G1", "reason|G1": "wrong", **until},
        ),
        (f"/items/group/G9/{news}/moves/adopt", {"version": "2"}),
        (f"/area/{unit}", {"name": "改了名", "code": "x"}),
        (f"/area/{unit}/open", {"open": "0"}),
        (f"/area/{unit}/accounts/{user}/code", {}),
    ):
        answer = province.post(path, fields, page="/")
        assert answer.status_code in (403, 404), path
    with year.workshop.engine.connect() as connection:
        own = select(UnitRound.state).where(UnitRound.unit_id == unit)
        assert connection.scalar(own) is FilingState.SUBMITTED
    # What is named of another area in an address of one's own is not heeded.
    below = year.nation.units[OTHER]
    listed = province.get(f"/progress/units/?area={below}").text
    assert FAR_GROUP not in listed
