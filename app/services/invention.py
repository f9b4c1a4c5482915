"""Invented values for one field: what demo rows are made of.

Follows the field's declaration (bounds, digits, options, codes, pattern, length) and,
for texts, the words of its label. Conditions between fields are `repair`'s business.
Persons, firms and numbers are made of syllables and ranges that nobody was given.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from app.services.matching import invent_matching
from form_schemas.catalogue import Catalogue
from form_schemas.codelists import offered
from form_schemas.kinds import FieldKind
from form_schemas.spec import FieldSpec, FormSpec

_SURNAMES = "云星禾麦竹溪岚桥帆舟松柏荷菱杉橙"
_SYLLABLES = "知行木青朗安晓宁远嘉明清舒然诺言初夏秋白"
_PLACES = ("样例市演示区", "样例市示范区", "演示县城关镇")
_STREETS = ("新风路", "学府路", "工匠街", "启明路")
_FACULTIES = ("智能制造学院", "数字商务学院", "康养护理系", "绿色能源系")
_POSTS = ("主任", "科长", "专员", "经理")
_TOPICS = ("现代服务", "智能制造", "数字工坊", "绿色能源", "康养护理", "智慧农业")

_SHORT_LIST = 100
_PUPILS = re.compile("学生|在校生|新生|毕业生")
_PUPIL_AGES = (16, 20)
_GROWN_UP_AGES = (26, 57)


@dataclass(frozen=True)
class Scene:
    """When demo rows are said to be filled in."""

    period_start: date
    period_end: date
    today: date


@dataclass(frozen=True)
class Task:
    """One value to invent."""

    catalogue: Catalogue
    form: FormSpec
    field: FieldSpec
    scene: Scene
    random: Random
    #: number of the row, so that codes and names differ
    serial: int


def invent_value(task: Task) -> object:
    """Make up a value that fits the field's own declaration."""
    inventor = _INVENTORS[task.field.kind]
    if not task.field.is_list:
        return inventor(task)
    wanted = task.random.randint(1, 3)
    values = dict.fromkeys(inventor(task) for _ in range(wanted))
    return tuple(sorted(values, key=_rank_of(task.field)))


def invent_person(random: Random) -> str:
    """A name of syllables; no list of real names is behind it."""
    given = random.sample(_SYLLABLES, random.choice((1, 2, 2)))
    return random.choice(_SURNAMES) + "".join(given)


def invent_id_card(birth: date, male: bool, random: Random) -> str:
    """An 18-digit number with a right check digit, of no province there is."""
    order = random.randrange(0, 998, 2) + int(male)
    body = f"99{random.randint(1, 99):02d}{random.randint(1, 99):02d}"
    body += f"{birth:%Y%m%d}{order:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(
        weight * int(digit) for weight, digit in zip(weights, body, strict=True)
    )
    return body + "10X98765432"[total % 11]


def invent_uscc(random: Random) -> str:
    """A unified social credit code with both check characters right."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    organisation = invent_organisation_code(random)
    body = f"9199{random.randint(0, 9999):04d}{organisation}"
    total = sum(
        alphabet.index(char) * pow(3, place, 31) for place, char in enumerate(body)
    )
    return body + alphabet[-total % 31]


def invent_organisation_code(random: Random) -> str:
    """Eight characters and their GB 11714 check character, without the hyphen."""
    # Letters that a credit code may not hold are left out of both.
    body = "".join(random.choices("0123456789ABCDEFGHJKLMNPQRTUWXY", k=8))
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    digits = [int(char, 36) for char in body]
    total = sum(weight * digit for weight, digit in zip(weights, digits, strict=True))
    return body + "0123456789X0"[11 - total % 11]


def is_about_pupils(form: FormSpec) -> bool:
    """Whether the form's title says that its rows are pupils."""
    return _PUPILS.search(form.title) is not None


def number_range(field: FieldSpec) -> tuple[Decimal, Decimal]:
    """Where a plausible number of the field lies."""
    low = Decimal(1) if field.minimum is None else field.minimum
    high = max(low, Decimal(0)) + 100 if field.maximum is None else field.maximum
    if high - low > 10_000:
        high = low + 1000
    if field.minimum is not None and low == 0 and high >= 2:
        low = Decimal(1)
    return low, high


def round_number(field: FieldSpec, number: Decimal) -> Decimal | int:
    """The number as the field stores it."""
    if field.places is None:
        return int(number.to_integral_value(ROUND_HALF_UP))
    return number.quantize(Decimal(1).scaleb(-field.places), ROUND_HALF_UP)


