"""Files of circulars: checked as letters' files are, kept, forgotten, and fetched by
whoever reads or writes the circular.
"""

from collections.abc import Collection, Sequence
from hashlib import file_digest
from pathlib import Path

from sqlalchemy import Connection, Row, delete, select

from app.errors import TooLarge, WrongFile
from app.models import StoredFile
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
    sent: Sequence[Sent],
    size_limit_mb: int,
) -> tuple[list[str], tuple[str, ...]]:
    """Keep the files that are good; gives all tokens, and why others were refused.

    The same file twice is one: a second click sends it again.
    """
    tokens, refused = [*kept], []
    known = {(one.name, one.sha256) for one in list_papers(connection, tokens)}
    for path, name in sent:
        shown = clean_name(name)
        try:
            media_type = check_attachment(path, shown, size_limit_mb)
        except (WrongFile, TooLarge) as wrong:
            refused.append(wrong.message)
            continue
        said = (shown, _digest(path))
        if said in known:
            continue
        if len(tokens) >= MOST_FILES:
            refused.append(f"“{shown}”没有放进去：最多带 {MOST_FILES} 个附件。")
            continue
        known.add(said)
        tokens.append(keep_file(connection, store, path, shown, media_type, owner))
    return tokens, tuple(refused)


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
