"""Keeps the contents of uploaded and produced files: a local folder, or S3.

`StoredFile` rows say what is known of a file; its token is its name here. The name a
user gave it never becomes a path.
"""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from obstore.store import LocalStore, from_url
from sqlalchemy import Connection, insert, select

from app.errors import NotFound
from app.models.base import now_utc
from app.models.files import StoredFile

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES = {
    "xlsx": XLSX_TYPE,
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "csv": "text/csv; charset=utf-8",
    "zip": "application/zip",
}


@dataclass(frozen=True)
class FileOwner:
    """Whose file, and what it was uploaded for."""

    unit_id: int | None
    owner_id: int | None
    form_name: str | None = None
    field_id: str | None = None


class FileStore:
    """Contents by token."""

    def __init__(self, address: str) -> None:
        if "://" in address:
            self._folder = None
            self._store = from_url(address)
        else:
            self._folder = Path(address).absolute()
            self._store = LocalStore(self._folder, mkdir=True)

    def write(self, source: Path) -> str:
        """Keep the contents of a file; gives their token."""
        token = secrets.token_urlsafe(24)
        self._store.put(token, source)
        return token

    def read(self, token: str) -> Iterator[bytes]:
        """The contents, in pieces."""
        try:
            found = self._store.get(token)
        except FileNotFoundError as error:
            raise NotFound("文件已不在服务器上，请重新上传。") from error
        return map(bytes, found.stream())

    def remove(self, token: str) -> None:
        """Forget the contents; those that are gone already are no matter."""
        with suppress(FileNotFoundError):
            self._store.delete(token)

    @contextmanager
    def open_path(self, token: str) -> Iterator[Path]:
        """A local path to the contents, for those who cannot do with a stream."""
        if self._folder is not None and (self._folder / token).is_file():
            yield self._folder / token
            return
        with tempfile.NamedTemporaryFile(prefix="tianbao-") as copy:
            for piece in self.read(token):
                copy.write(piece)
            copy.flush()
            yield Path(copy.name)


def keep_file(
    connection: Connection,
    store: FileStore,
    source: Path,
    name: str,
    media_type: str,
    owner: FileOwner,
) -> str:
    """Store a file and what is known of it; gives its token."""
    with source.open("rb") as stream:
        digest = file_digest(stream, "sha256").hexdigest()
    token = store.write(source)
    connection.execute(
        insert(StoredFile.__table__).values(
            token=token,
            name=name[-200:],
            media_type=media_type,
            size=source.stat().st_size,
            sha256=digest,
            unit_id=owner.unit_id,
            owner_id=owner.owner_id,
            form_name=owner.form_name,
            field_id=owner.field_id,
            created_at=now_utc(),
        )
    )
    return token


def find_file(connection: Connection, token: str):
    """What is known of a stored file, or None."""
    table = StoredFile.__table__
    return connection.execute(select(table).where(table.c.token == token)).first()
