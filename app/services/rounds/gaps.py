"""What carried rows still lack: required values, form by form and row by row."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Engine

from app.errors import NotFound
from app.permissions import Actor
from app.services.rounds.parts import Part, find_part_of
from app.storage.carried_gaps import count_gaps, find_empty, find_gaps
from app.storage.engine import begin_reading
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from renderers.display import mask, show


@dataclass(frozen=True)
class GapLine:
    """A carried row that lacks required values."""

    row_id: int
    #: the row's title, or its key
    name: str
    #: labels of the fields
    missing: tuple[str, ...]


@dataclass(frozen=True)
class GapPage:
    part: Part
    form: FormSpec
    lines: tuple[GapLine, ...]
    total: int


def count_all_gaps(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor,
    scope: Scope,
    forms: Iterable[FormSpec],
) -> dict[str, int]:
    """Form code -> how many untouched carried rows lack a required value."""
    with begin_reading(engine) as connection:
        find_part_of(connection, catalogue, actor, scope)
        return {f.code: count_gaps(connection, catalogue, f, scope) for f in forms}


def list_gaps(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor,
    scope: Scope,
    code: str,
    page: int,
    size: int,
) -> GapPage:
    """The carried rows of a form that lack required values.

    Raises:
        NotFound: the edition has no such form.
    """
    with begin_reading(engine) as connection:
        part = find_part_of(connection, catalogue, actor, scope)
        form = part.edition.by_code.get(code)
        if form is None:
            raise NotFound("没有这张报表，它可能在新版里改了编号。")
        rows = find_gaps(connection, catalogue, form, scope, page, size)
        total = count_gaps(connection, catalogue, form, scope)
        lines = (
            GapLine(
                row.id,
                _name(catalogue, form, row.row),
                tuple(item.label for item in find_empty(form, row.row)),
            )
            for row in rows
        )
        return GapPage(part, form, tuple(lines), total)


def _name(catalogue: Catalogue, form: FormSpec, row) -> str:
    names = [form.title_field] if form.title_field else list(form.key)
    texts = []
    for name in names:
        item = form.by_id[name]
        text = show(item, row.get(name), catalogue.codelists)
        texts.append(mask(item, text) if item.sensitive and text else text)
    return " ".join(filter(None, texts)) or "（没有名称）"
