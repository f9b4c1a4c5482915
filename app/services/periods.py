"""How people name a period: its year, its day, or both its ends."""

from collections.abc import Mapping
from datetime import date

from form_schemas.spec import FormSpec, Period


def name_period(form: FormSpec, first: date, last: date) -> str:
    """What pages of a form call the period that it is filled in for."""
    if form.period is Period.SNAPSHOT:
        return last.isoformat()
    if form.period is Period.CALENDAR_YEAR:
        return str(last.year)
    return f"{first.isoformat()} 至 {last.isoformat()}"


def tell_apart(names: Mapping[int, str], titles: Mapping[int, str]) -> dict[int, str]:
    """Names of rounds by id; those of one name have their title beside it."""
    told = list(names.values())
    return {
        number: name if told.count(name) == 1 else f"{name}（{titles[number]}）"
        for number, name in names.items()
    }
