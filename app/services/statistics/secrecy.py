"""What of the public statistics stays secret, as it would tell of too few persons.

Decided for a round as a whole, not page by page: the same number stands in the table of
a province, as a whole on the province's own page and as a year of its trend. A quantity
is hidden together with every measure that is made of it.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, select

from app.models import AUTHORITIES, Unit
from app.services.statistics.grounds import Ground, StatisticsRound
from app.services.statistics.hiding import Sum, find_hidden
from app.services.statistics.tallies import Tallies
from app.storage.measuring import Key, Split
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.kinds import ValueType
from form_schemas.measures import Dimension, Measure, MeasureGroup, Quantity
from form_schemas.spec import FormSpec

#: Stands for all units; authorities and units have their ids, None is who has neither.
EVERYWHERE = 0
#: Of which rows a number is: a dimension and a value of it, or nothing for all.
Part = tuple[str, Key]
ALL_ROWS: Part = ("", None)
#: Where and of which rows.
Address = tuple[int | None, Part]

#: Keeps what was made for a key, for as long as whoever gives it sees fit.
Keep = Callable[[Hashable, Callable[[], Any]], Any]
#: Of each quantity what is hidden, with its value.
Hidden = Mapping[Quantity, Mapping[Address, Decimal]]


@dataclass(frozen=True, eq=False)
class Secrecy:
    """Knows what is hidden in the rounds of a public ground.

    Args:
        ground: all that is public, of no narrower area.
    """

    catalogue: Catalogue
    ground: Ground
    #: numbers of fewer persons are hidden
    smallest: int
    keep: Keep

    def find(
        self, connection: Connection, edition: Edition, form: str, at: StatisticsRound
    ) -> Hidden:
        """What is hidden of the quantities of people in a form.

        Args:
            edition: whose measures are asked for.
        """
        key = ("secrecy", edition.name, form, at.id, self.smallest)
        return self.keep(key, lambda: self._load(connection, edition, form, at))

    def find_values(
        self, connection: Connection, round_id: int, unit_id: int
    ) -> frozenset[Decimal]:
        """Numbers of a unit that are hidden in a round, wherever they would stand."""
        found: set[Decimal] = set()
        at = next((one for one in self.ground.rounds if one.id == round_id), None)
        for form in {} if at is None else _list_forms(at.edition):
            assert at is not None
            for hidden in self.find(connection, at.edition, form, at).values():
                found |= {v for (node, _), v in hidden.items() if node == unit_id}
        return frozenset(found)

    def _load(
        self, connection: Connection, edition: Edition, code: str, at: StatisticsRound
    ) -> Hidden:
        measures = [one for one in _list_measures(edition) if code in one.forms]
        quantities = {q: None for one in measures for q in one.quantities}
        form = edition.by_code[code]
        counting = _Counting(connection, self.catalogue, self.ground, at, measures)
        numbers = counting.count(form)
        tree = _Tree(connection, self.ground)
        found = {}
        for quantity in quantities:
            if quantity.form == code:
                found[quantity] = self._hide(tree, counting, numbers, quantity)
        return found

    def _hide(
        self, tree: "_Tree", counting: "_Counting", numbers: "_Numbers", asked: Quantity
    ) -> Mapping[Address, Decimal]:
        own = {where: each[asked] for where, each in numbers.items() if each.get(asked)}
        # What is made of more is never less: most rounds have nothing to hide.
        if not any(0 < number < self.smallest for number in own.values()):
            return {}
        values = tree.add_up(own)
        sums = [*tree.list_sums(values), *counting.list_sums(values)]
        hidden = find_hidden(values, sums, self.smallest)
        return {where: values[where] for where in hidden}  # type: ignore[index]


_Numbers = Mapping[Address, Mapping[Quantity, Decimal]]


@lru_cache(maxsize=64)
def find_people(edition: Edition) -> frozenset[Quantity]:
    """What counts people; of nothing else anything is secret."""
    return frozenset(q for one in _list_measures(edition) for q in one.quantities)


def _list_measures(edition: Edition) -> Iterator[Measure]:
    for group in edition.measures.groups:
        yield from (one for one in group.measures if one.of_persons)


def _list_forms(edition: Edition) -> Iterable[str]:
    return dict.fromkeys(code for one in _list_measures(edition) for code in one.forms)


class _Counting:
    """Counts what is asked of people in a form, unit by unit."""

    def __init__(
        self,
        connection: Connection,
        catalogue: Catalogue,
        ground: Ground,
        at: StatisticsRound,
        measures: Iterable[Measure],
    ) -> None:
        self._measures = tuple(measures)
        group = MeasureGroup("", "", self._measures)
        self._at = at
        self._tallies = Tallies(connection, catalogue, ground, group, [at], {})
        self._dimensions: Mapping[str, Dimension] = {}

    def count(self, form: FormSpec) -> _Numbers:
        self._dimensions = {
            one.id: one
            for measure in self._measures
            for each in measure.by
            for one in each
            if one.form == form.code
        }
        found: dict[Address, Mapping[Quantity, Decimal]] = {}
        for (_, unit), each in self._tallies.count(form, Split(by_unit=True)).items():
            found[unit, ALL_ROWS] = each  # type: ignore[index]
        for one in self._dimensions.values():
            split = Split(by=one.value, by_unit=True)
            for (_, (unit, key)), each in self._tallies.count(form, split).items():  # type: ignore[misc]
                found[unit, (one.id, key)] = each
        return found

    def list_sums(self, values: Mapping[Address, Decimal]) -> Iterator[Sum]:
        """Everywhere the values of a dimension make up the whole."""
        parts: dict[tuple[int | None, str], list[Address]] = defaultdict(list)
        for node, (name, key) in values:
            if name and self._dimensions[name].value.type is not ValueType.LIST:
                parts[node, name].append((node, (name, key)))
        for (node, _), own in parts.items():
            yield Sum((node, ALL_ROWS), tuple(own))


class _Tree:
    """Everything that units stand below: authorities, and all of them together."""

    def __init__(self, connection: Connection, ground: Ground) -> None:
        found = connection.execute(
            select(Unit.id, Unit.path).where(Unit.kind.not_in(AUTHORITIES))
        )
        self._above = {unit: _list_above(ground, path) for unit, path in found}

    def add_up(self, own: Mapping[Address, Decimal]) -> dict[Address, Decimal]:
        """The numbers of units with those of all that stands above them."""
        values: dict[Address, Decimal] = dict(own)
        for (unit, part), number in own.items():
            for node in self._above[unit]:  # type: ignore[index]
                values[node, part] = values.get((node, part), Decimal(0)) + number
        return values

    def list_sums(self, values: Mapping[Address, Decimal]) -> Iterator[Sum]:
        below: dict[Address, dict[Address, None]] = defaultdict(dict)
        for unit, part in values:
            if unit in self._above:
                chain = [unit, *self._above[unit]]
                for lower, upper in pairwise(chain):
                    below[upper, part][lower, part] = None
        for whole, parts in below.items():
            yield Sum(whole, tuple(parts))


def _list_above(ground: Ground, path: str) -> list[int | None]:
    """What a unit stands below, from the nearest on."""
    ids = [int(part) for part in path.split("/") if part]
    top = ground.tree.find_part(path)
    if top is None:
        return [None, EVERYWHERE]
    inner = ids[ids.index(top) : -1]
    return [*reversed(inner), *_list_chosen(ground), EVERYWHERE]


def _list_chosen(ground: Ground) -> list[int]:
    return [] if ground.tree.chosen is None else [ground.tree.chosen.id]
