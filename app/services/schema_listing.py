"""What other systems may read of the schema files in use: forms, editions, code lists.

Nothing of it is personal; pages and the API list it alike.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from sqlalchemy import Engine, func, select

from app.errors import UnknownName
from app.models import FormDeclaration
from app.services.navigation import matches
from app.storage.engine import begin_reading
from form_schemas.catalogue import Catalogue, Edition, UnknownFormError
from form_schemas.codelists import CodeList
from form_schemas.spec import FormSpec

_MOST_SUGGESTED = 3


@dataclass(frozen=True)
class FormFilter:
    """Which forms are asked for; empty: all."""

    collection: str = ""
    edition: str = ""
    #: words of code, title or pinyin initials
    search: str = ""


def list_forms(catalogue: Catalogue, wanted: FormFilter) -> tuple[FormSpec, ...]:
    """The forms of all editions that answer the filter.

    Raises:
        UnknownName: the filter names a collection or an edition that is not there.
    """
    editions = catalogue.editions
    if wanted.collection:
        editions = _of_collection(catalogue, wanted.collection)
    if wanted.edition:
        years = [edition.year for edition in editions]
        if wanted.edition not in years:
            raise _unknown("年度", wanted.edition, years)
        editions = tuple(one for one in editions if one.year == wanted.edition)
    forms = (form for edition in editions for form in edition.forms)
    return tuple(form for form in forms if matches(form, wanted.search))


def get_edition(catalogue: Catalogue, collection: str, year: str) -> Edition:
    """The edition of that name; UnknownName suggests others."""
    editions = _of_collection(catalogue, collection)
    found = next((one for one in editions if one.year == year), None)
    if found is None:
        names = [edition.name for edition in editions]
        raise _unknown("版次", f"{collection}/{year}", names)
    return found


def get_form(catalogue: Catalogue, collection: str, year: str, code: str) -> FormSpec:
    """The form of that full name; UnknownName suggests others of the edition."""
    edition = get_edition(catalogue, collection, year)
    found = edition.by_code.get(code)
    if found is not None:
        return found
    name = f"{edition.name}/{code}"
    in_edition = [form.full_name for form in edition.forms]
    near = get_close_matches(name, in_edition, n=_MOST_SUGGESTED)
    raise _unknown("表单", name, near or _suggest(catalogue, name))


def get_codelist(catalogue: Catalogue, slug: str) -> CodeList:
    """The code list of that name; UnknownName suggests others."""
    found = catalogue.codelists.get(slug)
    if found is None:
        raise _unknown("代码表", slug, catalogue.codelists)
    return found


def find_last_change(engine: Engine) -> datetime | None:
    """When a form was brought into use last; None while none is."""
    with begin_reading(engine) as connection:
        return connection.scalar(select(func.max(FormDeclaration.applied_at)))


def _of_collection(catalogue: Catalogue, collection: str) -> tuple[Edition, ...]:
    found = tuple(one for one in catalogue.editions if one.collection == collection)
    if not found:
        raise _unknown("系列", collection, catalogue.newest)
    return found


def _suggest(catalogue: Catalogue, name: str) -> tuple[str, ...]:
    """Forms of other editions with nearly that name."""
    try:
        return (catalogue.get(name).full_name,)
    except UnknownFormError as error:
        return error.suggestions


def _unknown(what: str, name: str, known: Iterable[str]) -> UnknownName:
    known = list(dict.fromkeys(known))
    # Long names are near to nothing, and dear to compare.
    near = get_close_matches(name[:80], known, n=_MOST_SUGGESTED, cutoff=0.4)
    suggested = tuple(near) or tuple(known[:_MOST_SUGGESTED])
    hint = f"相近的有：{'、'.join(suggested)}。" if suggested else ""
    return UnknownName(f"没有{what}“{name[:80]}”。{hint}", suggested)
