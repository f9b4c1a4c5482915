"""The sample workbooks: columns, rows and what conversion says of them.

What the whole import makes of them is tested with the import service.
"""

import json
from pathlib import Path

import pytest

from exporters.reader import read_workbook
from tests.support.catalogues import get_catalogue
from validators.report import Code

SAMPLES = Path(__file__).parent.parent / "samples"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
READ = [entry for entry in EXPECTED if entry["rows_read"]]
REFUSED = [entry for entry in EXPECTED if not entry["rows_read"]]
#: Problems that show when a cell is converted.
_OF_CELLS = {
    code.value for code in (Code.TYPE, Code.FORMULA, Code.PRECISION, Code.DATE)
}


@pytest.fixture(scope="module")
def catalogue():
    return get_catalogue()


def read_sample(entry, catalogue):
    form = catalogue.get(entry["form"])
    with read_workbook(SAMPLES / entry["file"], form, catalogue) as reading:
        return reading, list(reading.blocks())


def name_of(entry):
    return entry["file"][:2]


@pytest.mark.parametrize("entry", READ, ids=name_of)
def test_a_samples_rows_and_columns_are_read(entry, catalogue):
    reading, blocks = read_sample(entry, catalogue)
    assert sum(len(block.numbers) for block in blocks) == entry["rows_read"]
    assert list(reading.columns_missing) == entry.get("columns_missing", [])
    assert list(reading.columns_unknown) == entry.get("columns_unknown", [])


@pytest.mark.parametrize("entry", READ, ids=name_of)
def test_conversion_finds_what_is_expected_and_nothing_else(entry, catalogue):
    _, blocks = read_sample(entry, catalogue)
    found = {
        (problem.row_number, problem.field_id, problem.code.value)
        for block in blocks
        for problem in block.problems
    }
    allowed, wanted = set(), []
    for problem in entry["problems"]:
        kinds = problem["kind"]
        kinds = {kinds} if isinstance(kinds, str) else set(kinds)
        place = (problem["row"], problem["field"])
        allowed |= {(*place, kind) for kind in kinds}
        if not problem.get("optional") and kinds & _OF_CELLS:
            wanted.append((place, kinds))
    assert found <= allowed
    for place, kinds in wanted:
        assert any((*place, kind) in found for kind in kinds)


@pytest.mark.parametrize("entry", REFUSED, ids=name_of)
def test_a_sample_to_refuse_is_refused_with_its_word(entry, catalogue):
    reading, _ = read_sample(entry, catalogue)
    words = entry["refusal"]
    assert reading.refusal.reason in ([words] if isinstance(words, str) else words)
