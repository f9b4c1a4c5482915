"""What is unwise in `x-flow`: states that no row reaches, moves that do nothing."""

from collections.abc import Iterator, Mapping, Sequence

from form_schemas.faults import Fault, point
from form_schemas.flows import OWNER, Flow, Move
from form_schemas.spec import FormSpec


def find_flow_faults(
    files: Mapping[str, str], forms: Sequence[FormSpec]
) -> Iterator[Fault]:
    """The faults of all flows of an edition.

    Args:
        files: code of a form -> its file.
    """
    for form in forms:
        if form.flow is not None:
            for at, message in _list_faults(form.flow):
                yield Fault(files[form.code], point("x-flow", *at), message)


def _list_faults(flow: Flow) -> Iterator[tuple[tuple[object, ...], str]]:
    if flow.initial not in flow.editable:
        message = f"新行的状态“{flow.initial}”不在 editable 里，存下就改不了。请补上。"
        yield ("editable",), message
    for index, move in enumerate(flow.moves):
        if _does_nothing(move):
            message = f"“{move.title}”不改状态，也不填什么，办了没有用。请改正或删去。"
            yield ("moves", index), message
    for state in _find_unreached(flow):
        yield ("moves",), f"没有办理能到状态“{state}”。请补上，或删去这个选项。"
    if not any(OWNER in move.by for move in flow.moves if move.is_from(flow.initial)):
        message = f"没有办理让填报单位把“{flow.initial}”的行交出去。请补上。"
        yield ("moves",), message


def _does_nothing(move: Move) -> bool:
    stays = set(move.sources) == {move.target}
    return stays and not (move.asks or move.sets or move.creates)


def _find_unreached(flow: Flow) -> list[str]:
    reached = {flow.initial}
    while True:
        found = {m.target for m in flow.moves if reached & set(m.sources)} - reached
        if not found:
            return [state for state in flow.states if state not in reached]
        reached |= found
