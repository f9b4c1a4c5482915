"""Files of circulars: checked as letters' files are, kept, forgotten, and fetched by
whoever reads or writes the circular.
"""

from collections.abc import Collection, Sequence
from hashlib import file_digest
from pathlib import Path

from sqlalchemy import Connection, Row, delete, select

from app.errors import TooLarge, WrongFile
from app.models import StoredFile
from app.services.circulars.pending import adopt, find_pending
from app.services.files import check_attachment, clean_name
from app.storage.files import FileOwner, FileStore, keep_file

MOST_FILES = 10
_FILES = StoredFile.__table__

#: A file that came with a page, and the name its sender gave it.
Sent = tuple[Path, str]


def keep_papers(
    connection: Connection,
    store: FileStore,
    owner: FileOwner,
    kept: Sequence[str],
    added: Sequence[str],
    sent: Sequence[Sent],
    size_limit_mb: int,
) -> tuple[list[str], tuple[str, ...]]:
    """Keep the files that are good; gives all tokens, and why others were refused.

    The same file twice is one: a second click sends it again.

    Args:
        added: tokens of files that came before the page was sent.
    """
    folder = _Folder(connection, kept)
    folder.take_pending(owner, added)
    for path, name in sent:
        shown = clean_name(name)
        try:
            media_type = check_attachment(path, shown, size_limit_mb)
        except (WrongFile, TooLarge) as wrong:
            folder.refused.append(wrong.message)
            continue
        if folder.has_room(shown, _digest(path)):
            token = keep_file(connection, store, path, shown, media_type, owner)
            folder.tokens.append(token)
    return folder.tokens, tuple(folder.refused)


class _Folder:
    """The files of a draft while it is saved."""

    def __init__(self, connection: Connection, kept: Sequence[str]) -> None:
        self._connection = connection
        self.tokens = [*kept]
        self.refused: list[str] = []
        self._known = {(one.name, one.sha256) for one in list_papers(connection, kept)}

    def has_room(self, name: str, digest: str) -> bool:
        """Whether a file is new, and one more may be kept."""
        if (name, digest) in self._known:
            return False
        if len(self.tokens) >= MOST_FILES:
            told = f"“{name}”没有放进去：最多带 {MOST_FILES} 个附件。"
            self.refused.append(told)
            return False
        self._known.add((name, digest))
        return True

    def take_pending(self, owner: FileOwner, added: Sequence[str]) -> None:
        new = [token for token in dict.fromkeys(added) if token not in self.tokens]
        if not new:
            return
        found = find_pending(self._connection, owner.owner_id, new, locked=True)
        if len(found) < len(new):
            lost = len(new) - len(found)
            self.refused.append(
                f"有 {lost} 个附件没有放进去：放了一天以上没有保存。请重新选一次。"
            )
        for one in found:
            if self.has_room(one.name, one.sha256):
                self.tokens.append(one.token)
        adopt(self._connection, self.tokens, owner.unit_id)


def list_papers(connection: Connection, tokens: Sequence[str]) -> tuple[Row, ...]:
    """What is known of files, in their order."""
    if not tokens:
        return ()
    found = connection.execute(select(_FILES).where(_FILES.c.token.in_(tokens)))
    by_token = {file.token: file for file in found}
    return tuple(by_token[token] for token in tokens if token in by_token)


def unlist_papers(connection: Connection, tokens: Collection[str]) -> None:
    """Files that no circular has any more; their contents go after the commit."""
    if tokens:
        connection.execute(delete(_FILES).where(_FILES.c.token.in_(tokens)))


def forget_papers(store: FileStore, tokens: Collection[str]) -> None:
    for token in tokens:
        store.remove(token)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
