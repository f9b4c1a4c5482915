"""What was answered to a survey: counts of choices, texts, and all as a workbook."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection

from app.permissions import Actor, can
from app.policy import Action
from app.services.letters import find_unit_place
from app.services.surveys.finding import Question, Survey, list_questions
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from app.storage.referring_rows import (
    Referring,
    count_by,
    count_distinct,
    list_referring,
)
from exporters.listing import Sheet, write_sheets
from form_schemas.surveys import QuestionKind

#: Texts of one question on the page, the newest; all stand in the workbook.
MOST_TEXTS = 50
_SEPARATOR = "；"
_NOT_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\'\"<>|", "_"))


@dataclass(frozen=True)
class Choice:
    """An option, and how many chose it."""

    label: str
    count: int
    #: of those who answered the question, in per cent; None: nobody did
    share: Decimal | None


@dataclass(frozen=True)
class QuestionResult:
    """What was answered to one question."""

    question: Question
    #: how many answered it
    answered: int
    choices: tuple[Choice, ...] = ()
    #: of scores
    mean: Decimal | None = None
    #: None: they are not for whoever asks
    texts: tuple[str, ...] | None = None


@dataclass(frozen=True)
class SurveyResults:
    """All that was answered."""

    survey: Survey
    #: units and visitors
    respondents: int
    questions: tuple[QuestionResult, ...]


def may_see(workshop: Workshop, survey: Survey, actor: Actor | None) -> bool:
    """Whether the results are for the person; None: for everybody."""
    return survey.is_published or may_see_all(workshop, survey, actor)


def may_see_all(workshop: Workshop, survey: Survey, actor: Actor | None) -> bool:
    """Whether the person sees what stands in the rows, texts as well."""
    if actor is None:
        return False
    with begin_reading(workshop.engine) as connection:
        place = find_unit_place(connection, survey.scope.unit_id)
    return can(actor, Action.EXPORT_ROWS, place)


def load_results(
    workshop: Workshop, survey: Survey, *, with_texts: bool
) -> SurveyResults:
    told = survey.terms.answer
    with begin_reading(workshop.engine) as connection:
        rows = _rows_of(workshop, survey)
        counted: dict[int, Counter[str]] = {}
        questions = list_questions(connection, workshop, survey)
        # Texts are as many as answers: they are counted, not read.
        for number, answer, count in count_by(
            connection, rows, (told.number, told.answer)
        ):
            counted.setdefault(number, Counter())[answer or ""] += count
        return SurveyResults(
            survey,
            count_distinct(connection, rows, told.who),
            tuple(
                _sum_up(
                    one,
                    counted.get(one.number, Counter()),
                    _find_texts(connection, rows, survey, one) if with_texts else None,
                )
                for one in questions
            ),
        )


def write_results(workshop: Workshop, results: SurveyResults, path: Path) -> str:
    """A sheet of counts and one of all answers; gives the file's name."""
    survey = results.survey
    sheets = [
        Sheet(
            "结果",
            {"题号": 8, "题目": 50, "选项": 30, "人数": 10, "占比（%）": 12},
            list(_list_counts(results.questions)),
        ),
        Sheet(
            "答卷",
            {"答题者": 36} | {_head(one.question): 30 for one in results.questions},
            list(_list_answers(workshop, results)),
        ),
    ]
    write_sheets(path, sheets)
    return f"调查结果（{survey.title.translate(_NOT_IN_NAMES)}）.xlsx"


def _rows_of(workshop: Workshop, survey: Survey) -> Referring:
    told = survey.terms.answer
    form = survey.edition.by_code[told.form]
    return Referring(workshop.catalogue, form, survey.scope, told.survey, survey.title)


def _find_texts(
    connection: Connection, rows: Referring, survey: Survey, one: Question
) -> tuple[str, ...]:
    if one.kind is not QuestionKind.TEXT:
        return ()
    told = survey.terms.answer
    found = list_referring(
        connection,
        rows,
        (told.answer,),
        having=(told.number, one.number),
        newest=MOST_TEXTS,
    )
    return tuple(text for (text,) in found if text)


def _sum_up(
    one: Question, counted: Mapping[str, int], texts: tuple[str, ...] | None
) -> QuestionResult:
    answered = sum(counted.values())
    if one.kind is QuestionKind.TEXT:
        return QuestionResult(one, answered, texts=texts)
    chosen: Counter[str] = Counter()
    for answer, count in counted.items():
        is_several = one.kind is QuestionKind.MULTIPLE
        for label in answer.split(_SEPARATOR) if is_several else (answer,):
            chosen[label] += count
    # What is no option any more was one when it was chosen.
    labels = dict.fromkeys((*one.options, *chosen))
    choices = tuple(
        Choice(label, chosen[label], _share(chosen[label], answered))
        for label in labels
    )
    mean = _mean(chosen) if one.kind is QuestionKind.SCORE else None
    return QuestionResult(one, answered, choices, mean)


def _share(part: int, whole: int) -> Decimal | None:
    return None if not whole else _round(Decimal(part * 100) / whole)


def _mean(chosen: Mapping[str, int]) -> Decimal | None:
    scores = {int(label): count for label, count in chosen.items() if label.isdigit()}
    number = sum(scores.values())
    if not number:
        return None
    return _round(Decimal(sum(one * count for one, count in scores.items())) / number)


def _round(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"))


def _list_counts(results: Iterable[QuestionResult]) -> Iterable[Sequence[object]]:
    for one in results:
        question = one.question
        yield question.number, question.text, "答了这一题", one.answered, None
        for choice in one.choices:
            share = None if choice.share is None else float(choice.share)
            yield question.number, question.text, choice.label, choice.count, share
        if one.mean is not None:
            yield question.number, question.text, "平均分", float(one.mean), None


def _head(one: Question) -> str:
    return f"{one.number}. {one.text}"


def _list_answers(
    workshop: Workshop, results: SurveyResults
) -> Iterable[Sequence[object]]:
    """A line each respondent."""
    survey, told = results.survey, results.survey.terms.answer
    with begin_reading(workshop.engine) as connection:
        rows = list_referring(
            connection,
            _rows_of(workshop, survey),
            (told.who, told.number, told.answer),
            by=told.who,
        )
    sheets: dict[str, dict[int, str]] = {}
    for who, number, answer in rows:
        sheets.setdefault(who, {})[number] = answer
    for who, answers in sheets.items():
        yield (who, *(answers.get(one.question.number) for one in results.questions))
