"""Names of files that every system takes."""

import pytest

from app.services.anthologies.safe_names import LONGEST_FILE, Names, make_safe


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("校企共建：实训基地", "校企共建：实训基地"),
        ('a/b\\c:d*e?"f"<g>|h', "a／b＼c：d＊e？＂f＂＜g＞｜h"),
        ("../../etc/passwd", "／..／etc／passwd"),
        ("  末尾的点和空格. . ", "末尾的点和空格"),
        ("换\n行\t和\x00控制\u202e符", "换行和控制符"),
        ("CON", "_CON"),
        ("com1", "_com1"),
        ("nul.txt 的说明", "_nul.txt 的说明"),
        ("Console", "Console"),
        ("", "未命名"),
        ("...", "未命名"),
        ("e\u0301", "é"),
    ],
)
def test_a_name_reads_like_its_text(text, name):
    assert make_safe(text) == name


def test_a_long_name_is_cut_before_its_ending():
    name = make_safe("长" * 300, LONGEST_FILE, "DOCX")
    assert len(name) == LONGEST_FILE
    assert name.endswith("长.DOCX")
    assert len(make_safe("𠮷" * 300, 100, "jpg").encode()) < 255
    assert make_safe("a", 60, "j/p*g") == "a.jpg"
    assert make_safe("LPT1", 60, "jpg") == "_LPT1.jpg"


def test_no_name_is_given_twice_whatever_its_case():
    names = Names()
    taken = [names.take(name) for name in ("a.jpg", "A.JPG", "a.jpg", "b", "b")]
    assert taken == ["a.jpg", "A（2）.JPG", "a（3）.jpg", "b", "b（2）"]
