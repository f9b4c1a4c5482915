"""Every route of the application with what it needs, and a sample of its use."""

import io
import json
from dataclasses import replace

from app.policy import Action
from tests.support import authorised_schools as schools
from tests.support.authorised_anthologies import ANTHOLOGY_ENTRIES
from tests.support.authorised_circulars import CIRCULAR_ENTRIES
from tests.support.authorised_designs import DESIGN_ENTRIES
from tests.support.authorised_entries import (
    FORM_SCENES,
    IMPORT_SCENES,
    ONE_SCENE,
    PASSED_SCENES,
    READ_SCENES,
    ROUND_SCENES,
    THING_SCENES,
    WHOLE_SCENES,
    Entry,
    Need,
    Scene,
    nothing,
)
from tests.support.authorised_items import ITEM_ENTRIES
from tests.support.authorised_schemas import SCHEMA_ENTRIES
from tests.support.authorised_schools import OPEN, PDF, Things
from tests.support.chain import SUPPLIER

ANYBODY = Need(is_open=True)
SIGNED_IN = Need()
SEE_FORM = Need(Action.VIEW_ROWS, "form")
ENTER = Need(Action.ENTER_ROWS, "form")
LEAD = Need(Action.SUBMIT_FORM, "lead")
SUPPLY = Need(Action.SUBMIT_FORM, "form", also="自己的部门，或牵头部门")
CLOSE = Need(Action.VIEW_ROWS, "form", also="质量监督处，或牵头部门的填报员")
REVIEW = Need(Action.REVIEW_FORM, "lead", also="轮到的那一步")
REVIEW_WHOLE = Need(Action.REVIEW_FORM, "unit", also="轮到的那一步")
REPORT = Need(Action.REPORT_ROUND, "unit")
MANAGE = Need(Action.MANAGE_ROUND, "unit")
PROGRESS = Need(Action.SEE_PROGRESS, "unit")
STATISTICS = Need(Action.SEE_STATISTICS)
STATISTICS_THERE = Need(Action.SEE_STATISTICS, "unit")
STATISTICS_BELOW = Need(Action.SEE_STATISTICS, also="看下级单位的人")
NOTIFY = Need(Action.SEND_NOTICES, "unit")
HERE = Need(Action.VIEW_ROWS, "unit")
WHOLE = Need(Action.VIEW_ROWS, "unit", also="看全单位数据的人")
IMPORTED = Need(Action.VIEW_ROWS, "form", also="自己部门的；牵头部门看全部")
IMPORTING = Need(Action.VIEW_ROWS, "form", also="有权导入或核对这次导入")
REVIEW_ROWS = Need(Action.REVIEW_ROWS, "part")
ACCOUNTS = Need(Action.MANAGE_ACCOUNTS)
ACCOUNTS_THERE = Need(Action.MANAGE_ACCOUNTS, "unit")
UNITS = Need(Action.MANAGE_UNITS)
UNITS_THERE = Need(Action.MANAGE_UNITS, "unit")
AREA = Need(Action.MANAGE_AREA)
AREA_THERE = Need(Action.MANAGE_AREA, "unit")
AUDIT = Need(Action.READ_AUDIT)
OWN = Need(also="本人的")
#: What it takes to read: a state of the form changes nothing about it.
_READING = frozenset(
    {
        Action.VIEW_ROWS,
        Action.SEE_PERSONAL,
        Action.EXPORT_ROWS,
        Action.EXPORT_PERSONAL,
    }
)
_ENTERING = frozenset({Action.ENTER_ROWS, Action.IMPORT_ROWS})


def _form(things: Things, scene: Scene) -> dict:
    return {
        "collection": "test",
        "code": scene.form,
        "at": things.key(scene.round),
    }


def _row(things, scene):
    return _form(things, scene) | {"row_id": _id_of(things, scene)[0]}


def _id_of(things, scene):
    return things.rows.get((scene.round, scene.form), (999, 1))


def _linked(things, scene):
    row_id, _ = things.linked.get(scene.form, (999, 1))
    return _form(things, scene) | {"row_id": row_id}


def _at(things, scene):
    return {"at": things.key(scene.round)}


def _round(things, scene):
    return {"round": things.key(scene.round).partition("-")[2]}


def _chain(things, scene):
    return _at(things, scene) | {"collection": "test", "chain_id": schools.CHAIN}


def _booklet(things, scene):
    return _at(things, scene) | {"collection": "test", "booklet_id": schools.BOOKLET}


def _collection(_things, _scene):
    return {"collection": "test"}


def _collection_at(things, scene):
    return _collection(things, scene) | _at(things, scene)


def _unit_round(things, scene):
    return {"unit_id": things.unit_id, "round_id": things.rounds[scene.round]}


def _import(things, scene):
    return {"import_id": things.imports[scene.thing]}


def _staged(things, scene):
    return _import(things, scene) | {"number": 2}


def _unit(things, _scene):
    return {"unit_id": things.unit_id}


def _department(things, _scene):
    other = things.school.departments[schools.OTHER]
    return {"unit_id": things.unit_id, "department_id": other}


def _user(things, _scene):
    return {"user_id": things.target_id}


def _membership(things, scene):
    return _user(things, scene) | {"membership_id": things.membership_id}


def _package(things, scene):
    return _at(things, scene) | {"kind": "data"}


def _always(**fields):
    return lambda _things, _scene: dict(fields)


def _save(things, scene):
    row_id, version = _id_of(things, scene)
    cells = {"count": "4"}
    row = {"key": "r", "id": row_id, "version": version, "cells": cells}
    return {"rows": [row]}


