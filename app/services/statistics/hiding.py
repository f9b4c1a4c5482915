"""Which of many numbers are hidden, so that none of few persons can be computed.

Numbers hang together by sums: a whole and its parts, in as many tables as there are.
What is known of a hidden number are the sums that it stands in; there are always others
hidden in them, until no calculation leads back to it.
"""

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

Name = Hashable

#: Coefficients are reckoned modulo a prime: fractions would grow.
_PRIME = 2**31 - 1


@dataclass(frozen=True)
class Sum:
    """Parts that make up a whole."""

    whole: Name
    parts: tuple[Name, ...]


def find_hidden(
    values: Mapping[Name, Decimal], sums: Iterable[Sum], smallest: int
) -> frozenset[Name]:
    """Those below `smallest`, and as many others as keep them secret.

    Args:
        values: what is not there is nothing; nobody is nobody's secret.
    """
    hiding = _Hiding(values, sums, smallest)
    hiding.run()
    return frozenset(hiding.hidden)


class _Hiding:
    def __init__(
        self, values: Mapping[Name, Decimal], sums: Iterable[Sum], smallest: int
    ) -> None:
        self._values = values
        self._smallest = smallest
        self.hidden = {name for name, one in values.items() if 0 < one < smallest}
        self._sums: list[Sum] = []
        self._sums_of: dict[Name, list[Sum]] = defaultdict(list)
        if self.hidden:
            self._keep(sums)

    def run(self) -> None:
        self._mend(self.hidden)
        while found := find_determined(self._list_unknown()):
            near = (one for name in found for one in self._sums_of[name])
            more = self._find_smallest({name for one in near for name in _all(one)})
            if more is None:
                return
            self.hidden.add(more)
            self._mend([more])

    def _keep(self, sums: Iterable[Sum]) -> None:
        for one in sums:
            parts = tuple(name for name in one.parts if self._values.get(name))
            kept = Sum(one.whole, parts)
            self._sums.append(kept)
            for name in _all(kept):
                self._sums_of[name].append(kept)

    def _mend(self, names: Iterable[Name]) -> None:
        """Hide more until no sum tells what is hidden in it."""
        waiting = deque(one for name in names for one in self._sums_of[name])
        while waiting:
            one = waiting.popleft()
            more = self._find_missing(one)
            if more is not None:
                self.hidden.add(more)
                waiting += self._sums_of[more]

    def _find_missing(self, one: Sum) -> Name | None:
        """What has to be hidden in a sum as well; None: nothing more."""
        hidden = [name for name in one.parts if name in self.hidden]
        if one.whole in self.hidden:
            return None if hidden else self._find_smallest(one.parts)
        # Few of one each would be told by how many they are together.
        together = sum((self._values[name] for name in hidden), Decimal(0))
        if not hidden or (len(hidden) > 1 and together >= self._smallest):
            return None
        more = self._find_smallest(one.parts)
        return one.whole if more is None else more

    def _find_smallest(self, names: Iterable[Name]) -> Name | None:
        shown = (name for name in names if name not in self.hidden)
        counted = (name for name in shown if self._values.get(name))
        return min(counted, key=lambda one: (self._values[one], str(one)), default=None)

    def _list_unknown(self) -> Iterator[Mapping[Name, int]]:
        """The sums as equations of what is hidden in them."""
        for one in self._sums:
            unknown = {name: 1 for name in one.parts if name in self.hidden}
            if one.whole in self.hidden:
                unknown[one.whole] = -1
            if unknown:
                yield unknown


def find_determined(equations: Iterable[Mapping[Name, int]]) -> frozenset[Name]:
    """Which unknowns equations determine, by elimination.

    Args:
        equations: unknown -> coefficient; what it comes to is known.
    """
    rows: dict[Name, dict[Name, int]] = {}
    for equation in equations:
        row = _reduce(dict(equation), rows)
        if not row:
            continue
        lead = next(iter(row))
        factor = pow(row[lead], -1, _PRIME)
        row = {name: number * factor % _PRIME for name, number in row.items()}
        for other in rows.values():
            if lead in other:
                _subtract(other, row, other[lead])
        rows[lead] = row
    return frozenset(lead for lead, row in rows.items() if len(row) == 1)


def _reduce(
    row: dict[Name, int], rows: Mapping[Name, Mapping[Name, int]]
) -> dict[Name, int]:
    for name in [name for name in row if name in rows]:
        _subtract(row, rows[name], row[name])
    return row


def _subtract(row: dict[Name, int], other: Mapping[Name, int], times: int) -> None:
    for name, number in other.items():
        left = (row.get(name, 0) - times * number) % _PRIME
        if left:
            row[name] = left
        else:
            row.pop(name, None)


def _all(one: Sum) -> Sequence[Name]:
    return (one.whole, *one.parts)
