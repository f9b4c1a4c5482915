"""Makes the database ready at a start, and loads the forms in use.

A file may have changed without the database following yet: until a plan is applied the
version in use serves, as rows could be misread by the new one.
"""

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, Engine

from app.services.schema_changes.applied import (
    Applied,
    get_place,
    load_applied,
    save_forms,
)
from app.services.schema_changes.archiving import archive_edition, load_archived
from app.services.schema_hashes import follow_files
from app.storage.engine import begin_reading
from app.storage.schema import (
    begin_schema_change,
    create_all_tables,
    has_form_tables,
    migrate,
)
from form_schemas.allotment import place
from form_schemas.catalogue import Catalogue
from form_schemas.folders import SCHEMAS_FOLDER
from form_schemas.loading import load_catalogue
from form_schemas.spec import FormSpec


def initialise(engine: Engine, catalogue: Catalogue) -> tuple[str, ...]:
    """Make the database ready at the start of the server or of a command.

    The fixed tables are migrated. In a new database the forms' tables are created; in
    any other nothing but texts is changed without a plan.

    Returns:
        The full names of forms whose changes were not applied yet: with `load_in_use`
        their earlier version serves.
    """
    with begin_schema_change(engine) as connection:
        migrate(connection)
        applied = load_applied(connection)
        if not applied and not has_form_tables(connection, catalogue):
            create_all_tables(connection, catalogue)
            save_forms(connection, catalogue.all_forms, applied)
            follow_files(connection, catalogue)
            return ()
        refreshed = _refresh(connection, catalogue, applied)
        pending = _list_pending(catalogue, applied)
        if refreshed or not pending:
            follow_files(connection, catalogue, refreshed=refreshed)
        return pending


def load_in_use(engine: Engine, folder: Path = SCHEMAS_FOLDER) -> Catalogue:
    """The forms as the database holds them: what servers and workers serve.

    A file that is gone or has faults, or whose changes wait for `apply`, is represented
    by the version that was in use last. Editions as they were stand beside those of
    the folder, for the rounds that are over.
    """
    with begin_reading(engine) as connection:
        applied = load_applied(connection)
        archived = load_archived(connection) if applied else {}
    last_good = _list_texts(applied)
    allotted = {
        one.name: get_place(one) for one in applied.values() if not one.is_retired
    }
    catalogue = load_catalogue(
        folder, last_good=last_good, allotted=allotted, archived=archived
    )
    pending = _list_pending(catalogue, applied) if applied else ()
    missing = _list_missing(catalogue, applied)
    if not pending and not missing:
        return catalogue
    return load_catalogue(
        folder,
        last_good=last_good,
        held=pending,
        allotted=allotted,
        archived=archived,
        missing=missing,
    )


def find_pending(engine: Engine, catalogue: Catalogue) -> tuple[str, ...]:
    """Full names of the forms whose changes were not applied yet.

    None in a database that nothing was applied to: its first start creates all tables.
    """
    with begin_reading(engine) as connection:
        applied = load_applied(connection)
    return _list_pending(catalogue, applied) if applied else ()


def find_last_good(engine: Engine) -> dict[str, str]:
    """Full name -> text of the schema file that was in use last.

    Empty before the first start, so that the catalogue can be loaded before anything
    is there.
    """
    with begin_reading(engine) as connection:
        return _list_texts(load_applied(connection))


def _list_texts(applied: Applied) -> dict[str, str]:
    return {
        one.name: one.source
        for one in applied.values()
        if not one.is_retired and not one.is_archived
    }


def _list_pending(catalogue: Catalogue, applied: Applied) -> tuple[str, ...]:
    return tuple(
        form.full_name
        for form in _in_use(catalogue)
        if form.full_name not in applied or applied[form.full_name].is_waiting(form)
    )


def _list_missing(catalogue: Catalogue, applied: Applied) -> tuple[str, ...]:
    present = {form.full_name for form in catalogue.all_forms}
    present |= {broken.full_name for broken in catalogue.broken}
    return tuple(name for name in _list_texts(applied) if name not in present)


def _in_use(catalogue: Catalogue) -> Iterable[FormSpec]:
    for edition in catalogue.editions:
        if not edition.is_archived:
            yield from edition.forms


def _refresh(connection: Connection, catalogue: Catalogue, applied: Applied) -> bool:
    """Keep the texts of files that changed in what needs no plan: labels, rules.

    Returns:
        Whether there were any.
    """
    refreshed = False
    for edition in catalogue.editions:
        if edition.is_archived:
            continue
        changed = [
            place(form, get_place(applied[form.full_name]))
            for form in edition.forms
            if form.full_name in applied
            and not applied[form.full_name].is_waiting(form)
            and not applied[form.full_name].says(form)
        ]
        if not changed:
            continue
        own = (edition.collection, edition.year)
        archive_edition(connection, own, edition.settings, applied)
        save_forms(connection, changed, applied)
        refreshed = True
    return refreshed
