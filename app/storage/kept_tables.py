"""Keeps what is made of a catalogue's forms for as long as the catalogue is in use.

Two tables made of one form are two to SQLAlchemy: a statement with both would ask for
every pair of their rows. So whoever works with a catalogue gets the same one to the
end, also while another catalogue takes its place and other caches are emptied.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from form_schemas.catalogue import Catalogue

T = TypeVar("T")
P = ParamSpec("P")
Make = Callable[Concatenate[Catalogue, P], T]


def kept_with_catalogue(make: Make[P, T]) -> Make[P, T]:
    """Have a function of a catalogue, and of forms of it, give the same thing again.

    What it gives must not name the catalogue, or that would never go.
    """
    kept: WeakKeyDictionary[Catalogue, dict[object, T]] = WeakKeyDictionary()

    @wraps(make)
    def find(catalogue: Catalogue, *of: P.args) -> T:
        own = kept.get(catalogue)
        if own is None:
            own = kept.setdefault(catalogue, {})
        found = own.get(of)
        # Of two threads the first one's stays.
        return own.setdefault(of, make(catalogue, *of)) if found is None else found

    return find
