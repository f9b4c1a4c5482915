"""Addresses of one form's pages and of what their scripts ask."""

from flask import request, url_for
from flask_wtf.csrf import generate_csrf

from app.policy import Action
from app.services.desks import Desk
from app.web.addresses import read_number
from form_schemas.spec import FormSpec, Shape
from renderers.urls import PageUrls

#: Before the id of a field in the address of a new row that holds values already.
PRESET = "set."
#: In addresses that take a page's own form: the page to come back to.
BACK = "back"
#: In addresses that change rows: which text of the form the page was made of.
VERSION = "version"
#: Stands for a value in addresses that scripts complete.
_TOKEN, _ROW = "TOKEN", 1_000_000_007


def list_urls(desk: Desk, page: str) -> PageUrls:
    """What the page at the address `page` links to and sends to."""
    form, place = desk.form, desk.place
    address = {"collection": form.collection, "code": form.code}
    has_rows = form.shape is Shape.ROWS
    row = url_for(_row_view(form), row_id=_ROW, **address)
    # What is sent goes to the unit and round that the page shows.
    here = {**address, "at": place.key}
    # What was typed into a form that was published anew since must not go astray.
    told = {**here, VERSION: name_version(form)}
    return PageUrls(
        page=page,
        post=f"{page}?at={place.key}&{VERSION}={name_version(form)}",
        save=url_for("rows.save", **told),
        options=url_for("rows.list_options", **here),
        delete=url_for("rows.delete", **told),
        check=url_for("rows.check", **told),
        explain=url_for("rows.explain", **told),
        withdraw=url_for("rows.withdraw", **told),
        upload=url_for("rows.upload", **here),
        pieces=url_for("pieces.begin", **here),
        file=url_for("forms.fetch", token=_TOKEN, **address).replace(_TOKEN, "{token}"),
        row=row.replace(str(_ROW), "{id}") if has_rows else "",
        new_row=url_for("forms.show_new_row", **address) if has_rows else "",
        delete_all=url_for("selection.delete", **told),
        fill_all=url_for("selection.fill", **told),
        export=url_for("exports.order_form", **here)
        if place.can(Action.EXPORT_ROWS, form)
        else "",
        login=url_for("auth.login"),
        static="/static/forms",
        csrf_token=generate_csrf(),
        draft_scope=f"{place.actor.user_id}:{place.unit_id}:{place.round_id}",
        choice_scope=f"{place.actor.user_id}:{form.name}",
    )


def name_version(form: FormSpec) -> str:
    """Tells the form from what it was before it was published anew."""
    return form.fingerprint[:12]


def is_of_older_form(form: FormSpec) -> bool:
    """Whether the request comes from a page of the form as it was."""
    told = request.args.get(VERSION)
    return told is not None and told != name_version(form)


def url_of_form(form: FormSpec) -> str:
    return url_for("forms.show", collection=form.collection, code=form.code)


def url_of_row(form: FormSpec, row_id: int | None) -> str:
    """The own page of a row, of a new one without an id; a record's is the form's."""
    if form.shape is Shape.RECORD:
        return url_of_form(form)
    address = {"collection": form.collection, "code": form.code}
    if row_id is None:
        return url_for("forms.show_new_row", **address)
    return url_for(_row_view(form), row_id=row_id, **address)


def _row_view(form: FormSpec) -> str:
    """A derived row's own page tells how it came about."""
    return "explaining.show_row" if form.is_derived else "forms.show_row"


def url_of_cell(form: FormSpec, row_id: int | None, field_id: str = "") -> str:
    """Where a cell can be seen and mended; without a row, the form."""
    page = url_of_form(form) if row_id is None else url_of_row(form, row_id)
    return f"{page}#f-{field_id}" if field_id else page


def read_cell_name(text: str) -> tuple[int | None, str]:
    """Row and field of a cell, as addresses name it: `12.amount`, `12` for a row."""
    row, _, field_id = text.partition(".")
    is_word = field_id.isascii() and field_id.replace("_", "").isalnum()
    return read_number(row), field_id if is_word else ""


def url_of_reveal(form: FormSpec, row_id: int | None) -> str:
    """Takes the reason for seeing personal data of a row's page, or of the form's."""
    address = {"collection": form.collection, "code": form.code}
    if row_id is None or form.shape is Shape.RECORD:
        return url_for("disclosing.reveal", **address)
    return url_for("disclosing.reveal_row", row_id=row_id, **address)
