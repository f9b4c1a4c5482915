"""Up to which change of a form a person has seen it."""

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects import postgresql, sqlite

from app.models import Look
from app.services.chain.cases import Case
from app.storage.change_digests import find_newest_change
from app.storage.engine import is_sqlite

_LOOK = Look.__table__


def note_look(case: Case) -> None:
    """The actor has seen the form as it is now."""
    seen = {"change_id": find_newest_change(case.connection), "at": case.now}
    insert = sqlite.insert if is_sqlite(case.connection) else postgresql.insert
    case.connection.execute(
        insert(_LOOK)
        .values(user_id=case.actor.user_id, filing_id=case.filing.id, **seen)
        .on_conflict_do_update(
            index_elements=[_LOOK.c.user_id, _LOOK.c.filing_id], set_=seen
        )
    )


def find_look(connection: Connection, user_id: int, filing_id: int) -> Row | None:
    """The last entry of row_change that the person has seen, and when it was.

    None: the person never looked.
    """
    return connection.execute(
        select(_LOOK.c.change_id, _LOOK.c.at).where(
            _LOOK.c.user_id == user_id, _LOOK.c.filing_id == filing_id
        )
    ).first()
