"""The template of a form for a unit and round, with last period's values."""

from collections.abc import Sequence
from dataclasses import replace
from typing import IO

from sqlalchemy import Engine, select

from app.models import Round
from app.models.rounds import read_period
from app.storage.engine import begin_reading
from app.storage.previous import list_previous_rows
from app.storage.records import Scope
from app.storage.unit_facts import find_unit_facts
from exporters.last_period import MOST_ROWS, last_fields
from exporters.template import write_template
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from validators.conversion import Row


def write_template_for(
    engine: Engine,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    stream: IO[bytes],
) -> None:
    """Write the template that a unit fills in for a round.

    Args:
        scope: the rows of last round within it stand beside those of this one.
    """
    table = Round.__table__
    with begin_reading(engine) as connection:
        periods, last_round = connection.execute(
            select(table.c.periods, table.c.previous_id).where(
                table.c.id == scope.round_id
            )
        ).one()
        rows: Sequence[Row] = ()
        if last_round is not None:
            last = replace(scope, round_id=last_round)
            if last_fields(form):
                rows = list_previous_rows(connection, catalogue, form, last, MOST_ROWS)
        unit = find_unit_facts(connection, scope.unit_id)
    write_template(
        form,
        catalogue,
        stream,
        periods=read_period(periods, form.period),
        last_rows=rows,
        unit=unit,
    )
