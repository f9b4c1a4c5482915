"""Personal data in full on a page: who may, why, and that it is kept."""

from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from app.models import AuditEntry, Disclosure, ExportJob, Membership, Role, User
from app.services.accounts import NewMembership, create_user
from app.services.demo import DEMO_PASSWORD
from tests.app.web.test_rows import GRANTS, add

PUPILS = "talent/0.1.5"
NUMBER = "320106200501013312"
MASKED = "3201************12"


@pytest.fixture
def pupil(filler, catalogue):
    """Id of a row with an identity number."""
    form = catalogue.get(PUPILS)
    cells = {form.key[0]: "S1", form.title_field: "某甲"}
    row = add(filler, PUPILS, {**cells, find_number(form): NUMBER})
    return row["id"]


def find_number(form):
    return next(item.id for item in form.fields if item.kind == "id_card")


@pytest.fixture
def kept(engine):
    def kept():
        with engine.connect() as connection:
            return connection.execute(select(Disclosure.__table__)).all()

    return kept


def test_the_grid_shows_the_rows_of_the_page_in_full(filler, pupil, kept):
    assert MASKED in filler.get(f"/forms/{PUPILS}/").text
    answer = filler.post(f"/forms/{PUPILS}/reveal", {"reason": " 核对学籍 "})
    assert answer.status_code == 200
    assert NUMBER in answer.text
    assert MASKED not in answer.text
    assert [(k.row_ids, k.reason, k.form_name) for k in kept()] == [
        ([pupil], "核对学籍", "talent/2024/0.1.5")
    ]


def test_the_page_of_one_row_shows_it_in_full(filler, pupil, kept, engine):
    url = f"/forms/{PUPILS}/rows/{pupil}"
    assert MASKED in filler.get(url).text
    answer = filler.post(f"{url}/reveal", {"reason": "核对"})
    assert NUMBER in answer.text
    (entry,) = kept()
    with engine.connect() as connection:
        name = select(User.username).where(User.id == entry.actor_id)
        assert connection.scalar(name) == "filler"


def test_only_the_rows_that_the_query_finds_are_shown(filler, pupil, kept):
    asked = {"reason": "核对", "query": "q=没有这个人"}
    answer = filler.post(f"/forms/{PUPILS}/reveal", asked)
    assert NUMBER not in answer.text
    assert kept()[0].row_ids == []


@pytest.mark.parametrize("reason", ["", "   "])
def test_without_a_reason_nothing_is_shown(filler, pupil, kept, reason):
    answer = filler.post(f"/forms/{PUPILS}/reveal", {"reason": reason})
    assert answer.status_code == 400
    assert "理由" in answer.text
    assert NUMBER not in answer.text
    assert kept() == []


def test_a_reviewer_may_see_it_and_an_administrator_not(
    reviewer, administrator, pupil, kept
):
    seen = reviewer.post(f"/forms/{PUPILS}/reveal", {"reason": "审核"})
    assert NUMBER in seen.text
    refused = administrator.post(f"/forms/{PUPILS}/reveal", {"reason": "看看"})
    assert refused.status_code == 403
    assert "看完整的个人信息" in refused.text
    assert len(kept()) == 1
    assert "reveal" not in administrator.get(f"/forms/{PUPILS}/").text


def test_a_row_of_another_unit_is_not_shown(sign_in, pupil, kept):
    stranger = sign_in("stranger")
    answer = stranger.post(f"/forms/{PUPILS}/rows/{pupil}/reveal", {"reason": "看"})
    assert answer.status_code == 404
    assert kept() == []


def test_opened_again_the_page_is_masked(filler, pupil):
    for address in ("reveal", f"rows/{pupil}/reveal"):
        answer = filler.get(f"/forms/{PUPILS}/{address}", follow_redirects=True)
        assert MASKED in answer.text


def test_a_form_without_personal_data_asks_for_no_reason(filler, kept):
    assert "个人信息" not in filler.get(f"/forms/{GRANTS}/").text
    assert filler.post(f"/forms/{GRANTS}/reveal", {"reason": "看"}).status_code == 400
    assert kept() == []


def test_a_mask_and_the_full_number_go_back_untouched(filler, pupil, catalogue):
    field = find_number(catalogue.get(PUPILS))
    answer = filler.save(PUPILS, (pupil, 1, {field: NUMBER}))
    assert answer.json["rows"][0]["version"] == 1


def test_administrators_read_who_saw_what_and_why(filler, administrator, pupil):
    assert "还没有人看过" in administrator.get("/admin/disclosures").text
    filler.post(f"/forms/{PUPILS}/reveal", {"reason": "核对<b>学籍</b>"})
    page = administrator.get("/admin/disclosures").text
    assert "核对&lt;b&gt;学籍" in page
    assert "talent/2024/0.1.5" in page
    assert "filler" in page


