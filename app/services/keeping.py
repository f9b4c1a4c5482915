"""Keeps the forms that a process serves, and loads them anew once they changed.

A request or a job asks for a `Workshop` as it begins and works with it to its end, so
that it never meets two versions of a form. Who asks first after a change loads the new
forms, and who asks meanwhile waits: for a page of the old forms nothing could be saved
any more.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import structlog
from sqlalchemy.exc import OperationalError

from app.services.schema_files import load_published
from app.services.workshop import Workshop
from app.storage.engine import at_generation
from app.storage.generations import read_generation
from form_schemas.catalogue import Catalogue

_LOG = structlog.get_logger(__name__)

#: Loads the forms in use, with their generation.
Load = Callable[[Workshop], Catalogue]


class CatalogueKeeper:
    """One a process; its threads share it.

    Args:
        workshop: with the forms that were loaded at the start. Forms of generation 0
            come from files alone, and stay.
    """

    def __init__(self, workshop: Workshop) -> None:
        self._engine = at_generation(workshop.engine, 0)
        self._lock = threading.Lock()
        self._current = workshop

    def get(self) -> Workshop:
        """The workshop with the forms in use now."""
        loaded = self._current.catalogue.generation
        if not loaded:
            return self._current
        try:
            newest = read_generation(self._engine)
        except OperationalError:
            # Whoever asks for rows next hears that the database is away.
            return self._current
        if newest == loaded:
            return self._current
        return self._renew(newest)

    def _renew(self, newest: int) -> Workshop:
        with self._lock:
            if self._current.catalogue.generation < newest:
                self._current = self._load()
            return self._current

    def _load(self) -> Workshop:
        begun = time.monotonic()
        catalogue = load_published(self._engine, self._current.schema_folder)
        number = catalogue.generation
        seconds = round(time.monotonic() - begun, 2)
        _LOG.info("forms loaded anew", generation=number, seconds=seconds)
        engine = at_generation(self._engine, number)
        return replace(self._current, engine=engine, catalogue=catalogue)
