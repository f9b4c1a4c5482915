"""The folder of a next edition: whole and clean, or not there."""

import json
import shutil

import pytest

from app.errors import NotFound, Refused
from app.services.new_editions import write_new_edition
from form_schemas.folders import SCHEMAS_FOLDER
from form_schemas.lint import lint_edition
from validators.examples import lint_edition_examples


@pytest.fixture
def root(tmp_path):
    """The project's files, of one small collection."""
    folder = tmp_path / "form_schemas"
    shutil.copytree(SCHEMAS_FOLDER / "group", folder / "group")
    return folder


def list_files(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


@pytest.mark.parametrize(
    ("collection", "year", "next_year"),
    [
        ("talent", "2024", "2025"),
        ("talent", "2024", "2027"),
        ("national", "2024", "2025"),
        ("group", "2014", "2015"),
    ],
)
def test_every_edition_of_the_project_goes_on_without_a_fault(
    tmp_path, collection, year, next_year
):
    shutil.copytree(SCHEMAS_FOLDER / collection, tmp_path / collection)
    made = write_new_edition(tmp_path, collection, next_year)
    assert made.source == year
    assert lint_edition(made.folder) == lint_edition_examples(made.folder) == ()
    old = tmp_path / collection / year
    assert [path.name for path in sorted(made.folder.iterdir())] == [
        path.name for path in sorted(old.iterdir())
    ]


def test_few_lines_differ(root):
    made = write_new_edition(root, "group", "2015")
    for path in made.folder.glob("G*.json"):
        before = (root / "group" / "2014" / path.name).read_text().splitlines()
        after = path.read_text().splitlines()
        changed = [a for a, b in zip(before, after, strict=True) if a != b]
        assert all('"$id"' in line or '"breaks"' in line for line in changed)


def test_the_newest_is_the_origin_unless_another_is_named(root):
    write_new_edition(root, "group", "2016")
    assert write_new_edition(root, "group", "2017").source == "2016"
    assert write_new_edition(root, "group", "2018", "2014").source == "2014"
    settings = json.loads((root / "group" / "2018" / "collection.json").read_text())
    assert settings["phases"][0]["from"] == "2018-10-20"


@pytest.mark.parametrize(
    ("asked", "refusal", "part"),
    [
        (("group", "2014"), Refused, "已经有 group/2014"),
        (("groop", "2015"), NotFound, "是不是“group”"),
        (("group", "2015", "2013"), NotFound, "已有：2014"),
        (("group", "15"), Refused, "四位数字"),
        (("group", "../15"), Refused, "四位数字"),
        (("group", "9999"), Refused, "四位数字"),
        (("group", "0000"), Refused, "四位数字"),
    ],
)
def test_what_cannot_be_made_leaves_nothing(root, asked, refusal, part):
    before = list_files(root)
    with pytest.raises(refusal, match=part):
        write_new_edition(root, *asked)
    assert list_files(root) == before


def test_an_origin_with_faults_is_refused_and_they_are_named(root):
    file = root / "group" / "2014" / "G1.json"
    file.write_text(file.read_text().replace('"x-kind"', '"x-kin"', 1), "utf-8")
    before = list_files(root)
    with pytest.raises(Refused, match=r"处错误[\s\S]*G1\.json"):
        write_new_edition(root, "group", "2015")
    assert list_files(root) == before


def test_a_folder_that_cannot_be_put_in_place_leaves_nothing(root, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("app.services.new_editions.os.rename", fail)
    before = list_files(root)
    with pytest.raises(Refused, match="没有留下任何文件"):
        write_new_edition(root, "group", "2015")
    assert list_files(root) == before
