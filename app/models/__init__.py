"""The fixed tables: organisation, accounts, rounds, jobs, files, history."""

from app.models.accounts import (
    LoginFailure,
    Membership,
    Role,
    User,
    UserSession,
)
from app.models.base import Base
from app.models.checking import (
    CheckFinding,
    CheckResult,
    CheckRun,
    Confirmation,
    RuleState,
)
from app.models.declarations import FormDeclaration
from app.models.disclosures import Disclosure
from app.models.files import StoredFile
from app.models.history import RowAction, RowChange
from app.models.jobs import ExportJob, ExportKind, JobState
from app.models.organisation import Department, Unit, UnitKind
from app.models.rounds import Filing, FilingState, Round, RoundState
from app.models.staging import (
    ImportJob,
    ImportProblem,
    ImportState,
    StagedAction,
    StagedRow,
    StagedState,
)

__all__ = [
    "Base",
    "CheckFinding",
    "CheckResult",
    "CheckRun",
    "Confirmation",
    "Department",
    "Disclosure",
    "ExportJob",
    "ExportKind",
    "Filing",
    "FilingState",
    "FormDeclaration",
    "ImportJob",
    "ImportProblem",
    "ImportState",
    "JobState",
    "LoginFailure",
    "Membership",
    "Role",
    "Round",
    "RoundState",
    "RowAction",
    "RowChange",
    "RuleState",
    "StagedAction",
    "StagedRow",
    "StagedState",
    "StoredFile",
    "Unit",
    "UnitKind",
    "User",
    "UserSession",
]
