"""What came of an import, as the command line prints it and programs read it."""

from dataclasses import dataclass, replace

from sqlalchemy import func, select

from app.models import ImportJob, ImportProblem, StagedAction
from app.services.staging import count_actions, iterate_problems
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from exporters.totals import TotalRow
from form_schemas.spec import FormSpec
from validators.check import waiting_rules
from validators.messages import describe
from validators.report import Problem

_JOB = ImportJob.__table__
_PROBLEM = ImportProblem.__table__


@dataclass(frozen=True)
class ImportReport:
    """An import with its problems."""

    form: FormSpec
    #: the record of the import
    job: object
    #: of the rows without errors: what passing them did, or would do
    rows_added: int
    rows_updated: int
    rows_unchanged: int
    problems: tuple[Problem, ...]
    problems_total: int

    @property
    def totals(self) -> tuple[TotalRow, ...]:
        """Rows of totals below the data, which were passed over."""
        return find_totals(self.job)

    def as_repeated(self) -> "ImportReport":
        """The report on the same file once more: nothing was done."""
        clean = self.rows_added + self.rows_updated + self.rows_unchanged
        return replace(self, rows_added=0, rows_updated=0, rows_unchanged=clean)

    def to_json(self) -> dict[str, object]:
        """The report in the words that other programs compare with."""
        job = self.job
        return {
            "file": job.file_name,
            "form": self.form.name,
            "import": job.id,
            "state": job.state.value,
            "outcome": job.outcome,
            "refusal": job.refusal,
            "message": job.refusal_message,
            "rows_read": job.rows_read,
            "rows_clean": job.rows_clean,
            "rows_faulty": job.rows_faulty,
            "rows_warned": job.rows_warned,
            "rows_added": self.rows_added,
            "rows_updated": self.rows_updated,
            "rows_unchanged": self.rows_unchanged,
            "columns_missing": list(job.columns_missing),
            "columns_unknown": list(job.columns_unknown),
            "totals": [total._asdict() for total in self.totals],
            "problems": [
                {
                    "row": problem.row_number,
                    "field": problem.field_id,
                    "kind": problem.kind,
                    "level": problem.level.value,
                    "message": describe(self.form, problem),
                }
                for problem in self.problems
            ],
            "rules_not_run": [rule.id for rule in waiting_rules(self.form)],
        }


def find_totals(job) -> tuple[TotalRow, ...]:
    """Rows of totals below the data of an import, which were passed over."""
    kept = (job.details or {}).get("totals", ())
    return tuple(TotalRow(*total) for total in kept)


def make_report(
    workshop: Workshop, import_id: int, most_problems: int | None = None
) -> ImportReport:
    """Report on an import that was read."""
    with begin_reading(workshop.engine) as connection:
        job = connection.execute(select(_JOB).where(_JOB.c.id == import_id)).one()
        actions = count_actions(connection, import_id)
        problems = tuple(iterate_problems(connection, import_id, most_problems))
        total = connection.scalar(
            select(func.count())
            .select_from(_PROBLEM)
            .where(_PROBLEM.c.import_id == import_id)
        )
    return ImportReport(
        workshop.catalogue.get(job.form_name),
        job,
        actions[StagedAction.ADD],
        actions[StagedAction.UPDATE],
        actions[StagedAction.UNCHANGED],
        problems,
        total or 0,
    )
