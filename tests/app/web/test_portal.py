"""The public portal: what anybody reads without logging in, and what nobody does."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree

import pytest
from sqlalchemy import delete, select, update

from app.models import Round, RoundState, Unit, UnitRound
from app.models.base import now_utc
from app.services.areas.changing import set_open
from app.services.installation import get_console_actor
from app.services.rounds.proposing import local_moment
from app.storage.files import FileOwner, keep_file
from app.storage.timetable import PhaseTask, RoundPhase, write_phases
from tests.support.portal_world import LAST, NOW, PortalWorld, fill_portal

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def config(config):
    return replace(config, portal_cache_seconds=0)


@pytest.fixture
def fill():
    return fill_portal


@pytest.fixture
def world(workshop):
    return PortalWorld(workshop.engine, workshop.catalogue, workshop.files)


def read(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_visitors_are_led_to_the_portal_and_get_no_cookie(world, client):
    answer = client.get("/")
    assert (answer.status_code, answer.location) == (302, "/portal/")
    home = client.get("/portal/")
    assert home.status_code == 200
    assert "Set-Cookie" not in home.headers
    assert home.headers["Cache-Control"].startswith("public")


def test_a_page_that_did_not_change_is_not_sent_again(world, client):
    tag = client.get("/portal/").headers["ETag"]
    assert client.get("/portal/", headers={"If-None-Match": tag}).status_code == 304


def test_only_published_articles_are_read(world, client):
    world.publish(title="公开的通知")
    hidden = [
        world.publish(title="没有发布的", status="草稿"),
        world.publish(title="撤下的", status="已撤下"),
        world.publish(title="登录才能看的", audience="登录用户"),
        world.publish(title="明天才发的", published_date=date(2999, 1, 1)),
    ]
    for path in ("/portal/", "/portal/notices/", "/portal/search?q=的"):
        page = read(client, path)
        assert "公开的通知" in page
        assert not any(t in page for t in ("没有发布", "撤下的", "登录才能", "明天"))
    for key in hidden:
        assert client.get(f"/portal/notices/{key}").status_code == 404


def test_an_article_is_read_in_its_own_column_only(world, client):
    key = world.publish(portal_column="理论研究", title="一篇研究")
    assert "一篇研究" in read(client, f"/portal/research/{key}")
    assert client.get(f"/portal/notices/{key}").status_code == 404
    for odd in ("x", "1", "0-0", "1-99999999", f"{key}-1"):
        assert client.get(f"/portal/notices/{odd}").status_code == 404


def test_notices_run_on_the_home_page_where_they_are_marked(world, client):
    world.publish(title="要滚动的")
    world.publish(title="不滚动的", is_scrolling=False)
    ticker = read(client, "/portal/").partition('class="ticker"')[2]
    shown, _, rest = ticker.partition("</section>")
    assert "要滚动的" in shown
    assert "不滚动的" not in shown
    assert "不滚动的" in rest


def test_an_article_of_any_column_is_found(world, client):
    options = world.edition.by_code["G14"].by_id["portal_column"].options
    for name in options:
        world.publish(portal_column=name, title=f"在{name}里的文章")
    page = read(client, "/portal/search?q=里的文章")
    assert [name for name in options if f"在{name}里的文章" not in page] == []


def test_pinned_articles_come_first_and_lists_have_pages(world, client):
    for day in range(1, 23):
        world.publish(title=f"第 {day} 天", published_date=date(2025, 3, day))
    world.publish(title="置顶的", published_date=date(2020, 1, 1), is_top=True)
    first = read(client, "/portal/notices/")
    assert first.index("置顶的") < first.index("第 22 天") < first.index("第 4 天")
    assert "第 3 天" not in first
    assert "第 3 天" in read(client, "/portal/notices/?page=2")
    assert "第 3 天" in read(client, "/portal/notices/?page=999")


ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe src='https://example.com'></iframe>",
    "<p style='background:url(https://example.com)'>x</p>",
    "<img src='https://example.com/x.png'>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
)


def test_nothing_in_a_text_runs_or_loads_from_elsewhere(world, client):
    pages = ["/portal/", "/portal/notices/", "/portal/search?q=alert"]
    pages += ["/portal/feed.xml", "/portal/notices/feed.xml"]
    for attack in ATTACKS:
        fields = {"title": attack, "author": attack, "source": attack}
        content = f"<p>正文</p>{attack}"
        key = world.publish(**fields, keywords=attack, content=content)
        pages.append(f"/portal/notices/{key}")
    for path in pages:
        page = read(client, path)
        for part in ("<script>alert", "<img src=x", "<iframe", "<p style", "<svg><"):
            assert part not in page, path
        for name in ("src", "href"):
            for quote in ("'", '"'):
                assert f"{name}={quote}https://example" not in page, path
                assert f"{name}={quote}javascript" not in page, path


def test_numbers_are_of_approved_reports_alone(world, client):
    home = read(client, "/portal/")
    # One group of three passed this year; two did last year.
    assert "2024 年度" in home
    assert "<b>1</b><span>职教集团数" in home
    assert "<b>4</b><span>成员单位：企业" in home
    assert "2023 年度（审核中） 2，2024 年度（审核中） 1" in home
    assert "已提交 <b>2</b> 个单位" in home


def test_numbers_are_of_a_round_that_is_over_where_there_is_one(world, client):
    _set_round(world, LAST, state=RoundState.CLOSED)
    home = read(client, "/portal/")
    assert "2023 年度</h2>" in home
    assert "数会变" not in home
    assert "<b>2</b><span>职教集团数" in home
    assert "2023 年度</span>" in read(client, "/portal/statistics/")
    # What is not finished is no year of the trend.
    assert "2024 年度 1" not in home
    years = read(client, "/portal/statistics/?section=groups&by=_round")
    assert "2024 年度（审核中）" in years
    now = read(client, f"/portal/statistics/?round={world.rounds[NOW]}")
    assert "2024 年度，审核还没有结束" in now


def test_the_entrance_tells_until_when_reports_are_written(world, client):
    today = now_utc().astimezone().date()
    _set_phases(world, today - timedelta(days=20), today + timedelta(days=3))
    home = read(client, "/portal/")
    assert f"填报截止：{_say(today + timedelta(days=3))}" in home
    assert "距截止还有 <b>3</b> 天" in home
    _set_phases(world, today - timedelta(days=20), today)
    assert "<b>今天</b>截止" in read(client, "/portal/")
    _set_phases(world, today - timedelta(days=20), today - timedelta(days=1))
    over = read(client, "/portal/")
    assert "现在没有开放的填报" in over
    assert f"2024 年度的填报已于 {_say(today - timedelta(days=1))}结束" in over


def test_without_an_open_round_the_entrance_tells_when_the_last_one_ended(
    world, client
):
    for title in (LAST, NOW):
        ended = datetime(2024, 6, 3, 12, tzinfo=UTC)
        _set_round(world, title, state=RoundState.CLOSED, closes_at=ended)
    home = read(client, "/portal/")
    assert "现在没有开放的填报" in home
    assert "2024 年度的填报已于 2024 年 6 月 3 日结束" in home


def _say(day):
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


def _set_round(world, title, **values):
    chosen = Round.id == world.rounds[title]
    with world.engine.begin() as connection:
        connection.execute(update(Round).where(chosen).values(**values))


def _set_phases(world, first, last):
    """Give the units of this year's round two phases; reports end with the first."""
    written = RoundPhase(
        "report",
        "填报",
        local_moment(first),
        local_moment(last + timedelta(days=1)),
        (PhaseTask("填报", ("*",)),),
    )
    judged = RoundPhase("judge", "审核", written.end, written.end + timedelta(days=30))
    phases = write_phases([written, judged])
    chosen = UnitRound.round_id == world.rounds[NOW]
    with world.engine.begin() as connection:
        connection.execute(update(UnitRound).where(chosen).values(phases=phases))


