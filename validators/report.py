"""What is wrong with data: problems with their place, findings without one.

Converters and judges make findings; `check` gives them a row, a field and a level;
`messages` says them in Chinese; `app` stores them and shows them beside the cell.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from form_schemas.rule_spec import Level

#: Characters of a value that a problem quotes; a cell may hold megabytes.
QUOTED_CHARACTERS = 80


class Code(StrEnum):
    """What sort of mistake a problem is."""

    REQUIRED = "required"
    #: no number, no whole number, no yes or no
    TYPE = "type"
    #: the pattern, the check digit or the structure is wrong
    FORMAT = "format"
    #: none of the options, or of the codes of the list
    ENUM = "enum"
    RANGE = "range"
    LENGTH = "length"
    #: more decimals than are kept
    DIGITS = "digits"
    #: another row has this key
    DUPLICATE = "duplicate"
    #: no row of the other form has this value
    REFERENCE = "reference"
    #: a formula without a cached value, or an error cell
    FORMULA = "formula"
    #: a code typed as a number lost its last digits
    PRECISION = "precision"
    #: no date or no month
    DATE = "date"
    #: a rule of the form is broken; details say which
    RULE = "rule"


@dataclass(frozen=True)
class Finding:
    """A mistake in a value, before it has a row: what converters and judges return."""

    code: Code
    #: JSON-able facts for the sentence: texts, whole numbers, lists of them
    details: Mapping[str, object] = field(default_factory=dict, hash=False)
    level: Level = Level.ERROR

    def at(self, row_number: int | None, field_id: str | None) -> "Problem":
        return Problem(row_number, field_id, self.code, self.level, self.details)


@dataclass(frozen=True)
class Problem:
    """Something a filler has to mend, or to confirm, and where it is."""

    #: 1-based, as the filler counts; None for a problem of the whole form
    row_number: int | None
    field_id: str | None
    code: Code
    level: Level
    details: Mapping[str, object] = field(default_factory=dict, hash=False)

    @property
    def kind(self) -> str:
        """The code, or `rule:<id>` for a rule of the form."""
        if self.code is Code.RULE:
            return f"rule:{self.details['rule']}"
        return self.code.value

    @property
    def is_error(self) -> bool:
        """Whether the row cannot pass."""
        return self.level is Level.ERROR


def find_level(problems: Iterable[Problem]) -> str:
    """Give the worst level among a row's problems: "error", "warning", or ""."""
    level = ""
    for problem in problems:
        if problem.is_error:
            return "error"
        level = "warning"
    return level


def quote(value: object) -> str:
    """Give the text of a value for details: the whole of it, or its beginning."""
    text = str(value)
    if len(text) <= QUOTED_CHARACTERS:
        return text
    return text[:QUOTED_CHARACTERS] + "…"
