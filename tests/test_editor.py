"""What an editor is told about schema files, in `.vscode`."""

import json
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from form_schemas.fault_places import PlacedFault
from form_schemas.faults import Fault
from form_schemas.folders import SCHEMAS_FOLDER
from form_schemas.locating import Position

_ROOT = SCHEMAS_FOLDER.parent
_SETTINGS = json.loads((_ROOT / ".vscode/settings.json").read_text("utf-8"))
_TASKS = json.loads((_ROOT / ".vscode/tasks.json").read_text("utf-8"))["tasks"]


def find_schemas(path):
    """The meta-schemas that the editor judges a file by."""
    return [
        entry["url"]
        for entry in _SETTINGS["json.schemas"]
        if any(matches(path, one) for one in entry["fileMatch"])
        and not any(matches(path, one[1:]) for one in entry["fileMatch"])
    ]


def matches(path, pattern):
    """A star stands for a part of a path, as in the editor."""
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch, parts, wanted))


def test_every_schema_file_has_its_meta_schema():
    for path in SCHEMAS_FOLDER.glob("*/*/*.json"):
        kind = "settings" if path.name == "collection.json" else "dialect"
        address = f"/{path.relative_to(_ROOT)}"
        assert find_schemas(address) == [f"./form_schemas/{kind}.json"], address


def test_editions_that_are_made_later_have_theirs_too():
    assert find_schemas("/form_schemas/other/2031/1.1.json") == [
        "./form_schemas/dialect.json"
    ]


@pytest.mark.parametrize("path", ["codes/gbt-2260.json", "dialect.json"])
def test_other_files_have_none(path):
    assert find_schemas(f"/form_schemas/{path}") == []


def test_the_meta_schemas_are_there():
    for entry in _SETTINGS["json.schemas"]:
        assert (_ROOT / entry["url"]).is_file()


@pytest.mark.parametrize("task", _TASKS, ids=lambda task: task["label"])
@pytest.mark.parametrize(
    ("message", "severity"), [("错了：请改。", "error"), ("提醒：错了：请改。", "info")]
)
def test_faults_are_read_out_of_what_the_commands_print(task, message, severity):
    fault = Fault("talent/2024/1.2.1.json", "/properties/a", message)
    line = str(PlacedFault(fault, Position(12, 5)))
    found = [
        (matcher, match)
        for matcher in task["problemMatcher"]
        if (match := re.fullmatch(matcher["pattern"]["regexp"], line))
    ]
    ((matcher, match),) = found
    names = ("file", "line", "column", "code", "message")
    assert [match[matcher["pattern"][name]] for name in names] == [
        "talent/2024/1.2.1.json",
        "12",
        "5",
        "#/properties/a",
        "错了：请改。",
    ]
    assert matcher["severity"] == severity
    assert matcher["fileLocation"][1].endswith("/form_schemas")
    for one in task["problemMatcher"]:
        assert not re.fullmatch(one["pattern"]["regexp"], f"已改好：{line}")
    assert Path(task["command"]).name == "tianbao"
