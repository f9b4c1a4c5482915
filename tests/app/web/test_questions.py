"""How often the pages that people open most ask the database."""

import pytest

from tests.app.web.test_continuity import count_statements
from tests.app.web.test_filing_pages import submit
from tests.app.web.test_rows import GRANT, GRANTS, LAND, add


@pytest.mark.parametrize(("form", "most"), [(GRANTS, 36), (LAND, 46)])
def test_a_form_asks_seldom(filler, engine, form, most):
    page = f"/forms/{form}/"
    filler.get(page)
    assert count_statements(engine, lambda: filler.get(page)) <= most


def test_a_review_asks_seldom(filler, reviewer, engine):
    add(filler, GRANTS, GRANT)
    submit(filler)
    page = f"/reviews/{GRANTS}/"
    assert "校长奖学金" in reviewer.get(page).text
    assert count_statements(engine, lambda: reviewer.get(page)) <= 46


def test_all_key_figures_ask_a_few_times_for_each_form(sign_in, engine):
    leader, page = sign_in("leader"), "/reviews/figures"
    leader.get(page)
    assert count_statements(engine, lambda: leader.get(page)) <= 75