def _check(things, scene):
    return _save(things, scene)


def _delete(things, scene):
    row_id, version = _id_of(things, scene)
    return {"rows": [{"id": row_id, "version": version}]}


def _mark(things, scene):
    row_id, version = _id_of(things, scene)
    return {
        "id": row_id,
        "version": version,
        "kind": "rule:few",
        "field": "count",
        "reason": "other",
        "words": "今年扩招，已经核对",
    }


def _fields(things, scene):
    _, version = _id_of(things, scene)
    return {"_version": str(version), "name": "甲", "count": "4", "choice": "甲"}


def _new_fields(_things, _scene):
    return {"name": "丁", "count": "1", "choice": "甲"}


def _supplier(things, _scene):
    return {"department": str(things.school.departments[SUPPLIER]), "no_rows": "1"}


def _hand_back(things, scene):
    return _supplier(things, scene) | {"reason": "wrong", "text": "请核对"}


def _seen(things, scene):
    return {"act": "approve", "seen": things.hashes.get(scene.form, "")}


def _give_back(things, scene):
    return {
        "act": "return",
        "cell": f"{_id_of(things, scene)[0]}.count",
        "reason": "wrong",
        "remark": "请核对",
    }


def _ask(things, scene):
    return _give_back(things, scene) | {"act": "ask"}


def _thread(things, scene):
    return _form(things, scene) | {"thread_id": things.threads[_state_of(scene)]}


def _state_of(scene):
    return scene.form if scene.form in schools.IN_STATES else OPEN


def _decision(things, scene):
    return _form(things, scene) | {"decision_id": things.decisions[scene.form]}


def _whole_seen(things, scene):
    return {"act": "approve", "seen": things.whole_hashes.get(scene.round, "")}


_WHOLE_RETURN = {
    "act": "return",
    "form": schools.OPEN,
    f"reason|{schools.OPEN}": "wrong",
    f"words|{schools.OPEN}": "请核对",
}


def _phases(_things, _scene):
    return {
        "act": "save",
        "p0-id": "p1",
        "p0-title": "填报",
        "p0-first": "2026-01-01T08:00",
        "p0-end": "2036-01-01T08:00",
        "p0-t0-title": "填",
        "p0-t0-forms": "*",
    }


def _assigned(things, _scene):
    other = things.school.departments[schools.OTHER]
    return {f"lead-{schools.BARE}": str(other)}


def _upload(name, content):
    def fields(_things, _scene):
        return {"field": "paper", "file": (io.BytesIO(content), name)}

    return fields


def _piece(_things, _scene):
    return {"from": "0", "piece": (io.BytesIO(PDF), "piece")}


def _begun(things, scene):
    return _form(things, scene) | {"token": "x"}


def _letter(_things, _scene):
    return {"title": "新通知", "text": "请参加", "roles": "filler"}


def _new_account(things, _scene):
    return {
        "username": "somebody-new",
        "name": "新人",
        "role": "filler",
        "place": f"{things.code}|{schools.OTHER}",
    }


def _accounts_file(things, _scene):
    titles = "用户名,姓名,角色,单位,部门,可导入,电子邮箱"
    line = f"listed,张三,填报员,{things.code},{schools.OTHER},否,"
    content = f"{titles}\n{line}\n".encode()
    return {"file": (io.BytesIO(content), "账号.csv")}


def _account_lines(things, _scene):
    cells = ["listed", "张三", "填报员", things.code, schools.OTHER, "否", ""]
    return {"lines": json.dumps([[2, *cells]])}


def _plan(things, _scene):
    return {
        "act": "open",
        "title": "下一期",
        "unit": str(things.unit_id),
        "period-snapshot-first": "2025-09-01",
        "period-snapshot-last": "2026-08-31",
    }


def _at_next(things, _scene):
    return {"edition": "next/2024", "unit": things.unit_id, "at": things.key("now")}


def _single(form):
    """Scenes of a form that has a peculiarity."""
    now, past, far = ROUND_SCENES
    return tuple(
        Scene(one.sign, one.title, form, one.round, one.unit)
        for one in (now, past, far)
    )


_TALKED = tuple(one for one in FORM_SCENES if one.sign != "关")
_DECIDED = tuple(
    replace(one, form=schools.SUBMITTED) if one.sign == "校" else one
    for one in FORM_SCENES
    if one.sign in "交退过校"
)


def _forms(endpoint, method, need, values=_form, scenes=None, **more):
    usual = READ_SCENES if need.action in _READING else FORM_SCENES
    if need.action in _ENTERING:
        more = {"is_finer": True, "note": "状态不许时也是 ✕ 或 ▲"} | more
    if values in (_row, _linked):
        more = {"is_finer": True, "note": "别的部门的行：○"} | more
    return Entry(endpoint, method, need, scenes or usual, values, **more)


def _get(endpoint, need, values=nothing, scenes=ONE_SCENE, **more):
    return Entry(endpoint, "GET", need, scenes, values, **more)


def _post(endpoint, need, values=nothing, scenes=ONE_SCENE, **more):
    return Entry(endpoint, "POST", need, scenes, values, **more)


#: Nothing of a forgotten password is done without a captcha, answers and a ticket.
_UNTRIED = {"is_never_done": True, "is_finer": True, "note": "样本里没有验证码"}

#: An upload is of whoever began it: its tests begin one.
_NOTHING_BEGUN = {
    "is_never_done": True,
    "is_finer": True,
    "note": "只有本人开始的；样本里没有传到一半的",
}

