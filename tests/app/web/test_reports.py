"""The annual report of statistics: tables and charts of all sections, as files."""

import io
import zipfile
from xml.etree import ElementTree

import pytest
from openpyxl import load_workbook

from app.services.installation import get_console_actor
from app.services.statistics.grounds import find_public_ground
from app.services.statistics.reports import load_report, write_report
from tests.support.portal_world import PortalWorld

PATH = "/statistics/talent/"
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture
def leader(sign_in):
    return sign_in("leader")


@pytest.fixture
def write(workshop, tmp_path):
    """Write the nation's report, of a kind."""
    engine, catalogue = workshop.engine, workshop.catalogue
    PortalWorld.fill(engine, catalogue)

    def write(kind):
        sections = load_report(
            engine, catalogue, find_public_ground(engine, catalogue, "group")
        )
        path = tmp_path / f"report.{kind}"
        name = write_report(engine, get_console_actor(engine), sections, kind, path)
        assert name.endswith(f"年度报告（全国，2024 年度）.{kind}")
        return path

    return write


def test_a_document_has_contents_tables_and_charts_of_its_own(write):
    path = write("docx")
    with zipfile.ZipFile(path) as file:
        names = file.namelist()
        body = ElementTree.fromstring(file.read("word/document.xml"))
        for name in names:
            ElementTree.fromstring(file.read(name))
    drawn = list(
        body.iter("{http://schemas.openxmlformats.org/drawingml/2006/chart}chart")
    )
    assert drawn
    texts = [one.text for one in body.iter(f"{WORD}t")]
    assert "统计年度报告" in texts
    assert "企业相关情况" in " ".join(filter(None, texts))
    assert body.find(f".//{WORD}tbl") is not None
    # Every part that another names is there, and has a type.
    assert {f"word/charts/chart{n}.xml" for n in range(1, 1 + len(drawn))} <= set(names)


def test_a_workbook_has_a_chart_beside_each_table(write):
    book = load_workbook(write("xlsx"))
    drawn = [sheet for sheet in book if sheet._charts]
    assert drawn
    heads = [cell.value for cell in drawn[0][2]]
    assert heads[1:] == ["本期", "上期", "差", "变化率（%）"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", ["docx", "xlsx"])
def test_the_report_is_fetched_from_the_page_of_statistics(leader, kind):
    answer = leader.post(f"{PATH}export", {"report": kind}, page=PATH)
    assert answer.status_code == 200, answer.text
    assert zipfile.is_zipfile(io.BytesIO(answer.data))
    assert "年度报告（Word）" in leader.get(PATH).text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_another_kind_of_file_is_refused(leader):
    answer = leader.post(f"{PATH}export", {"report": "exe"}, page=PATH)
    assert answer.status_code == 400
    assert "Word 或 Excel" in answer.text
