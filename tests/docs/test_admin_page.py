"""The administrators' handbook: its example is a sound file, its tables are true."""

import json
import shutil

import pytest

from app.services.schema_changes import OperationKind
from app.services.schema_changes.declaring import declare, has_shape
from exporters.template import build_template
from form_schemas.booklets import read_booklets
from form_schemas.codelists import load_codelists
from form_schemas.folders import SCHEMAS_FOLDER
from form_schemas.lint import lint_edition
from form_schemas.loading import load_catalogue
from form_schemas.measure_reader import read_measures
from form_schemas.settings import read_settings
from tests.support.docs import (
    find_blocks,
    find_code,
    find_rows,
    find_section,
    read_page,
)
from validators.examples import lint_edition_examples

PAGE = read_page("admin.zh.md")
(
    EXAMPLE,
    ROUND,
    CHAINS,
    BOOKLETS,
    MEASURES,
    FREEZE,
    FLOW,
    ANTHOLOGIES,
    REASONS,
    CODELIST,
) = find_blocks(PAGE, "json")
HOME = SCHEMAS_FOLDER / "talent" / "2024"
NAME = "9.1.1.json"

#: What the rows of the table of faults do to the example, in their order.
EDITS = [
    ('"x-kind": "money", "x-unit"', '"x-kind": "money", "x-unti"'),
    ('"x-kind": "date"', '"x-kind": "dat"'),
    ("volunteers <= visitors", "volunteers <= visitor"),
    ('"table": "0.1.3"', '"table": "0.1.33"'),
    (', "x-sensitive": true', ""),
    ('"visitors", "has_partner"]', '"visitors", "has_partner", "partner"]'),
]


@pytest.fixture
def edition(tmp_path):
    """The basic forms of the edition that the example belongs to."""
    folder = tmp_path / "talent" / "2024"
    folder.mkdir(parents=True)
    for path in HOME.glob("0.*.json"):
        shutil.copy(path, folder)
    # The phases name forms that are not among these.
    write_settings(folder, phases=[])
    return folder


def write_settings(folder, **words):
    settings = json.loads((HOME / "collection.json").read_text("utf-8")) | words
    text = json.dumps(settings, ensure_ascii=False)
    (folder / "collection.json").write_text(text, "utf-8")


def lint_example(edition, text):
    (edition / NAME).write_text(text, encoding="utf-8")
    return {
        f.pointer: f.message for f in lint_edition(edition) if f.file.endswith(NAME)
    }


def test_the_example_is_a_sound_file_of_its_edition(edition):
    shutil.copytree(HOME, edition, dirs_exist_ok=True)
    assert lint_example(edition, EXAMPLE) == {}
    assert lint_edition_examples(edition) == ()
    catalogue = load_catalogue(edition.parents[1])
    form = catalogue.get("talent/9.1.1")
    assert form.get_field("cost_each").computed is not None
    broken = {rule_id for example in form.examples for rule_id in example.breaks}
    assert broken == {rule.id for rule in form.rules}
    workbook = build_template(form, catalogue)
    assert workbook.worksheets[0].title.startswith("校园开放日")


def test_the_example_is_written_at_once_by_whoever_copies_it():
    assert json.loads(EXAMPLE)["x-form"]["code"] == NAME.removesuffix(".json")
    assert not (HOME / NAME).exists()


@pytest.mark.parametrize("row", range(len(EDITS)))
def test_a_fault_is_said_as_the_handbook_quotes_it(edition, row):
    rows = find_rows(find_section(PAGE, "看懂检查的结果"))
    assert len(rows) == len(EDITS)
    pointer, _, message = rows[row][1].partition("：")
    assert EDITS[row][0] in EXAMPLE
    faults = lint_example(edition, EXAMPLE.replace(*EDITS[row], 1))
    assert faults[find_code(pointer)[0]].startswith(message.rstrip("…").rstrip("、"))


def test_the_handbook_names_every_kind_of_change_and_what_becomes_of_it():
    rows = find_rows(find_section(PAGE, "修改一张表"))
    told = [find_code(row[0])[0] for row in rows]
    assert sorted(told) == sorted(kind.value for kind in OperationKind)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("校园开放日活动情况表", "开放日活动表"),
        ('"title": "经费"', '"title": "总经费", "description": "含税"'),
        ('"校级", "院（系）级"', '"院（系）级", "校级"'),
        ("cost / visitors", "cost / 2"),
        ('"x-visible-when": "has_partner", ', ""),
        ('"visitors", "has_partner"]', '"has_partner"]'),
        ("volunteers <= visitors", "volunteers < visitors"),
        ("leader_no.teacher_name", "leader_no.gender"),
        ('"warn": "50%"', '"warn": "20%"'),
        ('"row": {"visitors": 900}', '"row": {"visitors": 901}'),
        ('"x-kind": "boolean"', '"x-kind": "boolean", "default": true'),
        ('["visitors", ["volunteers"],', '["visitors", "volunteers",'),
    ],
)
def test_what_needs_no_plan_changes_nothing_that_is_stored(edition, old, new):
    assert old in EXAMPLE
    assert lint_example(edition, EXAMPLE) == {}
    before = load_catalogue(edition.parents[1]).get("talent/9.1.1")
    assert lint_example(edition, EXAMPLE.replace(old, new)) == {}
    after = load_catalogue(edition.parents[1]).get("talent/9.1.1")
    assert has_shape(declare(before), after)


