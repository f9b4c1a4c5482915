"""Files for circulars that came before the draft was saved: a page sends each as soon
as it is chosen.

Such a file is its sender's until a draft takes it; one that none took is forgotten
after a day, as its page was closed.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, Row, and_, delete, or_, select, update

from app.errors import NotFound
from app.models import Circular, StoredFile
from app.models.base import now_utc
from app.permissions import Actor, require
from app.policy import Action
from app.services.circulars.reach import list_senders
from app.services.files import (
    Upload,
    check_announced_attachment,
    check_attachment,
    check_text_picture,
    clean_name,
)
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from app.storage.files import FileOwner, FileStore, keep_file

#: Where a form's name stands with files of forms: no form is called so.
PENDING = "circulars"
PAPERS, PICTURES = "papers", "pictures"
_KEPT = timedelta(days=1)
_FILES = StoredFile.__table__


@dataclass(frozen=True)
class PaperDestination:
    """Attachments of whatever circular the person writes, as `resuming` takes them."""

    engine: Engine
    store: FileStore
    user_id: int
    unit_id: int
    size_limit_mb: int
    form_name: str = PENDING

    def check_announced(self, field_id: str, name: str, size: int) -> str:
        if field_id != PAPERS:
            raise NotFound("工作通知没有这个附件栏。")
        check_announced_attachment(name, size, self.size_limit_mb)
        return field_id

    def keep(self, field_id: str, source: Path, name: str) -> Upload:
        media_type = check_attachment(source, name, self.size_limit_mb)
        return self._keep(field_id, source, name, media_type)

    def keep_picture(self, source: Path, name: str) -> Upload:
        """A picture for the text.

        Raises:
            WrongFile, TooLarge: it is none that a text may show.
        """
        shown = clean_name(name)
        media_type = check_text_picture(source, shown, self.size_limit_mb)
        return self._keep(PICTURES, source, shown, media_type)

    def _keep(self, field_id: str, source: Path, name: str, media_type: str) -> Upload:
        owner = FileOwner(self.unit_id, self.user_id, PENDING, field_id)
        given = self.store, source, name, media_type, owner
        with self.engine.begin() as connection:
            token = keep_file(connection, *given)
        return Upload(token, name, source.stat().st_size)


def find_destination(
    engine: Engine, store: FileStore, actor: Actor, size_limit_mb: int
) -> PaperDestination:
    """Where the person's files for circulars go.

    Raises:
        Forbidden: the person writes none.
    """
    with begin_reading(engine) as connection:
        sender = list_senders(connection, actor)[0]
    return PaperDestination(engine, store, actor.user_id, sender.id, size_limit_mb)


def find_pending(
    connection: Connection,
    user_id: int,
    tokens: Collection[str],
    *,
    locked: bool = False,
) -> tuple[Row, ...]:
    """The person's own attachments that no draft has taken, in the order asked for."""
    mine = select(_FILES).where(
        _FILES.c.token.in_(tokens),
        _FILES.c.owner_id == user_id,
        _FILES.c.form_name == PENDING,
        _FILES.c.field_id == PAPERS,
    )
    found = connection.execute(mine.with_for_update() if locked else mine)
    by_token = {file.token: file for file in found}
    return tuple(by_token[one] for one in dict.fromkeys(tokens) if one in by_token)


def list_pending(
    engine: Engine, actor: Actor, tokens: Collection[str]
) -> tuple[Row, ...]:
    """Of the files of a page, those that no draft has taken."""
    with begin_reading(engine) as connection:
        return find_pending(connection, actor.user_id, tokens)


def get_pending(engine: Engine, actor: Actor, token: str) -> Row:
    """A file that no draft has taken, to its sender; NotFound where there is none."""
    require(actor, Action.SEND_CIRCULARS)
    for file in list_pending(engine, actor, [token]):
        return file
    raise NotFound("没有这个附件，可能已经保存进通知，或者放了一天没有保存。")


def adopt(connection: Connection, tokens: Collection[str], unit_id: int) -> None:
    """Files that a unit's draft takes."""
    taken = update(_FILES).where(_FILES.c.token.in_(tokens))
    connection.execute(taken.values(form_name=None, unit_id=unit_id))


def adopt_pictures(
    connection: Connection, actor: Actor, tokens: Collection[str], unit_id: int
) -> None:
    """Pictures that a unit's text shows: sent by its writer, or the unit's already."""
    found = connection.scalars(
        select(_FILES.c.token).where(
            _FILES.c.token.in_(tokens),
            _FILES.c.form_name == PENDING,
            _FILES.c.field_id == PICTURES,
            or_(_FILES.c.owner_id == actor.user_id, _FILES.c.unit_id == unit_id),
        )
    )
    adopt(connection, found.all(), unit_id)


def release_pictures(
    connection: Connection, tokens: Collection[str], unit_id: int
) -> None:
    """Pictures that a text shows no longer: in a day they go, unless another does."""
    mine = (_FILES.c.token.in_(tokens), _FILES.c.unit_id == unit_id)
    is_picture = _FILES.c.field_id == PICTURES
    released = update(_FILES).where(*mine, is_picture, _FILES.c.form_name.is_(None))
    connection.execute(released.values(form_name=PENDING, created_at=now_utc()))


def sweep_pending(workshop: Workshop) -> int:
    """Forget what no draft took within a day; gives how many there were."""
    before = now_utc() - _KEPT
    is_stale = and_(_FILES.c.form_name == PENDING, _FILES.c.created_at < before)
    with begin_reading(workshop.engine) as connection:
        stale = connection.execute(select(_FILES).where(is_stale)).all()
    return sum(_forget(workshop, file) for file in stale)


def _forget(workshop: Workshop, file: Row) -> bool:
    with workshop.engine.begin() as connection:
        if file.field_id == PICTURES and _is_shown(connection, file):
            adopt(connection, [file.token], file.unit_id)
            return False
        # A draft may take it at this very moment.
        mine = _FILES.c.id == file.id, _FILES.c.form_name == PENDING
        if not connection.execute(delete(_FILES).where(*mine)).rowcount:
            return False
    workshop.files.remove(file.token)
    return True


def _is_shown(connection: Connection, file: Row) -> bool:
    """Whether a text of the unit has the picture: copied from one that went."""
    shown = Circular.text.contains(file.token, autoescape=True)
    named = select(Circular.id).where(Circular.unit_id == file.unit_id, shown)
    return connection.scalar(named.limit(1)) is not None