def test_a_check_report_masks_what_it_quotes(filler, reviewer, work):
    born = {"student_no": "S2", "id_type": "居民身份证", "birth_date": "2006-03-08"}
    # Nobody has a number that begins so; its check digit is right.
    number = "000000200603070013"
    add(filler, PUPILS, {**born, "id_number": number})
    reviewer.post("/check/", {"form": "0.1.5"}, page="/check/")
    work()
    page = reviewer.get("/check/?form=0.1.5").text
    book = load_workbook(BytesIO(reviewer.get("/check/report.xlsx").data))
    cells = [str(c.value) for sheet in book for row in sheet for c in row]
    for told in (page, "\n".join(cells)):
        assert "出生日期与身份证号中的日期不一致" in told
        assert "0000**********0013" in told
        assert number not in told


@pytest.fixture
def ordered(engine):
    """The exports that were ordered."""

    def ordered():
        with engine.connect() as connection:
            return connection.execute(select(ExportJob.__table__)).all()

    return ordered


def order(browser, **fields):
    url = f"/forms/{PUPILS}/"
    return browser.post(f"{url}export", {"format": "xlsx", **fields}, page=url)


def texts_of(answer):
    rows = load_workbook(BytesIO(answer.data)).active.iter_rows(values_only=True)
    return {str(cell) for row in rows for cell in row}


def test_a_file_with_personal_data_is_kept_listed_and_in_full(
    reviewer, administrator, pupil, ordered, work, engine
):
    assert order(reviewer, reason=" 上报学籍 ").status_code == 303
    (job,) = ordered()
    assert job.details == {"unmasked": True, "reason": "上报学籍"}
    work()
    listed = reviewer.get("/exports/").text
    assert "含完整的个人信息" in listed
    assert NUMBER in texts_of(reviewer.get(f"/exports/{job.id}/file"))
    page = administrator.get("/admin/personal-exports").text
    assert "上报学籍" in page
    assert "talent/2024/0.1.5" in page
    with engine.connect() as connection:
        told = select(AuditEntry.action, AuditEntry.details).where(
            AuditEntry.action.in_(["export_ordered", "export_fetched"])
        )
        entries = connection.execute(told.order_by(AuditEntry.id)).all()
    assert [(e.action.value, e.details["personal"]) for e in entries] == [
        ("export_ordered", True),
        ("export_fetched", True),
    ]
    assert entries[0].details["reason"] == "上报学籍"


def test_a_file_with_personal_data_needs_a_reason(reviewer, pupil, ordered):
    assert order(reviewer, reason="  ").status_code == 400
    assert ordered() == []


@pytest.mark.parametrize("username", ["filler", "admin", "stranger"])
def test_who_may_not_take_out_personal_data_gets_no_file(
    sign_in, pupil, ordered, username
):
    browser = sign_in(username)
    assert "导出完整的个人信息的理由" not in browser.get(f"/forms/{PUPILS}/").text
    assert order(browser, reason="我想要").status_code == 403
    assert ordered() == []


def test_an_ordinary_file_is_masked_and_told(reviewer, pupil, engine):
    assert NUMBER not in texts_of(order(reviewer))
    with engine.connect() as connection:
        told = select(AuditEntry.details).where(AuditEntry.action == "export_fetched")
        assert [details["personal"] for details in connection.scalars(told)] == [False]


def test_a_file_is_not_fetched_after_the_right_is_gone(
    reviewer, pupil, ordered, work, engine
):
    order(reviewer, reason="上报学籍")
    work()
    (job,) = ordered()
    with engine.begin() as connection:
        connection.execute(
            update(Membership)
            .where(Membership.user_id == job.actor_id)
            .values(role="analyst")
        )
    assert reviewer.get(f"/exports/{job.id}/file").status_code == 403


def send(browser, catalogue):
    """A file of one person without a name; gives the address of its import."""
    form = catalogue.get(PUPILS)
    labels = [form.by_id[name].label for name in (form.key[0], find_number(form))]
    text = f"{','.join(labels)}\nS9,{NUMBER}\n"
    url = f"/forms/{PUPILS}/import"
    answer = browser.post(
        url,
        {"file": (BytesIO(text.encode()), "在校生.csv")},
        page=url,
        content_type="multipart/form-data",
    )
    return answer.location


def test_the_file_of_an_import_is_for_its_owner_and_who_may_take_data_out(
    filler, reviewer, sign_in, catalogue, work, engine
):
    address = send(filler, catalogue)
    work()
    create_user(
        engine,
        username="statistician",
        name="统计的人",
        memberships=[NewMembership(Role.ANALYST, "demo-school")],
        password=DEMO_PASSWORD,
        must_change_password=False,
    )
    analyst = sign_in("statistician")
    assert analyst.get(address).status_code == 200
    assert "标注后的工作簿" not in analyst.get(address).text
    assert analyst.post(f"{address}/marked").status_code == 403
    assert NUMBER in texts_of(filler.post(f"{address}/marked"))
    assert NUMBER in texts_of(reviewer.post(f"{address}/marked"))
    with engine.connect() as connection:
        told = select(AuditEntry.details).where(AuditEntry.action == "export_fetched")
        assert [one["personal"] for one in connection.scalars(told)] == [True, True]
