"""Two schools alike, each with a form in every state and a round in every state.

What addresses name is real: rows, imports, exports, questions, decisions, letters.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta

from PIL import Image
from sqlalchemy import insert, select, update

from app.jobs import Worker
from app.models import (
    ExportKind,
    Extension,
    Membership,
    Notice,
    Role,
    Round,
    RoundState,
    StoredFile,
    Unit,
    UnitRound,
)
from app.models.base import now_utc
from app.services import announcing
from app.services.announcing import Draft
from app.services.chain.deciding import approve
from app.services.chain.emptying import close_form, declare_empty
from app.services.chain.figures import view_figures
from app.services.chain.handing import hand_over
from app.services.chain.questions import Named
from app.services.chain.returning import return_form
from app.services.chain.submitting import submit
from app.services.chain.threads import ask
from app.services.chain.whole import approve_whole, hand_in
from app.services.checking import start_check
from app.services.confirming import Reason, confirm
from app.services.export_orders import ExportOrder, start_export
from app.services.files import upload_file
from app.services.flows.moving import MoveOrder, make_move
from app.services.generating.acts import preview
from app.services.generating.orders import order_of
from app.services.import_orders import Order, start_import
from app.services.passing import pass_rows
from app.services.rounds.extending import Wanted, extend
from app.storage.records import Scope
from app.storage.timetable import PhaseTask, RoundPhase, write_phases
from form_schemas.catalogue import Edition
from form_schemas.codelists import load_codelists
from form_schemas.drafts import Source
from form_schemas.reader import read_edition
from tests.support.authorised_people import OTHER
from tests.support.catalogues import catalogue_of
from tests.support.chain import LEAD, STEPS, SUPPLIER, School
from tests.support.circulars import add_circulars
from tests.support.forms import field_of, rule_of, schema_of

#: A form of each state, and forms with a peculiarity.
OPEN, OUTSIDE, SUBMITTED, RETURNED, APPROVED = "S1", "S2", "S3", "S4", "S5"
IN_STATES = (OPEN, OUTSIDE, SUBMITTED, RETURNED, APPROVED)
#: nothing entered; declared empty; closed; with key figures; one row only
BARE, DECLARED, CLOSED, FIGURES, RECORD = "E1", "E2", "E3", "K1", "R1"
MASTER = "M1"
#: its rows travel one by one
TRAVELLING = "F1"
CHAIN = "path"
BOOKLET = "whole"
_STEP = {"id": "all", "title": "一步", "forms": [MASTER, *IN_STATES]}
ROUNDS = ("past", "now", "ready", "leadership", "city")
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def make_catalogue():
    """Forms of one make, so that only their states tell them apart."""
    master = schema_of(MASTER, number="code", name="text")
    master["x-form"] |= {"departments": [LEAD], "carry": "always"}
    shared = [_shared(code) for code in IN_STATES]
    alone = [_alone(code) for code in (BARE, DECLARED, CLOSED)]
    figures = schema_of(FIGURES, name="text", money=field_of("money", key_figure=True))
    record = schema_of(RECORD, name="text", count="integer")
    record["x-form"]["shape"] = "record"
    del record["x-form"]["key"]
    for one in (figures, record, master):
        one["x-form"] |= {"departments": [LEAD], "closable": True}
    travelling = _travelling()
    made = catalogue_of(master, *shared, *alone, figures, record, travelling)
    (edition,) = made.editions
    settings = {
        "title": "测试",
        "unitKind": "school",
        "periods": {"snapshot": ["2023-09-01", "2024-08-31"]},
        "reviewSteps": STEPS,
    }
    chain = {"id": CHAIN, "title": "路", "steps": [_STEP]}
    booklet = {
        "id": BOOKLET,
        "title": "整份",
        "blocks": [{"form": OPEN, "as": "list"}],
    }
    more = {"chains": [chain], "booklets": [booklet], "x-measures": [_MEASURES]}
    edition = replace(edition, settings=settings | more)
    return replace(made, editions=(_make_next(settings), edition))


_MEASURES = {
    "id": "first",
    "title": "人员",
    "measures": [{"id": "all", "title": "人数", "form": MASTER, "kind": "count"}],
}


def _make_next(settings):
    """Another collection, of which no round is open."""
    schema = schema_of("N1", name="text") | {"$id": "urn:tianbao:next:2024:N1"}
    schema["x-form"]["departments"] = [LEAD]
    source = Source("next/2024/N1.json", json.dumps(schema))
    reading = read_edition("next", "2024", [source], load_codelists())
    assert not reading.faults, reading.faults
    return Edition("next", "2024", settings, reading.forms)


def _shared(code):
    schema = schema_of(
        code,
        name="text",
        count="integer",
        choice="enum",
        phone="phone",
        paper=field_of("file", accept=["pdf", "png"]),
        master=field_of("ref", ref={"table": MASTER, "field": "number"}),
    )
    schema["x-form"] |= {"departments": [LEAD, SUPPLIER], "closable": True}
    schema["x-rules"] = [
        rule_of("count <= 2", "few", fields=["count"], level="warning")
    ]
    schema["x-freeze"] = [{"field": "master", "unlinkRole": "administrator"}]
    schema["x-generate"] = {"from": MASTER, "columns": {"name": "number"}}
    return schema


def _alone(code):
    schema = schema_of(code, name="text")
    schema["x-form"] |= {"departments": [LEAD], "closable": True}
    return schema


def _travelling():
    """Sent by the school, taken by the city."""
    states = field_of("enum", enum=["草稿", "已报", "采用"], default="草稿")
    paper = field_of("file", accept=["pdf", "png"])
    schema = schema_of(TRAVELLING, name="text", paper=paper, state=states)
    schema["x-form"]["departments"] = [LEAD]
    send = {
        "id": "send",
        "title": "报送",
        "from": ["草稿"],
        "to": "已报",
        "by": ["unit"],
    }
    take = {
        "id": "take",
        "title": "采用",
        "from": ["已报"],
        "to": "采用",
        "by": ["city"],
    }
    schema["x-flow"] = {"field": "state", "editable": ["草稿"], "moves": [send, take]}
    return schema


@dataclass
class Things:
    """What a school has that addresses name."""

    school: School
    #: name of the round -> id
    rounds: dict = field(default_factory=dict)
    #: (round, form) -> id and version of a row, and of a row with a link
    rows: dict = field(default_factory=dict)
    linked: dict = field(default_factory=dict)
    #: rows that travel, in whose hands -> id and version
    items: dict = field(default_factory=dict)
    #: form -> token, thread, decision, content hash
    files: dict = field(default_factory=dict)
    threads: dict = field(default_factory=dict)
    decisions: dict = field(default_factory=dict)
    hashes: dict = field(default_factory=dict)
    #: form -> what generating its rows would do, as the leading department sees it
    plans: dict = field(default_factory=dict)
    figures_hash: str = ""
    #: name of the round -> id of its last decision, and what was handed in
    whole_decisions: dict = field(default_factory=dict)
    whole_hashes: dict = field(default_factory=dict)
    #: what was imported by whom, and passed
    imports: dict = field(default_factory=dict)
    export_id: int = 0
    letter_id: int = 0
    letter_token: str = ""
    #: a draft of the city's, and one that went to the school -> id; its file
    circulars: dict = field(default_factory=dict)
    circular_token: str = ""
    notice_id: int = 0
    extension_id: int = 0
    #: an account that is only looked at and changed, and its role
    target_id: int = 0
    membership_id: int = 0
    #: of schema files, the administrator's own
    draft_id: int = 0

    @property
    def unit_id(self):
        return self.school.unit_id

    @property
    def code(self):
        return f"{self.school.key}-school"

    def key(self, name):
        return f"{self.unit_id}-{self.rounds[name]}"


def make_school(workshop, key, folder):
    """A school in the middle of everything."""
    school = School(workshop, key, (LEAD, SUPPLIER, OTHER))
    school.execute(
        update(Unit)
        .where(Unit.id == school.unit_id)
        .values(collections=["next", "test"])
    )
    things = Things(school)
    things.rounds = {name: _open_round(school, name) for name in ROUNDS}
    _fill_past(things)
    _fill_now(things, folder)
    for name in ROUNDS[2:]:
        _report(things, name)
    _add_account(things)
    _choose(things, "now")
    for code in IN_STATES:
        things.plans[code] = preview(order_of(school.desk(school.filler, code))).digest
    return things


# Rounds.


def _open_round(school, name):
    now = now_utc()
    with school.engine.begin() as connection:
        title = f"{name} 轮"
        table = Round.__table__
        round_id = connection.scalar(select(table.c.id).where(table.c.title == title))
        if round_id is None:
            last = select(table.c.id).where(table.c.title == "past 轮")
            previous = connection.scalar(last) if name == "now" else None
            round_id = connection.execute(
                insert(table).values(
                    collection="test",
                    edition="2024",
                    title=title,
                    periods={"snapshot": ["2023-09-01", "2024-08-31"]},
                    state=RoundState.OPEN,
                    by_unit=True,
                    previous_id=previous,
                    created_at=now,
                )
            ).inserted_primary_key[0]
        connection.execute(
            insert(UnitRound.__table__).values(
                unit_id=school.unit_id,
                round_id=round_id,
                phases=write_phases(_phases(now) if name == "now" else ()),
                opened_at=now,
            )
        )
    return round_id


def _phases(now):
    """One is over, one runs."""
    day = timedelta(days=1)
    codes = [code for code in (*IN_STATES, BARE, DECLARED, CLOSED) if code != OUTSIDE]
    past = PhaseTask("早填", (OUTSIDE,))
    tasks = PhaseTask("填", (*codes, FIGURES, RECORD, MASTER, TRAVELLING))
    return (
        RoundPhase("p1", "第一阶段", now - 30 * day, now - 20 * day, (past,)),
        RoundPhase("p2", "第二阶段", now - 10 * day, now + 300 * day, (tasks,)),
    )


def _choose(things, name):
    things.school.round_id = things.rounds[name]
    things.school.scope = Scope(things.unit_id, things.rounds[name])


def _fill_past(things):
    school = things.school
    _choose(things, "past")
    for code in (OPEN, BARE, FIGURES, MASTER):
        _add(things, "past", code)
    school.execute(
        update(UnitRound)
        .where(
            UnitRound.unit_id == school.unit_id,
            UnitRound.round_id == things.rounds["past"],
        )
        .values(closed_at=now_utc())
    )


def _report(things, name):
    """A round whose forms are all closed: ready to be handed in, or further on."""
    school, workshop = things.school, things.school.workshop
    _choose(things, name)
    scope = school.scope
    forms = school.catalogue.edition("test", "2024").forms
    for form in filter(lambda form: form.is_filed, forms):
        close_form(workshop, school.office, scope, form, confirmed=True)
    moved = None
    if name != "ready":
        moved = hand_in(workshop, school.office, scope)
    if name == "city":
        moved = approve_whole(workshop, school.leader, scope, moved.content_hash)
    if moved is not None:
        things.whole_decisions[name] = moved.decision_id
        things.whole_hashes[name] = moved.content_hash


# The round under way.


def _fill_now(things, folder):
    school = things.school
    _choose(things, "now")
    _open_hours(things, is_open=True)
    _add(things, "now", MASTER)
    for code in IN_STATES:
        _fill_form(things, code, folder)
    _add(things, "now", FIGURES)
    _add(things, "now", RECORD)
    _fill_items(things, folder)
    form = school.form(FIGURES)
    view = view_figures(school.workshop, school.leader, school.scope, form)
    things.figures_hash = view.figures_hash
    _declare(things)
    _import(things, folder)
    _move_on(things)
    _open_hours(things, is_open=False)
    things.extension_id = _extend(things)
    _export(things)
    _write_letter(things, folder)
    things.circulars = add_circulars(school, folder)
    things.circular_token = _find_newest_file(school, school.city_id)
    _find_notice(things)


def _open_hours(things, *, is_open):
    """Let the form that is out of its hours be filled first."""
    phases = () if is_open else _phases(now_utc())
    things.school.execute(
        update(UnitRound)
        .where(
            UnitRound.unit_id == things.unit_id,
            UnitRound.round_id == things.rounds["now"],
        )
        .values(phases=write_phases(phases))
    )


def _add(things, round_name, code, **cells):
    """A row of the leading department."""
    name = {"number": "M-1"} if code == MASTER else {"name": "甲"}
    saved = things.school.add(code, **(name | cells))
    things.rows[round_name, code] = saved.id, saved.version
    return saved


def _upload(things, code, folder):
    """A picture of a paper for a form; gives its token."""
    school = things.school
    path = folder / "paper.png"
    Image.new("RGB", (8, 8)).save(path)
    kept = upload_file(
        school.engine,
        school.workshop.files,
        school.desk(school.filler, code).place,
        school.form(code),
        "paper",
        path,
        "证明.png",
        size_limit_mb=5,
    )
    things.files[code] = kept.token
    return kept.token


def _fill_items(things, folder):
    """A row that travels in the school's hands, and one in the city's."""
    school, token = things.school, _upload(things, TRAVELLING, folder)
    draft = _add(things, "now", TRAVELLING, paper=token)
    things.items["draft"] = draft.id, draft.version
    sent = school.add(TRAVELLING, name="乙")
    order = MoveOrder(f"test/{TRAVELLING}", sent.id, sent.version, "send")
    make_move(school.workshop, school.filler, order)
    things.items["sent"] = sent.id, sent.version + 1


def _fill_form(things, code, folder):
    school, token = things.school, _upload(things, code, folder)
    cells = {"count": "3", "choice": "甲", "phone": "13800000000"}
    added = _add(things, "now", code, paper=[token], **cells)
    reason = Reason("other", "今年扩招，已经核对")
    desk = school.desk(school.filler, code)
    confirm(desk, added.id, added.version, ("rule:few", "count"), reason)
    linked = school.add(code, name="乙", count="1", choice="甲", master="M-1")
    things.linked[code] = linked.id, linked.version
    school.add(code, school.supplier, name="丙", count="2", choice="乙")


def _declare(things):
    school, workshop = things.school, things.school.workshop
    declare_empty(
        workshop, school.filler, school.scope, school.form(DECLARED), confirmed=True
    )
    close_form(
        workshop, school.office, school.scope, school.form(CLOSED), confirmed=True
    )


def _move_on(things):
    """Bring each form to its state, with a question at each."""
    school, workshop = things.school, things.school.workshop
    scope = school.scope
    for code in IN_STATES:
        form = school.form(code)
        if code != OPEN:
            hand_over(workshop, school.supplier, scope, form, school.supplier_id)
        if code in (SUBMITTED, RETURNED, APPROVED):
            moved = submit(workshop, school.filler, scope, form)
        named = Named(things.rows["now", code][0], "count", "wrong", "请核对人数")
        asked = ask(workshop, school.head, scope, form, named)
        if code == RETURNED:
            moved = return_form(workshop, school.head, scope, form, [named])
            # What was returned is answered, so that it may be handed in again.
            school.answer(code)
        if code == APPROVED:
            for actor in (school.head, school.office):
                moved = approve(workshop, actor, scope, form, moved.content_hash)
        things.threads[code] = asked
        if code in (SUBMITTED, RETURNED, APPROVED):
            things.decisions[code] = moved.decision_id
            things.hashes[code] = school.filing(code).content_hash


def _import(things, folder):
    """Files of two departments that wait for review, and one that has passed."""
    school, worker = things.school, Worker(things.school.workshop, "worker")
    form = school.form(OPEN)
    orders = {"lead": (school.filler, LEAD), "supplier": (school.supplier, SUPPLIER)}
    orders["passed"] = (school.filler, LEAD)
    for number, (name, (actor, department)) in enumerate(orders.items()):
        path = folder / f"{name}.csv"
        path.write_text(f"name,count,choice\n新{number},1,甲\n", "utf-8")
        scope = replace(school.scope, department_id=school.departments[department])
        order = Order(form, scope, actor.user_id, path, path.name)
        things.imports[name] = start_import(school.workshop, order).import_id
        while worker.run_next():
            pass
    pass_rows(school.workshop, school.head, things.imports["passed"])


def _extend(things):
    school = things.school
    until = now_utc() + timedelta(days=1)
    wanted = Wanted(None, MASTER, until, "测试延期")
    extend(school.engine, school.catalogue, school.office, school.scope, wanted)
    return school.ask_one(
        select(Extension.id).where(Extension.unit_id == things.unit_id)
    )[0]


def _export(things):
    school = things.school
    scope = replace(school.scope, department_id=None)
    order = ExportOrder(
        ExportKind.EXPORT, (school.form(OPEN),), scope, school.filler.user_id
    )
    things.export_id = start_export(school.workshop, order)
    place = school.scope.unit_id, school.scope.round_id
    start_check(school.workshop, school.filler, *place)
    worker = Worker(school.workshop, "worker")
    while worker.run_next():
        pass


def _write_letter(things, folder):
    school = things.school
    path = folder / "letter.pdf"
    path.write_bytes(PDF)
    things.letter_id, _ = announcing.announce(
        school.engine,
        school.workshop.files,
        school.office,
        school.scope,
        Draft("开会", "请参加", frozenset({Role.FILLER})),
        [(path, "材料.pdf")],
        size_limit_mb=5,
    )
    things.letter_token = _find_newest_file(school, things.unit_id)


def _find_newest_file(school, unit_id):
    return school.ask_one(
        select(StoredFile.token)
        .where(StoredFile.unit_id == unit_id)
        .order_by(StoredFile.id.desc())
    )[0]


def _find_notice(things):
    school = things.school
    things.notice_id = school.ask_one(
        select(Notice.id).where(Notice.user_id == school.filler.user_id)
    )[0]


def _add_account(things):
    school = things.school
    target = school.add_person("target", Role.FILLER, OTHER)
    things.target_id = target.user_id
    things.membership_id = school.ask_one(
        select(Membership.id).where(Membership.user_id == target.user_id)
    )[0]
