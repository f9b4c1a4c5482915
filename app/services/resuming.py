"""Files sent in pieces: what is there already need not be sent again.

A begun upload belongs to one person and one destination: a field, or whatever else
takes files. Its pieces lie in the file store until all of them are there; then the
destination judges the file as any other. Whoever comes back with the same file within a
day goes on where the connection broke.
"""

import secrets
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine, Row, delete, func, insert, select, update

from app.errors import (
    AppError,
    CoarsePicture,
    NotFound,
    Refused,
    TooLarge,
    TooManyRequests,
)
from app.models import BegunUpload
from app.models.base import now_utc
from app.services.files import Upload, clean_name
from app.services.pictures import set_resolution
from app.storage.engine import begin_reading
from app.storage.files import FileStore

#: What is lost at most where a connection breaks.
PIECE_BYTES = 1024 * 1024
_KEPT = timedelta(days=1)
#: Of one person at one time: pieces nobody finishes take room for a day.
_MOST_BEGUN = 20
#: Of one file: our pages send some dozens, each of which is written down in one row.
_MOST_PIECES = 500
_TABLE = BegunUpload.__table__


@dataclass(frozen=True)
class Announced:
    """What a browser says of a file before it sends it."""

    field_id: str
    name: str
    size: int
    #: tells the file from another of the same name and size: when it was changed
    mark: str


class Destination(Protocol):
    """What one person sends files for."""

    @property
    def engine(self) -> Engine: ...

    @property
    def user_id(self) -> int: ...

    @property
    def unit_id(self) -> int: ...

    @property
    def form_name(self) -> str:
        """The form, or a word that no form is called by."""

    def check_announced(self, field_id: str, name: str, size: int) -> str:
        """Raise where no such file is taken; gives the field that it is kept for."""

    def keep(self, field_id: str, source: Path, name: str) -> Upload:
        """Judge a file that is whole, and keep it."""


class WrongPlace(Refused):
    """A piece does not begin where the last one ended."""

    default = "文件没有接上，请从已收到的地方继续传。"

    def __init__(self, received: int) -> None:
        self.received = received
        super().__init__()


def begin_upload(destination: Destination, announced: Announced) -> Row:
    """Begin to take a file, or go on with the one that was begun.

    Raises:
        WrongFile, TooLarge: no such file is taken, however it goes on.
        TooManyRequests: too many were begun and not finished.
    """
    name = clean_name(announced.name)
    field_id = destination.check_announced(announced.field_id, name, announced.size)
    values = {
        **_owner(destination),
        "field_id": field_id,
        "name": name,
        "size": announced.size,
        "mark": announced.mark,
    }
    with destination.engine.begin() as connection:
        same = [_TABLE.c[column] == value for column, value in values.items()]
        found = connection.execute(select(_TABLE).where(*same)).first()
        if found is not None:
            return found
        _require_few(connection, destination)
        token = secrets.token_urlsafe(24)
        connection.execute(
            insert(_TABLE).values(
                **values,
                token=token,
                received=0,
                pieces=[],
                created_at=now_utc(),
                touched_at=now_utc(),
            )
        )
        return connection.execute(select(_TABLE).where(_TABLE.c.token == token)).one()


def get_upload(destination: Destination, token: str) -> Row:
    """A begun upload of the person's own."""
    owned = [_TABLE.c[column] == value for column, value in _owner(destination).items()]
    with begin_reading(destination.engine) as connection:
        found = connection.execute(
            select(_TABLE).where(_TABLE.c.token == token, *owned)
        ).first()
    if found is None:
        raise NotFound("没有这次上传，可能已传完、已取消或超过了一天。请重新选文件。")
    return found


def take_piece(
    destination: Destination, store: FileStore, token: str, start: int, source: Path
) -> int:
    """Keep the next piece; gives how much is there.

    Raises:
        WrongPlace: it is not the next one, or another one was faster.
        TooLarge: there is more than was said.
    """
    begun = get_upload(destination, token)
    end = start + source.stat().st_size
    if start != begun.received:
        raise WrongPlace(begun.received)
    if end > begun.size:
        drop_upload(destination, store, token)
        raise TooLarge(f"“{begun.name}”比开始时说的大，没有接收。请重新选文件。")
    if len(begun.pieces) >= _MOST_PIECES:
        drop_upload(destination, store, token)
        raise TooLarge(f"“{begun.name}”分得太碎，没有接收。请重新选文件。")
    piece = store.write(source)
    with destination.engine.begin() as connection:
        done = connection.execute(
            update(_TABLE)
            .where(_TABLE.c.id == begun.id, _TABLE.c.received == start)
            .values(received=end, pieces=[*begun.pieces, piece], touched_at=now_utc())
        )
    if not done.rowcount:
        store.remove(piece)
        raise WrongPlace(get_upload(destination, token).received)
    return end


def finish_upload(
    destination: Destination, store: FileStore, token: str, set_dpi: bool
) -> Upload:
    """Judge a file that is there and keep it.

    Args:
        set_dpi: a photo with the pixels, and too low a resolution, gets the one that
            the field asks for; without it such a photo stays here for another try.

    Raises:
        WrongPlace: not all of it is there.
        WrongFile, TooLarge: it is not taken.
    """
    begun = get_upload(destination, token)
    if begun.received != begun.size:
        raise WrongPlace(begun.received)
    with tempfile.NamedTemporaryFile(prefix="tianbao-upload-") as whole:
        for piece in begun.pieces:
            for part in store.read(piece):
                whole.write(part)
        whole.flush()
        try:
            kept = _keep(destination, begun, Path(whole.name), set_dpi)
        except CoarsePicture:
            raise
        except AppError:
            drop_upload(destination, store, token)
            raise
    drop_upload(destination, store, token)
    return kept


def drop_upload(destination: Destination, store: FileStore, token: str) -> None:
    """Forget a begun upload."""
    _drop(destination.engine, store, get_upload(destination, token))


def sweep_uploads(engine: Engine, store: FileStore) -> int:
    """Forget what nobody went on with for a day; gives how many there were."""
    with begin_reading(engine) as connection:
        stale = connection.execute(
            select(_TABLE).where(_TABLE.c.touched_at < now_utc() - _KEPT)
        ).all()
    for begun in stale:
        _drop(engine, store, begun)
    return len(stale)


def _keep(destination: Destination, begun: Row, source: Path, set_dpi: bool) -> Upload:
    try:
        return destination.keep(begun.field_id, source, begun.name)
    except CoarsePicture as coarse:
        if not set_dpi:
            raise
        set_resolution(source, coarse.dpi)
        return destination.keep(begun.field_id, source, begun.name)


def _drop(engine: Engine, store: FileStore, begun: Row) -> None:
    with engine.begin() as connection:
        connection.execute(delete(_TABLE).where(_TABLE.c.id == begun.id))
    for piece in begun.pieces:
        store.remove(piece)


def _owner(destination: Destination) -> dict[str, object]:
    return {
        "user_id": destination.user_id,
        "unit_id": destination.unit_id,
        "form_name": destination.form_name,
    }


def _require_few(connection, destination: Destination) -> None:
    begun = connection.scalar(
        select(func.count())
        .select_from(_TABLE)
        .where(_TABLE.c.user_id == destination.user_id)
    )
    if begun >= _MOST_BEGUN:
        raise TooManyRequests(
            f"您有 {begun} 个文件没有传完。请先传完，或过一天再传新的。"
        )