#: The portal has tests of its own: what it shows is for all.
_NO_PORTAL = {"is_never_done": True, "is_finer": True, "note": "样本里没有门户"}

#: Surveys have tests of their own: whom they ask stands in their rows.
_NO_SURVEY = {"is_never_done": True, "is_finer": True, "note": "样本里没有调查"}

_OPEN_PAGES = (
    _get("portal.home", ANYBODY, **_NO_PORTAL),
    _get("portal.search", ANYBODY, **_NO_PORTAL),
    _get("portal.feed", ANYBODY, **_NO_PORTAL),
    _get("portal.sitemap", ANYBODY, **_NO_PORTAL),
    _get("portal.export_statistics", ANYBODY, _always(column_id="x"), **_NO_PORTAL),
    _get("portal.fetch", ANYBODY, _always(token="x"), **_NO_PORTAL),
    _get("portal.show_column", ANYBODY, _always(column_id="x"), **_NO_PORTAL),
    _get("portal.lead_to_column", ANYBODY, _always(column_id="x")),
    _get("portal.feed_column", ANYBODY, _always(column_id="x"), **_NO_PORTAL),
    _get("portal.show_article", ANYBODY, _always(column_id="x", key="1"), **_NO_PORTAL),
    _get("auth.login", ANYBODY),
    _post(
        "auth.try_login",
        ANYBODY,
        body=_always(username="x", password="y"),
        is_never_done=True,
        is_finer=True,
        note="样本里的密码不对",
    ),
    _get("assets.serve_asset", ANYBODY, _always(name="icon.svg")),
    _get("assets.serve_form_asset", ANYBODY, _always(name="css/tianbao.css")),
    _get("health.is_ready", ANYBODY),
    _get("recovery.start", ANYBODY),
    _get("recovery.go_back", ANYBODY, path="/forgotten/answers"),
    _post("recovery.begin", ANYBODY, body=_always(username="x"), **_UNTRIED),
    _post("recovery.answer", ANYBODY, body=_always(username="x"), **_UNTRIED),
    _post("recovery.use_code", ANYBODY, body=_always(username="x"), **_UNTRIED),
    _post("recovery.set_password", ANYBODY, **_UNTRIED),
    _get("surveys.show_list", ANYBODY),
    _get("surveys.show", ANYBODY, _always(key="x"), **_NO_SURVEY),
    _post("surveys.answer", ANYBODY, _always(key="x"), **_NO_SURVEY),
    _get("surveys.show_results", ANYBODY, _always(key="x"), **_NO_SURVEY),
    _get("surveys.export", ANYBODY, _always(key="x"), **_NO_SURVEY),
    _get("registered.show", ANYBODY),
    _post(
        "registered.search",
        ANYBODY,
        body=_always(name="没有的单位", kind="group"),
        is_never_done=True,
        is_finer=True,
        note="样本的表没有单位的账号",
    ),
)

_OWN_PAGES = (
    _post("auth.logout", SIGNED_IN),
    _get("auth.password", SIGNED_IN),
    _post(
        "auth.set_password",
        SIGNED_IN,
        body=_always(old="wrong", new="yanshi-8264-mima", again="yanshi-8264-mima"),
        is_never_done=True,
        note="样本里的旧密码不对",
    ),
    _get("account.show", SIGNED_IN),
    _post("account.save", SIGNED_IN, body=_always(email="a@example.org")),
    _get("own_questions.show", SIGNED_IN, is_finer=True, note="不管理、不审核的人"),
    _post(
        "own_questions.save",
        SIGNED_IN,
        is_never_done=True,
        is_finer=True,
        note="样本里没有答案",
    ),
    _get("notices.show_list", SIGNED_IN),
    _get(
        "notices.open_notice",
        OWN,
        lambda t, s: {"notice_id": t.notice_id},
        THING_SCENES,
        is_finer=True,
    ),
    _post(
        "notices.mark_read",
        OWN,
        lambda t, s: {"notice_id": t.notice_id},
        THING_SCENES,
        is_finer=True,
        note="别人的通知：回到列表，什么也不变",
    ),
    _post("notices.mark_all_read", SIGNED_IN, changes=False),
    _get("places.show", SIGNED_IN),
    _get("exports.show_list", SIGNED_IN),
    _get(
        "exports.show_state",
        OWN,
        lambda t, s: {"export_id": t.export_id},
        THING_SCENES,
        is_finer=True,
    ),
    _get(
        "exports.fetch",
        OWN,
        lambda t, s: {"export_id": t.export_id},
        THING_SCENES,
        is_finer=True,
    ),
)

_SCHEMAS = (
    _get("api.show_forms", SIGNED_IN),
    _get(
        "api.show_form",
        SIGNED_IN,
        _always(collection="test", edition="2024", code=schools.OPEN),
    ),
    _get("api.show_editions", SIGNED_IN),
    _get("api.show_codelists", SIGNED_IN),
    _get("api.show_codelist", SIGNED_IN, _always(slug="gbt-2261-1")),
    _get("reference.start", SIGNED_IN),
    _get(
        "reference.show_edition",
        SIGNED_IN,
        _always(collection="test", edition="2024"),
    ),
    _get(
        "reference.show_form",
        SIGNED_IN,
        _always(collection="test", edition="2024", code=schools.OPEN),
    ),
    _get(
        "reference.fetch_workbook",
        SIGNED_IN,
        _always(collection="test", edition="2024"),
    ),
    _get("reference.show_codelist", SIGNED_IN, _always(slug="gbt-2261-1")),
)

