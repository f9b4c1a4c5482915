"""The layers of the project: who imports whom, and where a library may be used."""

from pathlib import Path, PurePosixPath

import pytest

from tests.support.layers import check_module, find_modules

ROOT = Path(__file__).parent.parent


def faults_of(path: str, source: str) -> list[str]:
    return list(check_module(PurePosixPath(path), source))


@pytest.mark.parametrize("path", find_modules(ROOT), ids=str)
def test_a_module_keeps_to_its_layer(path):
    faults = list(check_module(path, (ROOT / path).read_text("utf-8")))
    assert not faults, "\n" + "\n".join(faults)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("form_schemas/reader.py", "import validators"),
        ("form_schemas/reader.py", "from app.models import unit"),
        ("validators/check.py", "from renderers import display"),
        ("renderers/grid_page.py", "import exporters.layout"),
        ("exporters/layout.py", "from renderers.display import show"),
        ("app/services/uploading.py", "from migrations import env"),
        ("app/services/uploading.py", "import tests.support"),
        ("form_schemas/talent/__init__.py", "from ...app import x"),
    ],
)
def test_an_import_to_the_right_is_a_fault(path, source):
    (fault,) = faults_of(path, source)
    assert fault.startswith(f"{path}:1: ")
    assert "it may import" in fault


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("app/models/unit.py", "from app.storage.rows import read_rows"),
        ("app/storage/rows.py", "from app.permissions import can"),
        ("app/permissions.py", "from app import storage"),
        ("app/services/passing.py", "from ..web import pages"),
        ("app/cli.py", "from app.web import pages"),
        ("app/web/pages.py", "import app.factory"),
        ("app/__init__.py", "from app.factory import create_app"),
    ],
)
def test_an_import_against_the_order_in_app_is_a_fault(path, source):
    (fault,) = faults_of(path, source)
    assert "inside app the order is" in fault


def test_a_new_part_of_app_needs_a_place():
    (fault,) = faults_of("app/helpers.py", "from app.models import unit")
    assert "app.helpers has no place in APP_STEPS" in fault


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("validators/check.py", "import sqlalchemy.orm"),
        ("validators/check.py", "from wtforms import Form"),
        ("exporters/layout.py", "import marshmallow"),
        ("renderers/display.py", "from openpyxl import Workbook"),
        ("renderers/display.py", "from flask import url_for"),
        ("app/web/pages.py", "from sqlalchemy import select"),
        ("app/services/passing.py", "from flask import request"),
        ("form_schemas/codelists.py", "import yaml"),
    ],
)
def test_a_library_outside_its_home_is_a_fault(path, source):
    (fault,) = faults_of(path, source)
    assert " belongs to " in fault


def test_request_is_found_behind_its_module_too():
    source = "import flask\n\ndef read_page():\n    return flask.request.args\n"
    (fault,) = faults_of("app/services/listing.py", source)
    assert fault.startswith("app/services/listing.py:4: ")


def test_an_import_inside_a_function_is_a_fault():
    source = "class A:\n    def b(self):\n        if self:\n            import json\n"
    (fault,) = faults_of("validators/check.py", source)
    assert "validators/check.py:4: import inside a function" in fault


def test_all_faults_of_a_module_are_named_at_once():
    source = (
        "import app\n"
        "from exporters import layout\n"
        "def late():\n"
        "    from openpyxl import Workbook\n"
    )
    lines = [fault.split(":")[1] for fault in faults_of("renderers/a.py", source)]
    assert sorted(lines) == ["1", "2", "4", "4"]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("form_schemas/reader.py", "import json\nfrom jsonschema import validate"),
        ("validators/check.py", "from form_schemas.spec import FormSpec"),
        ("renderers/grid_page.py", "from .display import show\nimport wtforms"),
        ("exporters/reader.py", "from python_calamine import CalamineWorkbook"),
        ("app/storage/rows.py", "from app.models import unit\nimport sqlalchemy"),
        ("app/web/pages.py", "from flask import request\nfrom ..services import a"),
        ("app/factory.py", "from app import extensions\nfrom app.web import pages"),
        ("migrations/env.py", "from alembic import context\nfrom app import models"),
        ("tests/app/test_rows.py", "import app.storage.rows\nimport sqlalchemy"),
    ],
)
def test_an_import_to_the_left_is_fine(path, source):
    assert faults_of(path, source) == []
