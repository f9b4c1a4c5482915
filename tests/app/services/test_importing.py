"""Imports from the file to staged rows: once, twice, after a killed worker."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from app.errors import Refused
from app.jobs import Worker
from app.models import ImportJob, ImportState, JobState, StagedRow
from app.services.import_orders import Mode
from app.services.passing import discard_import
from app.services.queueing import claim
from app.services.reports import make_report
from tests.support.imports import SAMPLES, Office, with_limits, write_sheet

MAJORS = "talent/0.1.1"
COURSES = "talent/0.1.2"
STUDENTS = "talent/0.1.5"
LEVELS = "talent/2.4.4"
UNIT = "group/G12"
MAJORS_FILE = SAMPLES / "01_0.1.1开设专业基础信息表.xlsx"
STUDENTS_FILE = SAMPLES / "03_0.1.5在校生30000人.xlsx"


def count_staged(workshop, import_id):
    with workshop.engine.begin() as connection:
        return connection.scalar(
            select(func.count())
            .select_from(StagedRow)
            .where(StagedRow.import_id == import_id)
        )


def test_rows_wait_until_somebody_passes_them(office):
    report = office.send(MAJORS, MAJORS_FILE)
    assert report.job.state is ImportState.STAGED
    assert office.rows(MAJORS) == []
    assert office.pass_all(report).counts.added == 24
    assert len(office.rows(MAJORS)) == 24


def test_the_same_file_twice_changes_nothing_and_says_so(office):
    office.pass_all(office.send(MAJORS, MAJORS_FILE))
    before = office.rows(MAJORS)
    again = office.start(MAJORS, MAJORS_FILE)
    assert again.is_repeated
    assert "没有重复导入" in again.message
    assert office.rows(MAJORS) == before


def test_the_same_file_is_read_again_once_a_row_was_changed(office):
    office.pass_all(office.send(MAJORS, MAJORS_FILE))
    office.change(MAJORS, "remark", "改过")
    report = office.send(MAJORS, MAJORS_FILE)
    assert (report.rows_updated, report.rows_unchanged) == (1, 23)


def test_a_file_of_known_rows_has_nothing_to_pass(office, tmp_path):
    office.pass_all(office.send(MAJORS, MAJORS_FILE))
    other = tmp_path / "other.xlsx"
    other.write_bytes(MAJORS_FILE.read_bytes() + b"\0")
    form = office.catalogue.get(MAJORS)
    rows = [
        {"major_code": row["major_code"], "major_name": row["major_name"]}
        for row in office.rows(MAJORS)
    ]
    report = office.send(MAJORS, write_sheet(other, form, rows))
    assert report.job.state is ImportState.PASSED
    assert (report.rows_added, report.rows_unchanged) == (0, 24)


def test_an_absent_column_leaves_values_untouched(office, tmp_path):
    office.pass_all(office.send(MAJORS, MAJORS_FILE))
    before = office.rows(MAJORS)[0]
    form = office.catalogue.get(MAJORS)
    row = {"major_code": before["major_code"], "major_name": "新名称"}
    report = office.send(MAJORS, write_sheet(tmp_path / "part.xlsx", form, [row]))
    assert report.job.rows_faulty == 0
    office.pass_all(report)
    assert office.rows(MAJORS)[0] == {**before, "major_name": "新名称"}


def test_a_known_row_is_found_by_its_key_as_it_is_stored(office, tmp_path):
    form = office.catalogue.get(LEVELS)
    row = {
        "education_level": "高职专科",
        "study_years": 3,
        "training_mode": "普通班",
        # A part of the key that is not shown beside this mode, and so not stored.
        "training_form": "无",
        "major_count": 5,
        "enrolling_major_count": 5,
        "plan_count": 50,
        "admitted_count": 50,
        "registered_count": 50,
        "female_registered": 20,
        "local_province_registered": 30,
    }
    office.pass_all(office.send(LEVELS, write_sheet(tmp_path / "a.xlsx", form, [row])))
    again = write_sheet(tmp_path / "b.xlsx", form, [row, {**row, "study_years": 2}])
    report = office.send(LEVELS, again)
    assert (report.rows_added, report.rows_unchanged) == (1, 1)


def test_a_dry_run_leaves_only_its_report(office):
    report = office.send(MAJORS, MAJORS_FILE, Mode.DRY_RUN)
    assert (report.job.outcome, report.rows_added) == ("accepted", 24)
    discard_import(office.workshop, report.job.id)
    assert count_staged(office.workshop, report.job.id) == 0


def test_a_refused_file_stages_nothing(office, tmp_path):
    path = tmp_path / "no.xlsx"
    path.write_bytes(b"this is no workbook")
    report = office.send(MAJORS, path)
    assert (report.job.outcome, report.job.state) == (
        "refused_file",
        ImportState.REFUSED,
    )
    assert report.job.refusal_message
    assert count_staged(office.workshop, report.job.id) == 0


def test_personal_data_that_an_export_masked_stay_as_they_are(office, tmp_path):
    form = office.catalogue.get(UNIT)
    row = {
        "unit_name": "春江职教集团",
        "unit_type": "国家级教育行政部门",
        "province_code": "320000",
        "leader_name": "李明",
        "leader_mobile": "13912345678",
        "is_disabled": "否",
    }
    office.pass_all(office.send(UNIT, write_sheet(tmp_path / "a.xlsx", form, [row])))
    masked = {**row, "leader_name": "王芳", "leader_mobile": "139****5678"}
    office.pass_all(office.send(UNIT, write_sheet(tmp_path / "b.xlsx", form, [masked])))
    (stored,) = office.rows(UNIT)
    assert (stored["leader_name"], stored["leader_mobile"]) == ("王芳", "13912345678")


@pytest.mark.parametrize(
    ("form_name", "reason"),
    [("group/G4", "各栏都由系统算出"), ("national/Z1.1.13", "由系统从其他表汇总")],
)
def test_a_form_that_the_system_fills_takes_no_file(office, form_name, reason):
    with pytest.raises(Refused, match=reason):
        office.send(form_name, MAJORS_FILE)


def test_a_file_cut_short_is_refused_as_a_whole(office, tmp_path):
    path = tmp_path / "cut.xlsx"
    path.write_bytes(STUDENTS_FILE.read_bytes()[:1_000_000])
    report = office.send(STUDENTS, path)
    assert report.job.refusal == "damaged"
    assert count_staged(office.workshop, report.job.id) == 0


def test_too_many_rows_are_refused(workshop):
    office = Office(with_limits(workshop, rows=1000))
    report = office.send(STUDENTS, STUDENTS_FILE)
    assert report.job.refusal == "too_many_rows"
    assert count_staged(workshop, report.job.id) == 0


def test_two_rows_of_one_key_cannot_both_pass(office, tmp_path):
    form = office.catalogue.get(MAJORS)
    office.pass_all(office.send(MAJORS, MAJORS_FILE))
    code = office.rows(MAJORS)[0]["major_code"]
    rows = [{"major_code": code, "remark": "甲"}, {"major_code": code, "remark": "乙"}]
    report = office.send(MAJORS, write_sheet(tmp_path / "twice.xlsx", form, rows))
    assert [(p.row_number, p.kind) for p in report.problems] == [(3, "duplicate")]


def test_only_one_worker_holds_a_job(office):
    started = office.start(MAJORS, MAJORS_FILE)
    assert claim(office.workshop, ImportJob, "first") == started.import_id
    assert claim(office.workshop, ImportJob, "second") is None


def test_a_job_that_brings_every_worker_down_is_given_up(office):
    workshop = replace(office.workshop, lease_seconds=-1)
    started = office.start(MAJORS, MAJORS_FILE)
    claims = [claim(workshop, ImportJob, f"worker {n}") for n in range(4)]
    assert claims == [started.import_id] * 3 + [None]
    job = make_report(workshop, started.import_id).job
    assert (job.job_state, job.state) == (JobState.FAILED, ImportState.FAILED)


@pytest.mark.parametrize("chunks_before", [1, 3])
def test_a_killed_worker_neither_loses_nor_doubles_a_row(
    office, installed_url, tmp_path, chunks_before
):
    office.pass_all(office.send(MAJORS, MAJORS_FILE))
    started = office.start(STUDENTS, STUDENTS_FILE)
    environment = {
        **os.environ,
        "TIANBAO_DATABASE_URL": installed_url,
        "TIANBAO_DATA_FOLDER": str(tmp_path / "data"),
        "TIANBAO_LEASE_SECONDS": "60",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "worker", "--once"],
        env=environment,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for_rows(office.workshop, started.import_id, chunks_before * 4000)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = make_report(office.workshop, started.import_id, 0).job
    assert done.job_state is JobState.RUNNING
    assert done.rows_read == count_staged(office.workshop, started.import_id)
    assert done.rows_read < 30_000
    expire_lease(office.workshop, started.import_id)
    assert Worker(office.workshop, "heir").run_next()
    report = make_report(office.workshop, started.import_id)
    assert (report.job.rows_read, report.job.rows_clean) == (30_000, 30_000)
    assert list(office.staged(report)) == list(range(2, 30_002))
    assert report.problems == ()


def wait_for_rows(workshop, import_id, rows):
    deadline = time.monotonic() + 120
    while count_staged(workshop, import_id) < rows:
        assert time.monotonic() < deadline, "the worker does not stage rows"
        time.sleep(0.01)


def expire_lease(workshop, import_id):
    table = ImportJob.__table__
    with workshop.engine.begin() as connection:
        connection.execute(
            table.update()
            .where(table.c.id == import_id)
            .values(lease_until=table.c.created_at)
        )
