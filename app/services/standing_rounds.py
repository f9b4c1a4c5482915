"""The round of forms that belong to no period: one for each collection that has some.

It is made by itself and is never closed. It follows the newest edition, so that what
was written under the last one can be read and changed on.
"""

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.models import Round, RoundState
from app.models.base import now_utc
from app.storage.engine import is_sqlite
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.lineage import OriginKind, trace
from form_schemas.spec import FormSpec

_ROUND = Round.__table__
_IN_PLACE = (OriginKind.SAME, OriginKind.RENAMED)


def keep_standing_rounds(connection: Connection, catalogue: Catalogue) -> None:
    """Make the standing rounds that are missing, and lead the others on."""
    for edition in catalogue.newest.values():
        if edition.faults or edition.is_archived or not edition.has_standing:
            continue
        found = connection.execute(
            select(_ROUND.c.id, _ROUND.c.edition).where(
                _ROUND.c.collection == edition.collection, _ROUND.c.is_standing
            )
        ).first()
        if found is None:
            _insert(connection, edition)
        elif found.edition != edition.year and _reads_on(
            catalogue, edition, found.edition
        ):
            connection.execute(
                update(_ROUND)
                .where(_ROUND.c.id == found.id)
                .values(edition=edition.year)
            )


def _insert(connection: Connection, edition: Edition) -> None:
    # Another process may be starting at this very moment.
    insert_or_leave = sqlite.insert if is_sqlite(connection) else postgresql.insert
    connection.execute(
        insert_or_leave(_ROUND)
        .values(
            collection=edition.collection,
            edition=edition.year,
            title=f"{edition.short_title}（日常）",
            periods=edition.settings["periods"],
            state=RoundState.OPEN,
            by_unit=False,
            is_standing=True,
            opens_at=now_utc(),
            created_at=now_utc(),
        )
        .on_conflict_do_nothing(
            index_elements=["collection"], index_where=_ROUND.c.is_standing
        )
    )


def _reads_on(catalogue: Catalogue, edition: Edition, year: str) -> bool:
    """Whether the newer forms read what the earlier ones stored, as it stands.

    Otherwise the round stays with its edition: values would have to be converted, which
    nobody looked at.
    """
    try:
        earlier = catalogue.edition(edition.collection, year)
    except LookupError:
        return False
    lineage = trace(earlier.forms, edition.forms)
    return all(
        _is_in_place(form, before, lineage.origin_of(form, field.id))
        for form in edition.forms
        if form.is_standing and (before := lineage.form_before(form)) is not None
        for field in form.fields
    )


def _is_in_place(form: FormSpec, before: FormSpec, origin) -> bool:
    if origin is None:
        return True
    return (
        origin.kind in _IN_PLACE and not origin.recode and origin.form is before
    ) and form.table_name == before.table_name
