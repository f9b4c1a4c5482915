"""Pages that explain derived forms: how a row came about, why a row is missing."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for

from app.services.desks import Desk
from app.services.explaining import Counted, RowStory, explain_row
from app.services.recording import record_view
from app.services.traced_rows import SeenRow
from app.storage.engine import share_reading
from app.web.addresses import read_page_number
from app.web.form_urls import url_of_form, url_of_row
from app.web.rows import get_desk
from form_schemas.spec import FormSpec

explaining = Blueprint("explaining", __name__, url_prefix="/forms/<collection>/<code>")


@dataclass(frozen=True)
class RowStoryPage:
    """All the page places."""

    desk: Desk
    story: RowStory

    def url_of_row(self, row: SeenRow) -> str:
        return self._here(url_of_row(row.form, row.id))

    def url_of_form(self, form: FormSpec) -> str:
        return self._here(url_of_form(form))

    def url_of_counted(self, counted: Counted) -> str:
        """The grid of the counted rows' form, narrowed as far as an address can."""
        chosen = {f"f-{name}": text for name, text in counted.filters}
        return _add(url_of_form(counted.form), chosen, self.desk)

    def url_of_page(self, number: int) -> str:
        story = self.story
        return url_for(
            ".show_row",
            collection=story.form.collection,
            code=story.form.code,
            row_id=story.stored.id,
            page=number,
            at=self.desk.place.key,
        )

    def _here(self, address: str) -> str:
        return _add(address, {}, self.desk)


@explaining.get("/rows/<id:row_id>/origin")
def show_row(collection: str, code: str, row_id: int) -> str:
    desk = get_desk(collection, code)
    with share_reading(desk.engine):
        story = explain_row(desk, row_id, read_page_number())
    record_view(desk)
    page = RowStoryPage(desk, story)
    return render_template("derived_row.html", page=page, workplace=desk.place)


def _add(address: str, words: dict[str, str], desk: Desk) -> str:
    """An address of a page of the desk's unit and round."""
    return f"{address}?{urlencode({**words, 'at': desk.place.key})}"
