"""Whether an installation can work: the database answers and has its tables."""

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from app.models import User
from app.storage.engine import begin_reading


def find_obstacle(engine: Engine) -> str:
    """What keeps the server from working, for the operator; empty if nothing does."""
    try:
        with begin_reading(engine) as connection:
            connection.execute(select(User.id).limit(1))
    except SQLAlchemyError as error:
        return type(error).__name__
    return ""
