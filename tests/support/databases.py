"""What the databases of tests are filled with before a test begins."""

from sqlalchemy import Engine

from app.services.demo import prepare_demo
from app.services.schema_changes import initialise
from form_schemas.catalogue import Catalogue


def install(engine: Engine, catalogue: Catalogue) -> None:
    """The tables of all forms, and the demo's units, rounds and accounts."""
    initialise(engine, catalogue)
    prepare_demo(engine, catalogue)
