"""Every kind of field is bound, and every control can be drawn."""

import pytest

from form_schemas.kinds import FieldKind
from renderers import bindings, cells, display, inputs
from renderers.bindings import Control, step_class, width_class
from tests.support.catalogues import get_catalogue

KIND_TABLES = {
    "controls": bindings.CONTROLS,
    "input modes": bindings.INPUT_MODES,
    "spellings": bindings.SPELLINGS,
    "widths": bindings.WIDTHS,
    "shown": display.SHOWN,
    "masks": display.MASKS,
}


@pytest.mark.parametrize("table", KIND_TABLES.values(), ids=KIND_TABLES)
def test_every_kind_is_bound(table):
    assert set(table) == set(FieldKind)


@pytest.mark.parametrize("table", [inputs.UNBOUND, cells.CELLS])
def test_every_control_is_drawn(table):
    assert set(table) == set(Control)


def test_no_control_validates():
    for form in get_catalogue().forms:
        for field in inputs.make_inputs(form, {}):
            assert not field.validators


@pytest.mark.parametrize(
    ("width", "expected"), [(1, "ch-3"), (6, "ch-6"), (7, "ch-8"), (99, "ch-30")]
)
def test_a_width_is_one_the_style_sheet_knows(width, expected):
    assert step_class(width) == expected


def test_a_long_head_makes_room_for_two_lines():
    fields = [f for form in get_catalogue().forms for f in form.fields]
    longest = max(fields, key=lambda field: len(field.label))
    assert int(width_class(longest).removeprefix("ch-")) * 2 > len(longest.label)
