"""Keeps the forms that a process serves, and loads them anew once they changed.

A request or a job asks for a `Workshop` as it begins and works with it to its end, so
that it never meets two versions of a form. Who asks first after a change loads the new
forms, and who asks meanwhile waits: for a page of the old forms nothing could be saved
any more.
"""

import threading
import time
from dataclasses import replace

import structlog
from sqlalchemy.exc import OperationalError

from app.services.form_caches import forget_derived
from app.services.schema_files import load_published
from app.services.schema_hashes import hash_catalogue
from app.services.workshop import Workshop
from app.storage.engine import at_generation, begin_reading
from app.storage.generations import find_catalogue_hash, read_generation
from form_schemas.catalogue import Catalogue

#: Where an application has its keeper, which a worker beside the server shares.
KEEPER = "tianbao.keeper"

_LOG = structlog.get_logger(__name__)


class CatalogueKeeper:
    """One a process; its threads share it.

    Args:
        workshop: with the forms that were loaded at the start. Forms of generation 0
            come from files alone, and stay.
    """

    def __init__(self, workshop: Workshop) -> None:
        #: writes whatever forms were loaded: what no form plays a part in
        self.engine = (
            at_generation(workshop.engine, 0)
            if workshop.catalogue.generation
            else workshop.engine
        )
        self._lock = threading.Lock()
        self._current = workshop

    def get(self, newest: int | None = None) -> Workshop:
        """The workshop with the forms in use now.

        Args:
            newest: their generation, where the caller has just read it.
        """
        loaded = self._current.catalogue.generation
        if not loaded:
            return self._current
        if newest is None:
            newest = self._read_newest()
        return self._renew(newest) if newest > loaded else self._current

    def _read_newest(self) -> int:
        try:
            return read_generation(self.engine)
        except OperationalError:
            # Whoever asks for rows next hears that the database is away.
            return 0

    def _renew(self, newest: int) -> Workshop:
        with self._lock:
            if self._current.catalogue.generation < newest:
                self._current = self._load()
            return self._current

    def _load(self) -> Workshop:
        begun = time.monotonic()
        catalogue = load_published(self.engine, self._current.schema_folder)
        forget_derived(self.engine)
        number = catalogue.generation
        seconds = round(time.monotonic() - begun, 2)
        _LOG.info("forms loaded anew", generation=number, seconds=seconds)
        self._tell_of_strange_files(catalogue)
        engine = at_generation(self.engine, number)
        return replace(self._current, engine=engine, catalogue=catalogue)

    def _tell_of_strange_files(self, catalogue: Catalogue) -> None:
        """The folder is not the one published to, or files were edited since."""
        with begin_reading(self.engine) as connection:
            in_use = find_catalogue_hash(connection)
        if in_use != hash_catalogue(catalogue):
            folder = str(self._current.schema_folder)
            _LOG.warning("schema files are not those in use", folder=folder)
