"""Keys that several rows of a file have."""

from tests.support.forms import form_of, schema_of
from validators.keys import SeenKeys, key_column, unique_sets

SCHEMA = schema_of("T1", no="text", term="text", card="id_card")
SCHEMA["x-form"]["key"] = ["no", "term"]
SCHEMA["x-unique"] = [["card"]]
FORM = form_of(SCHEMA)
KEY, CARD = ("no", "term"), ("card",)


def repeated(seen, ids, columns, numbers, skipped=()):
    return list(seen.find_repeated(ids, columns, numbers, skipped))


def test_the_key_and_further_sets_identify_rows():
    assert unique_sets(FORM) == (KEY, CARD)


def test_later_rows_of_a_key_are_told_with_the_first():
    columns = {"no": ["1", "2", "1", "1"], "term": ["a", "a", "b", "a"]}
    assert repeated(SeenKeys(FORM), KEY, columns, [2, 3, 4, 5]) == [(3, 2)]


def test_an_empty_part_counts_as_a_value():
    columns = {"no": ["1", "1", "1"], "term": [None, "a", None]}
    assert repeated(SeenKeys(FORM), KEY, columns, [2, 3, 4]) == [(2, 2)]


def test_rows_with_nothing_in_the_key_are_not_alike():
    columns = {"card": [None, None]}
    assert repeated(SeenKeys(FORM), CARD, columns, [2, 3]) == []


def test_keys_are_seen_from_block_to_block():
    seen = SeenKeys(FORM)
    assert repeated(seen, CARD, {"card": ["A", "B"]}, [2, 3]) == []
    assert repeated(seen, CARD, {"card": ["C", "B"]}, [4, 5]) == [(1, 3)]


def test_keys_noted_before_count_as_seen():
    seen = SeenKeys(FORM)
    seen.note({"no": ["1"], "term": ["a"], "card": ["A"]}, [2])
    columns = {"no": ["1"], "term": ["a"], "card": ["B"]}
    assert repeated(seen, KEY, columns, [3]) == [(0, 2)]


def test_skipped_rows_neither_repeat_nor_are_repeated():
    seen = SeenKeys(FORM)
    columns = {"card": ["A", "A", "A"]}
    assert repeated(seen, CARD, columns, [2, 3, 4], skipped={0}) == [(2, 3)]


def test_an_absent_column_is_empty():
    assert list(key_column({"no": ["1"]}, KEY, 1)) == [("1", None)]
