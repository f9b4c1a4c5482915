"""Statistics of a unit's round, and of all units below an authority."""

import tempfile
from pathlib import Path

from flask import Blueprint, redirect, render_template, request, url_for

from app.errors import BadRequest, Forbidden, NotFound, Refused
from app.permissions import require
from app.policy import Action
from app.services.progress.area import has_area
from app.services.statistics.exports import write_statistics_file
from app.services.statistics.figures import show_number
from app.services.statistics.grounds import (
    Ground,
    find_area_ground,
    find_unit_ground,
)
from app.services.statistics.reports import FORMATS, load_report, write_report
from app.services.statistics.sections import Section
from app.services.workplaces import Workplace
from app.web.addresses import read_number
from app.web.downloads import send_made
from app.web.server import Answer, get_server
from app.web.statistics_page import load_asked, make_page
from app.web.statistics_urls import SeenAreaUrls, StatisticsUrls, UnitUrls
from app.web.visit import get_visit

statistics = Blueprint("statistics", __name__, url_prefix="/statistics")


@statistics.get("/")
def start() -> Answer:
    """Where the navigation leads: one's own unit, or one's area."""
    visit = get_visit()
    require(visit.actor, Action.SEE_STATISTICS)
    place = visit.workplace
    if place is not None and not visit.sees_units:
        return redirect(url_for(".show", collection=place.collection, at=place.key))
    if not has_area(visit.actor):
        raise Forbidden("您的账号还没有单位或本期没有开放的填报。请找管理员。")
    editions = get_server().catalogue.newest
    chosen = next(iter(editions), "") if place is None else place.collection
    return redirect(url_for(".show_area", collection=chosen))


@statistics.get("/<collection>/")
def show(collection: str) -> Answer:
    place = _get_place(collection)
    ground = _get_unit_ground(place)
    return _show(UnitUrls(ground, place), place)


@statistics.post("/<collection>/export")
def export(collection: str) -> Answer:
    return _export(_get_unit_ground(_get_place(collection)))


@statistics.get("/<collection>/area/")
def show_area(collection: str) -> Answer:
    return _show(SeenAreaUrls(_get_area_ground(collection)), get_visit().workplace)


@statistics.post("/<collection>/area/export")
def export_area(collection: str) -> Answer:
    return _export(_get_area_ground(collection))


def _show(urls: StatisticsUrls, workplace: Workplace | None) -> Answer:
    return render_template(
        "statistics.html",
        page=make_page(_load_section(urls.ground), urls),
        number=show_number,
        workplace=workplace,
    )


def _export(ground: Ground) -> Answer:
    section = _load_section(ground)
    if section is None:
        raise Refused("这一版报表没有声明统计指标，没有可导出的。")
    kind = request.form.get("report", "")
    if kind not in ("", *FORMATS):
        raise BadRequest("年度报告可以是 Word 或 Excel 文件，请从页面上的按钮选。")
    folder = tempfile.TemporaryDirectory(prefix="tianbao-statistics-")
    path = Path(folder.name) / "file"
    server, actor = get_server(), get_visit().actor
    if kind:
        sections = load_report(server.engine, server.catalogue, ground)
        name = write_report(server.engine, actor, sections, kind, path)
    else:
        name = write_statistics_file(server.engine, actor, section, path)
    return send_made(folder, path, name)


def _get_place(collection: str) -> Workplace:
    _check_collection(collection)
    place = get_visit().get_workplace(collection)
    require(place.actor, Action.SEE_STATISTICS, place.whole)
    return place


def _get_unit_ground(place: Workplace) -> Ground:
    server = get_server()
    return find_unit_ground(server.engine, server.catalogue, place)


def _get_area_ground(collection: str) -> Ground:
    server, visit = get_server(), get_visit()
    _check_collection(collection)
    if not has_area(visit.actor):
        raise Forbidden("这一页给主管部门看。本单位的统计请看“统计”。")
    require(visit.actor, Action.SEE_STATISTICS)
    chosen = read_number(request.args.get("round", ""))
    if chosen is None and visit.workplace is not None:
        place = visit.workplace
        reports = place.collection == collection and not place.is_standing
        chosen = place.round_id if reports else None
    return find_area_ground(
        server.engine,
        server.catalogue,
        visit.actor,
        collection,
        chosen,
        read_number(request.args.get("below", "")),
    )


def _check_collection(collection: str) -> None:
    if collection not in get_server().catalogue.newest:
        raise NotFound("没有这一套报表。")


def _load_section(ground: Ground) -> Section | None:
    return load_asked(get_server().workshop, ground)
