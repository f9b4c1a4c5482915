"""Files of a book: the package and the document, and what they say of what lacks."""

import io
import zipfile
from dataclasses import replace

import pytest
from PIL import Image

from app.errors import Forbidden, NotFound, Refused
from app.jobs import Worker
from app.models import JobState
from app.services.anthologies.orders import order_file
from app.services.outbox import fetch_file, get_export
from app.storage.files import FileOwner, keep_file
from tests.support.anthologies import BOOK
from tests.support.word_files import write_docx


@pytest.fixture
def cases(sqlite_cases):
    """What is made of rows is the same on either database."""
    return sqlite_cases


@pytest.fixture
def keep(cases, tmp_path):
    """Keep a file of a unit for a field, as an upload is kept; gives its token."""

    def keep(unit, code, field, name, write):
        path = tmp_path / "upload"
        write(path)
        scope, form = cases.scope(unit, code), cases.form(code)
        owner = FileOwner(scope.unit_id, None, form.full_name, field)
        with cases.engine.begin() as connection:
            store = cases.workshop.files
            return keep_file(connection, store, path, name, "x", owner)

    return keep


@pytest.fixture
def case(cases, keep):
    """A chosen case with a document, an attachment and pictures; gives its id."""

    def case(title, *captions, unit="east", document=None, chosen=True):
        write = document or (lambda path: write_docx(path, "正文第一段。"))
        paper = keep(unit, "G7.1", "case_document", "案例.docx", write)
        fields = {
            "unit_name": "某学院",
            "case_title": title,
            "summary": f"{title}的摘要。",
            "case_document": paper,
            "allow_publish": True,
        }
        row_id = cases.add(unit, "G7.1", **fields)
        charter = keep(unit, "G7.2", "material_file", "b.docx", write)
        cases.add(
            unit,
            "G7.2",
            case_title=title,
            material_kind="集团章程",
            material_title="章程",
            material_file=charter,
        )
        for caption in captions:
            photo = keep(unit, "G7.3", "photo", "IMG.jpg", _paint)
            told = {"case_title": title, "caption": caption, "photo": photo}
            cases.add(unit, "G7.3", **told)
        cases.move(unit, "G7.1", row_id, "send_province")
        if chosen:
            cases.move("nation", "G7.1", row_id, "choose")
        return row_id

    return case


@pytest.fixture
def make(cases):
    """Order a file and have a worker make it; gives its name, contents and job."""

    def make(file_format, meanwhile=lambda: None):
        actor = cases.actor("nation")
        export_id = order_file(cases.workshop, actor, *BOOK, None, file_format)
        meanwhile()
        Worker(cases.workshop, "worker of the test").run_next()
        view = get_export(cases.engine, cases.workshop.catalogue, actor, export_id)
        assert view.job.job_state is JobState.DONE, view.job.failure
        found = fetch_file(cases.engine, actor, view)
        content = b"".join(cases.workshop.files.read(found.token))
        return found.name, zipfile.ZipFile(io.BytesIO(content)), view

    return make


def _paint(path, size=(2400, 1200)):
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    Image.new("RGB", size, (90, 120, 90)).save(path, "JPEG", exif=exif, dpi=(300, 300))


def _texts(package):
    """The words of the book, paragraph by paragraph."""
    with package.open("word/document.xml") as stream:
        found = io.TextIOWrapper(stream, "utf-8").read()
    parts = [p.split("</w:p>")[0] for p in found.split("<w:p>")[1:]]
    return ["".join(t.split("<")[0] for t in _runs(part)) for part in parts]


def _runs(part):
    return [one.split(">", 1)[1] for one in part.split("<w:t")[1:] if ">" in one]


def test_the_package_has_a_folder_a_case_with_its_files(case, make):
    case("东：甲/乙", "大门", "大门前")
    case("西", unit="west")
    name, package, view = make("zip")
    assert name == "全国职业教育集团化办学案例汇编（2014 年度）.zip"
    first, second = "01 东省教育厅/001 东：甲／乙", "02 西省教育厅/002 西"
    assert sorted(package.namelist()) == sorted(
        [
            f"{first}/案例文档/案例.docx",
            f"{first}/材料文档/1 章程.docx",
            f"{first}/照片/1 大门.jpg",
            f"{first}/照片/2 大门前.jpg",
            f"{second}/案例文档/案例.docx",
            f"{second}/材料文档/1 章程.docx",
            "目录.xlsx",
            "目录.docx",
            "说明.txt",
        ]
    )
    assert (view.job.position, view.notes) == (2, 0)
    assert package.testzip() is None


