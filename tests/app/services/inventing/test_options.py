"""Shares of options and truths that words and places of a list stand for."""

from collections import Counter
from random import Random

import pytest

from app.services.inventing.options import choose_option, invent_boolean
from app.services.inventing.tasks import Task
from tests.support.catalogues import get_catalogue

CATALOGUE = get_catalogue()
DRAWS = 2000


@pytest.fixture
def task_for():
    """A task for the first field of a label."""

    def find(label, serial=1):
        for form in CATALOGUE.all_forms:
            for spec in form.fields:
                if spec.label == label:
                    return Task(CATALOGUE, form, spec, None, Random(7), serial, {})
        raise LookupError(label)

    return find


def test_the_first_of_equal_options_is_the_usual_one(task_for):
    task = task_for("性别")
    options = ("普通班", "订单班", "实验班", "国际班")
    found = Counter(choose_option(task, options) for _ in range(DRAWS))
    assert found.most_common(1)[0][0] == "普通班"
    assert set(found) == set(options)


def test_what_words_call_an_exception_is_one(task_for):
    task = task_for("性别")
    found = Counter(choose_option(task, ("不合格", "合格")) for _ in range(DRAWS))
    assert found["合格"] > 0.9 * DRAWS


def test_both_sexes_are_as_many(task_for):
    task = task_for("性别")
    found = Counter(choose_option(task, ("男", "女")) for _ in range(DRAWS))
    assert 0.4 < found["女"] / DRAWS < 0.6


@pytest.mark.parametrize(
    ("label", "least", "most"),
    [("是否残疾", 0, 0.1), ("是否校企共建", 0.1, 0.5), ("消防设施是否合格", 0.7, 1)],
)
def test_the_wording_says_how_often_something_is_so(task_for, label, least, most):
    task = task_for(label)
    share = sum(invent_boolean(task) for _ in range(DRAWS)) / DRAWS
    assert least <= share <= most
