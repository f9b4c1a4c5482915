"""Who entered what is to be reviewed: nobody reviews what he entered himself.

Whoever lets imported rows pass did not enter them: the importer did, and whoever mended
one of them.
"""

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, select

from app.models import ImportJob, ImportState, RowChange, StagedRow
from app.services.chain.cases import Case
from app.storage.records import Scope
from form_schemas.spec import FormSpec

_CHANGE = RowChange.__table__
_JOB = ImportJob.__table__
_STAGED = StagedRow.__table__

#: Imports of which nothing came into a form.
_FRUITLESS = (ImportState.REFUSED, ImportState.FAILED, ImportState.DELETED)


def find_authors(case: Case) -> frozenset[int]:
    """Who entered rows of the form, or handed it in."""
    found = find_authors_of(case.connection, case.scope, [case.form])[case.form.code]
    return frozenset({*found, case.filing.submitted_by} - {None})


def find_authors_of(
    connection: Connection, scope: Scope, forms: Collection[FormSpec]
) -> dict[str, frozenset[int]]:
    """Form code -> who entered its rows in a unit's round: three questions for all."""
    typed = _find_typists(connection, scope, [form.table_name for form in forms])
    imported = _find_importers(connection, scope, [form.full_name for form in forms])
    return {
        form.code: frozenset(
            typed.get(form.table_name, set()) | imported.get(form.full_name, set())
        )
        for form in forms
    }


def _find_typists(
    connection: Connection, scope: Scope, tables: Collection[str]
) -> dict[str, set[int]]:
    """Table name -> who changed its rows on pages."""
    found = connection.execute(
        select(_CHANGE.c.table_name, _CHANGE.c.actor_id)
        .distinct()
        .where(
            _CHANGE.c.unit_id == scope.unit_id,
            _CHANGE.c.round_id == scope.round_id,
            _CHANGE.c.table_name.in_(tables),
            _CHANGE.c.actor_id.is_not(None),
            _CHANGE.c.import_id.is_(None),
        )
    )
    return _group(found)


def _find_importers(
    connection: Connection, scope: Scope, form_names: Collection[str]
) -> dict[str, set[int]]:
    """Full name of a form -> who imported rows of it, or mended imported ones."""
    wanted = (
        _JOB.c.unit_id == scope.unit_id,
        _JOB.c.round_id == scope.round_id,
        _JOB.c.form_name.in_(form_names),
        _JOB.c.state.not_in(_FRUITLESS),
    )
    authors = _group(
        connection.execute(select(_JOB.c.form_name, _JOB.c.actor_id).where(*wanted))
    )
    mended = connection.execute(
        select(_JOB.c.form_name, _STAGED.c.menders)
        .distinct()
        .join(_STAGED, _STAGED.c.import_id == _JOB.c.id)
        .where(*wanted, _STAGED.c.menders != "")
    )
    for form_name, menders in mended:
        ids = (int(one) for one in menders.split(",") if one)
        authors.setdefault(form_name, set()).update(ids)
    return authors


def _group(found: Iterable) -> dict[str, set[int]]:
    groups: dict[str, set[int]] = {}
    for name, person in found:
        if person is not None:
            groups.setdefault(name, set()).add(person)
    return groups
