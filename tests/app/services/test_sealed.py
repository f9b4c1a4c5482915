"""Sealed packages of a unit's round, made on either database; every change is found."""

import json
import shutil
import zipfile
from decimal import Decimal

import pytest
from sqlalchemy import insert, select

from app.models import (
    AuditAction,
    AuditEntry,
    ExportJob,
    Filing,
    FilingState,
    Round,
    Unit,
)
from app.services.exporting import write_package
from app.services.installation import get_console_user
from app.services.sealed.contents import hash_bytes, seal_manifest, write_json
from app.services.sealed.ordering import make_order
from app.services.sealed.verifying import SealState, verify_sealed
from app.storage.content import hash_content
from app.storage.engine import begin_reading, get_audit_key
from app.storage.records import Scope
from app.storage.rows import RowStore

ROWS = [
    {"organization_code": "K0000001", "member_name": "=甲公司"},
    {"organization_code": "K0000002", "member_name": "乙公司"},
]
OTHER_KEY = b"another installation"


@pytest.fixture
def scope(workshop):
    with begin_reading(workshop.engine) as connection:
        unit = connection.scalar(select(Unit.id).where(Unit.code == "demo-group"))
    edition = workshop.catalogue.newest["group"]
    with workshop.engine.begin() as connection:
        found = connection.scalar(
            select(Round.id).where(Round.collection == "group", ~Round.is_standing)
        )
        scope = Scope(unit, found)
        form = edition.by_code["G5.6"]
        RowStore(connection, workshop.catalogue).upsert_many(form, scope, ROWS, None)
    return scope


@pytest.fixture
def key(workshop):
    with begin_reading(workshop.engine) as connection:
        return get_audit_key(connection)


@pytest.fixture
def package(workshop, scope, tmp_path):
    path = tmp_path / "package.zip"
    actor_id = get_console_user(workshop.engine)
    edition = workshop.catalogue.newest["group"]
    order = make_order(edition, scope, actor_id, "上报")
    return path, write_package(workshop, order, path)


def change(path, **parts):
    """Write other contents into a package; None drops the part."""
    with zipfile.ZipFile(path) as package:
        held = {name: package.read(name) for name in package.namelist()}
    held |= parts
    with zipfile.ZipFile(path, "w") as package:
        for name, text in held.items():
            if text is not None:
                package.writestr(name, text)


def read(path, name):
    with zipfile.ZipFile(path) as package:
        return package.read(name)


def test_a_package_holds_the_round_and_is_found_genuine(workshop, package, key):
    path, sealed = package
    verdict = verify_sealed(path, key)
    assert (verdict.faults, verdict.seal) == ((), SealState.GENUINE)
    assert verdict.is_intact
    assert verdict.code == sealed.code
    forms = workshop.catalogue.newest["group"].forms_for()
    assert [one["code"] for one in verdict.manifest["forms"]] == [f.code for f in forms]
    assert sealed.rows == 2


def test_the_hash_in_it_is_the_one_that_approvals_bind_to(package, workshop, scope):
    path, _ = package
    manifest = json.loads(read(path, "manifest.json"))
    form = workshop.catalogue.newest["group"].by_code["G5.6"]
    with begin_reading(workshop.engine) as connection:
        own = hash_content(connection, workshop.catalogue, form, scope)
    (told,) = [one for one in manifest["forms"] if one["code"] == "G5.6"]
    assert told["content_hash"] == own
    assert told["rows"] == 2


def test_who_made_it_and_why_is_kept(package, workshop):
    _, sealed = package
    with begin_reading(workshop.engine) as connection:
        job = connection.execute(select(ExportJob.__table__)).one()
        entry = connection.execute(
            select(AuditEntry.__table__).where(
                AuditEntry.action == AuditAction.PACKAGE_EXPORTED
            )
        ).one()
    assert job.details["reason"] == "上报"
    assert job.details["code"] == entry.details["code"] == sealed.code
    assert entry.details["package"] == sealed.digest


def test_a_form_declared_empty_has_the_hash_of_nothing(workshop, scope, key, tmp_path):
    with workshop.engine.begin() as connection:
        connection.execute(
            insert(Filing).values(
                unit_id=scope.unit_id,
                round_id=scope.round_id,
                form_code="G4",
                state=FilingState.DRAFT,
                is_empty=True,
            )
        )
    path = tmp_path / "empty.zip"
    edition = workshop.catalogue.newest["group"]
    actor_id = get_console_user(workshop.engine)
    write_package(workshop, make_order(edition, scope, actor_id, "上报"), path)
    verdict = verify_sealed(path, key)
    assert verdict.is_intact
    (told,) = [one for one in verdict.manifest["forms"] if one["code"] == "G4"]
    assert told["is_empty"]


