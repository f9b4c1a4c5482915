"""The forms as they were applied: their texts, shapes and places in the database."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from sqlalchemy import Connection, delete, insert, inspect, select, update

from app.models import FormDeclaration
from app.models.base import now_utc
from app.services.schema_changes.declaring import (
    Declaration,
    declare,
    find_columns_again,
    get_allotment,
    has_shape,
    list_columns,
)
from form_schemas.allotment import Allotment, Taken, place
from form_schemas.catalogue import ARCHIVED
from form_schemas.codelists import CodeList
from form_schemas.drafts import Source
from form_schemas.lineage import Lineage
from form_schemas.reader import read_edition
from form_schemas.settings import COLLECTION_FILE
from form_schemas.spec import FormSpec

_TABLE = FormDeclaration.__table__


@dataclass(frozen=True, eq=False)
class AppliedForm:
    """A form as it was applied."""

    #: with its edition: talent/2024/0.1.5
    name: str
    table_name: str
    declaration: Declaration
    fingerprint: str
    #: the text of its file
    source: str
    is_retired: bool

    @property
    def edition(self) -> tuple[str, str]:
        """Collection and year."""
        collection, year, _ = self.name.split("/")
        return collection, year

    @property
    def code(self) -> str:
        return self.name.rpartition("/")[2]

    @property
    def is_archived(self) -> bool:
        return ARCHIVED in self.edition[1]

    @cached_property
    def plain_source(self) -> str:
        """The text without its formatting."""
        return json.dumps(json.loads(self.source), ensure_ascii=False)

    def says(self, form: FormSpec) -> bool:
        """Whether the file still says what it said."""
        return self.plain_source == write_source(form)

    def is_waiting(self, form: FormSpec) -> bool:
        """Whether a form must not serve before a plan was applied."""
        return self.is_retired or not has_shape(self.declaration, form)


Applied = Mapping[str, AppliedForm]


def load_applied(connection: Connection) -> dict[str, AppliedForm]:
    """All forms that were ever applied, by their full names; none in a new database."""
    if not inspect(connection).has_table(_TABLE.name):
        return {}
    c = _TABLE.c
    found = connection.execute(
        select(
            c.form_name, c.table_name, c.declaration, c.fingerprint, c.source,
            c.is_retired,
        )
    )  # fmt: skip
    return {
        record[0]: AppliedForm(*record)
        for record in found
        # The settings of an archived edition stand among its forms.
        if not record[0].endswith(COLLECTION_FILE)
    }


def read_forms(
    applied: Applied, edition: tuple[str, str], codelists: Mapping[str, CodeList]
) -> tuple[FormSpec, ...]:
    """The forms of an edition as they were applied, where they are kept."""
    own = [
        one for one in applied.values() if one.edition == edition and not one.is_retired
    ]
    sources = tuple(sorted((one.code, one.source) for one in own))
    forms = _read(edition, sources, tuple(codelists.items()))
    return tuple(place(form, get_place(applied[form.full_name])) for form in forms)


def get_place(known: AppliedForm) -> Allotment:
    """Where a form is kept."""
    return get_allotment(known.table_name, known.declaration)


def find_preceding(
    applied: Applied, edition: tuple[str, str]
) -> tuple[str, str] | None:
    """The edition in use before a new one; None for the first of its collection."""
    collection, year = edition
    years = {
        one.edition[1]
        for one in applied.values()
        if one.edition[0] == collection and not one.is_archived and not one.is_retired
    }
    earlier = max((other for other in years if other < year), default=None)
    return None if earlier is None else (collection, earlier)


def find_taken(applied: Applied, forms: Iterable[FormSpec], lineage: Lineage) -> Taken:
    """Names that nothing new may have, and columns that could hold values again."""
    columns: dict[str, set[str]] = {}
    for one in applied.values():
        columns.setdefault(one.table_name, set()).update(list_columns(one.declaration))
    kept = {}
    for form in forms:
        known = applied.get(_find_noted(form, lineage))
        if known is None:
            continue
        kept[form.full_name] = find_columns_again(form, known.declaration)
        if known.is_retired:
            own = known.declaration.get("columns", {})
            kept[form.full_name] |= {
                name: own.get(name, name) for name in known.declaration["fields"]
            }
    return Taken(columns, kept)


def _find_noted(form: FormSpec, lineage: Lineage) -> str:
    """Under which name a form is noted: with another code, under the former one."""
    former = lineage.form_before(form)
    if former is None or former.edition != form.edition:
        return form.full_name
    return former.full_name


def save_forms(
    connection: Connection,
    forms: Iterable[FormSpec],
    applied: Applied,
    former_names: Mapping[str, str] | None = None,
) -> None:
    """Note forms as applied.

    Args:
        former_names: full name of a form -> that of the form which it was.
    """
    forms, known = tuple(forms), former_names or {}
    if not forms:
        return
    names = [form.full_name for form in forms]
    judged = _find_judged(connection, names)
    connection.execute(delete(_TABLE).where(_TABLE.c.form_name.in_(names)))
    now = now_utc()
    connection.execute(
        insert(_TABLE),
        [
            {
                "form_name": form.full_name,
                "table_name": form.table_name,
                "declaration": _declare(form, applied, known.get(form.full_name)),
                "fingerprint": form.fingerprint,
                # A form that is new has no rows yet that others had judged.
                "judged_by": judged.get(form.full_name, form.fingerprint),
                "is_retired": False,
                "source": write_source(form),
                "applied_at": now,
            }
            for form in forms
        ],
    )


def retire_forms(connection: Connection, names: Collection[str]) -> None:
    """Note that forms are gone; their tables and these records stay."""
    connection.execute(
        update(_TABLE).where(_TABLE.c.form_name.in_(names)).values(is_retired=True)
    )


def forget_forms(connection: Connection, names: Collection[str]) -> None:
    """Remove the records of forms that are noted under other names."""
    connection.execute(delete(_TABLE).where(_TABLE.c.form_name.in_(names)))


def await_judging(connection: Connection, names: Collection[str]) -> None:
    """Have the stored rows of forms judged anew (`app.services.rejudging`)."""
    connection.execute(
        update(_TABLE).where(_TABLE.c.form_name.in_(names)).values(judged_by="")
    )


def write_source(form: FormSpec) -> str:
    """The text of a form's file, without its formatting."""
    return json.dumps(form.schema, ensure_ascii=False)


def _declare(form: FormSpec, applied: Applied, former: str | None) -> Declaration:
    """What its table holds beyond its fields is remembered with it."""
    earlier = applied.get(form.full_name) or applied.get(former or "")
    return declare(form, None if earlier is None else earlier.declaration)


def _find_judged(connection: Connection, names: list[str]) -> dict[str, str]:
    found = connection.execute(
        select(_TABLE.c.form_name, _TABLE.c.judged_by).where(
            _TABLE.c.form_name.in_(names)
        )
    )
    return dict(map(tuple, found))


@lru_cache(maxsize=8)
def _read(
    edition: tuple[str, str],
    sources: tuple[tuple[str, str], ...],
    codelists: tuple[tuple[str, CodeList], ...],
) -> tuple[FormSpec, ...]:
    collection, year = edition
    written = year.partition(ARCHIVED)[0]
    texts = [
        Source(f"{collection}/{written}/{code}.json", text) for code, text in sources
    ]
    forms = read_edition(collection, written, texts, dict(codelists)).forms
    return tuple(replace(form, edition=year) for form in forms)
