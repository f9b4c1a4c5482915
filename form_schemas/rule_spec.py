"""The frozen model of a form's rules, and of the examples that they are tried with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from form_schemas.expressions import Expression


class Level(StrEnum):
    """What a problem does to a submission."""

    ERROR = "error"
    #: passes with a written reason
    WARNING = "warning"
    #: no expression can say it: people see to it
    MANUAL = "manual"


#: As people read it, on pages, in workbooks and on the command line alike.
LEVEL_WORDS: Mapping[Level, str] = {
    Level.ERROR: "错误",
    Level.WARNING: "警告",
    Level.MANUAL: "须核对",
}


@dataclass(frozen=True)
class RuleSpec:
    """A condition between values: broken where `when` holds and `check` is false."""

    id: str
    message: str
    level: Level
    #: the problem stands at the first
    fields: tuple[str, ...]
    check: Expression | None = None
    when: Expression | None = None

    @cached_property
    def fields_read(self) -> frozenset[str]:
        """The fields of the row that decide whether it breaks the rule."""
        parts = (part.fields for part in (self.check, self.when) if part is not None)
        return frozenset[str]().union(*parts)


#: Rows of forms by code, values as JSON has them.
ToldTables = Mapping[str, Sequence[Mapping[str, object]]]


@dataclass(frozen=True)
class Example:
    """A row with the verdict expected of it (`x-tests`): values as JSON has them.

    Its names and values are not checked at load: a wrong example stops no form. Whoever
    runs examples (`validators.examples`) says what is wrong with them.
    """

    name: str
    row: Mapping[str, object]
    #: ids of the rules the row breaks
    breaks: tuple[str, ...]
    #: code of a form -> its other rows of the unit and round
    tables: ToldTables = field(default_factory=dict)
    #: the same row in the round before, if it was there
    last: Mapping[str, object] | None = None
    last_tables: ToldTables = field(default_factory=dict)
