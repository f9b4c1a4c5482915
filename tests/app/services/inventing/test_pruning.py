"""Leaving persons out takes with them whatever refers to them."""

from app.services.inventing.pruning import leave_out
from tests.support.catalogues import get_catalogue

EDITION = get_catalogue().newest["national"]
PEOPLE, AWARDS, CLASSES = (EDITION.by_code[c] for c in ("Z1.1.18", "Z1.1.23", "Z6.3.1"))
MADE = [
    (PEOPLE, [{"student_no": "S1"}, {"student_no": "S2"}]),
    (
        AWARDS,
        [
            {"student_no": "S1", "award_name": "甲"},
            {"student_no": "S2", "award_name": "乙"},
            {"student_no": None, "award_name": "丙"},
        ],
    ),
    (
        CLASSES,
        [
            {"teaching_class_code": "T1", "student_nos": ("S1",)},
            {"teaching_class_code": "T2", "student_nos": ("S1", "S2")},
        ],
    ),
]


def test_rows_of_those_left_out_go_too():
    (_, people), (_, awards), (_, classes) = leave_out(MADE, PEOPLE, 1)
    assert people == [{"student_no": "S1"}]
    assert [row["award_name"] for row in awards] == ["甲", "丙"]
    assert [row["teaching_class_code"] for row in classes] == ["T1"]


def test_without_a_form_of_persons_all_rows_stay():
    assert leave_out(MADE, None, 1) == MADE
