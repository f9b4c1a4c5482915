from form_schemas.fault_places import place_faults
from form_schemas.faults import Fault


def test_faults_keep_their_order_and_get_their_places(tmp_path):
    (tmp_path / "a.json").write_text('{\n  "x": {"y": 1}\n}', "utf-8")
    (tmp_path / "b.json").write_text('\ufeff{"z": [1, 2]}', "utf-8")
    faults = (
        Fault("b.json", "/z/1", "二"),
        Fault("a.json", "/x/y", "一"),
        Fault("b.json", "", "全"),
    )
    placed = place_faults(faults, tmp_path)
    assert [str(one) for one in placed] == [
        "b.json:1:11 #/z/1：二",
        "a.json:2:9 #/x/y：一",
        "b.json:1:1 #：全",
    ]


def test_a_file_that_is_not_there_is_placed_at_its_beginning(tmp_path):
    (tmp_path / "folder.json").mkdir()
    faults = [Fault("gone.json", "/x", "没有"), Fault("folder.json", "", "不是文件")]
    assert [one.position for one in place_faults(faults, tmp_path)] == [(1, 1)] * 2


def test_a_file_of_another_encoding_is_placed_where_that_begins(tmp_path):
    (tmp_path / "a.json").write_bytes('{\n"a": "中"}'.encode("gbk"))
    (placed,) = place_faults([Fault("a.json", "", "编码")], tmp_path)
    assert placed.position == (2, 7)
