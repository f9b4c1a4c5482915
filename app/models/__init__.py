"""The fixed tables: organisation, accounts, rounds, jobs, files, history."""

from app.models.accounts import (
    FILLING,
    LoginFailure,
    Membership,
    ResetCode,
    Role,
    SecurityQuestion,
    TryCounter,
    User,
    UserSession,
)
from app.models.anthologies import AnthologyOrder
from app.models.audit import AuditAction, AuditEntry, AuditHead
from app.models.base import Base
from app.models.checking import (
    CheckFinding,
    CheckResult,
    CheckRun,
    Confirmation,
    RuleState,
)
from app.models.circulars import (
    Circular,
    CircularRead,
    CircularState,
    CircularUnit,
)
from app.models.declarations import FormDeclaration
from app.models.derived import DerivedState
from app.models.designing import DraftState, SchemaDraft, SchemaDraftFile
from app.models.disclosures import Disclosure
from app.models.files import BegunUpload, StoredFile
from app.models.flows import RowMove
from app.models.generations import Generation
from app.models.history import RowAction, RowChange
from app.models.jobs import ExportJob, ExportKind, JobState
from app.models.notices import (
    Announcement,
    Mail,
    MailState,
    Notice,
    NoticeKind,
    PhaseReminder,
)
from app.models.organisation import AUTHORITIES, Department, Unit, UnitKind
from app.models.publications import (
    PublicationState,
    SchemaPublication,
    SchemaState,
)
from app.models.reviews import (
    CellThread,
    Decision,
    DecisionKind,
    Look,
    ThreadMessage,
    ThreadState,
)
from app.models.rounds import (
    Assignment,
    Contribution,
    ContributionState,
    Extension,
    Filing,
    FilingState,
    Round,
    RoundState,
    UnitRound,
)
from app.models.staging import (
    ImportJob,
    ImportProblem,
    ImportState,
    StagedAction,
    StagedRow,
    StagedState,
)

__all__ = [
    "AUTHORITIES",
    "FILLING",
    "Announcement",
    "AnthologyOrder",
    "Assignment",
    "AuditAction",
    "AuditEntry",
    "AuditHead",
    "Base",
    "BegunUpload",
    "CellThread",
    "CheckFinding",
    "CheckResult",
    "CheckRun",
    "Circular",
    "CircularRead",
    "CircularState",
    "CircularUnit",
    "Confirmation",
    "Contribution",
    "ContributionState",
    "Decision",
    "DecisionKind",
    "Department",
    "DerivedState",
    "Disclosure",
    "DraftState",
    "ExportJob",
    "ExportKind",
    "Extension",
    "Filing",
    "FilingState",
    "FormDeclaration",
    "Generation",
    "ImportJob",
    "ImportProblem",
    "ImportState",
    "JobState",
    "LoginFailure",
    "Look",
    "Mail",
    "MailState",
    "Membership",
    "Notice",
    "NoticeKind",
    "PhaseReminder",
    "PublicationState",
    "ResetCode",
    "Role",
    "Round",
    "RoundState",
    "RowAction",
    "RowChange",
    "RowMove",
    "RuleState",
    "SchemaDraft",
    "SchemaDraftFile",
    "SchemaPublication",
    "SchemaState",
    "SecurityQuestion",
    "StagedAction",
    "StagedRow",
    "StagedState",
    "StoredFile",
    "ThreadMessage",
    "ThreadState",
    "TryCounter",
    "Unit",
    "UnitKind",
    "UnitRound",
    "User",
    "UserSession",
]
