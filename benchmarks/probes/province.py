"""Pages that people of a province open: a clerk, a head, an office, the authority."""

import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.config import Config
from app.factory import create_app
from app.models import User
from app.permissions import Actor, actor_of
from app.services.offers import list_menu_offers
from app.services.schema_changes import initialise
from app.services.workshop import open_workshop
from app.storage.engine import open_engine
from benchmarks.clock import timed
from benchmarks.probes.signing_in import TOKEN, ask, measure, sign_in
from benchmarks.province import (
    CLERK,
    HEAD,
    OFFICE,
    PASSWORD,
    PROVINCE,
    fill_province,
)
from form_schemas.catalogue import Catalogue
from form_schemas.loading import load_catalogue

_EDITION = "talent"

#: Figure -> whose page, and its address.
_PAGES = {
    "clerk": (CLERK, "/"),
    "head": (HEAD, "/"),
    "office": (OFFICE, "/"),
    "forms": (CLERK, "/forms/"),
    "matrix": (OFFICE, "/progress/"),
    "notices": (CLERK, "/notices/"),
    "audit": (OFFICE, "/admin/audit"),
    "province": (PROVINCE, "/"),
    "units": (PROVINCE, "/progress/units/"),
    "search": (PROVINCE, "/progress/units/?q=%E7%AC%AC7&sort=done"),
    "school": (PROVINCE, "/progress/"),
    "places": (PROVINCE, "/places/?q=zyjs"),
}


def fill(url: str, schools: int) -> dict[str, float]:
    """Put the province into a fresh database."""
    catalogue, engine = _get_catalogue(), open_engine(url)
    initialise(engine, catalogue)
    with timed() as timer:
        fill_province(engine, catalogue, catalogue.newest[_EDITION], schools)
    engine.dispose()
    return {"seconds": timer.seconds}


def pages(url: str) -> dict[str, float]:
    """Ask for each page as a browser would, from the session to the drawn HTML."""
    engine = open_engine(url)
    with tempfile.TemporaryDirectory() as folder:
        config = Config(data_folder=Path(folder), secret_key="the secret of a trial")
        app = create_app(
            config, workshop=open_workshop(config, engine, _get_catalogue())
        )
        people = {
            name: sign_in(app, name, PASSWORD)
            for name in (CLERK, HEAD, OFFICE, PROVINCE)
        }
        found = {}
        for key, (name, address) in _PAGES.items():
            found[key] = measure(lambda a=address, n=name: ask(people[n], a))
        found["export"] = measure(lambda: _export(people[PROVINCE]))
        actor = _find_actor(engine, PROVINCE)
        found["menu"] = measure(
            lambda: list_menu_offers(engine, _get_catalogue(), actor)
        )
    engine.dispose()
    return found


def _export(client) -> bytes:
    token = TOKEN.search(ask(client, "/notices/")).group(1)
    answer = client.post("/progress/units/export", data={"csrf_token": token})
    if answer.status_code != 200:
        raise RuntimeError(f"export: {answer.status_code}")
    return answer.data


def _find_actor(engine, name: str) -> Actor:
    with Session(engine) as session:
        found = session.scalars(select(User).where(User.username == name)).one()
        return actor_of(found)


@cache
def _get_catalogue() -> Catalogue:
    return load_catalogue()