def test_areas_lead_from_the_nation_to_the_page_of_a_group(world, client):
    page = read(client, "/portal/statistics/?section=members&by=_above")
    assert ">溪东</a>" in page
    assert f"below={world.units['370000']}" in page
    assert "砚溪装备制造职业教育集团" not in page
    below = read(
        client,
        f"/portal/statistics/?section=members&by=_above&below={world.units['370000']}",
    )
    assert f'href="/portal/groups/{world.units["alpha"]}"' in below
    assert 'aria-label="位置"' in below


def test_the_directory_is_found_by_area_industry_and_words(world, client):
    alpha, beta, gamma = "砚溪装备", "青屿港航", "澄湖生态"
    everything = read(client, "/portal/groups/")
    assert all(name in everything for name in (alpha, beta, gamma))
    area = world.units["510000"]
    for query, found in (
        (f"area={area}", {gamma}),
        ("industry=D", {alpha}),
        ("industry=C", {alpha, beta}),
        # What was not approved says nothing of the group's industries.
        ("industry=A", set()),
        ("q=青屿公司", {beta}),
        ("q=QYGH", {beta}),
        (f"q=青屿&area={area}", set()),
    ):
        page = read(client, f"/portal/groups/?{query}")
        shown = {name for name in (alpha, beta, gamma) if f">{name}" in page}
        assert shown == found, query


