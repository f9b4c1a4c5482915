"""An edition as it was before a publication, and after it, from the texts kept there.

Forms read so have no columns: they say what they asked for, not where it is stored.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Engine

from app.errors import NotFound
from app.services.publications import Publication, list_publications
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.codelists import CodeList
from form_schemas.drafts import Source
from form_schemas.lineage import Lineage, trace
from form_schemas.reader import read_edition
from form_schemas.settings import COLLECTION_FILE
from form_schemas.spec import FormSpec
from form_schemas.writer import format_schema


@dataclass(frozen=True, eq=False)
class Step:
    """What one publication made of an edition."""

    publication: Publication
    before: Edition
    after: Edition

    @property
    def lineage(self) -> Lineage:
        return trace(self.before.forms, self.after.forms)


def recall_step(
    engine: Engine, catalogue: Catalogue, publication: Publication, edition: str
) -> Step:
    """An edition before and after a publication.

    Args:
        edition: `talent/2024`.

    Raises:
        NotFound: the publication did not change it.
    """
    for step in recall_steps(engine, catalogue, edition, since=publication.id):
        if step.publication.id == publication.id:
            return step
    raise NotFound(f"第 {publication.id} 次发布没有改过 {edition}。")


def recall_steps(
    engine: Engine,
    catalogue: Catalogue,
    edition: str,
    *,
    since: int = 0,
    after: datetime | None = None,
) -> tuple[Step, ...]:
    """What publications made of an edition, the oldest first.

    What they changed is known from their texts; other files are as they are in use.

    Args:
        since: the first of them.
        after: only later ones than that.
    """
    found = [
        one
        for one in list_publications(engine, size=_ALL, edition=edition)
        if one.id >= since and (after is None or one.at > after)
    ]
    now = _find_edition(catalogue, edition)
    texts = {f"{form.full_name}.json": format_schema(form.schema) for form in now.forms}
    steps = []
    # Backwards from what is in use: the newest first.
    for one in found:
        after = _overlay(edition, texts, one.texts_after)
        texts = _overlay(edition, after, one.texts_before)
        steps.append(
            Step(one, _read(catalogue, now, texts), _read(catalogue, now, after))
        )
    return tuple(reversed(steps))


#: More than there will ever be.
_ALL = 1_000_000


def _find_edition(catalogue: Catalogue, name: str) -> Edition:
    """As it is in use; one that is gone by now has no forms."""
    for one in catalogue.editions:
        if one.name == name:
            return one
    collection, _, year = name.partition("/")
    return Edition(collection, year, {"title": collection}, ())


def _overlay(
    edition: str, texts: Mapping[str, str], changed: Mapping[str, str | None]
) -> dict[str, str]:
    merged: dict[str, str | None] = {**texts}
    for name, text in changed.items():
        folder, _, file = name.rpartition("/")
        if folder == edition and file != COLLECTION_FILE:
            merged[name] = text
    return {name: text for name, text in merged.items() if text is not None}


def _read(catalogue: Catalogue, now: Edition, texts: Mapping[str, str]) -> Edition:
    forms = _read_forms(
        now.collection,
        now.year,
        tuple(sorted(texts.items())),
        tuple(catalogue.codelists.items()),
    )
    return replace(now, forms=forms, faults=(), reading=None)


@lru_cache(maxsize=16)
def _read_forms(
    collection: str,
    year: str,
    texts: Iterable[tuple[str, str]],
    codelists: Iterable[tuple[str, CodeList]],
) -> tuple[FormSpec, ...]:
    sources = [Source(name, text) for name, text in texts]
    return read_edition(collection, year, sources, dict(codelists)).forms
