"""Comparing the texts of files."""

from app.services.text_diffs import compare_files


def tell(diff):
    return [f"{line.sign}{line.text}" for line in diff.lines]


def test_a_changed_line_stands_among_its_neighbours():
    before = "\n".join(f"第 {n} 行" for n in range(1, 21))
    after = before.replace("第 10 行", "新的一行")
    (diff,) = compare_files({"a.json": before}, {"a.json": after})
    assert tell(diff) == [
        "略去 6 行相同的",
        "第 7 行",
        "第 8 行",
        "第 9 行",
        "−第 10 行",
        "+新的一行",
        "第 11 行",
        "第 12 行",
        "第 13 行",
        "略去 7 行相同的",
    ]
    assert (diff.word, diff.added, diff.gone) == ("修改", 1, 1)


def test_a_file_that_comes_and_one_that_goes():
    before, after = {"a": None, "b": "甲\n"}, {"a": "乙\n", "b": None}
    found = compare_files(before, after)
    assert [(one.file, one.word, tell(one)) for one in found] == [
        ("a", "新增", ["+乙"]),
        ("b", "删除", ["−甲"]),
    ]


def test_what_is_alike_is_left_out():
    assert compare_files({"a": "甲"}, {"a": "甲"}) == ()
