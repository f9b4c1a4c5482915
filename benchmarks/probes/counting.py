"""Statistics of a large school: every section of its page, as a browser asks for it.

The school is the one of `deriving`.
"""

import tempfile
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.config import Config
from app.factory import create_app
from app.models import Membership, Role, Unit, User
from app.services.passwords import hash_password
from app.services.workshop import open_workshop
from app.storage.engine import open_engine
from benchmarks.probes.deriving import COLLECTION, SCHOOL_ID
from benchmarks.probes.signing_in import ask, measure, sign_in
from form_schemas.loading import load_catalogue

_NAME, _PASSWORD = "statistics", "tongji-5096-mima"


def pages(url: str) -> dict[str, object]:
    """The page of each section: its figures by their usual dimension."""
    catalogue, engine = load_catalogue(), open_engine(url)
    _add_person(engine)
    groups = catalogue.newest[COLLECTION].measures.groups
    with tempfile.TemporaryDirectory() as folder:
        config = Config(data_folder=Path(folder), secret_key="the secret of a trial")
        app = create_app(config, workshop=open_workshop(config, engine, catalogue))
        client = sign_in(app, _NAME, _PASSWORD)
        address = f"/statistics/{COLLECTION}/?section="
        found = {
            group.id: measure(lambda name=group.id: ask(client, f"{address}{name}"))
            for group in groups
            if group.measures
        }
    engine.dispose()
    return {"sections": found, "slowest": max(found.values())}


def _add_person(engine) -> None:
    with Session(engine) as session:
        if session.scalar(select(User.id).where(User.username == _NAME)) is not None:
            return
        unit = session.get_one(Unit, SCHOOL_ID)
        session.execute(update(Unit).values(collections=[COLLECTION]))
        office = Membership(unit=unit, role=Role.QUALITY_OFFICE)
        session.add(
            User(
                username=_NAME,
                name="统计",
                password_hash=hash_password(_PASSWORD),
                memberships=[office],
                must_change_password=False,
            )
        )
        session.commit()
