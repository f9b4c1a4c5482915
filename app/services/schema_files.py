"""Brings the schema files to what was published, and loads the forms in use.

The database is the truth: a publication is committed with the texts of its files, which
are written afterwards. Whoever comes next completes what a process left that died in
between, before anybody compares files with the database.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

import structlog
from sqlalchemy import Connection, Engine, inspect, select, update

from app.errors import Refused
from app.models import PublicationState, SchemaPublication
from app.models.base import now_utc
from app.services.schema_changes import load_in_use
from app.storage.engine import begin_reading
from app.storage.generations import find_generation
from app.storage.schema import begin_schema_change
from form_schemas.catalogue import Catalogue
from form_schemas.drafts import FOREIGN_BYTES
from form_schemas.folders import SCHEMAS_FOLDER

#: Path below the folder of schemas -> text of the file; None: there is none.
Texts = Mapping[str, str | None]

_PUBLICATION = SchemaPublication.__table__
_MOST_TRIALS = 5
_LOG = structlog.get_logger(__name__)


class UnwrittenFiles(Refused):
    """Files of a publication cannot be written: disk and database differ until then."""


def load_published(engine: Engine, folder: Path = SCHEMAS_FOLDER) -> Catalogue:
    """The forms in use, with their generation; unwritten files are written first.

    Where they cannot be, forms serve as the database has them.
    """
    for _ in range(_MOST_TRIALS):
        try_completing(engine, folder)
        before = _find_generation(engine)
        catalogue = load_in_use(engine, folder)
        if _find_generation(engine) == before:
            break
    # Loaded over a change for the fifth time: its next look at the generation tells.
    return replace(catalogue, generation=before)


def try_completing(engine: Engine, folder: Path) -> None:
    """As `complete_files`; where that cannot be, whoever comes next tries again."""
    try:
        complete_files(engine, folder)
    except UnwrittenFiles as refused:
        _LOG.error("schema files cannot be written", reason=refused.message)


def complete_files(engine: Engine, folder: Path) -> None:
    """Write the files of publications that were committed and not yet written.

    Raises:
        UnwrittenFiles: the folder does not take them.
    """
    with begin_reading(engine) as connection:
        if not _has_unwritten(connection):
            return
    with begin_schema_change(engine) as connection:
        write_unwritten(connection, folder)


def write_unwritten(connection: Connection, folder: Path) -> None:
    """As `complete_files`, in a change of the schema: nobody publishes meanwhile, and
    no other process writes these files.
    """
    for one in _list_unwritten(connection):
        try:
            write_texts(folder, one.texts_after)
        except OSError as error:
            raise UnwrittenFiles(
                f"第 {one.id} 次发布的表单文件还写不进 {folder}（{error.strerror}），"
                "文件与数据库不一致，这时不能再改表单。请看磁盘有没有空间、能不能写；"
                "写得进以后，系统自己补上。"
            ) from error
        _note_written(connection, one.id)


def write_texts(folder: Path, texts: Texts) -> None:
    """Write files, each as a whole: nobody ever reads half of one."""
    touched = set()
    for name, text in texts.items():
        path = folder / name
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, text)
        touched.add(path.parent)
    for one in touched:
        if one.is_dir():
            _flush_folder(one)


def read_texts(folder: Path, names: Iterable[str]) -> dict[str, str | None]:
    """The texts of files as they lie on disk."""
    return {name: _read(folder / name) for name in names}


def list_files(folder: Path, edition: str) -> list[str]:
    """The schema files and settings of `talent/2024`, as paths below the folder."""
    return [
        f"{edition}/{path.name}" for path in sorted((folder / edition).glob("*.json"))
    ]


def refuse_unwritable(folder: Path, names: Iterable[str]) -> None:
    """Raise Refused where a file could not be written after the commit."""
    for name in names:
        place = (folder / name).parent
        while not place.exists():
            place = place.parent
        trial = place / f".{token_hex(8)}.tmp"
        try:
            trial.write_text("")
            trial.unlink()
        except OSError as error:
            raise Refused(
                f"不能写表单文件夹 {place}（{error.strerror}），没有做任何改动。"
                "请让运行本系统的账号可以写这个文件夹，或用设置 TIANBAO_SCHEMA_FOLDER "
                "指到可以写的一份。"
            ) from error


def _find_generation(engine: Engine) -> int:
    with begin_reading(engine) as connection:
        return find_generation(connection)


def _has_unwritten(connection: Connection) -> bool:
    if not inspect(connection).has_table(_PUBLICATION.name):
        return False
    return bool(_list_unwritten(connection))


def _list_unwritten(connection: Connection):
    columns = _PUBLICATION.c
    return connection.execute(
        select(columns.id, columns.texts_after)
        .where(columns.state == PublicationState.COMMITTED)
        .order_by(columns.id)
    ).all()


def _note_written(connection: Connection, publication_id: int) -> None:
    connection.execute(
        update(_PUBLICATION)
        .where(_PUBLICATION.c.id == publication_id)
        .values(state=PublicationState.WRITTEN, written_at=now_utc())
    )


def _read(path: Path) -> str | None:
    try:
        # As the reader of schema files does, or no text would equal its base.
        return path.read_text("utf-8-sig", FOREIGN_BYTES)
    except FileNotFoundError:
        return None


def _replace(path: Path, text: str) -> None:
    # What a process left that died: nobody else writes this file now.
    for left in path.parent.glob(f".{path.name}.*.tmp"):
        left.unlink()
    draft = path.with_name(f".{path.name}.{token_hex(8)}.tmp")
    try:
        with draft.open("wb") as stream:
            stream.write(text.encode("utf-8", FOREIGN_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
        # What git shows as executable or shared stays so.
        if path.exists():
            draft.chmod(path.stat().st_mode & 0o777)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
