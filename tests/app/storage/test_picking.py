from datetime import date

import pytest

from validators.compiling import Env

PLANS = [
    {"program": program, "course": f"{program}-{number:02}", "hours": 32}
    for program in ("A", "B")
    for number in range(30)
]


@pytest.fixture
def pick(store, school, scope):
    """Courses that a lesson may pick, for the values that its row has so far."""
    store.upsert_many(school.get("test/P"), scope, PLANS, actor_id=1)
    lesson = school.get("test/L")
    start, end = date(2023, 9, 1), date(2024, 8, 31)

    def pick(text="", page=1, **row):
        env = Env(end, start, end, this=row)
        found = store.search_options(
            lesson, lesson.by_id["course"], scope, text, page, env
        )
        return [option.value for option in found.options], found.more

    return pick


def test_only_rows_that_fit_the_filter_are_offered(pick):
    courses, more = pick(program="B")
    assert courses == [f"B-{number:02}" for number in range(20)]
    assert more


def test_pages_count_the_rows_that_fit(pick):
    assert pick(program="B", page=2) == ([f"B-{n:02}" for n in range(20, 30)], False)


def test_words_and_filter_hold_at_once(pick):
    assert pick("07", program="A") == (["A-07"], False)


def test_nothing_fits_while_the_value_asked_for_is_empty(pick):
    assert pick(program=None) == ([], False)


def test_without_a_row_the_filter_is_passed_over(store, school, scope):
    store.upsert_many(school.get("test/P"), scope, PLANS[29:31], actor_id=1)
    lesson = school.get("test/L")
    found = store.search_options(lesson, lesson.by_id["course"], scope, "")
    assert [option.value for option in found.options] == ["A-29", "B-00"]
