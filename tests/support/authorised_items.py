"""Routes of rows that travel one by one, with one in each hand."""

from app.policy import Action
from tests.support.authorised_entries import THING_SCENES, Entry, Need, Scene, nothing
from tests.support.authorised_schools import TRAVELLING, Things

SEE_ITEM = Need(Action.VIEW_ROWS, "lead")
SEND = Need(Action.SUBMIT_FORM, "lead")
TAKE = Need(Action.REVIEW_FORM, "lead", also="本单位上面的主管部门")


def _item(name, **more):
    return lambda things, _scene: {
        "collection": "test",
        "code": TRAVELLING,
        "row_id": things.items[name][0],
        **more,
    }


def _file(things: Things, scene: Scene) -> dict:
    return _item("draft")(things, scene) | {"token": things.files[TRAVELLING]}


def _version(name):
    return lambda things, _scene: {"version": str(things.items[name][1])}


ITEM_ENTRIES = (
    Entry("items.show_list", "GET", Need(), values=nothing),
    Entry("items.show", "GET", SEE_ITEM, THING_SCENES, _item("draft")),
    Entry("items.fetch", "GET", SEE_ITEM, THING_SCENES, _file),
    Entry("items.fetch_small", "GET", SEE_ITEM, THING_SCENES, _file),
    Entry(
        "items.move",
        "POST",
        SEND,
        THING_SCENES,
        _item("draft", move_id="send"),
        _version("draft"),
        act="报送",
    ),
    Entry(
        "items.move",
        "POST",
        TAKE,
        THING_SCENES,
        _item("sent", move_id="take"),
        _version("sent"),
        act="采用",
        is_finer=True,
    ),
)