def shift_month(month: str, months: int) -> str:
    """Move YYYY-MM by a number of months."""
    count = int(month[:4]) * 12 + int(month[5:]) - 1 + months
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def _rank_of(field: FieldSpec) -> Callable[[object], object]:
    ranks = {option: rank for rank, option in enumerate(field.options)}
    return lambda value: (ranks.get(str(value), 0), str(value))


def _invent_number(task: Task) -> Decimal | int:
    low, high = number_range(task.field)
    scale = 10 ** (task.field.places or 0)
    if scale > 10 and high - low > 10:
        scale = 10
    steps = task.random.randint(int(low * scale), int(high * scale))
    return round_number(task.field, Decimal(steps) / scale)


def _invent_date(task: Task) -> date:
    scene = task.scene
    if "出生" in task.field.label:
        return _invent_birth(task)
    span = (scene.period_end - scene.period_start).days
    return scene.period_start + timedelta(days=task.random.randint(0, max(span, 0)))


def _invent_birth(task: Task) -> date:
    is_pupil = is_about_pupils(task.form) or _PUPILS.search(task.field.label)
    age = task.random.randint(*(_PUPIL_AGES if is_pupil else _GROWN_UP_AGES))
    end = task.scene.period_end
    return date(end.year - age, task.random.randint(1, 12), task.random.randint(1, 28))


def _invent_month(task: Task) -> str:
    return f"{_invent_date(task):%Y-%m}"


def _invent_year(task: Task) -> int:
    end = task.scene.period_end.year
    low = end - 3 if task.field.minimum is None else int(task.field.minimum)
    high = end if task.field.maximum is None else int(task.field.maximum)
    if low <= end <= high:
        low, high = max(low, end - 3), end
    return task.random.randint(low, max(low, high))


def _invent_boolean(task: Task) -> bool:
    return task.random.random() < 0.6