def test_the_page_of_a_group_tells_its_newest_approved_report(world, client):
    page = read(client, f"/portal/groups/{world.units['alpha']}")
    assert "46,210" in page
    assert "43,875" not in page
    assert "砚溪第 4 企业" in page
    older = read(client, f"/portal/groups/{world.units['beta']}")
    assert "2023 年度" in older
    # Fewer than five persons are nobody's business.
    assert "职工总数（人）</th><td>不公布</td>" in older
    none = read(client, f"/portal/groups/{world.units['gamma']}")
    assert "还没有审核通过的数据" in none
    assert "澄湖公司" not in none


def test_a_disabled_group_and_what_is_no_group_have_no_page(world, client):
    beta = world.units["beta"]
    with world.engine.begin() as connection:
        connection.execute(update(Unit).where(Unit.id == beta).values(is_active=False))
    for unit in (beta, world.units["nation"], 99_999):
        assert client.get(f"/portal/groups/{unit}").status_code == 404
    assert "青屿港航" not in read(client, "/portal/groups/")


def test_sums_of_a_year_stay_when_a_group_is_disabled_later(world, client):
    page = f"/portal/statistics/?round={world.rounds[LAST]}"
    before = read(client, page)
    assert "审核通过的 <b>2</b> 个单位" in before
    with world.engine.begin() as connection:
        connection.execute(
            update(Unit).where(Unit.id == world.units["beta"]).values(is_active=False)
        )
    assert read(client, page) == before


def test_the_public_sees_groups_of_a_closed_province_as_before(world, client):
    """Who reviews says nothing of what was approved; its people are out, no more."""
    province, alpha = world.units["370000"], world.units["alpha"]
    statistics = "/portal/statistics/?section=members&by=_above"
    pages = (
        "/portal/groups/",
        f"/portal/groups/?area={province}",
        f"/portal/groups/{alpha}",
        statistics,
        f"{statistics}&below={province}",
    )
    before = [read(client, page) for page in pages]
    assert all("砚溪" in page or "溪东" in page for page in before)
    engine = world.engine
    set_open(engine, get_console_actor(engine), province, False)
    with engine.connect() as connection:
        shut = select(Unit.is_shut_above).where(Unit.id == alpha)
        assert connection.scalar(shut)
    assert [read(client, page) for page in pages] == before


@pytest.fixture
def add_file(world, tmp_path):
    """Keep a file as somebody uploaded it for a field."""

    def add_file(code, field, name="a.doc", media="application/msword"):
        path = tmp_path / "file"
        path.write_bytes(b"content of a file")
        form = world.edition.by_code[code]
        owner = FileOwner(world.units["nation"], None, form.full_name, field)
        with world.engine.begin() as connection:
            return keep_file(connection, world.files, path, name, media, owner)

    return add_file


def test_files_are_fetched_while_a_public_row_shows_them(world, client, add_file):
    shown, hidden = add_file("G14", "attachments"), add_file("G14", "attachments")
    loose = add_file("G14", "attachments")
    world.publish(attachments=(shown,))
    world.publish(title="草稿", status="草稿", attachments=(hidden,))
    answer = client.get(f"/portal/files/{shown}")
    assert answer.data == b"content of a file"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    for token in (hidden, loose, "none", shown[:-1]):
        assert client.get(f"/portal/files/{token}").status_code == 404


