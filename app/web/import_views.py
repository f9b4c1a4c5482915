"""The import that an address names, as far as the visitor may see it."""

from app.services import inbox
from app.services.inbox import ImportView
from app.services.staging import StagedView
from app.services.workplaces import Workplace
from app.web.server import get_server
from app.web.visit import get_visit
from form_schemas.spec import FormSpec
from renderers.display import mask


def get_view(import_id: int) -> ImportView:
    server, actor = get_server(), get_visit().actor
    return inbox.get_import(server.engine, server.catalogue, actor, import_id)


def find_place(view: ImportView) -> Workplace | None:
    """The workplace the import belongs to, for the bar on top."""
    return get_visit().open_place(view.job.unit_id, view.job.round_id)


def show_texts(form: FormSpec, row: StagedView) -> dict[str, str]:
    """The texts of a staged row; personal data masked."""
    return {
        name: mask(form.by_id[name], text)
        if form.by_id[name].sensitive and text
        else text
        for name, text in row.texts.items()
    }