def test_another_installation_cannot_judge_the_seal_but_everything_else(package):
    path, sealed = package
    verdict = verify_sealed(path, OTHER_KEY)
    assert verdict.seal is SealState.FOREIGN
    assert verdict.is_intact
    assert verdict.code == sealed.code


def test_a_changed_row_is_found(package, key):
    path, _ = package
    line = read(path, "data/G5.6.jsonl").replace("乙公司".encode(), "丙公司".encode())
    change(path, **{"data/G5.6.jsonl": line})
    faults = verify_sealed(path, key).faults
    assert any("data/G5.6.jsonl" in fault for fault in faults)
    assert any("内容校验值不符" in fault for fault in faults)


def test_a_row_changed_together_with_the_manifest_is_found(package, key):
    path, _ = package
    line = read(path, "data/G5.6.jsonl").replace("乙公司".encode(), "丙公司".encode())
    manifest = json.loads(read(path, "manifest.json"))
    for part in manifest["parts"]:
        if part["name"] == "data/G5.6.jsonl":
            part.update(size=len(line), sha256=hash_bytes(line))
    text = write_json(manifest)
    seal = json.loads(read(path, "seal.json")) | {"manifest": hash_bytes(text)}
    change(
        path,
        **{
            "data/G5.6.jsonl": line,
            "manifest.json": text,
            "seal.json": write_json(seal),
        },
    )
    verdict = verify_sealed(path, key)
    assert verdict.seal is SealState.BROKEN
    assert any("G5.6" in fault for fault in verdict.faults)


def test_a_forged_seal_is_broken_here_and_foreign_elsewhere(package, key):
    path, sealed = package
    manifest = json.loads(read(path, "manifest.json")) | {"made_by": "别人"}
    text = write_json(manifest)
    seal = {
        "manifest": hash_bytes(text),
        "seal": seal_manifest(OTHER_KEY, text),
        "audit": "",
    }
    change(path, **{"manifest.json": text, "seal.json": write_json(seal)})
    assert verify_sealed(path, key).seal is SealState.BROKEN
    # Who received it learns from the code that it is another package.
    elsewhere = verify_sealed(path, b"receiver")
    assert elsewhere.seal is SealState.FOREIGN
    assert elsewhere.code != sealed.code


CHANGES = (
    ({"decisions.json": b"{}"}, "decisions.json"),
    ({"decisions.json": None}, "缺少文件 decisions.json"),
    ({"more.txt": b"x"}, "多出了文件 more.txt"),
    ({"manifest.json": None}, "缺少 manifest.json"),
    ({"seal.json": b"not json"}, "seal.json 读不出来"),
    ({"manifest.json": b"[]"}, "manifest.json 的写法不对"),
    ({"manifest.json": b'{"format": "tianbao-sealed-1"}'}, "manifest.json"),
    ({"manifest.json": b'{"format": "other"}'}, "不是上报包"),
)


def test_every_other_change_is_found(package, key, tmp_path):
    path, _ = package
    told = []
    for parts, _expected in CHANGES:
        copy = shutil.copy(path, tmp_path / "copy.zip")
        change(copy, **parts)
        verdict = verify_sealed(copy, key)
        told.append((verdict.is_intact, "".join(verdict.faults)))
    assert not any(is_intact for is_intact, _ in told)
    for (_, faults), (_, expected) in zip(told, CHANGES, strict=True):
        assert expected in faults


def test_what_is_no_package_is_told(tmp_path, key):
    path = tmp_path / "letter.txt"
    path.write_text("您好")
    assert "不是完整的 zip" in verify_sealed(path, key).faults[0]


def test_a_package_that_was_cut_is_told(package, key):
    path, _ = package
    path.write_bytes(path.read_bytes()[:-200])
    assert not verify_sealed(path, key).is_intact


def test_two_parts_of_one_name_are_refused(package, key):
    path, _ = package
    with (
        zipfile.ZipFile(path, "a") as file,
        pytest.warns(UserWarning, match="Duplicate"),
    ):
        file.writestr("seal.json", b"{}")
    assert "同名" in verify_sealed(path, key).faults[0]


def test_numbers_keep_their_digits(workshop, scope, key, tmp_path):
    """A decimal in the data is written as the hash reads it."""
    edition = workshop.catalogue.newest["group"]
    form = next(
        f
        for f in edition.forms
        if not f.is_derived and any(s.places == 2 and not s.is_given for s in f.fields)
    )
    field = next(s for s in form.fields if s.places == 2 and not s.is_given)
    with workshop.engine.begin() as connection:
        store = RowStore(connection, workshop.catalogue)
        store.insert(form, scope, {field.id: Decimal("12.30")}, None)
    path = tmp_path / "numbers.zip"
    actor_id = get_console_user(workshop.engine)
    write_package(workshop, make_order(edition, scope, actor_id, "上报"), path)
    assert verify_sealed(path, key).is_intact
    assert "12.30" in read(path, f"data/{form.code}.jsonl").decode()
