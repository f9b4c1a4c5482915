"""Invents a value for one field, by its kind: what demo rows are made of.

Follows the field's declaration (bounds, digits, options, codes, pattern, length), the
words of its label and what the row holds already. Conditions between fields are the
business of `satisfying`.
"""

from collections.abc import Callable, Mapping

from app.services.inventing.days import invent_date, invent_month, invent_year
from app.services.inventing.identity import invent_id, invent_uscc
from app.services.inventing.magnitudes import invent_number
from app.services.inventing.options import invent_boolean, invent_option, rank_of
from app.services.inventing.tasks import Task
from app.services.inventing.texts import (
    invent_code,
    invent_email,
    invent_long_text,
    invent_phone,
    invent_text,
    invent_url,
)
from form_schemas.kinds import FieldKind


def invent_value(task: Task) -> object:
    """Make up a value that fits the field's own declaration."""
    inventor = INVENTORS[task.field.kind]
    if not task.field.is_list:
        return inventor(task)
    wanted = task.random.randint(1, 3)
    values = dict.fromkeys(inventor(task) for _ in range(wanted))
    return tuple(sorted(values, key=rank_of(task.field.options)))


def _invent_nothing(task: Task) -> None:
    """Files are uploaded, references picked from the rows that are there."""


INVENTORS: Mapping[FieldKind, Callable[[Task], object]] = {
    FieldKind.TEXT: invent_text,
    FieldKind.LONG_TEXT: invent_long_text,
    FieldKind.INTEGER: invent_number,
    FieldKind.DECIMAL: invent_number,
    FieldKind.MONEY: invent_number,
    FieldKind.PERCENT: invent_number,
    FieldKind.DATE: invent_date,
    FieldKind.YEAR_MONTH: invent_month,
    FieldKind.YEAR: invent_year,
    FieldKind.BOOLEAN: invent_boolean,
    FieldKind.ENUM: invent_option,
    FieldKind.MULTI_ENUM: invent_option,
    FieldKind.CODE: invent_code,
    FieldKind.REF: _invent_nothing,
    FieldKind.FILE: _invent_nothing,
    FieldKind.IMAGE: _invent_nothing,
    FieldKind.PHONE: invent_phone,
    FieldKind.EMAIL: invent_email,
    FieldKind.URL: invent_url,
    FieldKind.ID_CARD: invent_id,
    FieldKind.USCC: lambda task: invent_uscc(task.random),
}
