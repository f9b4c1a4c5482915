"""Surveys of a collection: which rows ask, whom, and where answers are kept.

`collection.json` (`surveys`) says which forms hold surveys, their questions and the
answers, and what the fields of these are to a survey.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from form_schemas.expressions import Expression


class QuestionKind(StrEnum):
    """How a question is answered."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    TEXT = "text"
    SCORE = "score"


@dataclass(frozen=True)
class Target:
    """Whom a survey may ask, by a value of its field of targets."""

    value: str
    #: kind of unit; empty: everybody, without a login
    kind: str = ""
    #: id of the kind of account; empty: any of the unit's
    account_type: str = ""

    @property
    def is_public(self) -> bool:
        return not self.kind


@dataclass(frozen=True, eq=False)
class SurveyFields:
    """The form of surveys, a row each."""

    form: str
    title: str
    targets: str
    begins: str
    ends: str
    anonymous: str
    published: str
    #: whether a survey may be answered, its days apart
    is_open: Expression
    #: whether it was open and is over
    is_closed: Expression
    text: str = ""


@dataclass(frozen=True)
class QuestionFields:
    """The form of questions."""

    form: str
    #: its reference to the survey
    survey: str
    number: str
    text: str
    kind: str
    #: value of the field of kinds -> how it is answered
    kinds: Mapping[str, QuestionKind]
    options: str
    #: the best score
    most: str
    required: str


@dataclass(frozen=True)
class AnswerFields:
    """The form of answers: a row each question and who answered."""

    form: str
    survey: str
    number: str
    #: the unit's name, or a number made up
    who: str
    answer: str
    day: str


@dataclass(frozen=True, eq=False)
class Surveys:
    """How a collection asks."""

    survey: SurveyFields
    targets: tuple[Target, ...]
    question: QuestionFields
    answer: AnswerFields
