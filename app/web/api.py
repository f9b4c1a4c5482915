"""Schema files for other programs: what they need to send data that is right.

All of it may be read by whoever is logged in, and by anybody where the installation
says so (`public_schemas`). Nothing is changed here, nothing sets a cookie.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from flask import Blueprint, Response, request, url_for

from app.errors import BadRequest
from app.services.schema_listing import (
    FormFilter,
    find_last_change,
    get_codelist,
    get_form,
    list_forms,
)
from app.web.addresses import read_number
from app.web.server import get_server
from form_schemas.catalogue import Edition
from form_schemas.codelists import CodeEntry, CodeList
from form_schemas.faults import ask_nearest
from form_schemas.spec import FormSpec
from form_schemas.writer import format_schema

api = Blueprint("api", __name__, url_prefix="/api/v1")

_JSON = "application/json; charset=utf-8"
#: As JSON Schema names it.
_SCHEMA_JSON = "application/schema+json; charset=utf-8"
_PER_PAGE = 100
_MOST_PER_PAGE = 500
_LONGEST_SEARCH = 60


@api.get("/forms")
def show_forms() -> Response:
    asked = _read_arguments("collection", "edition", "q", "page", "per_page")
    wanted = FormFilter(
        asked.get("collection", ""),
        asked.get("edition", ""),
        asked.get("q", "").strip()[:_LONGEST_SEARCH],
    )
    found = list_forms(get_server().catalogue, wanted)
    return _answer(_show_page(found, asked))


@api.get("/forms/<collection>/<edition>/<code>")
def show_form(collection: str, edition: str, code: str) -> Response:
    _read_arguments()
    form = get_form(get_server().catalogue, collection, edition, code)
    changed = find_last_change(get_server().engine)
    return _answer(format_schema(form.schema), _SCHEMA_JSON, changed)


@api.get("/editions")
def show_editions() -> Response:
    _read_arguments()
    catalogue = get_server().catalogue
    shown = [
        _show_edition(edition, catalogue.newest[edition.collection] is edition)
        for edition in catalogue.editions
    ]
    return _answer({"editions": shown})


@api.get("/codes")
def show_codelists() -> Response:
    _read_arguments()
    lists = get_server().catalogue.codelists.values()
    return _answer({"codes": [_show_codelist(one) for one in lists]})


@api.get("/codes/<slug>")
def show_codelist(slug: str) -> Response:
    _read_arguments()
    codelist = get_codelist(get_server().catalogue, slug)
    entries = [_show_entry(entry) for entry in codelist.entries]
    return _answer(_show_codelist(codelist) | {"entries": entries})


def _show_form(form: FormSpec) -> dict[str, object]:
    place = {
        "collection": form.collection,
        "edition": form.edition,
        "code": form.code,
    }
    return {
        "name": form.full_name,
        **place,
        "id": form.schema.get("$id"),
        "title": form.title,
        "section": form.section,
        "departments": form.departments,
        "period": form.period,
        "shape": form.shape,
        "kind": form.kind,
        "key": form.key,
        "fields": len(form.fields),
        "fingerprint": form.fingerprint,
        "schema": url_for(".show_form", **place),
        "documentation": url_for("reference.show_form", **place),
    }


def _show_edition(edition: Edition, is_newest: bool) -> dict[str, object]:
    place = {"collection": edition.collection, "edition": edition.year}
    settings = edition.settings
    return {
        "name": edition.name,
        **place,
        "title": edition.title,
        "short_title": edition.short_title,
        "unit_kind": settings.get("unitKind"),
        "periods": settings.get("periods", {}),
        "departments": list(edition.departments),
        "is_newest": is_newest,
        # As rounds that are over have it; the files changed since.
        "is_archived": edition.is_archived,
        "forms": len(edition.forms),
        "list": url_for(".show_forms", **place),
    }


def _show_codelist(codelist: CodeList) -> dict[str, object]:
    return {
        "slug": codelist.slug,
        "title": codelist.title,
        "version": codelist.version,
        "complete": codelist.complete,
        "count": len(codelist.entries),
        "list": url_for(".show_codelist", slug=codelist.slug),
    }


def _show_entry(entry: CodeEntry) -> dict[str, object]:
    shown = {
        "code": entry.code,
        "name": entry.name,
        "parent": entry.parent,
        "level": entry.level or None,
        "valid_to": entry.valid_to,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _show_page(
    forms: Sequence[FormSpec], asked: Mapping[str, str]
) -> dict[str, object]:
    """One page of the list, with the addresses of those before and after it."""
    size = _read_count(asked, "per_page", _PER_PAGE, _MOST_PER_PAGE)
    pages = max(1, -(-len(forms) // size))
    page = _read_count(asked, "page", 1, pages)
    shown = forms[(page - 1) * size : page * size]

    def url_of(number: int) -> str | None:
        if not 1 <= number <= pages:
            return None
        return url_for(".show_forms", **{**asked, "page": number})

    return {
        "total": len(forms),
        "page": page,
        "pages": pages,
        "previous": url_of(page - 1),
        "next": url_of(page + 1),
        "forms": [_show_form(form) for form in shown],
    }


def _read_arguments(*known: str) -> Mapping[str, str]:
    """What the address asks; a misspelt word would quietly ask for everything."""
    for word in request.args:
        if word not in known:
            can = f"能写的有：{'、'.join(known)}。" if known else "这里不能带条件。"
            shown = word[:40]
            raise BadRequest(f"不认识条件“{shown}”。{ask_nearest(shown, known)}{can}")
    return request.args.to_dict()


def _read_count(asked: Mapping[str, str], word: str, usual: int, most: int) -> int:
    if word not in asked:
        return usual
    number = read_number(asked[word])
    if number is None or not 1 <= number <= most:
        raise BadRequest(f"“{word}”要写 1 到 {most} 的整数。")
    return number


def _answer(
    content: object, content_type: str = _JSON, changed: datetime | None = None
) -> Response:
    """The content, or nothing where the caller has it already.

    Args:
        changed: only of what no form that goes and no setting can change.
    """
    text = content
    if not isinstance(content, str):
        text = json.dumps(content, ensure_ascii=False)
    response = Response(str(text), content_type=content_type)
    response.add_etag()
    if changed is not None:
        response.last_modified = changed
    # To be kept, and asked about each time: an administrator may publish any moment.
    whose = "public" if get_server().config.public_schemas else "private"
    response.headers["Cache-Control"] = f"{whose}, no-cache"
    return response.make_conditional(request)
