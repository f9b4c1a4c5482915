"""Surveys of the demo's nation, answered by units and visitors.

They are written as they would have gone: whoever answers an anonymous one has a number
made up, and the survey's first day stands in place of the day.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection

from app.services.demo_nation.places import Place
from app.services.demo_nation.recipes import Kitchen
from app.services.demo_nation.reports import REASON
from app.storage.planting import plant_rows
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.surveys import Surveys


@dataclass(frozen=True, eq=False)
class Surveyor:
    """Writes the surveys that a plan tells of."""

    connection: Connection
    catalogue: Catalogue
    edition: Edition
    terms: Surveys
    kitchen: Kitchen
    places: Sequence[Place]
    #: the round of forms that belong to no period
    standing: int
    now: datetime

    def store(self, told: Iterable[Mapping[str, Any]], share: float) -> int:
        """Write surveys, questions and so large a share of the answers; rows written.

        Args:
            told: of each survey who asks, its fields, how many of whom answer, and of
                each question its fields and the answers to choose from.
        """
        return sum(self._store_survey(one, share) for one in told)

    def _store_survey(self, told: Mapping[str, Any], share: float) -> int:
        asking = next(one for one in self.places if one.kind.value == told["by"])
        day = self.now.astimezone().date()
        survey = self.kitchen.make_row(told["fields"], {**asking.known, "today": day})
        begun = datetime.combine(survey[self.terms.survey.begins], time(), UTC)
        put = (asking, begun)
        questions = list(self._list_questions(told["questions"], survey))
        answers = list(self._list_answers(told, survey, share))
        stored = self._plant(self.terms.survey.form, [survey], *put)
        stored += self._plant(self.terms.question.form, questions, *put)
        return stored + self._plant(self.terms.answer.form, answers, *put)

    def _list_questions(
        self, told: Iterable[Mapping[str, Any]], survey: Mapping[str, Any]
    ) -> Iterator[dict[str, object]]:
        terms = self.terms.question
        for number, one in enumerate(told, start=1):
            named = {terms.survey: survey[self.terms.survey.title]}
            yield {**named, terms.number: number, **one["fields"]}

    def _list_answers(
        self, told: Mapping[str, Any], survey: Mapping[str, Any], share: float
    ) -> Iterator[dict[str, object]]:
        terms, random = self.terms.answer, self.kitchen.random
        begins = survey[self.terms.survey.begins]
        for who in self._list_respondents(told["answered"], survey, share):
            named = {terms.survey: survey[self.terms.survey.title], terms.who: who}
            is_anonymous = survey[self.terms.survey.anonymous]
            later = 0 if is_anonymous else random.randint(0, told["answered"]["days"])
            day = {terms.day: begins + timedelta(days=later)}
            for number, one in enumerate(told["questions"], start=1):
                answer = self.kitchen.make(one["answers"], {})
                if answer is not None:
                    yield {**named, **day, terms.number: number, terms.answer: answer}

    def _list_respondents(
        self, told: Mapping[str, Any], survey: Mapping[str, Any], share: float
    ) -> Iterator[str]:
        random = self.kitchen.random
        if survey[self.terms.survey.anonymous]:
            for _ in range(round(told["times"] * share)):
                yield f"匿名 {random.getrandbits(48):012x}"
            return
        asked = [one for one in self.places if one.kind.value in told["kinds"]]
        yield from (one.name for one in asked if random.random() < told["chance"])

    def _plant(
        self, code: str, rows: Iterable[dict], asking: Place, at: datetime
    ) -> int:
        scope, form = Scope(asking.id, self.standing), self.edition.by_code[code]
        told = [(scope, row) for row in rows]
        args = (self.connection, self.catalogue, form, told, REASON, at)
        return len(plant_rows(*args))
