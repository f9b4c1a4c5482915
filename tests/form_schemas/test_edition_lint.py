"""What shows between an edition and the one before, and what nobody reads."""

import json
import re
import shutil

import pytest

from form_schemas.edition_lint import find_edition_faults, lint_against_former
from form_schemas.folders import SCHEMAS_FOLDER
from form_schemas.stray_files import find_stray_files
from tests.support.catalogues import get_catalogue
from tests.support.forms import field_of, read_schemas, schema_of


def find(before, after):
    """Pointer, whether it is a hint, and the message of what is found."""
    old, new = ((one,) if isinstance(one, dict) else one for one in (before, after))
    editions = [read_schemas(*schemas) for schemas in (old, new)]
    assert [str(f) for edition in editions for f in edition.faults] == []
    found = find_edition_faults(*(edition.forms for edition in editions), "2024")
    return [(fault.pointer, fault.is_hint, fault.message) for fault in found]


def form(code="A", /, **fields):
    return schema_of(code, number="text", **fields)


def pasted(message):
    """The words of a message that go into the file."""
    word = re.search(r'"((?:x-)?[a-z]+)": ', message)
    return {word[1]: json.JSONDecoder().raw_decode(message, word.end())[0]}


def test_nothing_is_found_between_an_edition_and_itself():
    for edition in get_catalogue().editions:
        assert list(find_edition_faults(edition.forms, edition.forms, "2024")) == []


def test_the_first_edition_has_no_former():
    assert lint_against_former(SCHEMAS_FOLDER / "talent" / "2024") == ()


@pytest.mark.parametrize("label", ["在校人数（人）", "在校人数(人)", "在校人数 人"])
def test_an_id_that_changed_while_the_label_stayed(label):
    before = form(x=field_of("integer", title="在校人数（人）"))
    [(pointer, is_hint, message)] = find(
        before, form(y=field_of("integer", title=label))
    )
    assert (pointer, is_hint) == ("/properties/y", True)
    assert "是改名吗" in message
    # The words to paste are the answer: with them nothing is asked any more.
    words = pasted(message)
    assert words == {"x-was": ["x"]}
    mended = field_of("integer", title=label) | words
    assert find(before, form(y=mended)) == []


def test_the_earlier_edition_is_called_by_its_year():
    before = read_schemas(form(x=field_of("integer", title="人数"))).forms
    after = read_schemas(form(y=field_of("integer", title="人数"))).forms
    [fault] = find_edition_faults(before, after, "2025")
    assert fault.file == "test/2025/A.json"
    assert "“人数”在 2024 版里 id 是“x”" in fault.message


def test_a_new_field_beside_the_old_one_is_no_rename():
    old = field_of("integer", title="人数")
    new = field_of("integer", title="新增人数")
    assert find(form(x=old), form(x=old, y=new)) == []


def test_a_field_that_went_to_another_form():
    moved = field_of("integer", title="实训设备台数")
    before = [form("A", x=moved), form("B")]
    after = [form("A"), form("B", y=moved)]
    [(pointer, is_hint, message)] = find(before, after)
    assert (pointer, is_hint) == ("/properties/y", True)
    assert pasted(message) == {"x-was": ["A.x"]}


def test_a_form_of_another_code_and_the_same_title():
    before = form("A", x="text") | {"title": "教师情况表"}
    after = form("B", x="text") | {"title": "教师情况表"}
    [(pointer, is_hint, message)] = find(before, after)
    assert (pointer, is_hint) == ("/x-form/code", True)
    after["x-form"] |= pasted(message)
    assert find(before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [
        (("integer", "教师人数"), ("money", "建设经费"), True),
        (("text", "学校地址"), ("text", "联系人"), True),
        (("integer", "教师人数"), ("integer", "专任教师人数"), False),
        (("integer", "教师人数"), ("decimal", "教师数"), False),
        (("text", "单位名称"), ("text", "企业名称"), False),
    ],
)
def test_an_id_with_another_meaning(before, after, is_told):
    fields = [form(x=field_of(kind, title=label)) for kind, label in (before, after)]
    found = [told for told in find(*fields) if "另一个意思" in told[2]]
    assert bool(found) is is_told
    assert all(told[:2] == ("/properties/x", True) for told in found)


