"""The page of a chain of work: its path, and how the forms of each step stand."""

from flask import Blueprint, render_template

from app.services.work_chains import (
    StepState,
    get_chain,
    list_chains,
    view_chain,
)
from app.web.server import get_server
from app.web.time_words import say_end
from app.web.visit import get_visit

work_chains = Blueprint("work_chains", __name__, url_prefix="/chains")

#: State of a step -> class of its look and icon.
_LOOKS = {
    StepState.WAITING: "nil",
    StepState.OPEN: "none",
    StepState.UNDERWAY: "draft",
    StepState.DONE: "pass",
}


@work_chains.get("/<collection>/<chain_id>/")
def show(collection: str, chain_id: str) -> str:
    server, place = get_server(), get_visit().get_workplace(collection)
    chain = get_chain(place, chain_id)
    view = view_chain(server.engine, server.catalogue, place, chain)
    return render_template(
        "work_chain.html",
        view=view,
        others=[one for one in list_chains(place) if one is not chain],
        looks=_LOOKS,
        say_end=say_end,
        workplace=place,
    )
