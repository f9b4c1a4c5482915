"""The settings of an edition: reasons for warnings, steps of review, phases."""

import json
from datetime import date

import pytest

from form_schemas.chain import ReviewStep
from form_schemas.loading import load_catalogue
from form_schemas.phases import Phase, Task, read_phases, shift_phases, write_phases
from form_schemas.settings import FREE_REASON, WarningReason, read_settings
from form_schemas.spec import FormKind
from tests.support.catalogues import get_catalogue

SETTINGS = {
    "collection": "test",
    "edition": "2024",
    "title": "测试",
    "unitKind": "school",
    "periods": {},
    "reviewSteps": [{"id": "first_check", "title": "初审", "role": "filler"}],
}


@pytest.fixture
def read(tmp_path):
    folder = tmp_path / "test" / "2024"
    folder.mkdir(parents=True)

    def read(**words):
        text = json.dumps(SETTINGS | words)
        (folder / "collection.json").write_text(text, "utf-8")
        settings = read_settings(folder)
        return [(fault.pointer, fault.message) for fault in settings.faults]

    return read


def test_every_edition_lists_reasons_and_one_of_them_is_in_own_words():
    for edition in get_catalogue().editions:
        assert len(edition.reasons) > 1
        assert [r.title for r in edition.reasons if r.needs_text] == ["其他"]


def test_an_edition_without_a_list_takes_reasons_in_own_words(edition_with):
    assert edition_with().reasons == (FREE_REASON,)


def test_reasons_are_read_in_their_order(edition_with):
    reasons = [{"id": "b", "title": "乙", "text": True}, {"id": "a", "title": "甲"}]
    assert edition_with(warningReasons=reasons).reasons == (
        WarningReason("b", "乙", needs_text=True),
        WarningReason("a", "甲"),
    )


@pytest.mark.parametrize(
    ("reasons", "pointer", "part"),
    [
        ("其他", "/warningReasons", "列表"),
        (["其他"], "/warningReasons/0", "id"),
        ([{"title": "其他"}], "/warningReasons/0/id", "短词"),
        ([{"id": "A b", "title": "其他"}], "/warningReasons/0/id", "短词"),
        ([{"id": 3, "title": "其他"}], "/warningReasons/0/id", "短词"),
        ([{"id": "a", "title": " "}], "/warningReasons/0/title", "理由"),
        ([{"id": "a", "title": "甲", "text": 1}], "/warningReasons/0/text", "true"),
        (
            [{"id": "a", "title": "甲"}, {"id": "a", "title": "乙"}],
            "/warningReasons/1/id",
            "两次",
        ),
    ],
)
def test_a_wrong_reason_is_a_fault_with_its_place(read, reasons, pointer, part):
    [(found, message)] = read(warningReasons=reasons)
    assert found == pointer
    assert part in message


@pytest.fixture
def edition_with(tmp_path):
    folder = tmp_path / "schemas" / "test" / "2024"
    folder.mkdir(parents=True)

    def load(**words):
        text = json.dumps(SETTINGS | words)
        (folder / "collection.json").write_text(text, "utf-8")
        [edition] = load_catalogue(tmp_path / "schemas").editions
        return edition

    return load


# The chain.

OWN = [{"id": "first_check", "title": "初审", "role": "filler"}]
HEAD = {"id": "head", "title": "部门", "role": "department_head"}
LEADERS = {"id": "leaders", "title": "审议", "role": "leadership", "whole": True}
CITY = {
    "id": "city",
    "title": "市",
    "role": "authority",
    "whole": True,
    "level": "city",
}
PROVINCE = CITY | {"id": "province", "title": "省", "level": "province"}


def test_steps_are_read_in_their_order(edition_with):
    edition = edition_with(reviewSteps=[*OWN, HEAD, LEADERS, CITY])
    assert edition.steps == (
        ReviewStep("first_check", "初审", "filler"),
        ReviewStep("head", "部门", "department_head"),
        ReviewStep("leaders", "审议", "leadership", is_whole=True),
        ReviewStep("city", "市", "authority", is_whole=True, level="city"),
    )


