"""Acts on all rows that a grid's address finds: a batch a request of a script."""

from collections.abc import Mapping

from flask import Blueprint, Response, jsonify

from app.errors import BadRequest
from app.services import selecting
from app.services.desks import Desk
from app.services.selecting import Cursor, Step
from app.storage.records import Query
from app.web.queries import read_storage_query
from app.web.rows import get_desk, read_body, read_id, read_reason, read_text
from app.web.security import JSON, takes

selection = Blueprint(
    "selection", __name__, url_prefix="/forms/<collection>/<code>/selection"
)

_LONGEST_QUERY = 4000


@selection.post("/delete")
@takes(JSON)
def delete(collection: str, code: str) -> Response:
    desk, body = get_desk(collection, code), read_body()
    step = selecting.delete_rows(
        desk, _read_query(desk, body), _read_cursor(body), read_reason(body)
    )
    return _answer(desk, step)


@selection.post("/fill")
@takes(JSON)
def fill(collection: str, code: str) -> Response:
    desk, body = get_desk(collection, code), read_body()
    step = selecting.fill_rows(
        desk,
        _read_query(desk, body),
        _read_cursor(body),
        read_text(body, "field"),
        read_text(body, "text"),
        read_reason(body),
    )
    return _answer(desk, step)


def _read_query(desk: Desk, body: Mapping[str, object]) -> Query:
    text = read_text(body, "query")
    if len(text) > _LONGEST_QUERY:
        raise BadRequest
    return read_storage_query(desk, text)


def _read_cursor(body: Mapping[str, object]) -> Cursor:
    return Cursor(read_id(body.get("after")) or 0, read_id(body.get("until")))


def _answer(desk: Desk, step: Step) -> Response:
    following = step.next
    return jsonify(
        done=step.done,
        refused=step.refused,
        told=[
            {"id": one.id, "name": one.name, "message": one.message}
            for one in step.told
        ],
        after=following.after if following else None,
        until=following.until if following else None,
        counts=desk.count_levels(),
    )
