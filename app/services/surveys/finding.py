"""Which surveys there are, what they ask, and whom.

Surveys and questions are rows of forms that a collection's settings name
(`form_schemas.surveys`); they lie in the collection's standing round.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from app.errors import NotFound
from app.models.base import now_utc
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from app.storage.public_rows import (
    Conditions,
    Order,
    PublicRound,
    PublicRow,
    find_rows,
    list_rounds,
)
from app.storage.records import Scope
from app.storage.referring_rows import Referring, list_referring
from form_schemas.catalogue import Edition
from form_schemas.expressions import Expression
from form_schemas.surveys import QuestionKind, Surveys, Target

_GONE = "没有这份问卷，它可能已经撤下。请核对地址。"
#: Surveys of a list, at most.
_MOST = 100


@dataclass(frozen=True, eq=False)
class Survey:
    """A survey that began to be open at some time."""

    #: names it in addresses
    key: str
    edition: Edition
    #: whose rows it, its questions and its answers are
    scope: Scope
    title: str
    text: str
    targets: tuple[Target, ...]
    begins: date
    ends: date
    is_anonymous: bool
    is_published: bool
    #: whether its state says that it is over
    is_closed: bool

    @property
    def is_for_all(self) -> bool:
        return any(target.is_public for target in self.targets)

    @property
    def terms(self) -> Surveys:
        assert self.edition.surveys is not None
        return self.edition.surveys

    def refuses(self, today: date) -> str:
        """Why nobody may answer now; empty: somebody may."""
        if self.is_closed or today > self.ends:
            return "这份调查已经结束，不再收答卷。"
        if today < self.begins:
            return f"这份调查 {self.begins:%Y-%m-%d} 开始，请到时再来。"
        return ""


@dataclass(frozen=True)
class Question:
    """A question as it is put."""

    number: int
    text: str
    kind: QuestionKind
    #: what may be chosen
    options: tuple[str, ...]
    is_required: bool


def today() -> date:
    return now_utc().astimezone().date()


def list_surveys(workshop: Workshop) -> tuple[Survey, ...]:
    """All that are open or over, those that began last first."""
    with begin_reading(workshop.engine) as connection:
        found = [
            survey
            for edition in workshop.catalogue.newest.values()
            if edition.surveys is not None
            for at in list_rounds(connection, workshop.catalogue, edition.collection)
            if at.is_standing
            for survey in _find(connection, workshop, edition, at, Conditions())
        ]
    return tuple(sorted(found, key=lambda one: (one.begins, one.key), reverse=True))


def get_survey(workshop: Workshop, key: str) -> Survey:
    """A survey by the words of its address.

    Raises:
        NotFound: there is none, or it is a draft.
    """
    round_id, _, row_id = key.partition("-")
    if not (_is_id(round_id) and _is_id(row_id)):
        raise NotFound(_GONE)
    with begin_reading(workshop.engine) as connection:
        for edition in workshop.catalogue.newest.values():
            if edition.surveys is None:
                continue
            rounds = list_rounds(connection, workshop.catalogue, edition.collection)
            for at in rounds:
                if at.id != int(round_id):
                    continue
                wanted = Conditions(row_id=int(row_id))
                for survey in _find(connection, workshop, edition, at, wanted):
                    return survey
    raise NotFound(_GONE)


def list_questions(
    connection: Connection, workshop: Workshop, survey: Survey
) -> tuple[Question, ...]:
    """What it asks, in the order of the numbers."""
    told = survey.terms.question
    form = survey.edition.by_code[told.form]
    rows = Referring(workshop.catalogue, form, survey.scope, told.survey, survey.title)
    fields = (
        told.number,
        told.text,
        told.kind,
        told.options,
        told.most,
        told.required,
    )
    found = list_referring(connection, rows, fields, by=told.number)
    return tuple(
        Question(
            number,
            text or "",
            told.kinds[kind],
            _list_options(told.kinds[kind], options, most),
            bool(required),
        )
        for number, text, kind, options, most, required in found
        if number is not None and kind in told.kinds
    )


def _list_options(
    kind: QuestionKind, options: str | None, most: int | None
) -> tuple[str, ...]:
    if kind is QuestionKind.SCORE:
        return tuple(str(score) for score in range(1, (most or 1) + 1))
    if kind is QuestionKind.TEXT:
        return ()
    parts = (options or "").replace(";", "；").split("；")
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


def _find(
    connection: Connection,
    workshop: Workshop,
    edition: Edition,
    at: PublicRound,
    wanted: Conditions,
) -> Iterator[Survey]:
    surveys = edition.surveys
    assert surveys is not None
    told = surveys.survey
    for where, is_closed in ((told.is_open, False), (told.is_closed, True)):
        for row in _find_rows(connection, workshop, edition, at, wanted, where):
            survey = _make(edition, row, is_closed=is_closed)
            if survey is not None:
                yield survey


def _find_rows(
    connection: Connection,
    workshop: Workshop,
    edition: Edition,
    at: PublicRound,
    wanted: Conditions,
    where: Expression,
) -> tuple[PublicRow, ...]:
    surveys = edition.surveys
    assert surveys is not None
    told = surveys.survey
    named = (told.title, told.text, told.targets, told.begins, told.ends)
    return find_rows(
        connection,
        workshop.catalogue,
        edition.by_code[told.form],
        (at,),
        Conditions((where,), row_id=wanted.row_id),
        (*filter(None, named), told.anonymous, told.published),
        today(),
        order=Order(told.begins),
        limit=_MOST,
    )


def _make(edition: Edition, row: PublicRow, *, is_closed: bool) -> Survey | None:
    """The survey of a row; None: it is a half-filled row."""
    surveys = edition.surveys
    assert surveys is not None
    told, values = surveys.survey, row.values
    begins, ends = values[told.begins], values[told.ends]
    if not values[told.title] or begins is None or ends is None:
        return None
    asked = values[told.targets] or ()
    return Survey(
        f"{row.round_id}-{row.id}",
        edition,
        Scope(row.unit_id, row.round_id),
        values[told.title],
        str(values.get(told.text) or "") if told.text else "",
        tuple(one for one in surveys.targets if one.value in asked),
        begins,
        ends,
        bool(values[told.anonymous]),
        bool(values[told.published]),
        is_closed,
    )
