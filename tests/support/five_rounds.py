"""Five rounds of demo data of all forms of one edition: four are over, one is open.

Rows wait for review in the open one. What the database holds is read as the forms in
use have it, and cell by cell.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select, text

from app.models import ImportJob, ImportState, Round, RoundState, StagedRow, Unit
from app.services.demo import fill_demo
from app.services.demo_people import find_actor, prepare_people, unit_code_of
from app.services.organisation import insert_round
from app.services.schema_changes import initialise
from app.storage.binding import Binding, bind
from app.storage.engine import begin_reading
from app.storage.records import Scope, StoredRow
from app.storage.rows import RowStore
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.settings import COLLECTION_FILE
from form_schemas.spec import FormSpec
from form_schemas.writer import format_schema
from tests.support.catalogues import get_catalogue
from tests.support.next_years import Row, Rows
from validators.conversion import from_json, to_json

COLLECTION = "talent"
ROUNDS = 5
#: Persons of the demo school; `make soak` has more.
STUDENTS = int(os.environ.get("NEXT_YEAR_STUDENTS", "6"))

#: Round and unit.
Place = tuple[int, int]
_JOB, _STAGED = ImportJob.__table__, StagedRow.__table__


@cache
def get_first() -> Catalogue:
    """The edition alone, as its files are."""
    catalogue = get_catalogue()
    return replace(catalogue, editions=(catalogue.newest[COLLECTION],))


def get_edition() -> Edition:
    return get_first().newest[COLLECTION]


def fill_five_rounds(engine: Engine) -> None:
    initialise(engine, get_first())
    prepare_people(engine, [get_edition()])
    with engine.begin() as connection:
        last_id = None
        for number in range(1, ROUNDS + 1):
            last_id = insert_round(
                connection, get_edition(), f"第 {number} 轮", previous_id=last_id
            )
    fill_demo(engine, get_first(), students=STUDENTS)
    _stage_rows(engine)


def _stage_rows(engine: Engine) -> None:
    """Of every form one row of the open round waits, as it is stored already."""
    actor, number = find_actor(engine, "office"), find_open(engine)
    with engine.begin() as connection:
        is_demo = Unit.code == unit_code_of(get_edition())
        unit_id = connection.scalars(select(Unit.id).where(is_demo)).one()
        scope, store = Scope(unit_id, number), RowStore(connection, get_first())
        for form in get_edition().forms:
            for row in list(_read_form(store, form, scope).values())[:1]:
                _stage(connection, form, scope, actor.user_id, row)


def _stage(
    connection: Connection, form: FormSpec, scope: Scope, actor_id: int, row: Row
) -> None:
    job_id = connection.execute(
        insert(_JOB).values(
            unit_id=scope.unit_id,
            round_id=scope.round_id,
            actor_id=actor_id,
            form_name=form.full_name,
            form_fingerprint=form.fingerprint,
            state=ImportState.STAGED,
            file_token=form.code,
            file_name="填报.xlsx",
            file_hash="-",
            fields=list(row),
            columns=list(row),
        )
    ).inserted_primary_key[0]
    values = to_json(form, row)
    connection.execute(
        insert(_STAGED).values(import_id=job_id, row_number=2, values=values)
    )


def write_files(folder: Path, schemas: Mapping[str, Mapping] | None = None) -> Path:
    """Write files of the edition below a folder; without schemas its own."""
    own = folder / get_edition().name
    own.mkdir(parents=True)
    settings = format_schema(dict(get_edition().settings))
    (own / COLLECTION_FILE).write_text(settings, "utf-8")
    forms = {form.code: form.schema for form in get_edition().forms}
    for code, schema in (schemas or forms).items():
        (own / f"{code}.json").write_text(format_schema(schema), "utf-8")
    return folder


# Reading.


def read_rows(engine: Engine, catalogue: Catalogue) -> dict[Place, Rows]:
    """All rows by round and unit, each round as its own edition has them."""
    with begin_reading(engine) as connection:
        rounds = connection.execute(
            select(Round.id, Round.collection, Round.edition).order_by(Round.id)
        ).all()
        units = connection.scalars(text("SELECT DISTINCT unit_id FROM filings")).all()
        places = {
            (number, unit_id): catalogue.edition(*edition)
            for number, *edition in rounds
            for unit_id in sorted(units)
        }
        return _read_places(connection, catalogue, places)


def _read_places(
    connection: Connection, catalogue: Catalogue, places: Mapping[Place, Edition]
) -> dict[Place, Rows]:
    """One statement a form and edition: there are a thousand forms in all places."""
    found = {
        place: {form.code: {} for form in edition.forms}
        for place, edition in places.items()
    }
    for edition in dict.fromkeys(places.values()):
        numbers = {number for (number, _), one in places.items() if one is edition}
        for form in edition.forms:
            for place, stored in _read_rounds(
                connection, bind(catalogue, form), numbers
            ):
                if place in places:
                    found[place][form.code][stored.id] = _drop_empty(stored.row)
    return found


def _read_rounds(
    connection: Connection, binding: Binding, numbers: Collection[int]
) -> Iterator[tuple[Place, StoredRow]]:
    c = binding.table.c
    wanted = select(c._round_id, c._unit_id, *binding.selected)
    ordered = wanted.where(c._round_id.in_(numbers)).order_by(c._id)
    for number, unit_id, *record in connection.execute(ordered):
        yield (number, unit_id), binding.read(record)


def _drop_empty(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}


def _read_form(store: RowStore, form: FormSpec, scope: Scope) -> dict[int, Row]:
    return {
        stored.id: _drop_empty(stored.row) for stored in store.iterate_rows(form, scope)
    }


def read_staged(engine: Engine, catalogue: Catalogue) -> Rows:
    """The rows that wait, by their forms."""
    with engine.connect() as connection:
        found = connection.execute(
            select(_JOB.c.form_name, _JOB.c.id, _STAGED.c["values"]).join_from(
                _JOB, _STAGED, _STAGED.c.import_id == _JOB.c.id
            )
        ).all()
    rows: Rows = {}
    for name, number, values in found:
        form = catalogue.get(name)
        row = from_json(form, values)
        rows[form.code] = {number: {k: v for k, v in row.items() if v is not None}}
    return rows


def find_open(engine: Engine) -> int:
    with engine.connect() as connection:
        is_open = Round.state == RoundState.OPEN
        return connection.scalars(select(Round.id).where(is_open)).one()


def read_cells(engine: Engine) -> dict[tuple[str, str], list]:
    """Table and column -> every stored cell of it, in the order of the first column."""
    found = {}
    with engine.connect() as connection:
        for table in engine.dialect.get_table_names(connection):
            records = connection.execute(text(f'SELECT * FROM "{table}"'))
            names = list(records.keys())
            rows = sorted(map(tuple, records), key=repr)
            for place, name in enumerate(names):
                found[table, name] = [row[place] for row in rows]
    return found
