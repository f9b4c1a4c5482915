"""The pages of every form: shown to who may fill it, begun and saved by a button."""

import pytest
from sqlalchemy import insert, select, update

from app.models import Role, Round, Unit, UnitKind
from app.services.accounts import NewMembership, create_user
from app.services.demo import DEMO_PASSWORD
from app.services.standing_rounds import keep_standing_rounds
from form_schemas.spec import Shape

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.long,
]


UNITS = {
    "school": "demo-school",
    "group": "demo-group",
    "city": "demo-city",
    "province": "demo-province",
    "nation": "demo-nation",
}
_ABOVE = ("demo-city", "demo-province", "demo-nation")


def addresses_of(form, at):
    start = f"/forms/{form.name}/"
    yield f"{start}?at={at}"
    if form.is_derived:
        return
    yield f"{start}import?at={at}"
    if form.shape is Shape.ROWS:
        yield f"{start}rows/new?at={at}"


@pytest.fixture
def find_place(engine, catalogue):
    """Where a form is filled in, as addresses name it: unit and round."""
    with engine.begin() as connection:
        keep_standing_rounds(connection, catalogue)
        nation = {"kind": UnitKind.NATION, "code": "demo-nation", "name": "全国"}
        connection.execute(insert(Unit).values(nation))
        above = Unit.code.in_(_ABOVE)
        connection.execute(update(Unit).where(above).values(collections=["group"]))
        units = dict(map(tuple, connection.execute(select(Unit.code, Unit.id))))
        found = connection.execute(
            select(Round.collection, Round.is_standing, Round.id).order_by(Round.id)
        )
        rounds = {(one.collection, one.is_standing): one.id for one in found}
    create_user(
        engine,
        username="authority",
        name="主管部门",
        memberships=[
            NewMembership(Role.REPORTER, code, None, may_import=True) for code in _ABOVE
        ],
        password=DEMO_PASSWORD,
        must_change_password=False,
    )

    def find_place(form):
        usual = catalogue.edition_of(form).settings["unitKind"]
        kinds = form.unit_kinds or (usual,)
        kind = usual if usual in kinds else kinds[0]
        unit_id = units[UNITS[kind]]
        return kind, f"{unit_id}-{rounds[form.collection, form.is_standing]}"

    return find_place


@pytest.fixture
def people(sign_in, find_place):
    """Browsers by the kind of unit that their person fills forms for."""
    above = dict.fromkeys(("city", "province", "nation"), sign_in("authority"))
    return {"school": sign_in("filler"), "group": sign_in("groupfiller"), **above}


def test_every_page_of_every_form_is_shown(people, find_place, catalogue):
    faults = {}
    for form in catalogue.forms:
        kind, at = find_place(form)
        for address in addresses_of(form, at):
            status = people[kind].get(address).status_code
            if status != 200:
                faults[address] = status
    assert not faults


def test_every_picker_of_every_form_answers(people, find_place, catalogue):
    faults = {}
    for form in catalogue.forms:
        kind, at = find_place(form)
        for field in form.typed_fields:
            if field.reference is None and field.codes is None:
                continue
            address = f"/forms/{form.name}/options?field={field.id}&q=1&at={at}"
            answer = people[kind].get(address)
            if answer.status_code != 200:
                faults[address] = answer.status_code
    assert not faults


def test_every_empty_post_of_every_form_is_answered(people, find_place, catalogue):
    faults = {}
    for form in catalogue.forms:
        if form.is_derived:
            continue
        kind, at = find_place(form)
        page = f"/forms/{form.name}/"
        page += "" if form.shape is Shape.RECORD else "rows/new"
        page += f"?at={at}"
        status = people[kind].post(page, {"_action": "save"}, page=page).status_code
        if status not in (303, 422):
            faults[page] = status
    assert not faults
