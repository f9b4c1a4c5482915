"""The documentation of editions: contents, a form, a code list, the workbook.

Whoever is logged in reads all of it, whatever forms are this person's to fill.
"""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for

from app.errors import NotFound
from app.policy import Action
from app.services.documentation import (
    Beside,
    find_beside,
    find_entries,
    find_sections,
    make_workbook,
)
from app.services.schema_listing import get_codelist, get_edition, get_form
from app.storage.files import XLSX_TYPE
from app.web.addresses import read_page_number
from app.web.downloads import attach
from app.web.server import Answer, get_server
from app.web.visit import get_visit
from form_schemas.catalogue import Edition
from form_schemas.codelists import CodeEntry, CodeList
from form_schemas.documenting import FormDoc, SectionDoc, document_form
from form_schemas.field_words import PERIOD_NAMES
from form_schemas.spec import FormSpec

reference = Blueprint("reference", __name__, url_prefix="/reference")

_LONGEST_SEARCH = 60
_SIZE = 200


@dataclass(frozen=True)
class ContentsPage:
    """All the contents of an edition place."""

    edition: Edition
    sections: tuple[SectionDoc, ...]
    search: str
    others: tuple[Edition, ...]

    @property
    def forms(self) -> tuple[FormSpec, ...]:
        return tuple(form for section in self.sections for form in section.forms)


@dataclass(frozen=True)
class FormReferencePage:
    """All the page about a form places."""

    edition: Edition
    doc: FormDoc
    beside: Beside
    #: whether the person can open the form where he works now
    can_open: bool


@dataclass(frozen=True)
class CodesPage:
    """All the page of a code list places."""

    codelist: CodeList
    entries: tuple[CodeEntry, ...]
    search: str
    total: int
    page: int
    pages: int

    @property
    def start(self) -> int:
        return (self.page - 1) * _SIZE + 1

    def url_of(self, number: int) -> str:
        words = {"q": self.search} if self.search else {}
        slug = self.codelist.slug
        return url_for(".show_codelist", slug=slug, page=number, **words)


@reference.get("/")
def start() -> Answer:
    """The edition that the person works in, else the first there is."""
    place = get_visit().workplace
    newest = get_server().catalogue.newest.values()
    edition = place.edition if place is not None else next(iter(newest), None)
    if edition is None:
        raise NotFound("还没有任何一版表单。")
    return redirect(_url_of(edition))


@reference.get("/<collection>/<edition>/")
def show_edition(collection: str, edition: str) -> Answer:
    catalogue = get_server().catalogue
    found = get_edition(catalogue, collection, edition)
    search = _read_search()
    page = ContentsPage(
        found,
        find_sections(found, search),
        search,
        tuple(
            one
            for one in catalogue.editions
            if one is not found and not one.is_archived
        ),
    )
    exact = [form for form in page.forms if form.code.lower() == search.lower()]
    if search and (exact or len(page.forms) == 1):
        return redirect(url_of_reference((exact or page.forms)[0]))
    return render_template(
        "reference_edition.html", page=page, period_names=PERIOD_NAMES
    )


@reference.get("/<collection>/<edition>/<code>/")
def show_form(collection: str, edition: str, code: str) -> str:
    catalogue, visit = get_server().catalogue, get_visit()
    form = get_form(catalogue, collection, edition, code)
    found = catalogue.edition_of(form)
    place = visit.workplace
    can_open = (
        place is not None
        and place.edition is found
        and place.can(Action.VIEW_ROWS, form)
    )
    page = FormReferencePage(
        found, document_form(catalogue, form), find_beside(found, form), can_open
    )
    return render_template("reference_form.html", page=page)


@reference.get("/<collection>/<edition>/workbook.xlsx")
def fetch_workbook(collection: str, edition: str) -> Answer:
    catalogue = get_server().catalogue
    found = get_edition(catalogue, collection, edition)
    content = make_workbook(catalogue, found)
    name = f"{found.short_title} {found.year} 填表说明.xlsx"
    return attach([content], name, XLSX_TYPE, len(content))


@reference.get("/codes/<slug>/")
def show_codelist(slug: str) -> str:
    codelist = get_codelist(get_server().catalogue, slug)
    search = _read_search()
    found = find_entries(codelist, search)
    pages = max(1, -(-len(found) // _SIZE))
    number = min(read_page_number(), pages)
    entries = found[(number - 1) * _SIZE : number * _SIZE]
    page = CodesPage(codelist, entries, search, len(found), number, pages)
    return render_template("reference_codes.html", page=page)


@reference.app_template_global()
def url_of_reference(form: FormSpec) -> str:
    """The page about a form."""
    return url_for(
        "reference.show_form",
        collection=form.collection,
        edition=form.edition,
        code=form.code,
    )


def _url_of(edition: Edition) -> str:
    return url_for(".show_edition", collection=edition.collection, edition=edition.year)


def _read_search() -> str:
    return request.args.get("q", "").strip()[:_LONGEST_SEARCH]
