import json
import shutil

import pytest
from jsonschema import Draft202012Validator

from form_schemas.catalogue import UnknownFormError
from form_schemas.dialect import load_dialect
from form_schemas.folders import SCHEMAS_FOLDER
from form_schemas.loading import load_catalogue
from form_schemas.spec import Shape
from form_schemas.writer import format_schema

SCHEMA_FILES = sorted(
    path for path in SCHEMAS_FOLDER.glob("*/*/*.json") if path.name != "collection.json"
)


@pytest.fixture(scope="module")
def catalogue():
    return load_catalogue()


def find_faults(schema):
    """What the standard itself finds wrong with a schema."""
    standard = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    return [error.message for error in standard.iter_errors(schema)]


@pytest.fixture
def copied(tmp_path):
    """The group collection in a folder of its own, where a file may be broken."""
    shutil.copytree(SCHEMAS_FOLDER / "group", tmp_path / "group")
    return tmp_path


def test_all_forms_of_the_three_collections_are_there(catalogue):
    counts = {ed.name: len(ed.forms) for ed in catalogue.editions}
    assert counts == {"group/2014": 24, "national/2024": 120, "talent/2024": 90}
    assert catalogue.broken == ()


def test_every_file_is_a_json_schema_for_anybody():
    faults = {
        path.name: found
        for path in SCHEMA_FILES
        if (found := find_faults(json.loads(path.read_text("utf-8"))))
    }
    assert faults == {}


def test_the_dialect_is_a_json_schema_itself():
    assert find_faults(dict(load_dialect())) == []


def test_a_file_that_is_no_json_schema_would_be_found():
    assert find_faults({"properties": {"x": {"maxLength": -1}}}) != []


def test_every_file_is_formatted_as_the_writer_does():
    unlike = [
        path.name
        for path in SCHEMA_FILES
        if format_schema(json.loads(path.read_text("utf-8"))) != path.read_text("utf-8")
    ]
    assert unlike == []


def test_a_form_is_found_by_its_name_with_and_without_the_year(catalogue):
    assert catalogue.get("talent/1.1.4") is catalogue.get("talent/2024/1.1.4")


def test_an_unknown_form_suggests_the_nearest(catalogue):
    with pytest.raises(UnknownFormError) as caught:
        catalogue.get("talent/1.1.44")
    assert "talent/1.1.4" in caught.value.suggestions


def test_whoever_refers_to_a_form_is_known(catalogue):
    for form in catalogue.forms:
        for referring, field in catalogue.referring(form):
            assert form in catalogue.targets(referring, field)


def test_records_have_no_key_and_rows_have_one(catalogue):
    for form in catalogue.forms:
        assert bool(form.key) == (form.shape is Shape.ROWS)


def test_table_names_are_unlike_each_other(catalogue):
    names = [form.table_name for form in catalogue.forms]
    assert len(set(names)) == len(names)


def test_a_broken_file_is_listed_and_the_rest_is_served(copied):
    file = copied / "group" / "2014" / "G1.json"
    file.write_text("{", "utf-8")
    catalogue = load_catalogue(copied)
    assert "group/2014/G1" in [b.full_name for b in catalogue.broken]
    assert catalogue.find("group/G2") is not None


def test_the_last_good_version_serves_for_a_broken_file(copied):
    file = copied / "group" / "2014" / "G1.json"
    good = file.read_text("utf-8")
    file.write_text("{", "utf-8")
    catalogue = load_catalogue(copied, last_good={"group/2014/G1": good})
    assert catalogue.find("group/G1") is not None
    assert [b.is_replaced for b in catalogue.broken] == [True]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"title": 3}', "\udcff"])
def test_broken_settings_of_an_edition_leave_its_forms_in_use(copied, text):
    file = copied / "group" / "2014" / "collection.json"
    file.write_text(text, "utf-8", errors="surrogateescape")
    catalogue = load_catalogue(copied)
    assert len(catalogue.forms) == 24
    assert catalogue.newest["group"].title == "group 2014"
    assert [b.full_name for b in catalogue.broken] == ["group/2014/collection.json"]


def test_an_edition_that_did_not_change_is_not_read_again(tmp_path):
    for year in ("2014", "2015"):
        shutil.copytree(SCHEMAS_FOLDER / "group" / "2014", tmp_path / "group" / year)
    for path in (tmp_path / "group" / "2015").glob("*.json"):
        path.write_text(path.read_text("utf-8").replace("2014", "2015"), "utf-8")
    before = load_catalogue(tmp_path)
    path = tmp_path / "group" / "2015" / "G5.1.json"
    schema = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**schema, "title": "另一张表"}), "utf-8")
    after = load_catalogue(tmp_path)
    old, new = (one.edition("group", "2014").forms for one in (before, after))
    assert all(form is other for form, other in zip(old, new, strict=True))
    assert before.get("group/G5.1").title != after.get("group/G5.1").title == "另一张表"
