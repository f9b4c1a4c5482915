"""A unit that imports files: the same path as an upload, without pages."""

import json
from dataclasses import replace
from pathlib import Path

from openpyxl import Workbook
from sqlalchemy import insert, select

from app.jobs import Worker
from app.models import Round, StagedRow, Unit
from app.models.base import now_utc
from app.services.import_orders import Mode, Order, start_import
from app.services.installation import get_console_user
from app.services.passing import pass_rows
from app.services.reports import make_report
from app.storage.engine import begin_reading
from app.storage.records import Scope
from app.storage.rows import RowStore

SAMPLES = Path(__file__).parent.parent / "samples"


class Office:
    """An empty unit in a round of every collection."""

    def __init__(self, workshop, code="office"):
        self.workshop = workshop
        self.catalogue = workshop.catalogue
        self.worker = Worker(workshop, "worker of the test")
        self.user_id = get_console_user(workshop.engine)
        with workshop.engine.begin() as connection:
            self.unit_id = connection.execute(
                insert(Unit.__table__).values(
                    kind="school",
                    code=code,
                    name=code,
                    collections=[],
                    is_active=True,
                    created_at=now_utc(),
                )
            ).inserted_primary_key[0]

    def scope(self, form):
        with self.workshop.engine.begin() as connection:
            round_id = connection.scalar(
                select(Round.id).where(
                    Round.collection == form.collection, ~Round.is_standing
                )
            )
        return Scope(self.unit_id, round_id)

    def start(self, form_name, path, mode=Mode.STAGE, **order):
        form = self.catalogue.get(form_name)
        scope = self.scope(form)
        order = Order(form, scope, self.user_id, path, path.name, mode, **order)
        return start_import(self.workshop, order)

    def send(self, form_name, path, mode=Mode.STAGE, **order):
        """Import a file as a worker does; gives the report."""
        started = self.start(form_name, path, mode, **order)
        while self.worker.run_next():
            pass
        return make_report(self.workshop, started.import_id)

    def pass_all(self, report, reason="已核实"):
        return pass_rows(self.workshop, None, report.job.id, reason=reason)

    def rows(self, form_name):
        """The formal rows of the unit."""
        form = self.catalogue.get(form_name)
        scope = self.scope(form)
        with begin_reading(self.workshop.engine) as connection:
            store = RowStore(connection, self.catalogue)
            return [dict(found.row) for found in store.iterate_rows(form, scope)]

    def levels(self, form_name):
        """How many formal rows of the unit have errors, and how many warnings."""
        form = self.catalogue.get(form_name)
        scope = self.scope(form)
        with begin_reading(self.workshop.engine) as connection:
            return RowStore(connection, self.catalogue).count_levels(form, scope)

    def change(self, form_name, field_id, value):
        """Somebody changes the first formal row on its page."""
        form = self.catalogue.get(form_name)
        scope = self.scope(form)
        with self.workshop.engine.begin() as connection:
            store = RowStore(connection, self.catalogue)
            first = store.find_page(form, scope).rows[0]
            row = {field_id: value}
            store.update(form, scope, first.id, row, first.version, self.user_id)

    def staged(self, report):
        """Values of the staged rows in their JSON form, by row number."""
        with self.workshop.engine.begin() as connection:
            found = connection.execute(
                select(StagedRow.row_number, StagedRow.__table__.c["values"])
                .where(StagedRow.import_id == report.job.id)
                .order_by(StagedRow.row_number)
            )
            return dict(map(tuple, found))


def write_sheet(path, form, rows):
    """A plain workbook: labels of the fields that the rows name, and their cells."""
    book = Workbook()
    names = list(rows[0])
    book.active.append([form.by_id[name].label for name in names])
    for row in rows:
        book.active.append([row[name] for name in names])
    book.save(path)
    return path


def load_expected():
    return json.loads((SAMPLES / "expected.json").read_text("utf-8"))


def with_limits(workshop, **limits):
    return replace(workshop, limits=replace(workshop.limits, **limits))
