"""Routes of the designer, with a draft of the administrator's own."""

from app.policy import Action
from app.services.designing.draft_acts import start_draft
from app.services.designing.draft_files import save_files
from tests.support.authorised_entries import ONE_SCENE, Entry, Need, Scene, nothing
from tests.support.authorised_schools import Things

DESIGN = Need(Action.DESIGN_FORMS)
EDITION, CODE, FIELD = "talent/2024", "1.1.4", "green_area"


def add_draft(workshop, actor) -> int:
    """A draft that deletes a form; gives its id."""
    draft = start_draft(workshop, actor, EDITION)
    save_files(workshop, actor, draft.id, {f"{EDITION}/1.1.5.json": None})
    return draft.id


def _draft(things: Things, _scene: Scene) -> dict:
    return {"draft_id": things.draft_id}


def _form(things: Things, scene: Scene) -> dict:
    return _draft(things, scene) | {"code": CODE}


def _always(**fields):
    return lambda _things, _scene: dict(fields)


def _get(endpoint, values, **more):
    return Entry(endpoint, "GET", DESIGN, ONE_SCENE, values, **more)


def _post(endpoint, values, body=nothing, **more):
    return Entry(endpoint, "POST", DESIGN, ONE_SCENE, values, body=body, **more)


def _ask(endpoint, values, **body):
    """What a script asks for, without changing anything."""
    told = _always(**body)
    return _post(endpoint, values, told, is_json=True, changes=False)


DESIGN_ENTRIES = (
    _get("designing.show_list", nothing),
    _post("designing.start", nothing, _always(edition=EDITION)),
    _get("designing.show_draft", _draft),
    _post("designing.rename", _draft, _always(title="更正")),
    _post("designing.discard", _draft),
    _post("designing.take_over", _draft),
    _post(
        "designing.reopen",
        _draft,
        is_never_done=True,
        note="样本里的草稿没有放弃",
    ),
    _post(
        "designing.settle_file",
        _draft,
        _always(file=f"{EDITION}/1.1.5.json", act="drop"),
    ),
    _post("designing.add", _draft, _always(code="99.9", title="新表")),
    _get("designing.show_form", _form),
    _post("designing.rename_form", _form, _always(code="99.8")),
    _post("designing.delete", _form),
    _post(
        "designing_acts.act",
        _form,
        _always(act="set_field", field=FIELD, word="hint", value="按证", version=0),
        is_json=True,
    ),
    _post("designing_acts.save", _form, _always(text="{}", version=0), is_json=True),
    _post(
        "designing_acts.dismiss", _form, _always(note=0), is_json=True, changes=False
    ),
    _ask("designing_acts.look", _form, focus=["field", FIELD]),
    _ask("designing_acts.try_text", _form, text=f"{FIELD} > 0", purpose="check"),
    _get(
        "designing_acts.show_names",
        lambda things, scene: _form(things, scene) | {"field": FIELD},
    ),
    _get("designing_settings.show", _draft),
    _post(
        "designing_settings.act",
        _draft,
        _always(act="put_at", at="/shortTitle", value="人才", version=0),
        is_json=True,
    ),
    _post(
        "designing_settings.save", _draft, _always(text="{}", version=0), is_json=True
    ),
    _ask("designing_settings.look", _draft, focus=["at", "/departments"]),
)
