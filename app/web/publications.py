"""The history of changes of forms: what was published, and what is left to do."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from flask import Blueprint, render_template, request, url_for

from app.policy import Action
from app.services.publications import Publication, get_publication, list_publications
from app.services.revised_books import write_all_cells
from app.services.schema_aftermath import Aftermath, Task, find_aftermath
from app.services.schema_changes.operations import from_plain
from app.services.text_diffs import FileDiff, compare_files
from app.web.addresses import read_page_number
from app.web.admin import require_action
from app.web.downloads import send_made
from app.web.plan_page import Section, view_sections
from app.web.server import Answer, get_server
from form_schemas.settings import COLLECTION_FILE

publications = Blueprint("publications", __name__, url_prefix="/admin/schemas/history")

_SIZE = 50
#: Lines a page of what departments have to look at.
_TASKS = 100
#: Lines of a comparison that are shown at once; more are folded away.
_MOST_LINES = 400


@dataclass(frozen=True)
class PublicationPage:
    """What one publication did."""

    publication: Publication
    sections: tuple[Section, ...]
    files: tuple[FileDiff, ...]
    aftermath: Aftermath
    #: what departments have to look at, as far as this page of it goes
    tasks: tuple[Task, ...]
    number: int

    @property
    def editions(self) -> tuple[tuple[str, str], ...]:
        """Collection and year of the editions in use that it changed."""
        used = {one.name for one in get_server().catalogue.editions}
        return tuple(
            (collection, year)
            for name in self.publication.editions
            if name in used
            for collection, _, year in [name.partition("/")]
        )

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.aftermath.tasks) // _TASKS))

    @property
    def start(self) -> int:
        return (self.number - 1) * _TASKS + 1

    @property
    def end(self) -> int:
        return self.start + len(self.tasks) - 1

    def url_of_page(self, number: int) -> str:
        return url_for(".show", publication_id=self.publication.id, page=number)

    @property
    def is_long(self) -> bool:
        return sum(len(one.lines) for one in self.files) > _MOST_LINES


@publications.get("/")
def show_list() -> Answer:
    require_action(Action.DESIGN_FORMS)
    edition, page = request.args.get("edition", "")[:60], read_page_number()
    engine = get_server().engine
    found = list_publications(engine, page, _SIZE, edition or None)
    return render_template(
        "publications.html",
        publications=found,
        edition=edition,
        page=page,
        has_next=len(found) == _SIZE,
        codes_of=_list_codes,
    )


@publications.get("/<id:publication_id>/")
def show(publication_id: int) -> Answer:
    actor = require_action(Action.DESIGN_FORMS)
    server = get_server()
    found = get_publication(server.engine, publication_id)
    operations = from_plain(found.operations)
    aftermath = find_aftermath(server.engine, server.catalogue, actor, found)
    number = read_page_number()
    page = PublicationPage(
        found,
        tuple(view_sections(operations, server.catalogue)),
        compare_files(dict(found.texts_before), dict(found.texts_after)),
        aftermath,
        aftermath.tasks[(number - 1) * _TASKS :][:_TASKS],
        number,
    )
    return render_template("publication.html", page=page)


@publications.get("/<id:publication_id>/cells.xlsx")
def fetch_cells(publication_id: int) -> Answer:
    """Send what all departments have to enter or to mend, cell by cell."""
    actor = require_action(Action.DESIGN_FORMS)
    server = get_server()
    found = get_publication(server.engine, publication_id)
    folder = TemporaryDirectory(prefix="tianbao-cells-")
    path = Path(folder.name) / "file"
    name = write_all_cells(server.engine, server.catalogue, actor, found, path)
    return send_made(folder, path, name)


def _list_codes(publication: Publication) -> list[str]:
    """Codes of the forms whose files changed."""
    names = [PurePosixPath(name) for name in publication.files]
    return [path.stem for path in names if path.name != COLLECTION_FILE]
