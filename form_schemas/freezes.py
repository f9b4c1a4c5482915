"""Links that freeze both ends, as schema files declare them (`x-freeze`).

Who refuses what is frozen is `app.storage.freezing`; `freeze_reader` builds these.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class LinkUse:
    """Rows of another form that refer to the linking row."""

    #: code of the form
    table: str
    #: its reference field
    field: str


@dataclass(frozen=True)
class Freeze:
    """Once the field links a row to others, neither end is changed or deleted."""

    #: the reference field of the form that declares it
    field: str
    #: fields of the linking row that stay editable
    editable: frozenset[str] = frozenset()
    #: fields of the linked rows that stay editable
    target_editable: frozenset[str] = frozenset()
    #: whether an administrator may take the link away; else nobody
    can_unlink: bool = False
    #: nobody unlinks while such rows refer to the linking row
    used_by: tuple[LinkUse, ...] = ()
