"""Writes the folder of a next edition: all of its files, or nothing."""

import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from app.errors import NotFound, Refused
from app.models import AuditAction
from app.permissions import Actor, require
from app.policy import Action
from app.services.workshop import Workshop
from app.storage.audit import AuditRecord, record
from form_schemas.faults import Fault, ask_nearest
from form_schemas.folders import edition_folders, read_sources
from form_schemas.lint import lint_edition
from form_schemas.new_edition import NewEdition, find_years, make_edition
from form_schemas.settings import COLLECTION_FILE
from validators.examples import lint_edition_examples

#: Days of other centuries cannot be moved to, nor from.
_YEAR = re.compile(r"(19|20)[0-9]{2}")
_EXAMPLE = re.compile(r"/x-tests/([0-9]+)(?:/|$)")
_SHOWN_FAULTS = 5


@dataclass(frozen=True)
class MadeEdition:
    """An edition that now has a folder."""

    folder: Path
    edition: NewEdition
    #: the year it was made from
    source: str
    #: what somebody should look at: texts that name a year, examples that fail
    hints: tuple[Fault, ...]


def create_edition(
    workshop: Workshop, actor: Actor, source: str, year: str
) -> MadeEdition:
    """Make the edition of a year from `talent/2024`, in the name of a person.

    It is in use once its plan is applied.

    Raises:
        NotFound, Refused: as `write_new_edition`.
    """
    require(actor, Action.DESIGN_FORMS)
    collection, _, earlier = source.partition("/")
    made = write_new_edition(workshop.schema_folder, collection, year, earlier)
    details = {"kind": "new_edition", "from": source}
    entry = AuditRecord(
        AuditAction.SCHEMA_DRAFTED,
        actor.user_id,
        subject=made.edition.name,
        details=details,
    )
    try:
        with workshop.engine.begin() as connection:
            record(connection, entry)
    except BaseException:
        # No act without its entry.
        shutil.rmtree(made.folder, ignore_errors=True)
        raise
    return made


def write_new_edition(
    root: Path, collection: str, year: str, source: str | None = None
) -> MadeEdition:
    """Make the edition of a year from an earlier one, the newest by default.

    Args:
        root: the folder of all schema files.

    Raises:
        NotFound: there is no such collection or earlier edition.
        Refused: the edition is there already, or the earlier one has faults.
    """
    origin = _find_origin(root, collection, source)
    if not _YEAR.fullmatch(year):
        told = year[:20]
        raise Refused(f"年度要写 1900 到 2099 的四位数字，如 2025，不能是“{told}”。")
    target = root / collection / year
    if target.exists():
        raise Refused(f"已经有 {collection}/{year} 这个文件夹，没有改动它。")
    _refuse_faults(origin)
    try:
        with _draft_folder(target) as draft:
            edition = _write(origin, draft, collection, year)
            hints = (*lint_edition(draft), *lint_edition_examples(draft))
            os.rename(draft, target)
    except OSError as error:
        raise Refused(
            f"{target} 建不起来：{error.strerror}。没有留下任何文件。"
        ) from error
    return MadeEdition(target, edition, origin.name, (*hints, *find_years(edition)))


def _find_origin(root: Path, collection: str, source: str | None) -> Path:
    known = edition_folders(root)
    collections = list(dict.fromkeys(path.parent.name for path in known))
    years = [path.name for path in known if path.parent.name == collection]
    if not years:
        near = ask_nearest(collection, collections)
        raise NotFound(
            f"没有系列“{collection}”。{near}已有：{'、'.join(collections) or '无'}。"
        )
    if source is None:
        return root / collection / years[-1]
    if source not in years:
        raise NotFound(f"{collection} 没有 {source} 版。已有：{'、'.join(years)}。")
    return root / collection / source


def _refuse_faults(origin: Path) -> None:
    faults = (*lint_edition(origin), *lint_edition_examples(origin))
    if not faults:
        return
    shown = "\n".join(map(str, faults[:_SHOWN_FAULTS]))
    raise Refused(
        f"{origin.parent.name}/{origin.name} 有 {len(faults)} 处错误，请先改正"
        f"（schemas lint 列出全部），没有建立新的一版：\n{shown}"
    )


def _write(origin: Path, draft: Path, collection: str, year: str) -> NewEdition:
    """Write the files; examples that fail where they are move with the years."""
    settings = (origin / COLLECTION_FILE).read_text("utf-8-sig")
    sources = read_sources(origin, origin.parent.parent)
    moved: Collection[tuple[str, int]] = ()
    for _ in range(2):
        edition = make_edition(collection, year, settings, sources, moved=moved)
        for name, text in edition.files.items():
            (draft / name).write_text(text, "utf-8")
        moved = frozenset(_list_examples(lint_edition_examples(draft)))
    return edition


def _list_examples(faults: Iterable[Fault]) -> Iterator[tuple[str, int]]:
    for fault in faults:
        found = _EXAMPLE.match(fault.pointer)
        if found is not None:
            yield Path(fault.file).name.removesuffix(".json"), int(found[1])


@contextmanager
def _draft_folder(target: Path) -> Iterator[Path]:
    """A folder beside the target, so deep that nobody takes it for an edition."""
    around = Path(mkdtemp(prefix=".new-", dir=target.parent))
    try:
        draft = around / target.parent.name / target.name
        draft.mkdir(parents=True)
        yield draft
    finally:
        shutil.rmtree(around, ignore_errors=True)
