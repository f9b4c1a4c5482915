"""Invented rows read as a school would have filled them in."""

import re
from collections import Counter
from decimal import Decimal
from itertools import pairwise

import pytest

from app.services.demo import find_people
from app.services.inventing.days import stage_of
from app.services.inventing.making import demo_rows
from app.services.inventing.world import World, in_order
from form_schemas.kinds import FieldKind
from tests.support.catalogues import get_catalogue
from validators.formats import RESIDENT_CARD

CATALOGUE = get_catalogue()
ROWS = 12
SEED = 2024


def make_world(edition):
    world = World(CATALOGUE, edition)
    for form in in_order(CATALOGUE, edition):
        demo_rows(CATALOGUE, form, ROWS, SEED, world)
    return world


@pytest.fixture(scope="module")
def worlds():
    return [make_world(edition) for edition in CATALOGUE.newest.values()]


@pytest.fixture(scope="module")
def values(worlds):
    """Form, field, row and value of whatever is typed and filled."""
    return [
        (form, spec, row, row[spec.id])
        for world in worlds
        for form in world.edition.forms
        for row in world.rows(form.code)
        for spec in form.typed_fields
        if row[spec.id] is not None
    ]


def texts_of(values, kind):
    return [str(value) for _, spec, _, value in values if spec.kind is kind]


def test_the_same_seed_makes_the_same_rows():
    edition = CATALOGUE.newest["group"]
    one, other = make_world(edition), make_world(edition)
    for form in edition.forms:
        assert one.rows(form.code) == other.rows(form.code)


def test_nearly_everybody_has_a_resident_card():
    edition = CATALOGUE.newest["talent"]
    world = World(CATALOGUE, edition)
    people = find_people(CATALOGUE, edition)
    for form in in_order(CATALOGUE, edition):
        count = 300 if form is people else ROWS
        rows = demo_rows(CATALOGUE, form, count, SEED, world)
        if form is people:
            break
    (id_type,) = {spec.id_type for spec in people.fields if spec.id_type}
    assert sum(row[id_type] == RESIDENT_CARD for row in rows) > 0.95 * 300


def test_pupils_are_no_veterans_of_politics(values):
    found = Counter(
        value
        for form, spec, _, value in values
        if spec.label == "政治面貌" and "学生" in form.title
    )
    assert {"共青团员", "群众"} >= {party for party, _ in found.most_common(2)}
    assert found["共青团员"] > found.total() * 0.4


def test_mobile_numbers_are_of_a_range_given_to_nobody(values):
    numbers = texts_of(values, FieldKind.PHONE)
    assert numbers
    assert [no for no in numbers if not re.match("19400|000-8", no)] == []
    # Nor do texts hide any.
    hidden = [
        value
        for _, spec, _, value in values
        if spec.kind in (FieldKind.TEXT, FieldKind.LONG_TEXT)
        and re.fullmatch(r"1[3-9]\d{9}", value)
        and not value.startswith("19400")
    ]
    assert hidden == []


def test_addresses_on_the_net_are_examples(values):
    assert all(
        text.endswith("@example.edu.cn") for text in texts_of(values, FieldKind.EMAIL)
    )
    assert all(
        text.startswith("https://www.example.com/")
        for text in texts_of(values, FieldKind.URL)
    )


@pytest.mark.parametrize(
    ("unit", "least", "most"),
    [
        ("平方米", 60, 60_000),
        ("万元", 1, 12_000),
        ("册", 100, 400_000),
        ("学时", 1, 900),
        ("人", 1, 900),
    ],
)
def test_numbers_are_of_the_size_their_unit_has(values, unit, least, most):
    numbers = sorted(
        value for _, spec, _, value in values if spec.unit == unit and value != 0
    )
    # Rules and parts of wholes may push a few out.
    inside = [number for number in numbers if least <= number <= most]
    assert len(inside) > 0.9 * len(numbers)


def test_areas_run_into_the_thousands_and_shares_do_not_fall_to_nothing(values):
    def median(unit):
        found = sorted(value for _, spec, _, value in values if spec.unit == unit)
        return found[len(found) // 2]

    assert median("平方米") > 1000
    assert median("%") > Decimal(30)


def test_days_of_a_life_are_in_their_order(values):
    rows = {id(row): (form, row) for form, _, row, _ in values}
    pairs = disordered = 0
    for form, row in rows.values():
        days = sorted(
            (stage_of(spec).rank, str(row[spec.id])[:7])
            for spec in form.typed_fields
            if spec.kind in (FieldKind.DATE, FieldKind.YEAR_MONTH) and row[spec.id]
        )
        for (rank, day), (next_rank, next_day) in pairwise(days):
            if rank < next_rank:
                pairs += 1
                disordered += day > next_day
    assert pairs > 1000
    # A rule of the form may want another order.
    assert disordered < pairs * 0.03


def test_nobody_starts_work_as_a_child(values):
    ages = [
        int(str(value)[:4]) - born.year
        for form, spec, row, value in values
        if spec.label == "参加工作年月"
        for other in form.typed_fields
        if other.label == "出生日期" and (born := row[other.id]) is not None
    ]
    assert ages
    assert min(ages) >= 16
    assert sum(ages) / len(ages) > 20


def test_optional_fields_are_mostly_filled_and_remarks_mostly_not(worlds):
    filled, remarks = Counter(), Counter()
    for world in worlds:
        for form in world.edition.forms:
            for row in world.rows(form.code):
                for spec in form.typed_fields:
                    if spec.required or spec.required_when or spec.visible_when:
                        continue
                    if spec.kind in (FieldKind.FILE, FieldKind.IMAGE):
                        continue
                    counter = remarks if spec.label == "备注" else filled
                    counter[row[spec.id] is not None] += 1
    assert 0.6 < filled[True] / filled.total() < 0.85
    assert remarks[True] / remarks.total() < 0.2


def test_references_are_spread_over_their_targets(worlds):
    world = next(w for w in worlds if w.edition.collection == "national")
    picked = Counter(
        (spec.reference.table, row[spec.id])
        for form in world.edition.forms
        for row in world.rows(form.code)
        for spec in form.typed_fields
        if spec.kind is FieldKind.REF and not spec.is_list and row[spec.id]
    )
    by_table = Counter()
    for (table, _), count in picked.items():
        by_table[table] += count
    table, total = by_table.most_common(1)[0]
    assert max(n for (t, _), n in picked.items() if t == table) < total * 0.3
