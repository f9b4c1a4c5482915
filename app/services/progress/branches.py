"""The units of an area, summed by the authorities right below its head.

The nation sees provinces, a province its cities; units that stand right under the head
of the area are summed under its own name.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

from sqlalchemy import Connection, select

from app.models import FilingState, Unit
from app.services.progress.area import Branch, UnitLine


def find_branches(paths: Mapping[int, str]) -> dict[int, int]:
    """Unit -> the authority it is summed under; 0 for a unit without one.

    Arguments:
        paths: unit -> its path, as `Unit.path` has it.
    """
    above = {unit: [*map(int, path.split("/")[1:-2])] for unit, path in paths.items()}
    shared = takewhile(
        lambda level: len({*level}) == 1, zip(*above.values(), strict=False)
    )
    below = len([*shared]) + 1
    return {unit: (ids[:below] or [0])[-1] for unit, ids in above.items()}


def sum_branches(
    connection: Connection, lines: Iterable[UnitLine]
) -> tuple[Branch, ...]:
    """The authorities' sums, in the order of their codes."""
    below: defaultdict[int, list[UnitLine]] = defaultdict(list)
    for line in lines:
        below[line.branch].append(line)
    found = connection.execute(
        select(Unit.id, Unit.name).where(Unit.id.in_(below)).order_by(Unit.code)
    )
    return tuple(_sum(id_, name, below[id_]) for id_, name in found)


def _sum(id_: int, name: str, lines: Sequence[UnitLine]) -> Branch:
    return Branch(
        id_,
        name,
        len(lines),
        sum(line.part.is_reported for line in lines),
        sum(line.part.state is FilingState.RETURNED for line in lines),
        sum(line.late > 0 for line in lines),
        sum(line.is_mine for line in lines),
    )
