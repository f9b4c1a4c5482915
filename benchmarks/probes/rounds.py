"""A large school's round in the real forms, and the check of all of it.

How many rows each form has stands in `round.json`; they are invented once and kept, so
that both databases hold the same.
"""

import json
import pickle
from dataclasses import replace
from functools import cache
from pathlib import Path

from sqlalchemy import text

from app.config import Config
from app.services.checking import run_check
from app.services.demo import prepare_demo
from app.services.installation import get_console_actor
from app.services.inventing.making import demo_rows
from app.services.inventing.world import World, in_order
from app.services.schema_changes import initialise
from app.services.workshop import open_workshop
from app.storage.engine import is_sqlite, open_engine
from app.storage.records import Scope
from app.storage.rows import RowStore
from benchmarks.clock import timed, watched
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.loading import load_catalogue

_ROUND = json.loads((Path(__file__).parents[1] / "round.json").read_text("utf-8"))
_SCOPE = Scope(1, 1)
_SEED = 2024


def invent(rows: str, share: float) -> dict[str, float]:
    """Make the rows of all forms and keep them in a file.

    Args:
        rows: the file.
        share: of the rows that `round.json` asks for.
    """
    catalogue, edition = _get_catalogue(), _get_edition()
    world = World(catalogue, edition)
    with timed() as timer:
        made = {
            form.code: demo_rows(
                catalogue, form, _count(form.code, share), _SEED, world
            )
            for form in in_order(catalogue, edition)
            if not form.is_derived
        }
    Path(rows).write_bytes(pickle.dumps(made))
    return {"seconds": timer.seconds, "rows": sum(map(len, made.values()))}


def fill(url: str, rows: str) -> dict[str, float]:
    """Put the rows into a fresh database."""
    catalogue, edition = _get_catalogue(), _get_edition()
    made = pickle.loads(Path(rows).read_bytes())
    engine = open_engine(url)
    initialise(engine, catalogue)
    prepare_demo(engine, catalogue)
    with timed() as timer:
        for code, some in made.items():
            with engine.begin() as connection:
                RowStore(connection, catalogue).upsert_many(
                    edition.get(code), _SCOPE, some, None
                )
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(
            text("ANALYZE" if is_sqlite(connection) else "VACUUM ANALYZE")
        )
    engine.dispose()
    return {"seconds": timer.seconds}


def check(url: str) -> dict[str, float]:
    """Check the whole round, as a command does and as a worker does the next time."""
    engine = open_engine(url)
    workshop = open_workshop(Config(), engine, _get_catalogue())
    actor = get_console_actor(engine)
    with watched() as memory:
        with timed() as first:
            run_check(workshop, actor, _SCOPE.unit_id, _SCOPE.round_id)
        with timed() as again:
            run_check(workshop, actor, _SCOPE.unit_id, _SCOPE.round_id)
    engine.dispose()
    return {
        "first": first.seconds,
        "seconds": again.seconds,
        "cpu": again.cpu,
        "mb": memory.own,
    }


def _count(code: str, share: float) -> int:
    asked = _ROUND["rows"].get(code)
    return _ROUND["otherwise"] if asked is None else max(1, int(asked * share))


@cache
def _get_catalogue() -> Catalogue:
    """The edition alone: the forms of others would only be made as tables."""
    catalogue = load_catalogue()
    wanted = [edition for edition in catalogue.editions if edition.name == _name()]
    return replace(catalogue, editions=tuple(wanted))


def _get_edition() -> Edition:
    return _get_catalogue().editions[0]


def _name() -> str:
    return str(_ROUND["edition"])