def test_labels_that_changed_their_ids_with_each_other():
    before = form(
        a=field_of("integer", title="男生数"), b=field_of("integer", title="女生数")
    )
    after = form(
        a=field_of("integer", title="女生数"), b=field_of("integer", title="男生数")
    )
    found = find(before, after)
    assert [told[:2] for told in found] == [
        ("/properties/a", True),
        ("/properties/b", True),
    ]
    assert all("以前的值跟着 id 走" in told[2] for told in found)


def test_a_unit_whose_values_are_not_converted():
    before = form(x=field_of("money", unit="元"))
    after = field_of("money", unit="万元")
    [(pointer, is_hint, message)] = find(before, form(x=after))
    assert (pointer, is_hint) == ("/properties/x/x-unit", True)
    assert pasted(message) == {"x-from": "x / 10000"}
    assert find(before, form(x=after | pasted(message))) == []


def test_options_that_are_gone_want_a_way():
    before = form(x=field_of("enum", enum=["甲", "乙", "丙"]))
    after = field_of("enum", enum=["甲", "丁"], recode={"乙": "丁"})
    [(pointer, is_hint, message)] = find(before, form(x=after))
    assert (pointer, is_hint) == ("/properties/x", True)
    assert "“丙”没有了" in message
    assert pasted(message) == {"x-recode": {"丙": None}}
    after["x-recode"]["丙"] = None
    assert find(before, form(x=after)) == []


@pytest.mark.parametrize(
    ("recode", "part"),
    [
        ({"己": "丁", "乙": "丁"}, "“己”不是现在用的文件里的选项"),
        ({"乙": "戊"}, "“戊”不是现在"),
    ],
)
def test_recoding_what_there_is_not(recode, part):
    before = form(x=field_of("enum", enum=["甲", "乙"]))
    found = find(before, form(x=field_of("enum", enum=["甲", "丁"], recode=recode)))
    faults = [told for told in found if not told[1]]
    assert [told[0] for told in faults] == ["/properties/x/x-recode"]
    assert part in faults[0][2]


def test_an_earlier_id_that_nobody_had():
    found = find(form(amount="integer"), form(total=field_of("integer", was=["amout"])))
    [(pointer, is_hint, message)] = found
    assert (pointer, is_hint) == ("/properties/total/x-was", True)
    assert "是不是“amount”" in message


@pytest.mark.parametrize(
    ("before", "after", "pointer", "part"),
    [
        (
            form(a="text"),
            form(x=field_of("text", was=["y"]), y=field_of("text", was=["x"])),
            "/properties/x/x-was",
            "圈",
        ),
        (
            form(a="text"),
            form(x=field_of("text", was=["a"]), y=field_of("text", was=["a"])),
            "/properties/y/x-was",
            "已经是",
        ),
        (
            form(a="text"),
            form(x=field_of("text", **{"from": "left(b, 2)"})),
            "/properties/x/x-from",
            "没有字段“b”",
        ),
    ],
)
def test_what_contradicts_itself_is_no_hint(before, after, pointer, part):
    faults = [told for told in find(before, after) if not told[1]]
    assert [told[0] for told in faults] == [pointer]
    assert part in faults[0][2]


# Files that nobody reads.


@pytest.fixture
def root(tmp_path):
    shutil.copytree(SCHEMAS_FOLDER / "group", tmp_path / "group")
    (tmp_path / "codes").mkdir()
    (tmp_path / "codes" / "x.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "file", "part"),
    [
        ("group/G1.json", "group/G1.json", "不在任何一版"),
        ("group/2014/old/G1.json", "group/2014/old/G1.json", "放得太深"),
        ("group/2014/G1.JSON", "group/2014/G1.JSON", "结尾"),
        ("group/2014/G1.json.txt", "group/2014/G1.json.txt", "结尾"),
        ("group/2015/G1.json", "group/2015/collection.json", "没有这个文件"),
        ("group/2014 副本/G1.json", "group/2014 副本", "四位数字"),
    ],
)
def test_a_file_that_nobody_reads_is_told(root, path, file, part):
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_text("{}")
    [fault] = find_stray_files(root)
    assert (fault.file, part in fault.message) == (file, True)


def test_every_file_of_the_project_is_read(root):
    assert list(find_stray_files(root)) == list(find_stray_files(SCHEMAS_FOLDER)) == []
