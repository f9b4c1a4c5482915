"""Plans and applies what changed schema files mean for the database.

A plan compares the files with what was applied last and with what is stored: typed
operations (`operations`), each with its risk. It is applied by its hash, in one
transaction, to the very state that it was made for.

    differing -> impacts -> planning -> applying (archiving, filling, following, ...)
"""

from app.services.schema_changes.applying import apply, apply_in
from app.services.schema_changes.operations import Operation, OperationKind, Plan, Risk
from app.services.schema_changes.planning import plan
from app.services.schema_changes.starting import (
    find_last_good,
    find_pending,
    initialise,
    load_in_use,
)

__all__ = [
    "Operation",
    "OperationKind",
    "Plan",
    "Risk",
    "apply",
    "apply_in",
    "find_last_good",
    "find_pending",
    "initialise",
    "load_in_use",
    "plan",
]
