"""Derivations that no SQL says are told of before anybody opens the form."""

import json

import pytest

from app.services.derivation_lint import find_derivation_faults, lint_all_derivations
from form_schemas.folders import SCHEMAS_FOLDER
from tests.support.forms import field_of, read_schemas, schema_of

SOURCE = schema_of(
    "A",
    no="text",
    starts="date",
    b=field_of("ref", ref={"table": "B", "field": "a"}),
)
PARTNER = schema_of("B", a="text", rank="integer", day="date")


def derived(word="x-derive", **derivation):
    schema = schema_of("D", no="text", rank="integer", more="integer")
    if word == "x-derive":
        schema["x-form"] |= {"kind": "auto"}
    columns = {"no": "no", "rank": "1", "more": "2"}
    return schema | {word: {"from": "A", "columns": columns} | derivation}


def lint(*schemas):
    reading = read_schemas(*schemas)
    assert not reading.faults
    files = {form.code: f"{form.code}.json" for form in reading.forms}
    return [
        (f.pointer, f.message) for f in find_derivation_faults(files, reading.forms)
    ]


def test_what_can_be_said_has_no_fault():
    join = {"table": "B", "as": "b", "on": "b.a == no", "first": "b.rank"}
    assert lint(SOURCE, PARTNER, derived(join=[join], groupBy=["no"])) == []


@pytest.mark.parametrize("word", ["x-derive", "x-generate"])
def test_a_first_partner_is_found_by_equations(word):
    plain = {"table": "B", "as": "p", "on": "p.a == no"}
    join = {"table": "B", "as": "b", "on": "b.day < starts", "first": "b.rank"}
    ((pointer, message),) = lint(SOURCE, PARTNER, derived(word, join=[plain, join]))
    assert pointer == f"/{word}/join/1"
    assert "等式" in message


COUNTS = [
    "+".join(f"count('B', a == this.no and rank == {n})" for n in numbers)
    for numbers in (range(40), range(40, 80))
]


def test_too_many_tables_are_told_where_they_become_too_many():
    where = [{"check": f"{one} > 3", "message": "少"} for one in COUNTS]
    ((pointer, message),) = lint(SOURCE, PARTNER, derived(where=where))
    assert pointer == "/x-derive/where/1"
    assert "太多" in message


def test_too_many_tables_of_many_columns_are_told():
    columns = {"no": "no", "rank": COUNTS[0], "more": COUNTS[1]}
    ((pointer, message),) = lint(SOURCE, PARTNER, derived(columns=columns))
    assert pointer == "/x-derive/columns/more"
    assert "太多" in message


def test_too_many_tables_of_a_total_row_are_told():
    totals = {"rank": f"total({COUNTS[0]})", "more": f"total({COUNTS[1]})"}
    columns = {"no": "no", "rank": "1", "more": "2"}
    found = lint(SOURCE, PARTNER, derived(columns=columns, totalRow=totals))
    assert [pointer for pointer, _ in found] == ["/x-derive/totalRow/more"]


def test_a_broken_file_is_passed_over(tmp_path):
    folder = tmp_path / "test" / "2024"
    folder.mkdir(parents=True)
    (folder / "collection.json").write_text("{}", "utf-8")
    for schema in (SOURCE, PARTNER, derived(where="nothing > 3")):
        name = f"{schema['x-form']['code']}.json"
        (folder / name).write_text(json.dumps(schema), "utf-8")
    assert lint_all_derivations(tmp_path) == ()


def test_all_derivations_of_ours_can_be_said():
    assert lint_all_derivations(SCHEMAS_FOLDER) == ()