_PLACES = (
    _get("workbench.show", HERE, _at, ROUND_SCENES),
    _get("workbench.list_forms", HERE, _at, ROUND_SCENES),
    _post(
        "workbench.choose",
        HERE,
        scenes=ROUND_SCENES,
        body=lambda t, s: {"place": t.key(s.round)},
        changes=False,
    ),
    _get(
        "work_chains.show",
        Need(Action.VIEW_ROWS, "unit", also="这条链里至少一张表"),
        _chain,
        ROUND_SCENES,
        is_finer=True,
    ),
    _get(
        "booklets.show",
        Need(Action.VIEW_ROWS, "unit", also="合订本里的每张表"),
        _booklet,
        ROUND_SCENES,
        is_finer=True,
    ),
    _get(
        "booklets.show_missing",
        REPORT,
        _booklet,
        ROUND_SCENES,
        is_finer=True,
        is_never_done=True,
        note="样本里整体上报的人不填表",
    ),
    _get(
        "booklets.count_missing",
        REPORT,
        _booklet,
        ROUND_SCENES,
        is_finer=True,
    ),
    _post(
        "booklets.decide",
        REPORT,
        _booklet,
        ROUND_SCENES,
        body=_always(act="submit"),
        is_finer=True,
        is_never_done=True,
        note="样本里总有没填好的",
    ),
    _get(
        "booklet_years.show",
        Need(Action.VIEW_ROWS, "unit", also="合订本里的每张表"),
        _booklet,
        ROUND_SCENES,
        is_finer=True,
    ),
    _get(
        "booklet_years.fetch",
        Need(Action.EXPORT_ROWS, "unit", also="合订本里的每张表"),
        _booklet,
        ROUND_SCENES,
        is_finer=True,
    ),
    _get(
        "booklet_books.fetch_book",
        Need(Action.EXPORT_ROWS, "unit", also="合订本里的每张表"),
        _booklet,
        ROUND_SCENES,
        is_finer=True,
    ),
    _get(
        "booklet_books.fetch_members",
        Need(Action.EXPORT_ROWS, "unit", also="合订本里的每张表"),
        _booklet,
        ROUND_SCENES,
        is_finer=True,
    ),
    _get(
        "booklet_books.choose_files",
        Need(Action.IMPORT_ROWS, "unit", also="合订本里的每张表"),
        _booklet,
        ROUND_SCENES,
        is_finer=True,
    ),
    _post(
        "booklet_books.upload",
        Need(Action.IMPORT_ROWS, "unit", also="合订本里的每张表"),
        _booklet,
        ROUND_SCENES,
        body=_upload("行.csv", b"name"),
        is_finer=True,
        is_never_done=True,
        note="样本不是成员模板",
    ),
    _get("checks.show", HERE, _at, ROUND_SCENES),
    _post(
        "checks.start",
        Need(Action.CHECK_ROWS, "unit", also="至少一张表"),
        _at,
        ROUND_SCENES,
        is_finer=True,
    ),
    _get("checks.show_state", HERE, _at, ROUND_SCENES),
    _get(
        "checks.fetch",
        HERE,
        _at,
        ROUND_SCENES,
        is_finer=True,
        note="○：那一期没有检查过",
    ),
    _get("imports.show_list", HERE, _at, ROUND_SCENES),
    _post(
        "exports.order_package",
        Need(Action.EXPORT_ROWS, "unit", also="至少一张表"),
        is_finer=True,
        values=_package,
        scenes=ROUND_SCENES,
    ),
    _post(
        "exports.order_sealed",
        REPORT,
        _at,
        ROUND_SCENES,
        body=_always(reason="报送市局"),
    ),
    _get("progress.show", PROGRESS, _at, ROUND_SCENES),
    _post("progress.export", PROGRESS, _at, ROUND_SCENES),
    _post("progress.remind_late", NOTIFY, _at, (ROUND_SCENES[0], ROUND_SCENES[2])),
    _get("statistics.start", STATISTICS),
    _get("statistics.show", STATISTICS_THERE, _collection_at, ROUND_SCENES),
    _post("statistics.export", STATISTICS_THERE, _collection_at, ROUND_SCENES),
    _get("statistics.show_area", STATISTICS_BELOW, _collection, is_finer=True),
    _post("statistics.export_area", STATISTICS_BELOW, _collection, is_finer=True),
    _get(
        "progress.show_units",
        Need(Action.SEE_PROGRESS, also="看下级单位的人"),
        is_finer=True,
    ),
    _post(
        "progress.export_units",
        Need(Action.SEE_PROGRESS, also="看下级单位的人"),
        is_finer=True,
    ),
    _post(
        "progress.remind_unreported",
        Need(Action.SEND_CIRCULARS, also="看下级单位的人"),
        _round,
        is_finer=True,
    ),
)