def test_originals_go_into_the_package_and_light_copies_into_the_book(case, make):
    case("甲", "大门")
    case("乙")
    _, package, _ = make("zip")
    [photo] = [name for name in package.namelist() if name.endswith(".jpg")]
    original = Image.open(io.BytesIO(package.read(photo)))
    _, book, _ = make("docx")
    copy = Image.open(io.BytesIO(book.read("word/media/picture1.jpg")))
    assert (original.size, original.getexif()[0x010F]) == ((2400, 1200), "a camera")
    assert (copy.size, copy.info["dpi"]) == ((1772, 886), (300, 300))
    assert not copy.getexif()


def test_the_book_has_chapters_cases_and_the_words_of_their_documents(case, make):
    case("甲案例", "大门")
    case("乙案例", unit="west")
    name, book, view = make("docx")
    texts = _texts(book)
    assert name.endswith("（2014 年度）.docx")
    order = ["东省教育厅", "1 甲案例", "甲案例的摘要。", "正文第一段。", "大门"]
    order += ["西省教育厅", "2 乙案例", "正文第一段。"]
    begin = texts.index("目录") + 6
    shown = [one for one in texts[begin:] if one in order]
    assert shown == order
    assert "1 甲案例3" in texts[:begin]
    assert not any("样稿" in text for text in texts)
    assert view.notes == 0


@pytest.mark.parametrize("file_format", ["zip", "docx"])
def test_too_few_make_a_draft_that_says_so(case, make, file_format):
    case("甲")
    name, package, view = make(file_format)
    assert "（样稿）" in name
    assert "所以这是样稿" in view.job.details["notes"][0]
    if file_format == "docx":
        assert "样稿" in package.read("word/header.xml").decode()
        assert "样稿" in _texts(package)
    else:
        assert "所以这是样稿" in package.read("说明.txt").decode()


def test_what_lacks_is_told_and_the_rest_is_made(cases, case, make):
    case("甲", "大门")
    case("乙", document=lambda path: path.write_bytes(b"no document"))
    [row] = [r for r in cases.rows("east", "G7.1") if r["case_title"] == "甲"]
    [photo] = cases.rows("east", "G7.3")
    cases.workshop.files.remove(row["case_document"])
    _, package, view = make("zip")
    [told] = view.job.details["notes"]
    assert told.startswith("第 2 件《甲》：案例文档“案例.docx”已不在服务器上")
    assert told in package.read("说明.txt").decode()
    assert sum("甲/" in name for name in package.namelist()) == 2
    with cases.workshop.files.open_path(photo["photo"]) as path:
        path.write_bytes(b"\xff\xd8\xff broken")
    _, book, view = make("docx")
    notes = " ".join(view.job.details["notes"])
    assert "照片“IMG.jpg”打不开" in notes
    assert "第 1 件《乙》：案例文档“案例.docx”的文字取不出来" in notes
    assert "正文见 案例.docx" in _texts(book)


def test_what_is_taken_back_meanwhile_stays_out_and_is_told(cases, case, make):
    gone = case("甲")
    case("乙")
    late = case("丙", chosen=False)

    def meanwhile():
        cases.move("nation", "G7.1", gone, "unchoose")
        cases.move("nation", "G7.1", late, "choose")

    _, package, view = make("zip", meanwhile)
    assert not any("甲" in name for name in package.namelist())
    first, second = view.job.details["notes"]
    assert "《甲》在点导出以后退选" in first
    assert "《丙》是点导出以后选入" in second


def test_a_file_of_another_unit_is_never_printed(cases, case, make, keep):
    case("乙")
    foreign = keep("west", "G7.1", "case_document", "别人的.docx", write_docx)
    row_id = cases.recommend("甲", case_document=foreign)
    cases.move("nation", "G7.1", row_id, "choose")
    _, package, view = make("zip")
    assert not any("别人的" in name for name in package.namelist())
    assert "没有登记在册" in view.job.details["notes"][0]


def test_the_same_book_gives_the_same_bytes(case, make):
    case("甲", "大门")
    case("乙")
    books = [make("docx")[1] for _ in range(2)]
    entries = [[(i.filename, i.CRC, i.date_time) for i in b.infolist()] for b in books]
    assert entries[0] == entries[1]


def test_an_empty_book_is_not_made(cases):
    with pytest.raises(Refused, match="还没有内容"):
        order_file(cases.workshop, cases.actor("nation"), *BOOK, None, "zip")


def test_whoever_lost_the_right_cannot_fetch_the_file(cases, case, make):
    case("甲")
    _, _, view = make("zip")
    catalogue, nation = cases.workshop.catalogue, cases.actor("nation")
    with pytest.raises(NotFound):
        get_export(cases.engine, catalogue, cases.actor("east"), view.job.id)
    moved = replace(nation, grants=cases.actor("east").grants)
    with pytest.raises(Forbidden):
        fetch_file(cases.engine, moved, view)
