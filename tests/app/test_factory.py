"""The application as it is put together from settings alone."""

import json
import shutil

import pytest

from app.config import Config
from app.factory import create_app
from app.services.schema_changes import initialise
from app.storage.engine import open_engine
from app.web.server import get_server
from form_schemas.folders import SCHEMAS_FOLDER
from form_schemas.loading import load_catalogue

FORM = "group/G5.1"


@pytest.fixture
def earlier(tmp_path):
    """The forms before one of them lost a field that holds rows' values."""
    root = tmp_path / "schemas"
    shutil.copytree(SCHEMAS_FOLDER / "group", root / "group")
    path = root / "group" / "2014" / "G5.1.json"
    schema = json.loads(path.read_text("utf-8"))
    schema["properties"]["x"] = {"title": "旧", "type": "string", "x-kind": "text"}
    schema["x-layout"][-1]["fields"].append("x")
    path.write_text(json.dumps(schema, ensure_ascii=False), "utf-8")
    return load_catalogue(root)


def test_the_forms_served_are_those_in_use(database_url, earlier, tmp_path):
    engine = open_engine(database_url)
    initialise(engine, earlier)
    engine.dispose()
    app = create_app(Config(data_folder=tmp_path, database_url=database_url))
    with app.app_context():
        served = get_server().catalogue
        get_server().engine.dispose()
    assert "x" not in load_catalogue().get(FORM).by_id
    assert "x" in served.get(FORM).by_id
