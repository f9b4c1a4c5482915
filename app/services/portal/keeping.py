"""What the portal keeps for some seconds: many read the same pages at the same time.

What is published shows up that much later at most. Each process keeps its own.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from time import monotonic
from typing import TypeVar, cast

Made = TypeVar("Made")

#: Pages and indexes kept at once; searches make the most of them.
_MOST = 512


class Kept:
    """Values by key, each for some seconds since it was made."""

    def __init__(self) -> None:
        self._held: OrderedDict[Hashable, tuple[float, object]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, seconds: float, make: Callable[[], Made]) -> Made:
        """The value of the key, made where there is none young enough.

        Two who ask at once may both make it: neither waits for the other.
        """
        now = monotonic()
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                # What many ask for stays, whatever one visitor searches through.
                self._held.move_to_end(key)
        if found is not None and now - found[0] < seconds:
            return cast(Made, found[1])
        made = make()
        with self._lock:
            self._held[key] = (monotonic(), made)
            self._held.move_to_end(key)
            while len(self._held) > _MOST:
                self._held.popitem(last=False)
        return made
