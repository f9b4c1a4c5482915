"""Workers: claim imports, exports and checks from the database and carry them out; send
mails, and remind people of deadlines.

A job is a row with a state, a position and a lease. Whoever holds the lease works; one
that dies loses it after `lease_seconds`, and the next worker goes on from the position.
The embedded server runs one worker in a thread, production runs `tianbao worker`.
"""

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping

import structlog

from app.errors import StaleForms
from app.models import CheckRun, ExportJob, ImportJob
from app.services.checking import run_check_job
from app.services.circulars.pending import sweep_pending
from app.services.circulars.reminding import remind_of_circulars
from app.services.exporting import run_export
from app.services.importing import run_import
from app.services.keeping import CatalogueKeeper
from app.services.mailing import send_mails
from app.services.phase_reminders import remind_of_phases
from app.services.queueing import DatabaseAway, JobModel, claim, give_up, hand_back
from app.services.rejudging import rejudge_forms
from app.services.resuming import sweep_uploads
from app.services.return_reminders import remind_of_returns
from app.services.workshop import LeaseLost, Workshop

Run = Callable[[Workshop, int, str], None]

_IDLE_SECONDS = 0.5
_CHORE_SECONDS = 300
_AWAY_SECONDS = 5

_log = structlog.get_logger(__name__)

#: What a worker does with a claimed job of each sort.
RUNNERS: Mapping[JobModel, Run] = {
    ImportJob: run_import,
    ExportJob: run_export,
    CheckRun: run_check_job,
}


class Worker:
    """Takes one job after the other, each with the forms that are in use then.

    Args:
        keeper: of the server that the worker runs beside; None: it has one of its own.
    """

    def __init__(
        self,
        workshop: Workshop,
        name: str | None = None,
        keeper: CatalogueKeeper | None = None,
    ) -> None:
        self.workshop = workshop
        self.name = name or make_name()
        self._keeper = keeper or CatalogueKeeper(workshop)
        #: the generation of the forms by which stored rows were judged last
        self._judged = workshop.catalogue.generation

    def run_forever(self, stop: threading.Event) -> None:
        """Work until `stop` is set; a job at hand is finished first."""
        chores_at = 0.0
        while not stop.is_set():
            try:
                if time.monotonic() >= chores_at:
                    chores_at = time.monotonic() + _CHORE_SECONDS
                    self.do_chores()
                found = self.run_next()
            except DatabaseAway as error:
                _log.error("database away", error=str(error.orig))
                stop.wait(_AWAY_SECONDS)
                continue
            if not found:
                stop.wait(_IDLE_SECONDS)

    def run_next(self) -> bool:
        """Do one job, or send mails that wait; False if there is nothing to do."""
        self._follow_forms()
        for model, run in RUNNERS.items():
            job_id = claim(self.workshop, model, self.name)
            if job_id is not None:
                self._run(model, run, job_id)
                return True
        return self._try("mails", lambda: send_mails(self.workshop, self.name))

    def do_chores(self) -> None:
        """What nobody orders and the calendar asks for."""
        self._try("reminders", lambda: bool(remind_of_phases(self.workshop)))
        self._try("returns", lambda: bool(remind_of_returns(self.workshop)))
        self._try("receipts", lambda: bool(remind_of_circulars(self.workshop)))
        self._try("uploads", lambda: bool(self._sweep()))

    def _sweep(self) -> int:
        begun = sweep_uploads(self.workshop.engine, self.workshop.files)
        return begun + sweep_pending(self.workshop)

    def _follow_forms(self) -> None:
        """Take the forms in use, and judge the rows of changed ones anew."""
        self.workshop = self._keeper.get()
        newest = self.workshop.catalogue.generation
        if newest != self._judged and self._try("judging rows anew", self._rejudge):
            self._judged = newest

    def _rejudge(self) -> bool:
        rejudge_forms(self.workshop.engine, self.workshop.catalogue)
        return True

    def _try(self, what: str, act: Callable[[], bool]) -> bool:
        try:
            return act()
        except DatabaseAway:
            raise
        except Exception:
            # As with jobs: the worker lives on for the others.
            _log.exception(f"{what} failed", worker=self.name)
            return False

    def _run(self, model: JobModel, run: Run, job_id: int) -> None:
        log = _log.bind(job=f"{model.__tablename__}/{job_id}", worker=self.name)
        try:
            run(self.workshop, job_id, self.name)
        except LeaseLost:
            log.warning("job was taken over by another worker")
        except StaleForms:
            # What it did so far is judged by the new forms when it is taken up.
            log.info("forms changed under the job, which begins again")
            hand_back(self._keeper.get(), model, job_id, self.name)
        except DatabaseAway as error:
            # The job is taken up again, by this worker or another, after its lease.
            log.error("job interrupted", error=str(error.orig))
        except Exception as error:
            # Whatever a job does wrong, the worker lives on for the others; the job
            # says what happened, and the log has the trace.
            log.exception("job failed")
            give_up(self.workshop, model, job_id, f"{type(error).__name__}: {error}")
        else:
            log.info("job done")


def start_thread(
    workshop: Workshop, keeper: CatalogueKeeper | None = None
) -> tuple[threading.Thread, threading.Event]:
    """Run a worker beside the server; set the event and join to end it."""
    stop = threading.Event()
    worker = Worker(workshop, keeper=keeper)
    thread = threading.Thread(
        target=worker.run_forever, args=(stop,), name="tianbao-worker", daemon=True
    )
    thread.start()
    return thread, stop


def make_name() -> str:
    """A name no other worker has, now or after a restart."""
    return f"{socket.gethostname()[:30]}:{os.getpid()}:{secrets.token_hex(4)}"
