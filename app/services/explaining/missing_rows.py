"""Answers why a derived form has no row of something."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.errors import NotFound
from app.services.choices import Option, find_options
from app.services.desks import Desk
from app.services.explaining.lacking import tell_lacking
from app.services.explaining.questions import AskedColumn, choose, list_askable
from app.services.explaining.reasons import OriginStory, Reason, Reasons
from app.services.explaining.sight import SeenRow, Sight
from app.storage.derivation_origins import Origin, Window, equals
from app.storage.engine import begin_reading
from form_schemas.spec import FormKind, FormSpec
from validators.conversion import convert_value
from validators.messages import describe_problem
from validators.report import Finding

#: Rows that are listed of each sort.
ROWS = 20
#: What is looked at of very many.
_MOST_SOURCES = 200
_MOST_ORIGINS = 400
#: Origins that may cost questions of their own.
_LOOKED_INTO = 3
_SUGGESTED = 5


@dataclass(frozen=True)
class Story:
    """What is said to somebody who misses a row."""

    text: str
    #: what could not be read as a value
    problem: str = ""
    #: rows of the derived form that are there
    found: tuple[SeenRow, ...] = ()
    found_total: int = 0
    #: as the form's grid is narrowed to them
    filters: tuple[tuple[str, str], ...] = ()
    #: source rows that hold the value, and origins of theirs that give no row
    sources: int = 0
    missed: tuple[OriginStory, ...] = ()
    missed_total: int = 0
    #: why no source row has the value
    lacking: tuple[Reason, ...] = ()
    #: what may have been meant
    suggestions: tuple[Option, ...] = ()

    @property
    def is_cut(self) -> bool:
        return self.sources > _MOST_SOURCES

    @property
    def is_good(self) -> bool:
        """Whether it is no fault that the rows are missing: of a gap list."""
        reasons = [one for each in self.missed for one in each.reasons] + [
            *self.lacking
        ]
        return bool(reasons) and all(one.is_good for one in reasons)


@dataclass(frozen=True)
class Question:
    """What may be asked of a derived form, and the answer to what was."""

    form: FormSpec
    source: FormSpec
    owners: str
    sees_source: bool
    is_partial: bool
    is_gap_list: bool
    columns: tuple[AskedColumn, ...]
    chosen: AskedColumn
    story: Story | None = None


def ask_missing(desk: Desk, column_id: str, text: str) -> Question:
    """What people may ask by, and the answer where a value is given.

    Raises:
        NotFound: the form is no derived one, or nobody may ask by this column.
    """
    if not desk.form.is_derived:
        raise NotFound
    with begin_reading(desk.engine) as connection:
        sight = Sight(desk, connection)
        question = _open_question(sight, column_id)
        if not text:
            return question
        story = _Answer(sight, question.chosen, text).tell()
    if not (story.found_total or story.sources or story.problem):
        suggestions = _suggest(desk, question.chosen, text)
        story = replace(story, suggestions=suggestions)
    return replace(question, story=story)


def _open_question(sight: Sight, column_id: str) -> Question:
    columns = list_askable(sight)
    return Question(
        form=sight.form,
        source=sight.source,
        owners=sight.name_owners(sight.source),
        sees_source=sight.sees(sight.source),
        is_partial=sight.find_department(sight.source) is not None,
        is_gap_list=sight.form.kind is FormKind.DERIVED_LIST,
        columns=columns,
        chosen=choose(columns, column_id),
    )


def _suggest(desk: Desk, asked: AskedColumn, text: str) -> tuple[Option, ...]:
    if not asked.is_picked:
        return ()
    owner = Desk(desk.engine, desk.catalogue, desk.place, asked.form)
    return find_options(owner, asked.field.id, text, 1).options[:_SUGGESTED]


class _Answer:
    """Answers one question."""

    def __init__(self, sight: Sight, asked: AskedColumn, text: str) -> None:
        self._sight, self._asked, self._text = sight, asked, text
        self._value = convert_value(asked.field, text, sight.codelists)

    def tell(self) -> Story:
        story, asked = Story(self._text), self._asked
        if isinstance(self._value, Finding):
            problem = self._value.at(None, asked.field.id)
            return replace(story, problem=describe_problem(asked.form, problem))
        if not asked.is_of_source:
            story = self._add_found(story)
        if self._sight.sees(self._sight.source):
            story = self._add_origins(story)
        return story

    def _add_found(self, story: Story) -> Story:
        """The rows that are there."""
        form, values = self._sight.form, {self._asked.field.id: self._value}
        rows, total = self._sight.count_like(form, values, ROWS)
        filters = self._sight.preset(form, values)
        return replace(story, found=rows, found_total=total, filters=filters)

    def _add_origins(self, story: Story) -> Story:
        tracing = self._sight.open_tracing()
        condition = equals(self._asked.node, self._asked.field, self._value)
        sources, total = tracing.find_sources(condition, Window(_MOST_SOURCES))
        if not sources:
            lacking = tell_lacking(self._sight, self._asked, self._value)
            return replace(story, lacking=tuple(lacking))
        reasons, window = Reasons(self._sight, tracing), Window(_MOST_ORIGINS)
        origins = tracing.trace(sources, condition, window, reasons.asked).origins
        missed = [one for one in origins if not reasons.gives_row(one)]
        if self._asked.is_of_source:
            story = self._add_rows_of(story, reasons, origins)
        return replace(
            story,
            sources=total,
            missed=tuple(reasons.tell(missed[:ROWS], _LOOKED_INTO)),
            missed_total=len(missed),
        )

    def _add_rows_of(
        self, story: Story, reasons: Reasons, origins: Sequence[Origin]
    ) -> Story:
        """The derived rows that origins went into."""
        giving = [one for one in origins if reasons.gives_row(one)]
        keys = list(dict.fromkeys(map(reasons.find_key, giving)))
        rows = [
            row
            for key in keys[:_SUGGESTED]
            for row in self._sight.find_like(self._sight.form, dict(key), ROWS)
        ]
        return replace(story, found=tuple(rows), found_total=len(keys))
