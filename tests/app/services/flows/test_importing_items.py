"""Workbooks of rows that travel: they begin rows, and change none that was sent on."""

import pytest

from app.errors import RowLocked
from app.jobs import Worker
from app.services.import_orders import Order, start_import
from app.services.passing import pass_rows
from app.services.reports import make_report
from tests.support.travelling import NEWS


@pytest.fixture
def send_file(region, tmp_path):
    """Import rows of news as a group does; gives what was staged."""

    def send_file(*rows):
        form, scope = region.form("G9"), region.scope("group", "G9")
        path = tmp_path / "news.csv"
        head = "标题,作者,来源,发生日期,内容,办理状态"
        path.write_text("\n".join([head, *rows]) + "\n", "utf-8")
        actor_id = region.actor("group").user_id
        order = Order(form, scope, actor_id, path, path.name)
        started = start_import(region.workshop, order)
        worker = Worker(region.workshop, "worker of the test")
        while worker.run_next():
            pass
        return make_report(region.workshop, started.import_id)

    return send_file


def test_a_workbook_begins_rows_whatever_state_it_names(region, send_file):
    report = send_file("新的一条,办公室,本集团,2013-05-01,内容,已采用")
    pass_rows(region.workshop, None, report.job.id, reason="已核实")
    [row] = region.rows("group", "G9")
    assert (row["title"], row["news_status"]) == ("新的一条", "草稿")


def test_a_workbook_changes_no_row_that_was_sent_on(region, send_file):
    sent = region.add("group", "G9", **NEWS)
    region.move("group", "G9", sent, "recommend")
    report = send_file(
        f"{NEWS['title']},别人,本集团,,别的内容,",
        "新的一条,办公室,本集团,2013-05-01,内容,",
    )
    with pytest.raises(RowLocked, match="有 1 行已经交出去办理"):
        pass_rows(region.workshop, None, report.job.id, reason="已核实")
    [row] = region.rows("group", "G9")
    assert (row["author"], row["news_status"]) == (NEWS["author"], "已推荐")
