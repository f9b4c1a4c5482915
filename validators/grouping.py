"""The functions over the rows of a group, in Python: what `x-derive` counts and adds.

Each takes the rows of a group in their order of entry, a row as the values of the
function's arguments (texts trimmed). `interpreting` evaluates the arguments.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from validators.functions import add, divide, join_texts

#: The values of a function's arguments in each row of the group.
Arguments = Sequence[Sequence[Any]]


def _count_rows(rows: Arguments) -> int:
    return sum(all(condition is True for condition in row) for row in rows)


def _chosen(rows: Arguments) -> Iterator[Any]:
    """The values that are not null, of rows where the condition behind is true."""
    for value, *conditions in rows:
        if value is not None and all(condition is True for condition in conditions):
            yield value


def _count_different(rows: Arguments) -> int:
    return len(set(_chosen(rows)))


def _total(rows: Arguments) -> Any:
    return _add_up(_chosen(rows))


def _add_up(numbers: Iterable[Any]) -> Any:
    total: Any = 0
    for number in numbers:
        total = add(total, number)
    return total


def _add_per_key(rows: Arguments) -> Any:
    """For each different key the greatest value once."""
    greatest: dict[Any, Any] = {}
    for value, key in rows:
        if value is not None and key is not None:
            greatest[key] = max(value, greatest.get(key, value))
    return _add_up(greatest.values())


def _average(rows: Arguments) -> Any:
    numbers = list(_chosen(rows))
    return divide(_add_up(numbers), len(numbers))


def _find_least(rows: Arguments) -> Any:
    return min(_chosen(rows), default=None)


def _find_greatest(rows: Arguments) -> Any:
    return max(_chosen(rows), default=None)


def _join(rows: Arguments) -> str | None:
    return join_texts(text for (text,) in rows)


def _find_latest(rows: Arguments) -> Any:
    """The value of the row that is last in order: null comes first, ties by entry."""
    value, latest = None, None
    for candidate, order in rows:
        if latest is None or (order is not None and order >= latest):
            value, latest = candidate, order
    return value


GROUPED: Mapping[str, Callable[[Arguments], Any]] = {
    "rows": _count_rows,
    "distinct": _count_different,
    "total": _total,
    "total_per": _add_per_key,
    "mean": _average,
    "least": _find_least,
    "greatest": _find_greatest,
    "joined": _join,
    "latest": _find_latest,
}