def test_pictures_of_a_text_and_of_a_case_are_shown(world, client, add_file):
    inside = add_file("G14", "content", "a.png", "image/png")
    photo = add_file("G7.3", "photo", "b.jpg", "image/jpeg")
    other = add_file("G7.3", "photo", "c.jpg", "image/jpeg")
    document = add_file("G7.1", "case_document")
    world.publish(content=f'<p>图</p><img src="/portal/files/{inside}">')
    case = {
        "submitter_level": "集团",
        "unit_name": "砚溪集团",
        "case_document": document,
        "allow_publish": True,
    }
    keys = {}
    for title, token in (("共建", photo), ("别的", other)):
        keys[title] = world.store("G7.1", "alpha", NOW, {**case, "case_title": title})
        row = {"case_title": title, "caption": f"{title}图", "photo": token}
        world.store("G7.3", "alpha", NOW, row)
    world.set_state("G7.1", keys["共建"], case_status="入选汇编")
    world.set_state("G7.1", keys["别的"], case_status="省级推荐")
    key = keys["共建"]
    page = read(client, f"/portal/cases/{key}")
    assert "共建图" in page
    assert "别的图" not in page
    for token, media in ((inside, "image/png"), (photo, "image/jpeg")):
        answer = client.get(f"/portal/files/{token}")
        assert answer.mimetype == media
        assert "Content-Disposition" not in answer.headers
    assert client.get(f"/portal/files/{document}").status_code == 200
    assert client.get(f"/portal/files/{other}").status_code == 404


def test_nobody_publishes_a_file_by_naming_it_in_a_text(world, client, add_file):
    """A document of a case that is under way, or of another form altogether."""
    secrets = [add_file("G7.1", "case_document"), add_file("G14", "attachments")]
    images = "".join(f'<img src="/portal/files/{token}">' for token in secrets)
    world.publish(content=f"<p>图</p>{images}")
    for token in secrets:
        assert client.get(f"/portal/files/{token}").status_code == 404


def test_the_feed_tells_of_an_article_once(world, client):
    key = world.publish(title="手册", keywords="操作手册")
    assert "手册" in read(client, "/portal/manual/")
    feed = ElementTree.fromstring(read(client, "/portal/feed.xml"))
    links = [one.find(f"{ATOM}link").get("href") for one in feed.iter(f"{ATOM}entry")]
    assert [link for link in links if link.endswith(key)] == [
        f"http://localhost/portal/notices/{key}"
    ]


def test_the_feed_and_the_sitemap_are_well_formed(world, client):
    key = world.publish(title="甲 & 乙 <丙>")
    feed = ElementTree.fromstring(read(client, "/portal/feed.xml"))
    entry = feed.find(f"{ATOM}entry")
    assert entry.find(f"{ATOM}title").text == "甲 & 乙 <丙>"
    assert entry.find(f"{ATOM}link").get("href").endswith(f"/portal/notices/{key}")
    ElementTree.fromstring(read(client, "/portal/research/feed.xml"))
    sitemap = ElementTree.fromstring(read(client, "/portal/sitemap.xml"))
    addresses = [one.text for one in sitemap.iter() if one.tag.endswith("loc")]
    assert any(one.endswith(f"/portal/notices/{key}") for one in addresses)
    assert any(
        one.endswith(f"/portal/groups/{world.units['alpha']}") for one in addresses
    )


def test_statistics_are_split_narrowed_and_exported(world, client):
    page = read(client, "/portal/statistics/?section=companies&by=_unit")
    assert "审核通过的 <b>1</b> 个单位" in page
    assert "砚溪装备制造职业教育集团" in page
    assert "澄湖生态" not in page
    area = world.units["510000"]
    assert "<b>0</b> 个单位" in read(client, f"/portal/statistics/?below={area}")
    years = read(client, "/portal/statistics/?section=groups&by=_round")
    assert "2023 年度" in years
    book = client.get("/portal/statistics/export.xlsx?section=companies")
    assert book.data[:2] == b"PK"
    for odd in ("?round=999999", "?below=999999", f"?below={world.units['alpha']}"):
        assert client.get(f"/portal/statistics/{odd}").status_code == 404
    assert client.get("/portal/notices/export.xlsx").status_code == 404


def test_statistics_without_an_approved_report_say_so(world, client):
    with world.engine.begin() as connection:
        connection.execute(delete(UnitRound))
    assert "还没有统计" in read(client, "/portal/statistics/")


def test_what_is_not_there_is_told_within_the_portal(world, client):
    answer = client.get("/portal/nowhere/")
    assert answer.status_code == 404
    assert "没有这个栏目" in answer.text
    assert "portal-nav" in answer.text