_FORMS = (
    _forms("forms.show", "GET", SEE_FORM),
    _forms("forms.show_items", "GET", SEE_FORM, scenes=_single(schools.TRAVELLING)),
    _forms("choosing.show", "GET", ENTER, scenes=_single(schools.MASTER)),
    _forms(
        "choosing.bring",
        "POST",
        ENTER,
        scenes=_single(schools.MASTER),
        is_never_done=True,
        note="样本里没有上期",
    ),
    _forms("forms.show_new_row", "GET", ENTER),
    _forms("forms.add_row", "POST", ENTER, body=_new_fields),
    _forms("forms.show_row", "GET", SEE_FORM, _row),
    _forms("forms.save_row", "POST", ENTER, _row, body=_fields),
    _forms("forms.ask_delete", "GET", ENTER, _row),
    _forms("forms.delete_row", "POST", ENTER, _row, body=_fields),
    _forms(
        "forms.save_record",
        "POST",
        ENTER,
        scenes=_single(schools.RECORD),
        body=lambda t, s: {"_version": "1", "name": "甲", "count": "5"},
    ),
    _forms(
        "forms.explain_table",
        "POST",
        ENTER,
        body=_always(mark="|rule:none", reason="other", words="已经核对过"),
        note="样本里没有整表的警告",
        is_never_done=True,
    ),
    _forms("forms.fetch_template", "GET", SEE_FORM),
    _forms(
        "explaining.show_row",
        "GET",
        SEE_FORM,
        _row,
        note="样本不是系统算出的表",
        is_never_done=True,
    ),
    _forms(
        "explaining.show_missing",
        "GET",
        SEE_FORM,
        note="样本不是系统算出的表",
        is_finer=True,
        is_never_done=True,
    ),
    _forms(
        "forms.fetch",
        "GET",
        SEE_FORM,
        lambda t, s: _form(t, s) | {"token": t.files.get(s.form, "x")},
        note="供数部门：知道随机地址才取得到",
    ),
    _forms("rows.save", "POST", ENTER, body=_save, is_json=True),
    _forms("rows.check", "POST", SEE_FORM, body=_check, is_json=True, changes=False),
    _forms("rows.delete", "POST", ENTER, body=_delete, is_json=True),
    _forms("rows.explain", "POST", ENTER, body=_mark, is_json=True),
    _forms("rows.withdraw", "POST", ENTER, body=_mark, is_json=True),
    _forms(
        "rows.list_options",
        "GET",
        SEE_FORM,
        lambda t, s: _form(t, s) | {"field": "master"},
    ),
    _forms(
        "rows.upload",
        "POST",
        ENTER,
        note="没有录入权时回 422（▲），不存文件",
        body=_upload("证明.pdf", PDF),
    ),
    _forms(
        "pieces.begin",
        "POST",
        ENTER,
        note="没有录入权时回 422（▲），不收文件",
        body=_always(field="paper", name="证明.pdf", size=10, mark="1"),
        is_json=True,
    ),
    _forms("pieces.ask", "GET", ENTER, _begun, **_NOTHING_BEGUN),
    _forms("pieces.send", "POST", ENTER, _begun, body=_piece, **_NOTHING_BEGUN),
    _forms("pieces.finish", "POST", ENTER, _begun, is_json=True, **_NOTHING_BEGUN),
    _forms("pieces.drop", "POST", ENTER, _begun, is_json=True, **_NOTHING_BEGUN),
    _forms("selection.delete", "POST", ENTER, body=_always(query=""), is_json=True),
    _forms(
        "selection.fill",
        "POST",
        ENTER,
        body=_always(query="", field="count", text="2"),
        is_json=True,
    ),
    _forms("disclosing.return_to_form", "GET", SEE_FORM),
    _forms(
        "disclosing.reveal",
        "POST",
        Need(Action.SEE_PERSONAL, "form"),
        body=_always(reason="核对联系电话"),
    ),
    _forms("disclosing.return_to_row", "GET", SEE_FORM, _row),
    _forms(
        "disclosing.reveal_row",
        "POST",
        Need(Action.SEE_PERSONAL, "form"),
        _row,
        body=_always(reason="核对联系电话"),
    ),
    _forms(
        "unlinking.show",
        "GET",
        Need(Action.UNLINK_ROWS, "form"),
        _linked,
        note="没有可解除的连接：○",
    ),
    _forms(
        "unlinking.save",
        "POST",
        Need(Action.UNLINK_ROWS, "form"),
        _linked,
        note="没有可解除的连接：○",
        body=_always(field="master", reason="选错了", _version="1"),
    ),
    _forms(
        "generating.show",
        "GET",
        ENTER,
        note="状态不许时也能看会添加什么，不能做",
    ),
    _forms(
        "generating.save",
        "POST",
        ENTER,
        body=lambda t, s: {"seen": t.plans.get(s.form, "")},
        note="样本里的预览是牵头部门看到的，供数部门要重看（▲）",
    ),
    _forms("generating.ask_undo", "GET", ENTER, note="没有生成过也能看"),
    _forms(
        "generating.save_undo",
        "POST",
        ENTER,
        body=_always(generation="1"),
        note="样本里没有生成过",
        is_never_done=True,
    ),
    _forms("exports.order_form", "POST", Need(Action.EXPORT_ROWS, "form")),
    _forms(
        "exports.order_form",
        "POST",
        Need(Action.EXPORT_PERSONAL, "form"),
        act="完整的个人信息",
        body=_always(reason="报送市局备案"),
    ),
    _forms("imports.choose_file", "GET", Need(Action.IMPORT_ROWS, "form")),
    _forms(
        "imports.upload",
        "POST",
        Need(Action.IMPORT_ROWS, "form"),
        body=_upload("行.csv", "name,count\n戊,1\n".encode()),
    ),
)

