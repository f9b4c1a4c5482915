"""A school's round of the national edition, with internships half way."""

import re

from app.storage.records import Scope
from app.storage.rows import RowStore
from tests.support.derivation_cases import read_tables
from tests.support.standings import SchoolRound

STUDENTS = ("S001", "S002", "S003")
BASES = {
    "Z7.1.1": [{"policy_name": "实习管理办法"}],
    "Z7.1.2": [{"org_name": "实习领导小组"}],
    "Z7.1.3": [{"off_base_code": "B01", "off_base_name": "甲公司基地"}],
}
PEOPLE = {"Z1.1.18": [{"student_no": n, "student_name": f"学生{n}"} for n in STUDENTS]}
PROJECT = {
    "Z7.2.1": [
        {
            "internship_no": "X01",
            "internship_name": "岗位实习",
            "internship_type": "岗位实习",
        }
    ]
}


def destination(student):
    return {
        "internship_no": "X01",
        "student_no": student,
        "student_name": f"学生{student}",
        "start_date": "2024-02-26",
        "destination_type": "自主实习",
    }


def situation(student):
    return {
        "internship_no": "X01",
        "student_no": student,
        "start_date": "2024-02-26",
    }


DESTINATIONS = {"Z7.2.2": [destination(one) for one in STUDENTS]}


class National(SchoolRound):
    """The demo school's round of the national edition."""

    def __init__(self, workshop):
        super().__init__(workshop, "national")

    def add(self, *parts):
        edition = self.workshop.catalogue.newest["national"]
        with self.engine.begin() as connection:
            store = RowStore(connection, self.workshop.catalogue, by_engine=True)
            for code, rows in read_tables(*parts).items():
                for row in rows:
                    form = edition.get(code)
                    store.insert(form, Scope(self.unit_id, self.round_id), row, None)


def words_of(answer):
    assert answer.status_code == 200, answer.status_code
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))
    return re.sub(r" +([，。）、：])", r"\1", text)
