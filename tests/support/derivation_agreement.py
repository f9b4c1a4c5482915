"""Holds what databases derive to what the evaluator derives, over random rows."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from sqlalchemy import Connection, insert

from app.models.base import now_utc
from app.storage.binding import bind
from app.storage.derived_values import find_derived_rows
from app.storage.records import Scope
from app.storage.rule_queries import RulePlace
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from tests.support.derivation_strategies import TODAY, random_tables
from tests.support.expressions import to_plain
from tests.support.postgres import create_database
from tests.support.sql_answers import NOW, open_rows
from validators.compiling import Env, Row
from validators.deriving import derive_rows, generate_rows

PERIOD = (date(2023, 9, 1), date(2024, 8, 31))
ENV = Env(TODAY, *PERIOD)


def count_examples(usual: int) -> int:
    """How many random examples a form is tried with; more where one asks for them."""
    return int(os.environ.get("DERIVATION_EXAMPLES", usual))


@contextmanager
def open_both(
    catalogue: Catalogue, server: str, folder: Path
) -> Iterator[list[Connection]]:
    """A connection to fresh tables in each kind of database."""
    with name_both(server, folder) as urls, ExitStack() as stack:
        yield [stack.enter_context(open_rows(url, catalogue)) for url in urls]


@contextmanager
def name_both(server: str, folder: Path) -> Iterator[list[str]]:
    """URLs of an empty database of each kind."""
    with create_database(server) as url:
        yield [f"sqlite:///{folder / 'rows.sqlite'}", url]


def check_agreement(
    form: FormSpec,
    catalogue: Catalogue,
    connections: Sequence[Connection],
    examples: int,
) -> None:
    """Fail at random tables from which a database derives other rows."""
    forms = catalogue.edition_of(form).by_code
    walk = derive_rows if form.derive else generate_rows

    @tried(examples)
    @given(tables=random_tables(form, forms))
    def agree(tables: Mapping[str, Sequence[Row]]) -> None:
        expected = list_plain(form, walk(form, forms, tables, ENV))
        answers = [
            list_plain(form, _derive(connection, catalogue, form, tables))
            for connection in connections
        ]
        assert answers == [expected] * len(answers)

    agree()


def tried(examples: int) -> settings:
    """So many random examples; how long one takes does not matter."""
    return settings(
        max_examples=examples,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )


def list_plain(form: FormSpec, rows: Iterable[Row]) -> list[list[Any]]:
    """Rows to be compared, in any order."""
    listed = [[to_plain(row.get(name)) for name in form.by_id] for row in rows]
    return sorted(listed, key=str)


def insert_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    rows: Iterable[Row],
    scope: Scope = NOW,
) -> None:
    """Store rows in their order and nothing beside them: no history, no look-ups."""
    binding, now = bind(catalogue, form), now_utc()
    empty = dict.fromkeys(form.by_id)
    engine = {
        "_unit_id": scope.unit_id,
        "_round_id": scope.round_id,
        "_version": 1,
        "_created_at": now,
        "_updated_at": now,
        "_level": "",
    }
    entries = [
        engine | binding.write({**empty, **row}) | binding.derive(row) for row in rows
    ]
    if entries:
        connection.execute(insert(binding.table), entries)


def _derive(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    tables: Mapping[str, Sequence[Row]],
) -> list[Row]:
    """What the database makes of these rows; nothing of them stays there."""
    forms = catalogue.edition_of(form).by_code
    derivation = form.derive or form.generate
    assert derivation is not None
    place = RulePlace(NOW, None, TODAY, *PERIOD)
    with connection.begin_nested() as stored:
        for code, rows in tables.items():
            insert_rows(connection, catalogue, forms[code], rows)
        found = find_derived_rows(connection, catalogue, form, derivation, place)
        stored.rollback()
    return [row.values for row in found]