_FILINGS = (
    _forms("filings.submit", "POST", LEAD, body=_always(checked="1")),
    _forms("filings.show_missing", "GET", SEE_FORM, note="只列哪一行哪一格，值不显示"),
    _forms("filings.withdraw", "POST", LEAD),
    _forms("filings.ask_empty", "GET", SEE_FORM, scenes=_single(schools.BARE)),
    _forms(
        "filings.declare_empty",
        "POST",
        LEAD,
        scenes=_single(schools.BARE),
        body=_always(confirmed="1"),
    ),
    _forms("filings.retract_empty", "POST", LEAD, scenes=_single(schools.DECLARED)),
    _forms("filings.ask_close", "GET", SEE_FORM, scenes=_single(schools.BARE)),
    _forms(
        "filings.close",
        "POST",
        CLOSE,
        scenes=_single(schools.BARE),
        body=_always(confirmed="1"),
        is_finer=True,
    ),
    _forms(
        "filings.reopen",
        "POST",
        CLOSE,
        scenes=_single(schools.CLOSED),
        is_finer=True,
    ),
    _forms("filings.request_figures", "POST", LEAD, scenes=_single(schools.FIGURES)),
    _forms(
        "filings.hand_over",
        "POST",
        SUPPLY,
        body=_supplier,
        is_finer=True,
        is_never_done=True,
        note="样本里导入的行还等着核对",
    ),
    _forms("filings.take_back", "POST", SUPPLY, body=_supplier, is_finer=True),
    _forms("filings.show_contributions", "GET", SEE_FORM, is_finer=True),
    _forms("filings.hand_back", "POST", LEAD, body=_hand_back),
    _forms(
        "filings.talk",
        "POST",
        Need(Action.SUBMIT_FORM, "form"),
        _thread,
        _TALKED,
        is_finer=True,
        note="别的部门的行：✕；已了结的问题：▲",
        act="答复",
        body=_always(act="answer", text="已经核对"),
    ),
    _forms(
        "filings.talk",
        "POST",
        REVIEW,
        _thread,
        _TALKED,
        act="再问",
        body=_always(act="ask", text="请再核对"),
        is_finer=True,
    ),
    _forms(
        "filings.talk",
        "POST",
        REVIEW,
        _thread,
        _TALKED,
        act="了结",
        body=_always(act="close"),
        is_finer=True,
    ),
    _forms(
        "filings.undo",
        "POST",
        Need(Action.VIEW_ROWS, "form", also="本人的决定"),
        _decision,
        _DECIDED,
        is_finer=True,
    ),
)

_REVIEWS = (
    _get("reviews.show_list", HERE, _at, ROUND_SCENES),
    _forms("reviews.show", "GET", SEE_FORM),
    _forms("reviews.note_look", "POST", SEE_FORM),
    _forms("reviews.decide", "POST", REVIEW, act="通过", body=_seen, is_finer=True),
    _forms(
        "reviews.decide", "POST", REVIEW, act="退回", body=_give_back, is_finer=True
    ),
    _forms(
        "reviews.decide",
        "POST",
        Need(Action.VIEW_ROWS, "form", also="审核人，或牵头部门的填报员"),
        scenes=FORM_SCENES,
        act="批注",
        body=_ask,
        is_finer=True,
    ),
    _forms(
        "reviews.summarise_chosen",
        "POST",
        SEE_FORM,
        _at,
        body=lambda t, s: {"form": s.form},
        changes=False,
    ),
    _forms(
        "reviews.approve_chosen",
        "POST",
        REVIEW,
        _at,
        body=lambda t, s: {"form": s.form, f"seen-{s.form}": t.hashes.get(s.form, "")},
        is_finer=True,
        is_never_done=True,
        note="逐表回结果；样本里每张表都有没了结的问题",
    ),
    _get("reviews.show_figures", HERE, _at, ROUND_SCENES),
    _forms(
        "reviews.approve_figures",
        "POST",
        Need(Action.APPROVE_FIGURES, "form"),
        scenes=_single(schools.FIGURES),
        body=lambda t, s: {"seen": t.figures_hash},
    ),
    _forms(
        "reviews.undo",
        "POST",
        Need(Action.VIEW_ROWS, "form", also="本人的决定"),
        lambda t, s: _at(t, s) | {"decision_id": t.decisions[s.form]},
        _DECIDED,
        is_finer=True,
    ),
    _get("whole.show", WHOLE, _at, WHOLE_SCENES, is_finer=True),
    _get("whole.show_missing", WHOLE, _at, WHOLE_SCENES, is_finer=True),
    _post(
        "whole.decide",
        REPORT,
        _at,
        WHOLE_SCENES,
        act="上报",
        body=_always(act="hand_in"),
    ),
    _post(
        "whole.decide",
        REPORT,
        _at,
        WHOLE_SCENES,
        act="撤回",
        body=_always(act="withdraw"),
    ),
    _post(
        "whole.decide",
        REVIEW_WHOLE,
        _at,
        WHOLE_SCENES,
        act="通过",
        body=_whole_seen,
        is_finer=True,
    ),
    _post(
        "whole.decide",
        REVIEW_WHOLE,
        _at,
        WHOLE_SCENES,
        act="退回",
        body=_always(**_WHOLE_RETURN),
        is_finer=True,
    ),
)

