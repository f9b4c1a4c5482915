"""What the databases of tests are filled with before a test begins."""

from argon2 import PasswordHasher
from sqlalchemy import Engine, update

from app.models import User
from app.services.demo import DEMO_PASSWORD, prepare_demo
from app.services.schema_changes import initialise
from form_schemas.catalogue import Catalogue

#: Checked as every hash, in no time: a test signs in, it does not guess passwords.
_QUICK_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(
    DEMO_PASSWORD
)


def install(engine: Engine, catalogue: Catalogue) -> None:
    """The tables of all forms, and the demo's units, rounds and accounts."""
    initialise(engine, catalogue)
    prepare_demo(engine, catalogue)
    ease_passwords(engine)


def ease_passwords(engine: Engine) -> None:
    """Let all accounts sign in quickly; all have the demo's password."""
    with engine.begin() as connection:
        connection.execute(update(User.__table__).values(password_hash=_QUICK_HASH))
