"""The public portal and the nation's statistics, over many groups and years."""

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

from app.config import Config
from app.factory import create_app
from app.services.portal.site import find_site
from app.services.schema_changes import initialise
from app.services.workshop import open_workshop
from app.storage.engine import open_engine
from app.storage.planner_statistics import inform_planner
from benchmarks.clock import timed
from benchmarks.nation import OFFICE, PASSWORD, fill_nation
from benchmarks.probes.signing_in import ask, measure, sign_in
from form_schemas.catalogue import Catalogue
from form_schemas.loading import load_catalogue
from form_schemas.portal import ColumnKind

_HOME = "/portal/"


def fill(url: str, units: int, years: int) -> dict[str, float]:
    """Put the nation into a fresh database."""
    catalogue, engine = _get_catalogue(), open_engine(url)
    initialise(engine, catalogue)
    with tempfile.TemporaryDirectory() as folder:
        workshop = open_workshop(_configure(folder), engine, catalogue)
        with timed() as timer:
            site = find_site(workshop)
            assert site is not None
            rows = fill_nation(workshop, site.edition, units, years)
    with engine.begin() as connection:
        tables = [form.table_name for form in site.edition.forms]
        inform_planner(connection, tables)
    engine.dispose()
    return {"seconds": timer.seconds, "rows": rows}


def pages(url: str) -> dict[str, float]:
    """Ask for each page as a browser would; the slowest of the statistics of each.

    Twice: as whoever comes first has it made, and as it is kept for the others.
    """
    engine = open_engine(url)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        config = _configure(folder)
        workshop = open_workshop(config, engine, _get_catalogue())
        app = create_app(replace(config, portal_cache_seconds=0), workshop=workshop)
        site = find_site(workshop)
        assert site is not None
        directory, statistics = (
            next(one.id for one in site.portal.columns if one.kind is kind)
            for kind in (ColumnKind.DIRECTORY, ColumnKind.STATISTICS)
        )
        listed = f"{_HOME}{directory}/"
        visitor = app.test_client()
        found["home"] = measure(lambda: ask(visitor, _HOME))
        found["directory"] = measure(lambda: ask(visitor, listed))
        found["public"] = max(
            measure(lambda a=address: ask(visitor, f"{_HOME}{statistics}/{a}"))
            for address in _list_sections(site.edition)
        )
        office = sign_in(app, OFFICE, PASSWORD)
        found["office"] = max(
            measure(
                lambda a=address: ask(
                    office, f"/statistics/{site.edition.collection}/area/{a}"
                )
            )
            for address in _list_sections(site.edition)
        )
        kept = create_app(config, workshop=workshop).test_client()
        found["kept_home"] = measure(lambda: ask(kept, _HOME))
        found["kept_directory"] = measure(lambda: ask(kept, listed))
    engine.dispose()
    return found


def _list_sections(edition) -> list[str]:
    return [
        f"?section={group.id}&by={by}"
        for group in edition.measures.groups
        for by in ("", "_round", "_above", "_unit")
    ]


def _configure(folder: str) -> Config:
    return Config(data_folder=Path(folder), secret_key="the secret of a trial")


@cache
def _get_catalogue() -> Catalogue:
    return load_catalogue()
