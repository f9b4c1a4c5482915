"""Cleaning of cells' texts."""

import pytest

from validators.texts import clean_text, fold_loosely, fold_width


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  张三 ", "张三"),
        ("\u3000张三\u00a0", "张三"),
        ("张\u200b三\ufeff", "张三"),
        ("\u202a4205\u202c", "4205"),
        ("张  三", "张  三"),
        ("第一行\r\n第二行\r", "第一行\n第二行"),
        ("\x00空\x07字符\x9f", "空字符"),
        ("半个\ud83d表情", "半个表情"),
        ("不是\ufffe字符\uffff", "不是字符"),
        ("𠮷䶮👍", "𠮷䶮👍"),
        ("葛\U000e0100", "葛\U000e0100"),
        ("\u200b \u3000", ""),
    ],
)
def test_what_nobody_sees_is_dropped_and_the_inside_kept(typed, kept):
    assert clean_text(typed) == kept


def test_letters_digits_and_signs_lose_their_full_width():
    assert fold_width("ＫＣ＿０１２８　（x）。") == "KC_0128 (x)。"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("B类（理论+实践课）", "B类(理论+实践课)"),
        ("大 型", "大型"),
        ("“十四五”首批", '"十四五"首批'),
        ("ＳＣＩ", "sci"),
    ],
)
def test_spellings_of_one_name_are_loosely_equal(one, other):
    assert fold_loosely(one) == fold_loosely(other)
