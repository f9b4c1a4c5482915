"""What the checks of a form need to know of a unit and round."""

from sqlalchemy import Connection, select

from app.models.base import now_utc
from app.models.rounds import Round, read_period
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.unit_facts import find_unit_facts
from form_schemas.spec import FormSpec
from validators.check import Context


def make_context(
    connection: Connection, store: RowStore, form: FormSpec, scope: Scope
) -> Context:
    """The periods of the form, today, and the formal rows of the unit and round."""
    table = Round.__table__
    periods = connection.scalar(
        select(table.c.periods).where(table.c.id == scope.round_id)
    )
    first, last = read_period(periods, form.period.value)
    return Context(
        period_start=first,
        period_end=last,
        today=now_utc().astimezone().date(),
        lookup=store.as_lookup(form, scope),
        codelists=store.catalogue.codelists,
        unit=find_unit_facts(connection, scope.unit_id),
    )
