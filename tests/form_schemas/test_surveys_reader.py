"""What the settings of surveys may say, and what is told of those that cannot be."""

from copy import deepcopy

import pytest

from form_schemas.surveys import QuestionKind
from form_schemas.surveys_reader import read_surveys
from tests.support.forms import field_of, read_schemas, schema_of

SHEETS = field_of("ref", ref={"table": "A", "field": "title"})


def standing(schema):
    schema["x-form"]["standing"] = True
    return schema


def read_forms():
    fields = {
        "title": "text",
        "whom": "multi_enum",
        "first": "date",
        "last": "date",
        "secret": "boolean",
        "shown": "boolean",
        "open": "boolean",
        "phone": "phone",
    }
    return read_schemas(
        standing(schema_of("A", **fields)),
        standing(
            schema_of(
                "B",
                of=SHEETS,
                number="integer",
                text="text",
                kind="enum",
                options="text",
                most="integer",
                must="boolean",
            )
        ),
        standing(
            schema_of(
                "C", of=SHEETS, number="integer", who="text", answer="text", day="date"
            )
        ),
        schema_of("D", of=SHEETS),
    ).forms


FORMS = read_forms()
GOOD = {
    "survey": {
        "form": "A",
        "title": "title",
        "targets": "whom",
        "begins": "first",
        "ends": "last",
        "anonymous": "secret",
        "published": "shown",
        "is_open": "open",
        "is_closed": "not open",
    },
    "targets": [{"value": "甲", "unitKind": "school"}, {"value": "乙"}],
    "question": {
        "form": "B",
        "survey": "of",
        "number": "number",
        "text": "text",
        "kind": "kind",
        "kinds": {"甲": "single", "乙": "text"},
        "options": "options",
        "most": "most",
        "required": "must",
    },
    "answer": {
        "form": "C",
        "survey": "of",
        "number": "number",
        "who": "who",
        "answer": "answer",
        "day": "day",
    },
}


def read(part, **changes):
    told = deepcopy(GOOD)
    if part == "targets":
        told |= changes
    elif part:
        told[part] |= changes
    return read_surveys({"surveys": told}, FORMS)


def test_surveys_without_faults_are_read():
    found = read("")
    assert found.faults == ()
    assert found.surveys.question.kinds["甲"] is QuestionKind.SINGLE
    assert [one.is_public for one in found.surveys.targets] == [False, True]


def test_an_edition_without_surveys_has_none():
    assert read_surveys({}, FORMS).surveys is None


@pytest.mark.parametrize(
    ("part", "changes", "place", "said"),
    [
        ("survey", {"form": "X"}, "/surveys/survey/form", "没有表 X"),
        ("survey", {"title": "titel"}, "/surveys/survey/title", "title"),
        ("survey", {"begins": "title"}, "/surveys/survey/begins", "这里要 date"),
        ("survey", {"is_open": "opne"}, "/surveys/survey/is_open", "open"),
        ("survey", {"is_closed": "title"}, "/surveys/survey/is_closed", ""),
        ("question", {"survey": "text"}, "/surveys/question/survey", "这里要 ref"),
        ("question", {"kinds": {"甲": "single"}}, "/surveys/question/kinds", "“乙”"),
        ("answer", {"form": "D"}, "/surveys/answer/number", "没有字段"),
        ("targets", {"targets": [{"value": "乙"}]}, "/surveys/targets", "“甲”"),
        (
            "targets",
            {"targets": [*GOOD["targets"], {"value": "家长"}]},
            "/surveys/targets",
            "没有选项“家长”",
        ),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_served(part, changes, place, said):
    found = read(part, **changes)
    assert found.surveys is None
    assert any(at == place and said in message for at, message in found.faults), (
        found.faults
    )