@pytest.mark.parametrize(
    ("steps", "pointer", "part"),
    [
        ([], "", "没有步骤"),
        ("一步", "", "列表"),
        ([HEAD], "/0", "第一步"),
        ([*OWN, OWN[0] | {"id": "again"}], "/1", "第一步"),
        ([OWN[0] | {"whole": True}], "/0", "逐表"),
        ([*OWN, HEAD, HEAD], "/2/id", "两次"),
        ([*OWN, HEAD | {"role": "headd"}], "/1/role", "不能写“headd”"),
        ([*OWN, HEAD | {"wholly": True}], "/1/wholly", "whole"),
        ([*OWN, {"id": "head", "role": "leadership"}], "/1", "缺少 title"),
        ([*OWN, LEADERS, HEAD], "/2", "逐表审的步骤排在前面"),
        ([*OWN, CITY, LEADERS], "/2", "先写本单位"),
        ([*OWN, PROVINCE, CITY], "/2", "市、省、全国"),
        ([*OWN, HEAD | {"level": "city"}], "/1", "authority"),
        ([*OWN, CITY | {"level": "town"}], "/1/level", "city"),
        ([*OWN, {k: v for k, v in CITY.items() if k != "level"}], "/1", "哪一级"),
        ([*OWN, CITY | {"whole": False}], "/1", "whole: true"),
    ],
)
def test_a_wrong_chain_is_a_fault_with_its_place(read, steps, pointer, part):
    told = read(reviewSteps=steps)
    assert f"/reviewSteps{pointer}" in [found for found, _ in told]
    assert part in "".join(message for _, message in told)


def test_settings_with_faults_have_neither_steps_nor_phases(edition_with):
    edition = edition_with(reviewSteps=[HEAD], phases=[PHASE])
    assert edition.faults
    assert (edition.steps, edition.phases) == ((), ())


# The phases.

TASK = {"title": "都填", "forms": ["*"]}
PHASE = {
    "id": "fill",
    "title": "填报",
    "from": "2024-09-03",
    "to": "2024-09-06",
    "tasks": [TASK],
}
NEXT = PHASE | {"id": "next", "title": "审核", "from": "2024-09-07", "to": "2024-09-08"}


def test_phases_are_written_as_they_are_read(edition_with):
    task = TASK | {"departments": ["教学管理处"], "remark": "先填"}
    declared = [PHASE | {"tasks": [task]}]
    [phase] = phases = edition_with(phases=declared).phases
    assert (phase.first, phase.last) == (date(2024, 9, 3), date(2024, 9, 6))
    assert write_phases(phases) == declared
    assert read_phases(write_phases(phases)) == phases


def test_a_phase_opens_the_forms_of_its_tasks():
    phase = Phase(
        "a", "准备", date.min, date.max, (Task("账号"), Task("专业", ("1.1",)))
    )
    assert phase.opens("1.1")
    assert not phase.opens("1.2")
    assert Phase("b", "填报", date.min, date.max, (Task("填", ("*",)),)).opens("1.2")


def test_shifted_phases_keep_lengths_and_gaps():
    first = Phase("a", "甲", date(2024, 8, 26), date(2024, 9, 2))
    second = Phase("b", "乙", date(2024, 9, 5), date(2024, 9, 6))
    assert shift_phases((first, second), date(2025, 8, 25)) == (
        Phase("a", "甲", date(2025, 8, 25), date(2025, 9, 1)),
        Phase("b", "乙", date(2025, 9, 4), date(2025, 9, 5)),
    )
    assert shift_phases((), date(2025, 8, 25)) == ()


@pytest.mark.parametrize(
    ("phases", "pointer", "part"),
    [
        ([PHASE | {"to": "2024-09-02"}], "/0/to", "早于它的第一天 2024-09-03"),
        ([PHASE, NEXT | {"from": "2024-09-06"}], "/1/from", "还没有结束"),
        ([NEXT, PHASE], "/1/from", "按先后排好"),
        ([PHASE | {"from": "2024-02-30"}], "/0/from", "没有“2024-02-30”这一天"),
        ([PHASE | {"from": "9月3日"}], "/0/from", "写法不对"),
        ([PHASE, NEXT | {"id": "fill"}], "/1/id", "两次"),
        ([PHASE | {"tasks": []}], "/0/tasks", "不能是空的"),
        (
            [PHASE | {"tasks": [TASK | {"forms": ["1.2"]}]}],
            "/0/tasks/0/forms",
            "没有表 1.2",
        ),
        (
            [PHASE | {"tasks": [TASK | {"forms": ["*", "1.1"]}]}],
            "/0/tasks/0/forms",
            "全部的表",
        ),
        ([PHASE | {"tasks": [TASK | {"form": "*"}]}], "/0/tasks/0/form", "“forms”"),
    ],
)
def test_a_wrong_phase_is_a_fault_with_its_place(read, phases, pointer, part):
    told = read(phases=phases)
    assert f"/phases{pointer}" in [found for found, _ in told]
    assert part in "".join(message for _, message in told)


def test_every_form_can_be_entered_in_a_phase_of_its_edition():
    for edition in get_catalogue().editions:
        for form in edition.forms:
            assert any(phase.opens(form.code) for phase in edition.phases)


def test_the_first_week_of_the_national_round_is_for_its_base_forms():
    national = get_catalogue().newest["national"]
    first = national.phases[0]
    opened = {form.code for form in national.forms if first.opens(form.code)}
    assert opened == {f.code for f in national.forms if f.kind is FormKind.BASE}
