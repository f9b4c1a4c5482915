"""Pictures in the texts of circulars: who reads the text sees them, nobody else.

A text names them by an address of ours; whether a person is given what lies there is
asked each time, as drafts are sent, and what was sent is withdrawn.
"""

from sqlalchemy import Connection, Engine, Row, select

from app.errors import NotFound
from app.models import Circular, CircularState, CircularUnit
from app.permissions import Actor
from app.services.circulars.audience import is_for
from app.services.circulars.pending import PENDING, PICTURES
from app.services.circulars.reach import may_send
from app.services.portal.rich_text import ARTICLES, clean, find_tokens
from app.storage.engine import begin_reading
from app.storage.files import find_file

#: Beside those of articles, which are copied with their text.
ADDRESS = "/circulars/pictures/"
_GONE = "没有这张图片，或者它所在的通知已经撤回。"


def show_text(text: str) -> str:
    """A circular's text as safe HTML."""
    return clean(text, (ARTICLES, ADDRESS))


def list_pictures(text: str) -> frozenset[str]:
    """Tokens of the pictures that were sent for circulars."""
    return find_tokens(text, ADDRESS)


def get_picture(engine: Engine, actor: Actor, token: str) -> Row:
    """A picture in a text that the person writes, or that came to his units.

    Raises:
        NotFound: there is none, it is not in such a text, or that was withdrawn.
    """
    with begin_reading(engine) as connection:
        found = find_file(connection, token)
        if found is None or found.field_id != PICTURES:
            raise NotFound(_GONE)
        if not (_writes_with(actor, found) or _came_to(connection, actor, found)):
            raise NotFound(_GONE)
        return found


def _writes_with(actor: Actor, file: Row) -> bool:
    is_own = file.form_name == PENDING and file.owner_id == actor.user_id
    return is_own or may_send(actor, file.unit_id)


def _came_to(connection: Connection, actor: Actor, file: Row) -> bool:
    """Whether a circular of the file's own unit brought it.

    Naming another unit's picture in a text gives nobody a look at it.
    """
    texts = connection.scalars(
        select(Circular.text)
        .join(CircularUnit, CircularUnit.circular_id == Circular.id)
        .where(
            is_for(actor),
            Circular.state == CircularState.SENT,
            Circular.unit_id == file.unit_id,
            Circular.text.contains(file.token, autoescape=True),
        )
    )
    return any(file.token in list_pictures(text) for text in texts)
