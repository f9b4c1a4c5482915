"""What a change of forms left to do here: the cells each one has to enter or mend."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from flask import Blueprint, redirect, render_template, request, url_for

from app.policy import Action
from app.services.check_reports import Seen, seen_by
from app.services.publications import (
    Publication,
    get_by_generation,
    get_publication,
)
from app.services.revised_books import write_cells_file
from app.services.revisions import (
    RevisedCell,
    Revision,
    list_revised_cells,
    open_revision,
)
from app.services.workplaces import Workplace
from app.storage.records import Scope
from app.web.addresses import read_number, read_page_number
from app.web.downloads import send_made
from app.web.form_urls import url_of_cell
from app.web.server import Answer, get_server
from app.web.visit import get_visit
from form_schemas.spec import FormSpec

revisions = Blueprint("revisions", __name__, url_prefix="/revisions")

_SIZE = 50


@dataclass(frozen=True, eq=False)
class RevisionPage:
    """All the page places."""

    size: ClassVar[int] = _SIZE

    place: Workplace
    revision: Revision
    #: the form that the list is kept to; None: all of them
    form: FormSpec | None
    cells: tuple[RevisedCell, ...]
    total: int
    number: int
    #: what the address says besides the page of the list
    query: Mapping[str, object]
    may_check: bool

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def start(self) -> int:
        return (self.number - 1) * self.size + 1

    @property
    def end(self) -> int:
        return min(self.number * self.size, self.total)

    def url_of_page(self, number: int) -> str:
        return url_for(".show", **self.query, page=number)

    def url_of(self, cell: RevisedCell) -> str:
        return url_of_cell(cell.form, cell.row_id, cell.field_id)


@revisions.get("/since/<id:generation>/")
def lead_on(generation: int) -> Answer:
    """Where notices lead, which are written before the publication has a number."""
    found = get_by_generation(get_server().engine, generation)
    asked = {
        name: request.args[name] for name in ("at", "form") if name in request.args
    }
    return redirect(url_for(".show", publication_id=found.id, **asked))


@revisions.get("/<id:publication_id>/")
def show(publication_id: int) -> Answer:
    server, place = get_server(), get_visit().get_workplace()
    done, form = get_publication(server.engine, publication_id), _choose_form(place)
    revision = _open(place, done, form)
    number = read_page_number()
    cells, total = list_revised_cells(
        server.engine, server.catalogue, revision, number, _SIZE
    )
    page = RevisionPage(
        place,
        revision,
        form,
        cells,
        total,
        number,
        _read_query(place, publication_id),
        any(place.can(Action.CHECK_ROWS, one) for one in revision.seen),
    )
    return render_template("revision.html", page=page, workplace=place)


@revisions.get("/<id:publication_id>/cells.xlsx")
def fetch(publication_id: int) -> Answer:
    server, place = get_server(), get_visit().get_workplace()
    done = get_publication(server.engine, publication_id)
    revision = _open(place, done, _choose_form(place))
    folder = TemporaryDirectory(prefix="tianbao-cells-")
    path = Path(folder.name) / "file"
    named = f"{place.unit_name}，{place.round_title}"
    name = write_cells_file(server.engine, server.catalogue, revision, named, path)
    return send_made(folder, path, name)


def _open(place: Workplace, done: Publication, form: FormSpec | None) -> Revision:
    server = get_server()
    scope, seen = Scope(place.unit_id, place.round_id), _choose_seen(place)
    if form is not None:
        seen = {form: seen[form]} if form in seen else {}
    return open_revision(server.engine, server.catalogue, done, scope, seen)


def _choose_form(place: Workplace) -> FormSpec | None:
    """The form that is asked for; one that has another code by now is none."""
    return place.edition.by_code.get(request.args.get("form", ""))


def _choose_seen(place: Workplace) -> Seen:
    """What the person sees; who sees all rows may choose a department's."""
    seen = seen_by(place)
    chosen = read_number(request.args.get("department", ""))
    if chosen is None:
        return seen
    return {form: chosen for form, own in seen.items() if own in (None, chosen)}


def _read_query(place: Workplace, publication_id: int) -> dict[str, object]:
    asked = {
        name: request.args[name]
        for name in ("form", "department")
        if name in request.args
    }
    return {"publication_id": publication_id, "at": place.key, **asked}