def test_the_example_of_a_code_list_can_be_read(tmp_path):
    (tmp_path / "activities.json").write_text(CODELIST, encoding="utf-8")
    codelist = load_codelists(tmp_path)["activities"]
    assert [entry.name for entry in codelist.path("11")] == ["文化", "讲座"]


def test_the_example_of_reasons_is_read_as_the_page_says(edition):
    write_settings(edition, phases=[], **json.loads(f"{{{REASONS}}}"))
    assert read_settings(edition).faults == ()
    reasons = load_catalogue(edition.parents[1]).newest["talent"].reasons
    assert [(r.title, r.needs_text) for r in reasons] == [
        ("政策调整", False),
        ("其他", True),
    ]


def test_the_example_of_phases_and_steps_is_read_as_the_page_says(edition):
    write_settings(edition, **json.loads(f"{{{ROUND}}}"))
    assert read_settings(edition).faults == ()
    talent = load_catalogue(edition.parents[1]).newest["talent"]
    prepare, fill = talent.phases
    assert [phase.opens("0.1.5") for phase in (prepare, fill)] == [True, True]
    assert [phase.opens("0.1.1") for phase in (prepare, fill)] == [False, True]
    assert [step.is_whole for step in talent.steps] == [False, False, True, True]
    assert [step.level for step in talent.steps] == ["", "", "", "city"]


def test_the_example_of_chains_is_read_as_the_page_says(edition):
    write_settings(edition, phases=[], **json.loads(f"{{{CHAINS}}}"))
    assert read_settings(edition).faults == ()
    [chain] = load_catalogue(edition.parents[1]).newest["talent"].work_chains
    needs = [step.needs for step in chain.steps]
    assert needs == [(), ("base",), (), ("students", "guests")]


def test_the_example_of_booklets_is_part_of_the_one_in_use():
    folder = SCHEMAS_FOLDER / "group" / "2014"
    settings = json.loads((folder / "collection.json").read_text("utf-8"))
    [told] = read_booklets(json.loads(f"{{{BOOKLETS}}}")["booklets"])
    used = {one.id: one for one in read_booklets(settings["booklets"])}[told.id]
    assert (told.title, told.unit_kind) == (used.title, used.unit_kind)
    assert set(told.blocks) <= set(used.blocks)


def test_the_example_of_anthologies_is_the_one_in_use():
    folder = SCHEMAS_FOLDER / "group" / "2014"
    settings = json.loads((folder / "collection.json").read_text("utf-8"))
    assert json.loads(f"{{{ANTHOLOGIES}}}")["anthologies"] == settings["anthologies"]


def test_the_example_of_statistics_is_read_as_the_page_says(edition):
    declared = json.loads(f"{{{MEASURES}}}")
    write_settings(edition, phases=[], **declared)
    assert read_settings(edition).faults == ()
    reading = read_measures(declared, load_catalogue().newest["talent"].forms)
    assert reading.faults == ()
    [group] = reading.groups
    assert [one.dimensions for one in group.measures] == [
        ("grade", "gender", "major_code.major_category"),
        ("grade",),
        ("grade",),
    ]


def test_the_example_of_a_freezing_link_is_the_one_in_use():
    form = SCHEMAS_FOLDER / "national" / "2024" / "Z6.2.3.json"
    declared = json.loads(form.read_text("utf-8"))["x-freeze"]
    assert json.loads(f"{{{FREEZE}}}") == {"x-freeze": declared}


def test_the_example_of_rows_that_travel_is_part_of_the_one_in_use():
    form = SCHEMAS_FOLDER / "group" / "2014" / "G9.json"
    used = json.loads(form.read_text("utf-8"))["x-flow"]
    told = json.loads(f"{{{FLOW}}}")["x-flow"]
    assert {**told, "moves": []} == {**used, "moves": []}
    moves = {move["id"]: move for move in used["moves"]}
    for move in told["moves"]:
        shown = moves[move["id"]]
        assert move.keys() == shown.keys()
        if "creates" in move:
            values = move.pop("creates")["values"].items()
            assert values <= shown.pop("creates")["values"].items()
        assert move == shown