def _invent_option(task: Task) -> str:
    if task.field.codes:
        return _invent_code_entry(task)
    # The first options are the usual cases in nearly every list.
    options = task.field.options
    if task.random.random() < 0.5:
        options = options[: max(2, len(options) // 3)]
    return task.random.choice(options)


def _invent_code_entry(task: Task) -> str:
    codelist = task.catalogue.codelist_for(task.field)
    entries = offered(codelist, task.field.pattern)
    # In short lists the first code is nearly everybody's: 汉族, 中国, 未婚.
    if len(entries) < _SHORT_LIST and task.random.random() < 0.6:
        return entries[0].code
    return task.random.choice(entries).code


def _invent_code(task: Task) -> str:
    if task.field.codes:
        return _invent_code_entry(task)
    return _fit_text(task, _code_drafts(task))


def _code_drafts(task: Task) -> tuple[str, ...]:
    digits = re.sub(r"\D", "", task.form.code)
    prefix = "".join(re.findall("[A-Z]", task.form.code)) or "B"
    year = task.scene.period_end.year
    return (
        f"{prefix}{digits}{task.serial:05d}",
        f"{digits}{task.serial:05d}",
        f"{year}{task.serial:06d}",
        invent_organisation_code(task.random),
    )


def _invent_text(task: Task) -> str:
    if task.field.codes:
        codelist = task.catalogue.codelist_for(task.field)
        names = [entry.name for entry in codelist.entries if _is_fine(task, entry.name)]
        if names:
            return task.random.choice(names)
    label = task.field.label
    for words, draft in _TEXTS:
        if words.search(label):
            return _fit_text(task, (draft(task),))
    return _fit_text(task, (_name_thing(task),))


def _name_thing(task: Task) -> str:
    """`课程名称` → `智能制造课程12`."""
    thing = re.sub(r"（.*?）|\(.*?\)", "", task.field.label)
    thing = re.sub(r"(名称|名|全称|简称)$", "", thing) or "项目"
    return f"{task.random.choice(_TOPICS)}{thing}{task.serial}"


def _invent_long_text(task: Task) -> str:
    topic = task.random.choice(_TOPICS)
    return _fit_text(task, (f"围绕{topic}开展工作，{task.field.label}为演示内容。",))


def _fit_text(task: Task, drafts: tuple[str, ...]) -> str:
    for draft in drafts:
        if _is_fine(task, draft):
            return draft
    if task.field.pattern:
        return invent_matching(task.field.pattern, task.random, task.field.max_length)
    return _cut(drafts[-1], task.field.max_length)


def _cut(text: str, length: int | None) -> str:
    """Keep the end, where the number stands that tells rows apart."""
    return text if length is None else text[-length:]


def _is_fine(task: Task, text: str) -> bool:
    field = task.field
    if field.max_length is not None and len(text) > field.max_length:
        return False
    return field.pattern is None or re.search(field.pattern, text) is not None


def _invent_phone(task: Task) -> str:
    # Numbers that begin with 194 are not given to anybody.
    return f"194{task.random.randint(0, 99_999_999):08d}"


def _invent_email(task: Task) -> str:
    return f"demo{task.serial}.{task.random.randint(10, 99)}@school.example.com"


def _invent_url(task: Task) -> str:
    return f"https://www.example.com/{task.form.code.lower()}/{task.serial}"


def _invent_id(task: Task) -> str:
    return invent_id_card(_invent_birth(task), task.random.random() < 0.5, task.random)


def _invent_nothing(task: Task) -> None:
    """Files are uploaded, references picked from the rows that are there."""


def _invent_address(task: Task) -> str:
    place, street = task.random.choice(_PLACES), task.random.choice(_STREETS)
    return f"{place}{street}{task.random.randint(1, 300)}号"


def _name_class(task: Task) -> str:
    year = (task.scene.period_end.year - task.random.randint(1, 4)) % 100
    return f"{task.random.choice(_TOPICS)}{year:02d}{task.random.randint(1, 4):02d}班"


def _name_department(task: Task) -> str:
    names = [name for form in _edition(task) for name in form.departments]
    return task.random.choice(names or list(_FACULTIES))


def _edition(task: Task) -> tuple[FormSpec, ...]:
    return task.catalogue.edition_of(task.form).forms


def _invent_years(task: Task) -> str:
    end = task.scene.period_end.year
    return f"{end - 1}-{end}"


_Draft = Callable[[Task], str]

#: Words of a label -> a text; the first that occurs counts.
_TEXTS: tuple[tuple[re.Pattern[str], _Draft], ...] = tuple(
    (re.compile(words), draft)
    for words, draft in (
        ("学年", _invent_years),
        ("备注|说明", lambda task: "演示数据"),
        ("省份|所在省", lambda task: "演示省"),
        ("城市|所在市", lambda task: "演示市"),
        ("班级", _name_class),
        ("院（系|院系|系部|教学部", lambda task: task.random.choice(_FACULTIES)),
        ("部门|处室|科室", _name_department),
        ("职务|岗位", lambda task: task.random.choice(_POSTS)),
        ("拼音", lambda task: "Yan Shi"),
        ("英文|外文", lambda task: f"Demo Item {task.serial}"),
        ("电话|手机|传真", _invent_phone),
        ("邮箱|信箱|E-?mail", _invent_email),
        ("邮编|邮政编码", lambda task: f"99{task.random.randint(0, 9999):04d}"),
        ("网址|链接|地址（URL）", _invent_url),
        ("地址|地点|住址|位置|籍贯", _invent_address),
        (
            "文号|批号",
            lambda task: f"演教〔{task.scene.period_end.year}〕{task.serial}号",
        ),
        (
            "信用代码",
            lambda task: invent_uscc(task.random),
        ),
        ("组织机构代码", lambda task: invent_organisation_code(task.random)),
        (
            "(企业|公司|单位|厂家|供应商)(名称|全称)?$",
            lambda task: f"演示{task.random.choice(_TOPICS)}有限公司{task.serial}",
        ),
        (
            "姓名|曾用名|负责人|联系人|主持人|法定代表人|校长|书记|主编|作者|监护人|指导教师|发明人",
            lambda task: invent_person(task.random),
        ),
        ("(编号|编码|代码|号码|号|码)$", lambda task: _code_drafts(task)[0]),
    )
)

_INVENTORS: Mapping[FieldKind, Callable[[Task], object]] = {
    FieldKind.TEXT: _invent_text,
    FieldKind.LONG_TEXT: _invent_long_text,
    FieldKind.INTEGER: _invent_number,
    FieldKind.DECIMAL: _invent_number,
    FieldKind.MONEY: _invent_number,
    FieldKind.PERCENT: _invent_number,
    FieldKind.DATE: _invent_date,
    FieldKind.YEAR_MONTH: _invent_month,
    FieldKind.YEAR: _invent_year,
    FieldKind.BOOLEAN: _invent_boolean,
    FieldKind.ENUM: _invent_option,
    FieldKind.MULTI_ENUM: _invent_option,
    FieldKind.CODE: _invent_code,
    FieldKind.REF: _invent_nothing,
    FieldKind.FILE: _invent_nothing,
    FieldKind.IMAGE: _invent_nothing,
    FieldKind.PHONE: _invent_phone,
    FieldKind.EMAIL: _invent_email,
    FieldKind.URL: _invent_url,
    FieldKind.ID_CARD: _invent_id,
    FieldKind.USCC: lambda task: invent_uscc(task.random),
}
