"""Pages of what is new in an edition: for administrators, and for whoever fills.

Administrators compare any two editions, also files that are not in use yet; others see
those in use, and first what concerns their own departments.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Blueprint, redirect, render_template, request, url_for

from app.policy import Action
from app.services.edition_changes import (
    EditionChanges,
    find_changes,
    list_years,
    say_year,
    write_changes_file,
)
from app.web.addresses import read_page_number
from app.web.admin import require_action
from app.web.downloads import send_made
from app.web.server import Answer, get_server
from app.web.visit import get_visit
from form_schemas.differences import FormDifference

edition_changes = Blueprint("edition_changes", __name__)

#: Differences a page.
_SIZE = 200
_LONGEST_SEARCH = 60
#: In place of a department: those of all.
EVERYBODY = "*"


@dataclass(frozen=True)
class FormChanges:
    """What differs in one form; code "": in the edition as a whole."""

    code: str
    title: str
    departments: tuple[str, ...]
    differences: tuple[FormDifference, ...]
    #: of the form's documentation; empty where it is in no edition in use
    url: str


@dataclass(frozen=True)
class Note:
    """Which change of one edition a page tells of, where two are not compared."""

    title: str
    #: the parts of its address
    place: Mapping[str, object]
    endpoint: str
    workbook: str
    #: the plan that it belongs to
    url_back: str = ""
    is_planned: bool = False


@dataclass(frozen=True, eq=False)
class ChangesPage:
    """All that the pages place."""

    changes: EditionChanges
    forms: tuple[FormChanges, ...]
    #: how many differences answer the filters
    total: int
    department: str
    kind: str
    search: str
    years: tuple[str, ...]
    page: int
    #: endpoints of the page and of its workbook
    endpoint: str
    workbook: str
    #: None: two editions are compared
    note: Note | None = None

    @property
    def title(self) -> str:
        if self.note is not None:
            return self.note.title
        years = (self.changes.after.year, self.changes.before.year)
        return f"{say_year(years[0])}比 {say_year(years[1])}有什么变化"

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // _SIZE))

    @property
    def start(self) -> int:
        return (self.page - 1) * _SIZE + 1

    @property
    def end(self) -> int:
        return min(self.page * _SIZE, self.total)

    @property
    def other_years(self) -> tuple[str, ...]:
        """Earlier editions that the newer one may be compared with as well."""
        shown = (self.changes.before.year, self.changes.after.year)
        return tuple(year for year in self.years if year not in shown)

    @property
    def place(self) -> Mapping[str, object]:
        """The parts of the address that name the two editions."""
        if self.note is not None:
            return self.note.place
        return {
            "collection": self.changes.after.collection,
            "before": self.changes.before.year,
            "after": self.changes.after.year,
        }

    def url_of(self, page: int) -> str:
        filters = {"department": self.department, "kind": self.kind, "q": self.search}
        return url_for(self.endpoint, **self.place, **filters, page=page)


# For administrators.


@edition_changes.app_template_filter("say_year")
def _say_year(year: str) -> str:
    return say_year(year)


@edition_changes.get("/admin/schemas/diff/")
def choose() -> Answer:
    """Lead to the two editions chosen, or to the two newest ones."""
    require_action(Action.DESIGN_FORMS)
    server, args = get_server(), request.args
    known = dict.fromkeys(ed.collection for ed in server.catalogue.editions)
    wanted = args.get("collection") or next(iter(known), "")
    years = list_years(server.catalogue, server.workshop.schema_folder, wanted)
    after = args.get("after") or next(iter(years), "")
    # Those before it follow it, the newest first.
    earlier = years[years.index(after) + 1 :] if after in years else years
    before = args.get("before") or next(iter(earlier), "")
    if not before:
        return render_template("edition_changes_none.html", collection=wanted)
    place = {"collection": wanted, "before": before, "after": after}
    return redirect(url_for("edition_changes.show_all", **place))


@edition_changes.get("/admin/schemas/diff/<collection>/<before>/<after>/")
def show_all(collection: str, before: str, after: str) -> Answer:
    require_action(Action.DESIGN_FORMS)
    folder = get_server().workshop.schema_folder
    changes = find_changes(get_server().catalogue, folder, collection, before, after)
    page = make_changes_page(changes, folder, "show_all", "fetch_all", ())
    return render_template("edition_changes_admin.html", page=page)


@edition_changes.get("/admin/schemas/diff/<collection>/<before>/<after>/workbook.xlsx")
def fetch_all(collection: str, before: str, after: str) -> Answer:
    require_action(Action.DESIGN_FORMS)
    server = get_server()
    folder = server.workshop.schema_folder
    changes = find_changes(server.catalogue, folder, collection, before, after)
    return send_changes(changes, ())


# For everybody.


@edition_changes.get("/changes/")
def show_here() -> Answer:
    """Lead to what is new in the edition of the round where the person works."""
    edition = get_visit().get_workplace().edition
    former = get_server().catalogue.find_former(edition) or edition
    return redirect(
        url_for(
            "edition_changes.show",
            collection=edition.collection,
            before=former.year,
            after=edition.year,
        )
    )


@edition_changes.get("/changes/<collection>/<before>/<after>/")
def show(collection: str, before: str, after: str) -> Answer:
    found = find_changes(get_server().catalogue, None, collection, before, after)
    changes = found.without_internal()
    page = make_changes_page(changes, None, "show", "fetch", list_own(changes))
    return render_template("edition_changes.html", page=page)


@edition_changes.get("/changes/<collection>/<before>/<after>/workbook.xlsx")
def fetch(collection: str, before: str, after: str) -> Answer:
    changes = find_changes(get_server().catalogue, None, collection, before, after)
    return send_changes(changes, list_own(changes))


def list_own(changes: EditionChanges) -> tuple[str, ...]:
    """The person's departments that are concerned; none: all are shown."""
    place = get_visit().workplace
    names = () if place is None else place.department_names
    return tuple(name for name in names if name in changes.departments)


