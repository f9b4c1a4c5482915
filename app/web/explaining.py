"""Pages that explain derived forms: how a row came about, why a row is missing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask import Blueprint, render_template, request, url_for

from app.services.desks import Desk
from app.services.explaining.derived_rows import Counted, RowStory, explain_row
from app.services.explaining.mending import Mending
from app.services.explaining.missing_rows import Question, ask_missing
from app.services.explaining.questions import AskedColumn
from app.services.explaining.sight import SeenRow
from app.services.recording import record_view
from app.storage.engine import share_reading
from app.web.addresses import read_page_number
from app.web.form_urls import PRESET
from app.web.rows import get_desk
from form_schemas.spec import FormSpec, Shape

explaining = Blueprint("explaining", __name__, url_prefix="/forms/<collection>/<code>")

#: Of what is typed.
_LONGEST = 200


@dataclass(frozen=True)
class _Page:
    """Addresses of the desk's unit and round."""

    desk: Desk

    def url_of_row(self, row: SeenRow, field_id: str = "") -> str:
        anchor = f"f-{field_id}" if field_id else None
        if row.form.shape is Shape.RECORD:
            return self._find("forms.show", row.form, _anchor=anchor)
        view = ".show_row" if row.form.is_derived else "forms.show_row"
        return self._find(view, row.form, row_id=row.id, _anchor=anchor)

    def url_of_form(
        self, form: FormSpec, filters: Iterable[tuple[str, str]] = ()
    ) -> str:
        """The form's page; its grid narrowed, if by anything."""
        return self._find("forms.show", form, **{f"f-{n}": text for n, text in filters})

    def _find(self, view: str, form: FormSpec, **words: object) -> str:
        address: Mapping[str, object] = {
            "collection": form.collection,
            "code": form.code,
            "at": self.desk.place.key,
        }
        return url_for(view, **{**address, **words})


@dataclass(frozen=True)
class RowStoryPage(_Page):
    """All the page of a derived row places."""

    story: RowStory

    def url_of_counted(self, counted: Counted) -> str:
        """The grid of the counted rows' form, narrowed as far as an address can."""
        return self.url_of_form(counted.form, counted.filters)

    def url_of_page(self, number: int) -> str:
        form, row_id = self.story.form, self.story.stored.id
        return self._find(".show_row", form, row_id=row_id, page=number)

    @property
    def url_of_asking(self) -> str:
        return self._find(".show_missing", self.story.form)


@dataclass(frozen=True)
class MissingPage(_Page):
    """All the page of a question places."""

    question: Question

    def url_of_column(self, column: AskedColumn) -> str:
        form = self.question.form
        return self._find(".show_missing", form, field=column.id)

    def url_of_value(self, value: str) -> str:
        question = self.question
        words = {"field": question.chosen.id, "value": value}
        return self._find(".show_missing", question.form, **words)

    @property
    def url_of_options(self) -> str:
        """Where a picker asks for what the chosen column may hold; empty for none."""
        chosen = self.question.chosen
        if not chosen.is_picked:
            return ""
        return self._find("rows.list_options", chosen.form)

    def url_of_mending(self, mending: Mending) -> str:
        form = mending.form
        if mending.row is not None:
            return self.url_of_row(mending.row, mending.field_id)
        if not mending.can_enter or form.shape is Shape.RECORD:
            return self.url_of_form(form)
        preset = {f"{PRESET}{name}": text for name, text in mending.values}
        return self._find("forms.show_new_row", form, **preset)


@explaining.get("/rows/<id:row_id>/origin")
def show_row(collection: str, code: str, row_id: int) -> str:
    desk = get_desk(collection, code)
    with share_reading(desk.engine):
        story = explain_row(desk, row_id, read_page_number())
        page = RowStoryPage(desk, story)
        shown = render_template("derived_row.html", page=page, workplace=desk.place)
    record_view(desk)
    return shown


@explaining.get("/absent")
def show_missing(collection: str, code: str) -> str:
    desk = get_desk(collection, code)
    column = request.args.get("field", "")
    value = request.args.get("value", "").strip()[:_LONGEST]
    with share_reading(desk.engine):
        page = MissingPage(desk, ask_missing(desk, column, value))
        shown = render_template("missing_row.html", page=page, workplace=desk.place)
    record_view(desk)
    return shown
