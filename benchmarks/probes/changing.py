"""Next year's tables over the rows of five rounds: how long a plan takes to make, and
a column to come into a table of a million rows.

Rows are made by the database itself, a statement a form: texts and numbers that follow
from the row's number, references left empty.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, insert, text

from app.models import Round, RoundState, Unit, UnitKind
from app.models.base import now_utc
from app.services.schema_changes import apply, initialise, load_in_use, plan
from app.storage.binding import Binding, bind
from app.storage.engine import is_sqlite, open_engine
from benchmarks.clock import timed
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.folders import SCHEMAS_FOLDER
from form_schemas.loading import load_catalogue
from form_schemas.spec import FormSpec
from form_schemas.writer import format_schema

_UNITS, _ROUNDS = 50, 5
_PERIOD = ["2023-09-01", "2024-08-31"]
#: So many forms change in what stored rows have to be read for.
_CHANGED = 40
_LONG, _LARGE = 3, 50


def fill(url: str, rows: int, largest: int) -> dict[str, float]:
    """Put rows into all forms of a fresh database, most of them into one form."""
    catalogue, engine = load_catalogue(), open_engine(url)
    initialise(engine, catalogue)
    forms = [form for form in catalogue.all_forms if not form.is_derived]
    each = (rows - largest) // len(forms)
    with timed() as timer, engine.begin() as connection:
        _add_places(connection, catalogue)
        for form in forms:
            count = each + (largest if form is _find_largest(catalogue) else 0)
            _add_rows(connection, catalogue, form, count)
        if not is_sqlite(connection):
            connection.execute(text("ANALYZE"))
    engine.dispose()
    return {"seconds": timer.seconds}


def make_plan(url: str) -> dict[str, float]:
    """The plan for files of which every one got a field, and many more than that."""
    engine = open_engine(url)
    with TemporaryDirectory() as folder:
        target = _change_files(Path(folder))
        with timed() as timer:
            made = plan(engine, target)
    engine.dispose()
    return {"seconds": timer.seconds, "operations": len(made.operations)}


def add_column(url: str) -> dict[str, float]:
    """One more field in the form with most rows; the database keeps it afterwards."""
    engine = open_engine(url)
    form = load_in_use(engine).get(_find_largest(load_catalogue()).full_name)
    with TemporaryDirectory() as folder:
        root = _copy_files(Path(folder))
        file = root / f"{form.full_name}.json"
        # What was added by the run before stays.
        number = sum(name.startswith("added_") for name in form.by_id) + 1
        for earlier in range(1, number + 1):
            _write(file, _add_field(json.loads(file.read_text("utf-8")), earlier))
        target = load_catalogue(root)
        made = plan(engine, target)
        with timed() as timer:
            apply(engine, target, made.hash)
    engine.dispose()
    return {"seconds": timer.seconds}


def _find_largest(catalogue: Catalogue) -> FormSpec:
    """The first form of rows that others refer to."""
    return next(
        form for form in catalogue.all_forms if form.key and catalogue.referring(form)
    )


def _add_places(connection: Connection, catalogue: Catalogue) -> None:
    for number in range(1, _UNITS + 1):
        kind, path = UnitKind.SCHOOL, f"/{number}/"
        named = {"id": number, "code": f"u{number}", "name": f"学校{number}"}
        connection.execute(insert(Unit).values(**named, kind=kind, path=path))
    number = 0
    for edition in catalogue.editions:
        for place in range(_ROUNDS):
            number += 1
            is_last = place == _ROUNDS - 1
            connection.execute(
                insert(Round).values(
                    id=number,
                    collection=edition.collection,
                    edition=edition.year,
                    title=f"第 {place + 1} 轮",
                    state=RoundState.OPEN if is_last else RoundState.CLOSED,
                    periods={"academic_year": _PERIOD, "snapshot": _PERIOD},
                )
            )


def _add_rows(
    connection: Connection, catalogue: Catalogue, form: FormSpec, count: int
) -> None:
    binding = bind(catalogue, form)
    editions = [edition.name for edition in catalogue.editions]
    first = editions.index(catalogue.edition_of(form).name) * _ROUNDS + 1
    values = dict(_list_values(connection, binding, first))
    columns = ", ".join(f'"{name}"' for name in values)
    numbers = (
        f"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s "
        f"WHERE n < {count}) "
        if is_sqlite(connection)
        else ""
    )
    source = "s" if is_sqlite(connection) else f"generate_series(1, {count}) AS s(n)"
    connection.execute(
        text(
            f'INSERT INTO "{binding.table.name}" ({columns}) {numbers}'
            f"SELECT {', '.join(values.values())} FROM {source}"
        ),
        {"now": now_utc().replace(tzinfo=None) if is_sqlite(connection) else now_utc()},
    )


def _list_values(
    connection: Connection, binding: Binding, first: int
) -> Iterator[tuple[str, str]]:
    """Column -> what SQL makes of the row's number n."""
    yield "_unit_id", f"n % {_UNITS} + 1"
    yield "_round_id", f"n / {_UNITS} % {_ROUNDS} + {first}"
    yield "_version", "1"
    yield "_key", _as_text(connection)
    yield "_created_at", ":now"
    yield "_updated_at", ":now"
    for item in _list_filled(binding.form):
        is_text = item.traits.textual
        yield item.column_name, _as_text(connection) if is_text else "n % 100"


def _as_text(connection: Connection) -> str:
    return "CAST(n AS TEXT)" if is_sqlite(connection) else "n::text"


def _list_filled(form: FormSpec) -> list[FieldSpec]:
    kinds = ("text", "integer", "money", "code")
    return [
        item
        for item in form.fields
        if item.kind in kinds and item.reference is None and not item.is_list
    ]


# Files that changed.


def _copy_files(folder: Path) -> Path:
    root = folder / "form_schemas"
    shutil.copytree(SCHEMAS_FOLDER, root, ignore=shutil.ignore_patterns("*.py*"))
    return root


def _change_files(folder: Path) -> Catalogue:
    root, changed = _copy_files(folder), 0
    for form in load_catalogue().all_forms:
        file = root / f"{form.full_name}.json"
        schema = json.loads(file.read_text("utf-8"))
        if not form.is_derived:
            _add_field(schema, 1)
            is_one_of_them = changed < _CHANGED and _narrow(form, schema)
            changed += is_one_of_them
        _write(file, schema)
    return load_catalogue(root)


def _add_field(schema: dict, number: int) -> dict:
    name = f"added_{number}"
    field = {"title": f"新增{number}", "type": "string", "x-kind": "text"}
    schema["properties"][name] = field | {"maxLength": 60}
    if "x-layout" in schema:
        schema["x-layout"][-1]["fields"].append(name)
    return schema


def _narrow(form: FormSpec, schema: dict) -> bool:
    """Have stored values be too long or too large, in two fields of the form."""
    texts = [item for item in _list_filled(form) if item.traits.textual]
    numbers = [item for item in _list_filled(form) if item.traits.bounded]
    if not texts or not numbers:
        return False
    schema["properties"][texts[0].id]["maxLength"] = _LONG
    schema["properties"][numbers[0].id]["maximum"] = _LARGE
    return True


def _write(file: Path, schema: Mapping[str, object]) -> None:
    file.write_text(format_schema(schema), "utf-8")