def make_changes_page(
    changes: EditionChanges,
    folder: Path | None,
    endpoint: str,
    workbook: str,
    own: Sequence[str],
    note: Note | None = None,
) -> ChangesPage:
    """Gather the page: what answers the filters of the address."""
    department = request.args.get("department", "")
    kind = request.args.get("kind", "")
    search = request.args.get("q", "").strip()[:_LONGEST_SEARCH]
    chosen = changes.choose(_choose_departments(department, own), kind, search)
    collection, page = changes.after.collection, read_page_number()
    catalogue = get_server().catalogue
    shown = chosen[(page - 1) * _SIZE :][:_SIZE]
    return ChangesPage(
        changes,
        tuple(_group(changes, shown)),
        len(chosen),
        department or (own[0] if len(own) == 1 else ""),
        kind,
        search,
        list_years(catalogue, folder, collection),
        page,
        f"{request.blueprint}.{endpoint}",
        f"{request.blueprint}.{workbook}",
        note,
    )


def _choose_departments(asked: str, own: Sequence[str]) -> Sequence[str]:
    if asked == EVERYBODY:
        return ()
    return (asked,) if asked else own


def _group(
    changes: EditionChanges, differences: Iterable[FormDifference]
) -> Iterable[FormChanges]:
    for (code, title), found in groupby(differences, lambda one: (one.code, one.title)):
        all_of_it = tuple(found)
        yield FormChanges(
            code, title, all_of_it[0].departments, all_of_it, _link(changes, code)
        )


def _link(changes: EditionChanges, code: str) -> str:
    """The address of the form's documentation, as it is or as it was last."""
    in_use = {edition.name for edition in get_server().catalogue.editions}
    for edition in (changes.after, changes.before):
        if code in edition.by_code and edition.name in in_use:
            return url_for(
                "reference.show_form",
                collection=edition.collection,
                edition=edition.year,
                code=code,
            )
    return ""


def send_changes(
    changes: EditionChanges, own: Sequence[str], revision: str = ""
) -> Answer:
    """Send the workbook of what departments find changed."""
    asked = request.args.get("department", "")
    folder = TemporaryDirectory()
    path = Path(folder.name) / "changes.xlsx"
    chosen = _choose_departments(asked, own)
    name = write_changes_file(changes, path, chosen, revision)
    return send_made(folder, path, name)
