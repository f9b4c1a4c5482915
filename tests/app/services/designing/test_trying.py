"""An expression that somebody types: where its fault stands, what comes of it."""

import time
from pathlib import Path

import pytest

from app.services.designing.checking import check_source
from app.services.designing.editing import open_file
from app.services.designing.trying import try_expression
from form_schemas.drafts import Source
from form_schemas.folders import SCHEMAS_FOLDER, read_sources
from form_schemas.loading import load_catalogue
from form_schemas.settings import read_settings


@pytest.fixture
def attempt(workshop, draft):
    opened = open_file(workshop, draft, "C2")

    def attempt(text, purpose="check", field=""):
        return try_expression(workshop, opened, text, purpose, field)

    return attempt


def test_a_sound_condition_is_said_in_words_with_the_fields_it_reads(attempt):
    tried = attempt("given <= planned")
    assert tried.message == ""
    assert tried.fields == (("planned", "计划学时"), ("given", "实授学时"))
    assert "实授学时" in tried.words
    assert [(e.name, e.value) for e in tried.examples] == [
        ("都符合", "成立"),
        ("多于计划", "不成立"),
    ]


def test_a_calculation_gives_a_value_for_each_example(attempt):
    tried = attempt("planned - given", "computed", "open_hours")
    assert [example.value for example in tried.examples] == ["2", "-8"]


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("given <= planed", 9, "planned"),
        ("given +", 0, ""),
        ("given ＋ planned", 6, "+"),
        ("planned", 0, "是否"),
        ("(given > 1", 0, "右括号"),
    ],
)
def test_a_fault_is_told_with_its_place(attempt, text, position, said):
    tried = attempt(text)
    assert said in tried.message
    assert tried.message
    if position:
        assert tried.position == position


def test_a_filter_is_about_the_rows_that_are_picked(attempt):
    assert attempt("hours > this.planned", "filter", "course").message == ""
    assert "planned" in attempt("planned > 1", "filter", "course").message


def test_an_empty_expression_says_nothing(attempt):
    assert attempt("  ").message == ""


def test_what_needs_another_table_says_so(attempt):
    tried = attempt("count('C1') > 0")
    assert tried.examples[0].value == "没有给出要看的表"
    assert "别的表" in tried.when


def test_one_file_of_a_large_edition_is_judged_while_somebody_types():
    """A factor above what a machine at rest takes: CI's machines are shared."""
    catalogue = load_catalogue()
    folder = SCHEMAS_FOLDER / "national" / "2024"
    sources = read_sources(folder, SCHEMAS_FOLDER)
    source = max(sources, key=lambda one: len(one.text))
    settings = read_settings(Path(folder))

    def judge(number):
        text = source.text.replace('"title": "', f'"title": "{number}', 1)
        changed = Source(source.file, text)
        start = time.process_time()
        found = check_source(catalogue, "national/2024", sources, changed, settings)
        assert found.form is not None
        return time.process_time() - start

    judge(0)
    assert len(sources) >= 119
    assert min(judge(number) for number in range(1, 4)) < 0.3
