"""Draws the burn-up of a round: lines of an SVG, whose values stand in a table too.

Drawn here rather than by a script: it prints, and follows the theme by its classes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.services.progress.history import Day, History

_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 772, 25, 160
_TICKS = 3
_MOST_LABELS = 8


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: float
    text: str


@dataclass(frozen=True)
class BurnUp:
    """Where everything stands in a box of 860 × 200."""

    done: str
    #: empty: there is no plan
    planned: str
    dots: tuple[tuple[float, float], ...]
    rows: tuple[Tick, ...]
    columns: tuple[Tick, ...]
    #: beside the ends of the lines
    done_end: Tick
    planned_end: Tick | None


def draw_burn_up(history: History) -> BurnUp | None:
    """The chart; None where there are too few days for lines."""
    days = history.days
    if len(days) < 2 or not history.total:
        return None
    width, height = _RIGHT - _LEFT, _BOTTOM - _TOP

    def x(number: int) -> float:
        return round(_LEFT + width * number / (len(days) - 1), 1)

    def y(count: int) -> float:
        return round(_BOTTOM - height * count / history.total, 1)

    def line(value: Callable[[Day], int]) -> str:
        return " ".join(f"{x(n)},{y(value(day))}" for n, day in enumerate(days))

    last = days[-1]
    has_plan = last.planned is not None
    done_end = Tick(y(last.done), f"完成 {last.done}")
    planned_end = Tick(y(last.planned or 0), f"计划 {last.planned}")
    return BurnUp(
        line(lambda day: day.done),
        line(lambda day: day.planned or 0) if has_plan else "",
        tuple((x(n), y(day.done)) for n, day in enumerate(days)),
        tuple(_tick_rows(history.total, y)),
        tuple(_tick_columns(days, x)),
        _part(done_end, planned_end) if has_plan else done_end,
        planned_end if has_plan else None,
    )


def _part(one: Tick, other: Tick) -> Tick:
    """Keep two labels from lying on each other."""
    gap = one.at - other.at
    if abs(gap) >= 14:
        return one
    return Tick(other.at + (14 if gap >= 0 else -14), one.text)


def _tick_rows(total: int, y: Callable[[int], float]):
    for part in range(_TICKS + 1):
        count = round(total * part / _TICKS)
        yield Tick(y(count), str(count))


def _tick_columns(days: tuple[Day, ...], x: Callable[[int], float]):
    step = -(-len(days) // _MOST_LABELS)
    for number in range(len(days) - 1, -1, -step):
        yield Tick(x(number), days[number].day.strftime("%m-%d"))
