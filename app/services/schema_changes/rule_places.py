"""Whose rows an expression over a form reads while forms change, and when."""

from collections.abc import Mapping

from sqlalchemy import Connection, select

from app.models import Round
from app.models.base import now_utc
from app.models.rounds import read_period
from app.storage.records import Scope
from app.storage.rule_queries import RulePlace
from form_schemas.spec import FormSpec

_ROUND = Round.__table__


def find_rule_place(connection: Connection, form: FormSpec, scope: Scope) -> RulePlace:
    """A unit's round, with its periods; without any the period is today."""
    periods = connection.scalar(
        select(_ROUND.c.periods).where(_ROUND.c.id == scope.round_id)
    )
    first, last = _read_period(periods, form.period.value)
    today = now_utc().astimezone().date()
    return RulePlace(scope, None, today, first, last)


def _read_period(periods: Mapping, sort: str):
    if not periods:
        today = now_utc().astimezone().date()
        return today, today
    return read_period(periods, sort)
