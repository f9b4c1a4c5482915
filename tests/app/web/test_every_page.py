"""The pages of every form: shown to who may fill it, begun and saved by a button."""

import pytest

from form_schemas.spec import Shape

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.long,
]


def addresses_of(form):
    start = f"/forms/{form.name}/"
    yield start
    if form.is_derived:
        return
    yield f"{start}import"
    if form.shape is Shape.ROWS:
        yield f"{start}rows/new"


def test_every_page_of_every_form_is_shown(sign_in, catalogue):
    people = {"group": sign_in("groupfiller")}
    school = sign_in("filler")
    faults = {
        address: status
        for form in catalogue.forms
        for address in addresses_of(form)
        if (status := people.get(form.collection, school).get(address).status_code)
        != 200
    }
    assert not faults


def test_every_picker_of_every_form_answers(sign_in, catalogue):
    people = {"group": sign_in("groupfiller")}
    school = sign_in("filler")
    faults = {}
    for form in catalogue.forms:
        for field in form.typed_fields:
            if field.reference is None and field.codes is None:
                continue
            browser = people.get(form.collection, school)
            address = f"/forms/{form.name}/options?field={field.id}&q=1"
            answer = browser.get(address)
            if answer.status_code != 200:
                faults[address] = answer.status_code
    assert not faults


def test_every_empty_post_of_every_form_is_answered(sign_in, catalogue):
    people = {"group": sign_in("groupfiller")}
    school = sign_in("filler")
    faults = {}
    for form in catalogue.forms:
        browser = people.get(form.collection, school)
        if form.is_derived:
            continue
        page = f"/forms/{form.name}/"
        page += "" if form.shape is Shape.RECORD else "rows/new"
        status = browser.post(page, {"_action": "save"}, page=page).status_code
        if status not in (303, 422):
            faults[page] = status
    assert not faults
