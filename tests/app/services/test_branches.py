"""Units summed by the authorities below the head of an area."""

import pytest

from app.services.progress.branches import find_branches


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        # provinces of a nation; cities do not stand beside them
        ({5: "/1/2/5/", 6: "/1/2/4/6/", 7: "/1/3/7/"}, {5: 2, 6: 2, 7: 3}),
        # cities of a province, and a unit right under it
        ({5: "/1/2/5/", 6: "/1/2/4/6/"}, {5: 2, 6: 4}),
        # all under one authority
        ({5: "/1/2/5/", 6: "/1/2/6/"}, {5: 2, 6: 2}),
        # trees that have no head in common, a unit under nobody
        ({5: "/1/5/", 6: "/2/3/6/", 7: "/7/"}, {5: 1, 6: 2, 7: 0}),
        ({7: "/7/"}, {7: 0}),
        ({}, {}),
    ],
)
def test_a_unit_is_summed_under_the_authority_below_the_head(paths, expected):
    assert find_branches(paths) == expected
