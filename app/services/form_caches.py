"""Empties the caches of what is derived from forms, once other forms are in use.

Tables, layouts and compiled rules are cached functions of a form or a catalogue. Each
would keep its forms as long as it has room: a process would hold the forms of the last
dozens of publications.
"""

import sys
from functools import cache

from sqlalchemy import Engine

_CACHED = type(cache(len))
_PACKAGES = ("form_schemas", "validators", "renderers", "exporters", "app")
#: What they keep does not come of forms, and takes long to make.
_LASTING = frozenset(
    {
        "app.web.assets",
        # One statement must not have two of its tables of numbers.
        "app.storage.derivation_sources",
        "form_schemas.codelists",
        "form_schemas.dialect",
        "renderers.environment",
    }
)


def forget_derived(engine: Engine) -> None:
    """Empty them. What is at work with the old forms meanwhile fills in a little.

    Tables, of which no statement may have two, stay with their catalogue instead
    (`app.storage.kept_tables`).
    """
    for module in list(sys.modules.values()):
        if _is_of(getattr(module, "__name__", "")):
            for value in list(vars(module).values()):
                # Other modules name it as well, so that its own one counts.
                if type(value) is _CACHED and _may_go(value.__module__):
                    value.cache_clear()
    engine.clear_compiled_cache()


def _may_go(name: str) -> bool:
    return _is_of(name) and name not in _LASTING


def _is_of(name: str) -> bool:
    return name.partition(".")[0] in _PACKAGES
