"""Jobs under way while forms are published go on with the new ones, never half."""

import threading
import time

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select

from app.jobs import Worker, start_thread
from app.models import (
    CheckRun,
    FormDeclaration,
    ImportJob,
    ImportState,
    JobState,
    StagedRow,
)
from app.services.import_orders import Order, start_import
from app.services.keeping import CatalogueKeeper
from app.storage.engine import begin_reading
from app.storage.rows import RowStore
from tests.support.forms import field_of, rule_of
from tests.support.publishing import (
    SCOPE,
    find_administrator,
    install_small,
    major,
    opened,
    publish_change,
)

#: Of several chunks: a publication comes between two of them.
ROWS = 40_000


@pytest.fixture
def workshop(database_url, tmp_path):
    with opened(install_small(database_url, tmp_path)) as workshop:
        yield workshop


@pytest.fixture
def actor(workshop):
    return find_administrator(workshop.engine)


@pytest.fixture
def worker(workshop):
    """A worker in a thread, as beside a server."""
    thread, stop = start_thread(workshop)
    yield thread
    stop.set()
    thread.join(60)


def write_majors(path):
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["code", "name"])
    for number in range(ROWS):
        sheet.append([f"M{number}", f"专业 {number}"])
    book.save(path)
    return path


def order_import(workshop, actor, path):
    form = workshop.catalogue.get("test/M")
    order = Order(form, SCOPE, actor.user_id, path, path.name)
    return start_import(workshop, order).import_id


def read_job(workshop, import_id):
    table = ImportJob.__table__
    with begin_reading(workshop.engine) as connection:
        return connection.execute(select(table).where(table.c.id == import_id)).one()


def count_staged(workshop, import_id):
    table = StagedRow.__table__
    wanted = select(func.count()).where(table.c.import_id == import_id)
    with begin_reading(workshop.engine) as connection:
        return connection.scalar(wanted)


def wait_until(is_so, seconds=120):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_an_import_under_way_is_finished_with_the_new_form(
    workshop, actor, worker, tmp_path
):
    import_id = order_import(workshop, actor, write_majors(tmp_path / "majors.xlsx"))
    wait_until(lambda: read_job(workshop, import_id).rows_read > 0)
    publish_change(workshop, actor, M=major(founded="date"))
    assert read_job(workshop, import_id).job_state is not JobState.DONE
    wait_until(lambda: read_job(workshop, import_id).job_state is JobState.DONE)
    job = read_job(workshop, import_id)
    form = CatalogueKeeper(workshop).get().catalogue.get("test/M")
    assert (job.state, job.rows_read) == (ImportState.STAGED, ROWS)
    assert job.form_fingerprint == form.fingerprint
    assert count_staged(workshop, import_id) == ROWS
    # The attempt that the publication cut short does not count.
    assert job.attempts == 1


def test_a_worker_judges_rows_by_the_new_rules(workshop, actor):
    form = workshop.catalogue.get("test/M")
    with workshop.engine.begin() as connection:
        store = RowStore(connection, workshop.catalogue)
        store.upsert_many(form, SCOPE, [{"code": "1", "name": "甲"}], None)
    worker = Worker(workshop)
    changed = major()
    changed["x-rules"] = [rule_of("name != '甲'", fields=["name"])]
    publish_change(workshop, actor, M=changed)
    # It begins with the rows; what it runs then is the check that follows from it.
    assert worker.run_next()
    assert not worker.run_next()
    table = FormDeclaration.__table__
    renewed = CatalogueKeeper(workshop).get().catalogue
    with begin_reading(workshop.engine) as connection:
        judged, print_ = connection.execute(
            select(table.c.judged_by, table.c.fingerprint).where(
                table.c.form_name == "test/2024/M"
            )
        ).one()
        levels = RowStore(connection, renewed).count_levels(
            renewed.get("test/M"), SCOPE
        )
        checked = connection.scalars(select(CheckRun.form_names)).all()
    assert judged == print_
    assert sum(levels.values()) == 1
    assert checked == [["test/2024/M"]]


def test_threads_of_a_process_share_the_forms(workshop, actor):
    keeper = CatalogueKeeper(workshop)
    one, other = (Worker(workshop, name, keeper) for name in ("one", "other"))
    publish_change(workshop, actor, M=major(founded=field_of("date")))
    threads = [threading.Thread(target=each.run_next) for each in (one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert one.workshop is other.workshop is keeper.get()
