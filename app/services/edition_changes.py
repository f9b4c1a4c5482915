"""What is new in an edition: the differences from another one, chosen and filtered.

Pages, the workbook for the departments and `schemas diff` ask here. What differs,
`form_schemas.edition_diff` finds.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from sqlalchemy import Engine

from app.errors import NotFound
from app.services.former_editions import recall_step
from app.services.publications import Publication
from exporters.change_book import write_change_book
from form_schemas.catalogue import ARCHIVED, Catalogue, Edition, order_year
from form_schemas.differences import DifferenceKind, FormDifference
from form_schemas.edition_diff import compare_editions
from form_schemas.edition_files import load_edition
from form_schemas.faults import ask_nearest
from form_schemas.settings import COLLECTION_FILE

_COLLECTION = re.compile(r"[a-z]+")
_YEAR = re.compile(r"[0-9]{4}(@[0-9]+)?")


@dataclass(frozen=True, eq=False)
class EditionChanges:
    """Two editions of a collection, and all that differs."""

    before: Edition
    after: Edition
    differences: tuple[FormDifference, ...]
    #: files with faults: their forms are in no comparison
    broken: tuple[str, ...] = ()

    @cached_property
    def departments(self) -> tuple[str, ...]:
        """Those concerned, in the order of the newer edition."""
        found = {name for one in self.differences for name in one.departments}
        order = dict.fromkeys((*self.after.departments, *self.before.departments))
        known = [name for name in order if name in found]
        return (*known, *sorted(found.difference(known)))

    @cached_property
    def kinds(self) -> Mapping[DifferenceKind, int]:
        """How many there are of each kind, in the order of the kinds."""
        counts = Counter(one.kind for one in self.differences)
        return {kind: counts[kind] for kind in DifferenceKind if counts[kind]}

    @cached_property
    def forms(self) -> int:
        """How many forms differ."""
        return len({one.code for one in self.differences if one.code})

    def without_internal(self) -> "EditionChanges":
        """What those who fill can see of it."""
        seen = tuple(one for one in self.differences if not one.kind.is_internal)
        return EditionChanges(self.before, self.after, seen, self.broken)

    def choose(
        self, departments: Iterable[str] = (), kind: str = "", search: str = ""
    ) -> tuple[FormDifference, ...]:
        """Those that concern a department, are of a kind and contain a text.

        What is of the edition as a whole concerns every department.
        """
        wanted = frozenset(departments)
        return tuple(
            one
            for one in self.differences
            if (not wanted or one.concerns_all or wanted & {*one.departments})
            and kind in ("", one.kind)
            and _contains(one, search)
        )


def find_changes(
    catalogue: Catalogue, folder: Path | None, collection: str, before: str, after: str
) -> EditionChanges:
    """Compare two editions of a collection, each in use, archived or a folder of files.

    Args:
        folder: of the schema files, where what is not in use yet is looked for; None:
            it may not be compared.

    Raises:
        NotFound: there is no such edition.
    """
    earlier, broken = _find_edition(catalogue, folder, collection, before)
    later, more = _find_edition(catalogue, folder, collection, after)
    left_out = {*broken, *more}
    codes = {PurePosixPath(name).name.removesuffix(".json") for name in left_out}
    # A form that cannot be read is neither new nor gone.
    found = tuple(
        one for one in compare_editions(earlier, later) if one.code not in codes
    )
    return EditionChanges(earlier, later, found, tuple(sorted(left_out)))


def compare_as_one(before: Edition, after: Edition) -> EditionChanges:
    """An edition against what it was before a revision, or will be after one."""
    return EditionChanges(before, after, compare_editions(before, after))


def find_revision_changes(
    engine: Engine, catalogue: Catalogue, publication: Publication, edition: str
) -> EditionChanges:
    """What one publication changed of an edition, `talent/2024`.

    Raises:
        NotFound: nothing of it.
    """
    step = recall_step(engine, catalogue, publication, edition)
    return compare_as_one(step.before, step.after)


def list_years(
    catalogue: Catalogue, folder: Path | None, collection: str
) -> tuple[str, ...]:
    """All editions of a collection that can be compared, the newest first."""
    names = (name.split("/") for name in _list_names(catalogue, folder))
    years = {year for name, year in names if name == collection}
    return tuple(sorted(filter(_YEAR.fullmatch, years), key=order_year, reverse=True))


def say_year(year: str) -> str:
    """An edition's year as people are told: archived ones by what came then."""
    base, _, number = year.partition(ARCHIVED)
    return f"{base} 版（第 {number} 次修改以前）" if number else f"{base} 版"


def _list_names(catalogue: Catalogue, folder: Path | None) -> set[str]:
    in_use = {edition.name for edition in catalogue.editions}
    files = () if folder is None else folder.glob(f"*/*/{COLLECTION_FILE}")
    return in_use | {"/".join(path.parts[-3:-1]) for path in files}


def _find_edition(
    catalogue: Catalogue, folder: Path | None, collection: str, year: str
) -> tuple[Edition, tuple[str, ...]]:
    for edition in catalogue.editions:
        if (edition.collection, edition.year) == (collection, year):
            broken = (one.full_name for one in catalogue.broken)
            return edition, tuple(n for n in broken if n.startswith(f"{edition.name}/"))
    is_name = _COLLECTION.fullmatch(collection) and _YEAR.fullmatch(year)
    path = folder / collection / year if folder is not None and is_name else None
    if path is not None and (path / COLLECTION_FILE).is_file():
        files = load_edition(path)
        return files.edition, tuple(dict.fromkeys(f.file for f in files.faults))
    raise NotFound(_explain(catalogue, folder, collection, year))


def _explain(
    catalogue: Catalogue, folder: Path | None, collection: str, year: str
) -> str:
    years = list_years(catalogue, folder, collection)
    if years:
        return f"{collection} 没有 {year} 版。已有：{'、'.join(years)}。"
    names = _list_names(catalogue, folder)
    known = sorted({name.split("/")[0] for name in names})
    near = ask_nearest(collection, known)
    return f"没有系列“{collection}”。{near}已有：{'、'.join(known)}。"


def _contains(one: FormDifference, search: str) -> bool:
    texts = (one.code, one.title, one.label, one.sentence)
    return not search or any(search.lower() in text.lower() for text in texts)


def write_changes_file(
    changes: EditionChanges,
    path: Path,
    departments: Iterable[str] = (),
    revision: str = "",
) -> str:
    """Write the workbook for the departments, or for some; gives the file's name.

    Args:
        revision: which change of one edition it tells of, in words; "": it compares
            two editions.
    """
    title = f"{changes.after.short_title} {say_year(changes.after.year)}的变化"
    compared = f"，与 {say_year(changes.before.year)}比较"
    if revision:
        title, compared = f"{title}（{revision}）", "，与改动以前比较"
    chosen = tuple(departments)
    write_change_book(
        path,
        f"{title}{compared}",
        chosen or changes.departments,
        changes.without_internal().choose(chosen),
    )
    return f"{title}.xlsx".replace("/", "／")