_IMPORTS = (
    _get("imports.show", IMPORTED, _import, IMPORT_SCENES, is_finer=True),
    _get("imports.show_state", IMPORTED, _import, IMPORT_SCENES, is_finer=True),
    _post(
        "imports.pass_rows",
        REVIEW_ROWS,
        _import,
        IMPORT_SCENES,
        body=_always(which="all"),
    ),
    _post(
        "imports.delete_rows",
        IMPORTING,
        _import,
        IMPORT_SCENES,
        body=_always(which="all", reason="重复"),
        is_finer=True,
    ),
    _post(
        "imports.take_back",
        Need(Action.TAKE_BACK_IMPORT, "part"),
        _import,
        PASSED_SCENES,
        body=_always(reason="导错了"),
    ),
    _get("staged_rows.show", IMPORTING, _staged, IMPORT_SCENES, is_finer=True),
    _post(
        "staged_rows.mend",
        IMPORTING,
        _staged,
        IMPORT_SCENES,
        body=_always(name="新", count="6", choice="甲"),
        is_finer=True,
    ),
    _post(
        "staged_rows.save",
        IMPORTING,
        _staged,
        IMPORT_SCENES,
        body=lambda t, s: {
            "rows": [{"key": "r", "id": 2, "version": 1, "cells": {"count": "6"}}]
        },
        is_json=True,
        is_finer=True,
    ),
    _post(
        "exports.order_marked",
        Need(Action.VIEW_ROWS, "form", also="导入的人，或可以导出完整个人信息的人"),
        _import,
        IMPORT_SCENES,
        is_finer=True,
    ),
)

_ROUNDS = (
    _get("rounds.show_list", Need(Action.MANAGE_ROUND)),
    _get("rounds.plan", MANAGE, _at_next, THING_SCENES),
    _post("rounds.act", MANAGE, _at_next, THING_SCENES, body=_plan),
    _get("round_settings.show", MANAGE, _unit_round, ROUND_SCENES),
    _post(
        "round_settings.change_title",
        MANAGE,
        _unit_round,
        ROUND_SCENES,
        body=_always(title="新名称"),
    ),
    _post("round_settings.set_phases", MANAGE, _unit_round, ROUND_SCENES, body=_phases),
    _post("round_settings.assign", MANAGE, _unit_round, ROUND_SCENES, body=_assigned),
    _post(
        "round_settings.extend",
        MANAGE,
        _unit_round,
        ROUND_SCENES,
        body=_always(form=schools.BARE, until="2036-01-01T08:00", reason="延期的原因"),
    ),
    _post(
        "round_settings.end_extension",
        MANAGE,
        lambda t, s: _unit_round(t, s) | {"extension_id": t.extension_id},
        ROUND_SCENES,
        body=_always(reason="不用了"),
        is_finer=True,
        note="关：延期属于本期",
    ),
    _post(
        "round_settings.close",
        MANAGE,
        _unit_round,
        ROUND_SCENES,
        body=_always(even_unfinished="1"),
    ),
    _post(
        "round_settings.reopen",
        MANAGE,
        _unit_round,
        WHOLE_SCENES[:1] + WHOLE_SCENES[4:],
        body=_always(reason="补报"),
        is_never_done=True,
        note="同一系列另有一期开着",
    ),
    _get("round_settings.show_carrying", MANAGE, _unit_round, ROUND_SCENES),
    _post(
        "round_settings.carry",
        MANAGE,
        _unit_round,
        ROUND_SCENES,
        body=_always(form=schools.MASTER),
        is_never_done=True,
        note="样本里要带入的表已经有行",
    ),
    _get(
        "round_settings.show_gaps",
        MANAGE,
        lambda t, s: _unit_round(t, s) | {"code": schools.MASTER},
        ROUND_SCENES,
    ),
)

_NOTICES = (
    _get("letters.show_list", NOTIFY, _at, ROUND_SCENES),
    _get("letters.write", NOTIFY, _at, ROUND_SCENES),
    _post(
        "letters.send",
        NOTIFY,
        _at,
        ROUND_SCENES,
        body=lambda t, s: _letter(t, s) | {"files": (io.BytesIO(PDF), "材料.pdf")},
    ),
    _get(
        "letters.read",
        Need(also="收到的人，或可以发通知的人"),
        lambda t, s: {"letter_id": t.letter_id},
        THING_SCENES,
        is_finer=True,
    ),
    _get(
        "letters.fetch_file",
        Need(also="收到的人，或可以发通知的人"),
        lambda t, s: {"letter_id": t.letter_id, "token": t.letter_token},
        THING_SCENES,
        is_finer=True,
    ),
)

