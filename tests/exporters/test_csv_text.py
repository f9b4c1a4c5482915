"""Files of separated values, in the encodings people use."""

import pytest

from exporters.refusals import Reason

CSV = '编号,名称,人数\nA1,甲,5\n\nA2,"乙,丙",6\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_is_read_in_every_usual_encoding(tmp_path, read, encoding, delimiter):
    path = tmp_path / "data.csv"
    text = "编号|名称|人数\nA1|甲|5\n\nA2|乙丙|6\n".replace("|", delimiter)
    path.write_bytes(text.encode(encoding))
    _, rows, problems = read(path)
    assert problems == []
    assert [row["name"] for row in rows.values()] == ["甲", "乙丙"]


def test_csv_rows_are_numbered_by_record(tmp_path, read):
    path = tmp_path / "data.csv"
    path.write_text(CSV)
    assert {n: row["name"] for n, row in read(path)[1].items()} == {2: "甲", 4: "乙,丙"}


def test_csv_in_no_known_encoding_is_refused(tmp_path, refuse):
    path = tmp_path / "data.csv"
    path.write_bytes("编号,名称".encode() + b"\xff\xff\xfe\xff,\n")
    assert refuse(path) is Reason.CSV
