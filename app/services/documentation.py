"""The documentation of an edition as people ask for it: forms found, the workbook.

It is about the forms and holds nobody's data: whoever is logged in may read all of it.
"""

from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

from app.services.navigation import matches
from exporters.documentation import write_documentation
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.codelists import CodeEntry, CodeList
from form_schemas.documenting import SectionDoc, list_sections
from form_schemas.spec import FormSpec


@dataclass(frozen=True)
class Beside:
    """The forms before and after one in its edition."""

    previous: FormSpec | None
    next: FormSpec | None


def find_sections(edition: Edition, search: str = "") -> tuple[SectionDoc, ...]:
    """The forms whose code, title or pinyin initials answer, under their headings."""
    return list_sections(tuple(one for one in edition.forms if matches(one, search)))


def find_beside(edition: Edition, form: FormSpec) -> Beside:
    at = edition.forms.index(form)
    return Beside(
        edition.forms[at - 1] if at else None,
        edition.forms[at + 1] if at + 1 < len(edition.forms) else None,
    )


def find_entries(codelist: CodeList, search: str = "") -> tuple[CodeEntry, ...]:
    """The entries whose code begins so, or whose name has the words."""
    words = search.split()
    return tuple(
        entry
        for entry in codelist.entries
        if all(entry.code.startswith(word) or word in entry.name for word in words)
    )


@lru_cache(maxsize=8)
def make_workbook(catalogue: Catalogue, edition: Edition) -> bytes:
    """The workbook of an edition, made once while its forms are in use."""
    stream = BytesIO()
    write_documentation(catalogue, edition, stream)
    return stream.getvalue()
