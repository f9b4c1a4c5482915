"""What computed fields come to that look beyond their row, asked of the database.

`wider_values` of the services stores the answers.
"""

from sqlalchemy import Connection, select

from app.storage.expressions import NotInSqlError, compile_sql
from app.storage.rule_queries import RulePlace, planned, rows_of
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec
from validators.rules import settle


def find_wider_values(
    connection: Connection, catalogue: Catalogue, form: FormSpec, place: RulePlace
) -> dict[int, dict[str, object]]:
    """The values of the form's wider fields in the unit's rows, by row id."""
    rows = rows_of(connection, catalogue, form, place)
    asked = {}
    for field in form.wider_fields:
        assert field.computed is not None
        try:
            asked[field.id] = compile_sql(field.computed, rows)
        except NotInSqlError:
            continue
    statement = select(rows.id, *asked.values()).select_from(rows.joined())
    with planned(connection, rows.only):
        found = connection.execute(statement.where(rows.in_place())).all()
    fields = [form.by_id[name] for name in asked]
    return {row_id: _settle_all(fields, values) for row_id, *values in found}


def _settle_all(fields: list[FieldSpec], values: list[object]) -> dict[str, object]:
    pairs = zip(fields, values, strict=True)
    return {field.id: settle(field, value) for field, value in pairs}
