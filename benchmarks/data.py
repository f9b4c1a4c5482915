"""Makes the rows and the workbook that everything is measured with.

Values are plausible and invented: card numbers begin with 99, which is no region, and
phone numbers with 1900000. The same number of rows gives the same file.
"""

import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random

from rustpy_xlsxwriter import Format, write_worksheet

from form_schemas.catalogue import Catalogue
from form_schemas.codelists import CodeList
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FieldKind
from form_schemas.loading import load_catalogue
from form_schemas.spec import FormSpec
from validators.conversion import display
from validators.formats import card_check_digit

FORMS_FOLDER = Path(__file__).parent / "forms"

STUDENTS = "benchmark/2"
MAJORS = "benchmark/1"
PROFILE = "benchmark/3"

MAJOR_COUNT = 80
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_GIVEN = "子涵雨欣浩然梓轩一诺思远嘉怡明哲俊杰晓彤文博佳宁志强秀英建国海燕"
_ROADS = ("解放路", "人民路", "建设大街", "学府路", "中山路", "滨江大道")
_MAILS = ("example.com", "example.org", "example.net")
#: Kinds of cells that a spreadsheet holds as numbers or days.
_NATIVE = (int, Decimal, date)


@cache
def get_catalogue() -> Catalogue:
    """The forms of the benchmark, read like those of any edition."""
    return load_catalogue(FORMS_FOLDER)


def get_form(name: str) -> FormSpec:
    return get_catalogue().get(name)


def make_majors() -> list[dict[str, object]]:
    """The rows that students refer to."""
    return [
        {
            "major_code": f"{500000 + number * 101}",
            "major_name": f"专业{number}",
            "opened": 1990 + number % 30,
        }
        for number in range(MAJOR_COUNT)
    ]


def iterate_students(count: int) -> Iterator[dict[str, object]]:
    """Typed rows without any fault."""
    random = Random(20240901)
    regions = [
        entry.code
        for entry in get_catalogue().codelists["gbt-2260"].entries
        if entry.valid_to is None and len(entry.code) == 6
    ]
    majors = [str(row["major_code"]) for row in make_majors()]
    for number in range(count):
        yield _make_student(number, random, regions, majors)


def make_profile() -> dict[str, object]:
    """One typed row of the form with 40 fields; given values are left out."""
    row: dict[str, object] = {}
    for place, field in enumerate(get_form(PROFILE).typed_fields):
        row[field.id] = _sample(field, place)
    row["building"], row["income"] = Decimal("120000.00"), Decimal("3058.50")
    return row


def write_workbook(rows: Sequence[dict[str, object]], path: Path) -> None:
    """Write rows of students as a filler would hand them in."""
    form = get_form(STUDENTS)
    codelists = get_catalogue().codelists
    labels = {field.id: field.label for field in form.fields}
    show = {field.id: cache(_shower(field, codelists)) for field in form.fields}
    formats = {
        field.label: Format().set_num_format("yyyy-mm-dd")
        for field in form.fields
        if field.kind is FieldKind.DATE
    }
    records = (
        {label: show[field_id](row[field_id]) for field_id, label in labels.items()}
        for row in rows
    )
    # Shared strings: what spreadsheets write, and the fastest for the floor to read.
    write_worksheet(
        records,
        str(path),
        sheet_name=form.title,
        column_formats=formats,
        dedupe_strings=True,
    )


def save_rows(rows: object, path: Path) -> None:
    with path.open("wb") as file:
        pickle.dump(rows, file, pickle.HIGHEST_PROTOCOL)


def load_rows(path: str | Path) -> list[dict[str, object]]:
    with Path(path).open("rb") as file:
        return pickle.load(file)


def _shower(
    field: FieldSpec, codelists: Mapping[str, CodeList]
) -> Callable[[object], object]:
    def show(value: object) -> object:
        if value is None:
            return None
        if isinstance(value, _NATIVE) and not isinstance(value, bool):
            return float(value) if isinstance(value, Decimal) else value
        return display(field, value, codelists)

    return show


def _make_student(
    number: int, random: Random, regions: list[str], majors: list[str]
) -> dict[str, object]:
    grade = random.randint(2019, 2023)
    birth = date(grade - 19, 1, 1) + timedelta(days=random.randrange(730))
    status = random.choices(["在读", "休学", "退学", "毕业"], (90, 3, 2, 5))[0]
    tuition = Decimal(random.randrange(300_000, 1_500_000, 5000)).scaleb(-2)
    major, second = random.sample(majors, 2)
    card = f"990000{birth:%Y%m%d}{number % 1000:03d}"
    return {
        "student_no": f"{grade}{number:08d}",
        "student_name": random.choice(_SURNAMES)
        + "".join(random.choices(_GIVEN, k=random.randint(1, 2))),
        "gender": random.choice(("男", "女")),
        "birth_date": birth,
        "id_type": "居民身份证",
        "id_number": card + card_check_digit(card),
        "ethnicity": random.choices(("01", "03", "11", "08"), (88, 5, 4, 3))[0],
        "political_status": random.choice(("共青团员", "群众", "中共预备党员")),
        "home_code": random.choice(regions),
        "major_code": major,
        "second_major": second if random.random() < 0.15 else None,
        "class_name": f"{grade}级{major[-3:]}{random.randint(1, 8)}班",
        "grade": grade,
        "entry_month": f"{grade}-09",
        "study_years": random.choice((Decimal("3.0"), Decimal("5.0"), Decimal("2.5"))),
        "tuition": tuition,
        "grant": (tuition / 2).quantize(Decimal("0.01"))
        if random.random() < 0.3
        else None,
        "score_total": Decimal(random.randrange(3000, 6500, 5)).scaleb(-1),
        "score_average": Decimal(random.randrange(5500, 9900)).scaleb(-2),
        "attendance": Decimal(random.randrange(8000, 10001)).scaleb(-2),
        "credits": random.randrange(0, 160),
        "absences": random.randrange(0, 40),
        "is_boarding": random.random() < 0.8,
        "languages": random.choice((("英语",), ("英语", "日语"), ("俄语",))),
        "student_status": status,
        "status_date": None
        if status == "在读"
        else date(grade + 1, 3, 1) + timedelta(days=random.randrange(180)),
        "mobile": f"1900000{random.randrange(10_000):04d}",
        "email": f"s{number:06d}@{random.choice(_MAILS)}",
        "address": f"{random.choice(_ROADS)}{random.randint(1, 999)}号"
        f"{random.randint(1, 30)}幢{random.randint(101, 3006)}室",
        "remark": f"第{number}号，材料齐全" if random.random() < 0.2 else None,
    }


def _sample(field: FieldSpec, place: int) -> object:
    samples = {
        "text": "示例职业技术学院",
        "code": "320102" if field.codes else "DW0001",
        "long_text": "数据来自年度报表。",
        "enum": field.options[0] if field.options else None,
        "date": date(1958, 9, 1),
        "boolean": True,
        "year_month": "2019-09",
        "phone": "025-80000000",
        "url": "https://example.com/",
        "integer": 900 - place * 10,
        "percent": Decimal("97.50"),
    }
    return samples.get(field.value_kind.value, Decimal(f"{1000 + place}.50"))
