"""A small installation whose forms lie in a folder of its own, on either database."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import update

from app.config import Config
from app.models import Role, Round, Unit
from app.permissions import Actor, Grant
from app.services.installation import get_console_user
from app.services.publishing import Consent, publish, read_publishable
from app.services.schema_changes import initialise, plan
from app.services.schema_files import load_published, read_texts
from app.services.workshop import Workshop, open_workshop
from app.storage.engine import open_engine
from app.storage.records import Scope
from form_schemas.loading import load_catalogue
from form_schemas.writer import format_schema
from tests.support.forms import field_of, schema_of
from tests.support.places import add_round, add_units

SECRET = "a secret of tests, long enough!"
SCOPE = Scope(unit_id=1, round_id=1)


def major(**more):
    fields = {"code": field_of("code", maxLength=20), "name": "text", **more}
    return schema_of("M", **fields)


def student(**more):
    return schema_of("S", number="code", amount="money", **more)


_DAYS = ["2023-09-01", "2024-08-31"]
_SETTINGS = {
    "unitKind": "school",
    "periods": dict.fromkeys(
        ("academic_year", "calendar_year", "snapshot", "none"), _DAYS
    ),
    "reviewSteps": [{"id": "first_check", "title": "初审", "role": "filler"}],
}


def write_edition(folder: Path, *schemas: dict, year: str = "2024") -> None:
    """An edition of the collection `test`."""
    home = folder / "test" / year
    home.mkdir(parents=True, exist_ok=True)
    names = {"collection": "test", "edition": year, "title": f"测试 {year}"}
    settings = {**names, **_SETTINGS}
    (home / "collection.json").write_text(json.dumps(settings), "utf-8")
    for schema in schemas:
        code = schema["x-form"]["code"]
        (home / f"{code}.json").write_text(write_form(schema, year), "utf-8")


def write_form(schema: dict, year: str = "2024") -> str:
    """The text of a form's file."""
    code = schema["x-form"]["code"]
    return format_schema({**schema, "$id": f"urn:tianbao:test:{year}:{code}"})


def file_of(code: str, year: str = "2024") -> str:
    return f"test/{year}/{code}.json"


def install_small(url: str, home: Path, *schemas: dict) -> Config:
    """A new installation with its files below `home`: of two forms, or of others."""
    folder = home / "schemas"
    write_edition(folder, *(schemas or (major(), student())))
    install_forms(url, folder)
    return config_of(url, folder, home / "data")


def install_forms(url: str, folder: Path) -> None:
    """Bring a new database to the files; one unit has a round of the edition 2024."""
    engine = open_engine(url, SECRET)
    initialise(engine, load_catalogue(folder))
    with engine.begin() as connection:
        add_units(connection, 1)
        connection.execute(update(Unit).values(collections=["test"]))
        add_round(connection, 1, "test", "2024")
        connection.execute(update(Round).values(periods=_SETTINGS["periods"]))
    engine.dispose()


def config_of(url: str, folder: Path, data: Path) -> Config:
    return Config(
        data_folder=data,
        database_url=url,
        schema_folder=str(folder),
        secret_key=SECRET,
    )


def open_small(config: Config) -> Workshop:
    """A workshop with the forms in use, as a process opens it."""
    engine = open_engine(config.engine_url, SECRET)
    return open_workshop(config, engine, load_published(engine, config.forms_folder))


@contextmanager
def opened(config: Config) -> Iterator[Workshop]:
    """As `open_small`, and closed again."""
    workshop = open_small(config)
    try:
        yield workshop
    finally:
        workshop.engine.dispose()


def find_administrator(engine) -> Actor:
    number = get_console_user(engine)
    grants = (Grant(Role.ADMINISTRATOR, unit_id=0),)
    return Actor(number, "admin", "管理员", grants)


def read_change(workshop: Workshop, **schemas: dict | None):
    """The candidate that gives forms of 2024 other files: `read_change(w, M=major())`.

    None: the file goes.
    """
    texts = {
        file_of(code): None if schema is None else write_form(schema)
        for code, schema in schemas.items()
    }
    bases = read_texts(workshop.schema_folder, texts)
    return read_publishable(workshop, texts, bases)


def agree(workshop: Workshop, candidate, reason: str = "部里更正") -> Consent:
    """Read the plan and agree to it."""
    made = plan(workshop.engine, candidate.catalogue)
    return Consent(made.hash, {}, reason)


def publish_change(workshop: Workshop, actor: Actor, **schemas: dict | None):
    candidate = read_change(workshop, **schemas)
    return publish(workshop, actor, candidate, agree(workshop, candidate))
