"""Derived forms that try each part of a derivation, over three small forms."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.forms import field_of, schema_of

_PERSON = {"table": "T", "field": "no"}
_OPTIONS = ["甲", "乙", "丙"]
#: What is derived from (A), joined (B) and referred to (T).
SOURCES = (
    schema_of(
        "A",
        no="text",
        name="text",
        sort=field_of("enum", enum=_OPTIONS),
        hours="decimal",
        number="integer",
        starts="date",
        ends="date",
        month="year_month",
        is_open="boolean",
        person=field_of("ref", ref=_PERSON),
        tags=field_of("multi_enum") | {"items": {"type": "string", "enum": _OPTIONS}},
    ),
    schema_of(
        "B",
        no="text",
        a=field_of("ref", ref={"table": "A", "field": "no"}),
        name="text",
        mark="integer",
        cost="money",
        day="date",
        is_first="boolean",
        person=field_of("ref", ref=_PERSON),
    ),
    schema_of(
        "T",
        no="text",
        name="text",
        level=field_of("enum", enum=_OPTIONS),
        age="decimal",
        boss=field_of("ref", ref=_PERSON),
    ),
)
_B = {"table": "B", "as": "b", "on": "b.a == no"}
_BY_SORT = ["sort"]
_SORT = {"sort": "sort"}

#: What it tries -> the fields of the derived form, and how they follow.
_SAMPLES: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": (
        {"no": "text", "name": "text", "cost": "money", "level": "text"},
        {
            "where": "is_open or ref(person).age > 1",
            "columns": {
                "no": "no",
                "name": "name",
                "cost": "hours * number / 3",
                "level": "ref(person).level",
            },
        },
    ),
    "aggregates": (
        {"no": "text", "n": "integer", "texts": "text", "cost": "money"},
        {
            "where": "not exists('B', a == this.no and is_first)",
            "columns": {
                "no": "no",
                "n": "count('B', person == this.person and mark >= this.number)",
                "texts": "texts('B', 'name', person == this.person)",
                "cost": "sum('B', 'cost', a == this.no)",
            },
        },
    ),
    "a list of the source": (
        {"no": "text", "n": "integer"},
        {
            "where": "exists('T', contains(this.tags, level))",
            "columns": {"no": "no", "n": "count('T', contains(this.tags, level))"},
        },
    ),
    "partners": (
        {"no": "text", "other": "text", "name": "text", "boss": "text", "n": "integer"},
        {
            "join": [_B | {"many": True}],
            "where": "b.mark > 0 or is_empty(name)",
            "columns": {
                "no": "no",
                "other": "b.no",
                "name": "b.name",
                "boss": "ref(b.person).boss",
                "n": "count('B', person == b.person and mark < this.number)",
            },
        },
    ),
    "optional partners": (
        {"no": "text", "other": "text", "is_late": "boolean"},
        {
            "join": [_B | {"many": True, "optional": True}],
            "where": "is_empty(b.no) or b.day > starts",
            "columns": {"no": "no", "other": "b.no", "is_late": "b.day > ends"},
        },
    ),
    "the first partner": (
        {"no": "text", "other": "text", "mark": "integer"},
        {
            "join": [_B | {"first": "b.mark"}],
            "columns": {"no": "no", "other": "b.no", "mark": "b.mark"},
        },
    ),
    "the first partner by text": (
        {"no": "text", "other": "text", "name": "text"},
        {
            "join": [
                {
                    "table": "B",
                    "as": "b",
                    "on": "b.person == person and b.is_first",
                    "first": "b.name",
                    "optional": True,
                }
            ],
            "columns": {"no": "no", "other": "b.no", "name": "b.name"},
        },
    ),
    "the first partner by a reference": (
        {"no": "text", "other": "text"},
        {
            "join": [_B | {"first": "-ref(b.person).age"}],
            "columns": {"no": "no", "other": "b.no"},
        },
    ),
    "partners of partners": (
        {"no": "text", "name": "text", "age": "decimal"},
        {
            "join": [
                _B | {"first": "b.day"},
                {"table": "T", "as": "t", "on": "t.no == b.person", "optional": True},
            ],
            "columns": {"no": "no", "name": "t.name", "age": "ref(t.boss).age"},
        },
    ),
    "listed values": (
        {"no": "text", "level": field_of("enum", enum=_OPTIONS), "n": "integer"},
        {
            "expand": {"level": ["甲", "丙"], "n": [1, 2, 3]},
            "where": "number != n and "
            "not exists('T', level == this.level and age > this.n)",
            "columns": {"no": "no", "level": "level"},
        },
    ),
    "runs of days": (
        {"no": "text", "day": "date", "weekday": "integer", "is_over": "boolean"},
        {
            "expand": {"day": {"from": "starts", "to": "ends"}},
            "where": "weekday(day) < 6 and month <= day",
            "columns": {
                "no": "no",
                "day": "day",
                "weekday": "weekday(day)",
                "is_over": "day < today",
            },
        },
    ),
    "runs of numbers": (
        {"no": "text", "step": "integer", "n": "integer"},
        {
            "expand": {"step": {"from": "hours - 2.25", "to": "number / 3"}},
            "columns": {
                "no": "no",
                "step": "step",
                "n": "count('B', mark == this.step)",
            },
        },
    ),
    "two runs": (
        {"no": "text", "step": "integer", "day": "date", "n": "integer"},
        {
            "expand": {
                "step": {"from": 1, "to": "min(number, 3)"},
                "day": {"from": "starts", "to": "ends"},
            },
            "where": "day > period_end",
            "columns": {"no": "no", "n": "count('B', mark == this.step)"},
        },
    ),
    "groups": (
        {
            "sort": field_of("enum", enum=_OPTIONS),
            "name": "text",
            "n": "integer",
            "differing": "integer",
            "total": "decimal",
            "some": "decimal",
            "per": "decimal",
            "mean": "percent",
            "share": "percent",
        },
        {
            "where": "number >= 0",
            "groupBy": _BY_SORT,
            "columns": {
                **_SORT,
                "name": "name",
                "n": "rows(hours > 1)",
                "differing": "distinct(person, is_open)",
                "total": "total(hours)",
                "some": "total(hours, is_open)",
                "per": "total_per(hours, person)",
                "mean": "mean(number)",
                "share": "total(hours, is_open) / total(hours) * 100",
            },
        },
    ),
    "what groups have most of": (
        {
            "sort": field_of("enum", enum=_OPTIONS),
            "least": "decimal",
            "most": "text",
            "first": "date",
            "names": "text",
            "last": "text",
            "truth": "boolean",
            "latest": "decimal",
            "boss": "text",
        },
        {
            "groupBy": _BY_SORT,
            "columns": {
                **_SORT,
                "least": "least(hours)",
                "most": "greatest(name)",
                "first": "least(starts)",
                "names": "joined(ref(person).name)",
                "last": "latest(name, starts)",
                "truth": "latest(is_open, number)",
                "latest": "latest(hours, name)",
                "boss": "'是' if greatest(ends) > today else ref(person).boss",
            },
        },
    ),
    "groups of partners": (
        {
            "level": "text",
            "name": "text",
            "other": "text",
            "n": "integer",
            "cost": "money",
            "last": "text",
            "names": "text",
        },
        {
            "join": [_B | {"many": True}],
            "where": "b.mark > 0",
            "groupBy": ["level"],
            "columns": {
                "level": "ref(b.person).level",
                "name": "name",
                "other": "b.no",
                "n": "rows(b.is_first)",
                "cost": "total(b.cost * number)",
                "last": "latest(b.no, b.day)",
                "names": "joined(b.name)",
            },
        },
    ),
    "groups of optional partners": (
        {"sort": "text", "n": "integer", "known": "integer", "mark": "percent"},
        {
            "join": [_B | {"many": True, "optional": True}],
            "groupBy": _BY_SORT,
            "columns": {
                **_SORT,
                "n": "rows()",
                "known": "distinct(b.no)",
                "mark": "mean(b.mark)",
            },
        },
    ),
    "groups of expanded values": (
        {
            "level": "text",
            "name": "text",
            "step": "integer",
            "order": "integer",
            "n": "integer",
            "cost": "money",
        },
        {
            "expand": {"level": ["乙", "甲"], "step": [3, 1, 2]},
            "where": "sort != level and number != step",
            "groupBy": ["level"],
            "columns": {
                "name": "name",
                "step": "step",
                "order": "1 if level == '甲' else count('B', mark == this.step)",
                "n": "rows(exists('T', level == this.level and no == this.person))",
                "cost": "total(hours)",
            },
        },
    ),
    "long numbers of groups": (
        {
            "sort": field_of("enum", enum=_OPTIONS),
            "total": "money",
            "mean": "money",
            "least": "money",
            "most": "money",
            "n": "integer",
            "per": "money",
            "last": "text",
            "latest": "money",
        },
        {
            "join": [
                _B
                | {
                    "on": "b.person == person",
                    "first": "b.cost * b.mark / 7",
                    "optional": True,
                }
            ],
            "groupBy": _BY_SORT,
            "columns": {
                **_SORT,
                "total": "total(hours / 3)",
                "mean": "mean(hours * number * b.cost)",
                "least": "least(hours / 7 * b.mark)",
                "most": "greatest(hours / 7 * b.mark)",
                "n": "distinct(hours / 7)",
                "per": "total_per(hours / 7 * number, person)",
                "last": "latest(b.no, hours / 7 * number)",
                "latest": "latest(hours / 7, starts)",
            },
        },
    ),
    "totals": (
        {
            "sort": field_of("enum", enum=_OPTIONS),
            "name": "text",
            "n": "integer",
            "share": "percent",
        },
        {
            "where": "is_open",
            "groupBy": _BY_SORT,
            "columns": {
                **_SORT,
                "name": "joined(name)",
                "n": "rows()",
                "share": "rows(hours > 1) / rows() * 100",
            },
            "totalRow": {
                "name": "'合计'",
                "n": "rows()",
                "share": "rows(hours > 1) / rows() * 100",
            },
        },
    ),
    "partners by what they refer to": (
        {"no": "text", "other": "text", "level": "text"},
        {
            "join": [
                _B | {"many": True, "optional": True},
                {
                    "table": "T",
                    "as": "t",
                    "on": "t.no == ref(b.person).boss",
                    "optional": True,
                },
            ],
            "columns": {"no": "no", "other": "b.no", "level": "t.level"},
        },
    ),
    "partners of the same form": (
        {"no": "text", "other": "text", "n": "integer"},
        {
            "join": [
                {
                    "table": "A",
                    "as": "other",
                    "on": "other.number == number and other.no != no",
                    "many": True,
                }
            ],
            "columns": {
                "no": "no",
                "other": "other.no",
                "n": "count('A', number == this.number and is_open)",
            },
        },
    ),
    "groups that need partners": (
        {"sort": field_of("enum", enum=_OPTIONS), "n": "integer", "cost": "money"},
        {
            "join": [_B | {"many": True}],
            "groupBy": _BY_SORT,
            "columns": {**_SORT, "n": "rows()", "cost": "total(b.cost)"},
        },
    ),
    "groups told by others": (
        {"level": "text", "n": "integer", "names": "text"},
        {
            "from": "T",
            "groupBy": ["level"],
            "columns": {
                "level": "ref(boss).level",
                "n": "rows()",
                "names": "joined(name)",
            },
        },
    ),
    "groups of runs": (
        {"step": "integer", "n": "integer"},
        {
            "expand": {"step": {"from": "ref(person).age", "to": "number"}},
            "groupBy": ["step"],
            "columns": {"n": "rows()"},
        },
    ),
    "values of one row": (
        {"no": "text", "name": "text", "n": "integer"},
        {
            "where": "count('T', name == this.name) == 1",
            "columns": {
                "no": "no",
                "name": "name",
                "n": "count('B', ref(person).level == this.sort) + count('T')",
            },
        },
    ),
    "two that tell a group": (
        {"month": "year_month", "person": "text", "n": "integer", "m": "integer"},
        {
            "groupBy": ["month", "person"],
            "columns": {
                "month": "starts",
                "person": "coalesce(person, name)",
                "n": "rows()",
                "m": "count('B', person == this.person) + rows()",
            },
        },
    ),
}


def list_samples() -> Iterator[tuple[str, dict[str, Any]]]:
    """What each derived form tries, and its schema."""
    for number, (name, (fields, derivation)) in enumerate(_SAMPLES.items(), 1):
        schema = schema_of(f"D{number}", **fields)
        schema["x-form"] |= {"kind": "auto", "key": list(fields)[:1]}
        yield name, schema | {"x-derive": {"from": "A", **derivation}}
