"""What people call rows of a form: the values of its title field."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from app.storage.binding import bind
from app.storage.lookup import ROWS_AT_ONCE, in_groups
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec


def find_titles(
    connection: Connection, catalogue: Catalogue, form: FormSpec, ids: Collection[int]
) -> dict[int, str]:
    """Row id -> its title; nothing of rows without one, or where it is personal."""
    field = form.by_id.get(form.title_field or "")
    if field is None or field.sensitive or field.codes is not None:
        return {}
    columns = bind(catalogue, form).table.c
    title = columns[field.id]
    found: dict[int, str] = {}
    for group in in_groups([*ids], ROWS_AT_ONCE):
        rows = select(columns._id, title).where(columns._id.in_(group))
        found |= dict(connection.execute(rows.where(title.is_not(None))).all())
    return {row_id: str(text) for row_id, text in found.items()}
