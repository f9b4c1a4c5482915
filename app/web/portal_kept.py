"""What a process keeps of the portal: pages, indexes, what is secret in numbers."""

from collections.abc import Callable, Hashable
from typing import Any

from flask import current_app

from app.services.portal.figures import find_state, make_secrecy
from app.services.portal.keeping import Kept
from app.services.portal.site import Site
from app.services.statistics.secrecy import Secrecy

KEPT = "tianbao.portal"
#: What nothing changed since is kept longer than pages.
LASTING_SECONDS = 600


def get_kept() -> Kept:
    return current_app.extensions.setdefault(KEPT, Kept())


def get_secrecy(site: Site) -> Secrecy | None:
    """What is hidden as it tells of too few; None: nothing is public, or all may be."""
    state = find_state(site)

    def keep(key: Hashable, make: Callable[[], Any]) -> Any:
        whole = (key, site.catalogue.generation, state)
        return get_kept().get(whole, LASTING_SECONDS, make)

    return make_secrecy(site, keep)