_ADMIN = (
    _get("admin.show", Need(also="有一项管理的权限"), is_finer=True),
    _get("admin.show_forms", Need(Action.INSPECT_FORMS)),
    _get("admin.show_roles", ACCOUNTS),
    _get("admin.show_disclosures", AUDIT),
    _get("auditing.show", AUDIT),
    _post("auditing.export", AUDIT),
    _get("auditing.show_personal_exports", AUDIT),
    _get("mails.show", ACCOUNTS),
    _get("admin_lists.show", ACCOUNTS),
    _get("admin_lists.send_template", ACCOUNTS),
    _post("admin_lists.upload", ACCOUNTS, body=_accounts_file, changes=False),
    _post(
        "admin_lists.create", ACCOUNTS_THERE, scenes=THING_SCENES, body=_account_lines
    ),
    _get("admin_lists.go_back", SIGNED_IN, path="/admin/users/list/create"),
    _get("admin_lists.go_back", SIGNED_IN, path="/admin/users/list/passwords.xlsx"),
    _post(
        "admin_lists.send_passwords",
        ACCOUNTS,
        body=_always(told='[["a","b","c","d"]]'),
        changes=False,
    ),
    _get("admin_users.show_list", ACCOUNTS),
    _post("admin_users.create", ACCOUNTS_THERE, scenes=THING_SCENES, body=_new_account),
    _get("admin_users.show", ACCOUNTS_THERE, _user, THING_SCENES),
    _post(
        "admin_users.save",
        ACCOUNTS_THERE,
        _user,
        THING_SCENES,
        body=_always(name="改名"),
    ),
    _post("admin_users.reset_password", ACCOUNTS_THERE, _user, THING_SCENES),
    _post("admin_users.give_code", ACCOUNTS_THERE, _user, THING_SCENES),
    _post(
        "admin_users.set_active",
        ACCOUNTS_THERE,
        _user,
        THING_SCENES,
        body=_always(active="0"),
    ),
    _post(
        "admin_users.give_role",
        ACCOUNTS_THERE,
        _user,
        THING_SCENES,
        body=lambda t, s: {"role": "analyst", "place": f"{t.code}|"},
    ),
    _post(
        "admin_users.change_role",
        ACCOUNTS_THERE,
        _membership,
        THING_SCENES,
        body=_always(department=SUPPLIER, may_import="1"),
    ),
    _post("admin_users.end_role", ACCOUNTS_THERE, _membership, THING_SCENES),
    _get("admin_units.show_list", UNITS),
    _post(
        "admin_units.add",
        UNITS,
        scenes=THING_SCENES[:1],
        body=lambda t, s: {
            "code": "added",
            "name": "新学校",
            "kind": "school",
            "parent": str(t.school.city_id),
        },
        is_finer=True,
    ),
    _get("admin_units.show", UNITS_THERE, _unit, THING_SCENES),
    _post(
        "admin_units.save",
        UNITS_THERE,
        _unit,
        THING_SCENES,
        body=lambda t, s: {
            "code": t.code,
            "name": "改名学校",
            "collections": ["test", "next"],
        },
    ),
    _post(
        "admin_units.move",
        UNITS_THERE,
        _unit,
        THING_SCENES,
        body=lambda t, s: {"parent": str(t.school.province_id)},
        is_finer=True,
    ),
    _post(
        "admin_units.set_active",
        UNITS_THERE,
        _unit,
        THING_SCENES,
        body=_always(active="0"),
        is_finer=True,
        note="只有系统管理员；▲：最后一个管理员在本校",
    ),
    _get("admin_departments.show", UNITS_THERE, _unit, THING_SCENES),
    _post(
        "admin_departments.add",
        UNITS_THERE,
        _unit,
        THING_SCENES,
        body=_always(name="新部门"),
    ),
    _post(
        "admin_departments.rename",
        UNITS_THERE,
        _department,
        THING_SCENES,
        body=_always(name="财务科"),
    ),
    _post(
        "admin_departments.set_active",
        UNITS_THERE,
        _department,
        THING_SCENES,
        body=_always(active="0"),
    ),
    _post(
        "admin_departments.move",
        UNITS_THERE,
        _department,
        THING_SCENES,
        body=_always(step="up"),
    ),
)

#: The sample's forms declare no accounts of units.
_NO_ACCOUNTS = {"is_never_done": True, "note": "样本的表没有单位的账号"}
_NO_ACCOUNT = {**_NO_ACCOUNTS, "is_finer": True}


def _unit_user(things, scene):
    return _unit(things, scene) | _user(things, scene)


_AREAS = (
    _get("areas.show_list", AREA),
    _get("areas.show_new", AREA),
    _post("areas.create", AREA, body=_always(name="甲", kind="city"), **_NO_ACCOUNTS),
    _get("areas.show", AREA_THERE, _unit, THING_SCENES),
    _post(
        "areas.rename",
        AREA_THERE,
        _unit,
        THING_SCENES,
        body=_always(name="改名的学校", code="renamed"),
    ),
    _post("areas.set_open", AREA_THERE, _unit, THING_SCENES, body=_always(open="0")),
    _post("areas.add_accounts", AREA_THERE, _unit, THING_SCENES, **_NO_ACCOUNTS),
    _post(
        "areas.change_person",
        AREA_THERE,
        _unit_user,
        THING_SCENES,
        body=_always(name="改名"),
        **_NO_ACCOUNT,
    ),
    _post(
        "areas.set_account_open",
        AREA_THERE,
        _unit_user,
        THING_SCENES,
        body=_always(open="0"),
        **_NO_ACCOUNT,
    ),
    _post("areas.set_rights", AREA_THERE, _unit_user, THING_SCENES, **_NO_ACCOUNT),
    _post("areas.give_code", AREA_THERE, _unit_user, THING_SCENES, **_NO_ACCOUNT),
    _get("area_lists.show", AREA),
    _get("area_lists.send_template", AREA),
    _post("area_lists.upload", AREA, body=_accounts_file, **_NO_ACCOUNTS),
    _post("area_lists.carry_out", AREA, body=_always(lines="[]"), **_NO_ACCOUNTS),
    _post("area_lists.send_marked", AREA, body=_always(lines="[]"), changes=False),
    _get("area_lists.go_back", SIGNED_IN, path="/area/list/done"),
    _post(
        "area_lists.send_passwords",
        AREA,
        body=_always(told='[["a","b","c","d","e"]]'),
        changes=False,
    ),
)

ENTRIES = (
    *_OPEN_PAGES,
    *_OWN_PAGES,
    *_SCHEMAS,
    *_PLACES,
    *_FORMS,
    *_FILINGS,
    *_REVIEWS,
    *_IMPORTS,
    *_ROUNDS,
    *_NOTICES,
    *_ADMIN,
    *_AREAS,
    *ITEM_ENTRIES,
    *CIRCULAR_ENTRIES,
    *ANTHOLOGY_ENTRIES,
    *SCHEMA_ENTRIES,
    *DESIGN_ENTRIES,
)
