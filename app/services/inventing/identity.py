"""Numbers of persons and bodies, right in their check digits and given to nobody."""

from datetime import date
from random import Random

from app.services.inventing.tasks import Task
from form_schemas.kinds import FieldKind
from validators.formats import RESIDENT_CARD

_PUPIL_AGES = (16, 20)
_GROWN_UP_AGES = (26, 57)
_CARD_LENGTH = 18
_BIRTH = slice(6, 14)


def invent_birth(task: Task) -> date:
    """The day in the row's id card, else one of a pupil's or a grown-up's age."""
    number = _card_of(task)
    if number is not None:
        return birth_of(number)
    ages = _PUPIL_AGES if task.is_about_pupils else _GROWN_UP_AGES
    year = task.scene.period_end.year - task.random.randint(*ages)
    return date(year, task.random.randint(1, 12), task.random.randint(1, 28))


def invent_id(task: Task) -> str:
    """A resident card, or a short number where the row names another document."""
    document = task.row.get(task.field.id_type or "")
    if document not in (None, RESIDENT_CARD):
        return f"YS{task.random.randint(0, 9_999_999):07d}"
    births = [
        value
        for field_id, value in task.row.items()
        if isinstance(value, date) and "出生" in task.form.by_id[field_id].label
    ]
    birth = births[0] if births else invent_birth(task)
    is_male = task.random.random() < 0.5
    if {"男", "女"} & set(map(str, task.row.values())):
        is_male = "男" in task.row.values()
    return invent_id_card(birth, is_male, task.random)


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


def birth_of(number: str) -> date:
    """The day of birth in a resident card."""
    digits = number[_BIRTH]
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))


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


def invent_isbn(random: Random) -> str:
    """A book number with a right check digit, of a publisher's prefix not given."""
    body = f"97870000{random.randint(0, 9999):04d}"
    total = sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(body))
    return f"978-7-0000-{body[8:]}-{-total % 10}"


def _card_of(task: Task) -> str | None:
    for spec in task.form.fields:
        if spec.kind is FieldKind.ID_CARD:
            number = task.row.get(spec.id)
            if isinstance(number, str) and len(number) == _CARD_LENGTH:
                return number
    return None
