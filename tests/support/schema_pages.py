"""An administrator before the pages that change forms, on a small installation."""

from sqlalchemy import select, update

from app.factory import create_app
from app.models import Filing, FilingState, Role, Unit
from app.services.demo import DEMO_PASSWORD
from app.services.designing.draft_acts import start_draft
from app.services.designing.draft_files import save_files
from app.storage.rows import RowStore
from tests.app.web.conftest import Browser
from tests.support.people import add_person, find_actor
from tests.support.publishing import SCOPE, file_of, write_form

EDITION = "test/2024"


def open_pages(config, workshop):
    """The application of an installation, with an administrator and a filler."""
    with workshop.engine.begin() as connection:
        code = connection.scalar(select(Unit.code))
    add_person(workshop.engine, "guan", Role.ADMINISTRATOR, unit=code)
    add_person(workshop.engine, "tian", Role.FILLER, unit=code)
    return create_app(config, workshop=workshop)


def sign_in(app, username):
    browser = Browser(app)
    fields = {"username": username, "password": DEMO_PASSWORD}
    answer = browser.post("/login", fields, page="/login")
    assert answer.status_code == 302, answer.text
    return browser


def draft_of(workshop, username="guan", title="部里更正", **schemas):
    """A draft that gives forms other files: `draft_of(w, M=major())`; None: it goes."""
    actor = find_actor(workshop.engine, username)
    draft = start_draft(workshop, actor, EDITION, title)
    texts = {
        file_of(code): None if schema is None else write_form(schema)
        for code, schema in schemas.items()
    }
    return save_files(workshop, actor, draft.id, texts)


def store_rows(workshop, code, *rows):
    """Rows of the unit's round, as they were before anything changed."""
    form = workshop.catalogue.get(f"test/{code}")
    with workshop.engine.begin() as connection:
        store = RowStore(connection, workshop.catalogue)
        for row in rows:
            store.insert(form, SCOPE, row, actor_id=None)


def hand_in(workshop, code, state=FilingState.SUBMITTED):
    """Have a form that has rows in the hands of reviewers."""
    with workshop.engine.begin() as connection:
        connection.execute(
            update(Filing.__table__).where(Filing.form_code == code).values(state=state)
        )
