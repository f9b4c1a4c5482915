"""Where the figures of statistics lead to: other views of them, and their rows."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from flask import request, url_for

from app.policy import Action
from app.services.statistics.figures import Figure, Line
from app.services.statistics.grounds import Ground, StatisticsRound
from app.services.statistics.labels import NOTHING
from app.services.statistics.sections import BY_ABOVE, BY_ROUND, BY_UNIT, Section
from app.services.workplaces import Workplace
from form_schemas.kinds import ValueType
from form_schemas.measures import Measure
from form_schemas.nodes import Compare, Field, Literal, conjuncts_of

#: What of the address stays when something else is chosen.
_KEPT = ("section", "by", "sort", "only")


@dataclass(frozen=True, eq=False)
class StatisticsUrls(ABC):
    """Addresses around a page of statistics."""

    ground: Ground

    #: what a form of the page calls the round
    round_word = "round"

    def page(self, **changes: object) -> str:
        """The same page with something changed."""
        return self._make_page(**(self._kept() | changes))

    def export(self) -> str:
        return self._make_export(**self._kept())

    def of_round(self, one: StatisticsRound) -> str:
        return self.page(**{self.round_word: self.name_round(one)})

    def name_round(self, one: StatisticsRound) -> object:
        """The round as addresses name it."""
        return one.id

    @property
    def given(self) -> dict[str, str]:
        """What a form of the page has to send along."""
        kept = {name: request.args.get(name, "") for name in ("section", "only")}
        return {name: value for name, value in kept.items() if value}

    def of_line(self, section: Section, figure: Figure, line: Line) -> str:
        """Where one finds what a figure is made of; empty where there is no place."""
        by = section.by.id if section.by is not None else ""
        if by == BY_ROUND:
            found = next(one for one in self.ground.rounds if str(one.id) == line.key)
            return self.page(**{self.round_word: self.name_round(found), "by": None})
        return self._of_part(section, figure, line, by)

    @abstractmethod
    def _of_part(
        self, section: Section, figure: Figure, line: Line, by: str
    ) -> str: ...

    @abstractmethod
    def _make_page(self, **words: object) -> str: ...

    @abstractmethod
    def _make_export(self, **words: object) -> str: ...

    @property
    def _collection(self) -> str:
        return self.ground.round.edition.collection

    def _kept(self) -> dict[str, object]:
        return {name: request.args.get(name) or None for name in _KEPT}


@dataclass(frozen=True, eq=False)
class AreaUrls(StatisticsUrls):
    """Addresses around an area's page: from a part to what lies below it."""

    #: of parts that were asked for: every figure of a page has the same
    _known: dict[tuple[str, str], str] = field(default_factory=dict, kw_only=True)

    @property
    def given(self) -> dict[str, str]:
        below = request.args.get("below", "")
        return super().given | ({"below": below} if below else {})

    def _of_part(self, section: Section, figure: Figure, line: Line, by: str) -> str:
        if line.label == NOTHING or not line.key.strip("-"):
            return ""
        if (by, line.key) not in self._known:
            self._known[by, line.key] = self._find_part(section, line.key, by)
        return self._known[by, line.key]

    def _find_part(self, section: Section, key: str, by: str) -> str:
        if by not in (BY_ABOVE, BY_UNIT):
            return self.page(by=BY_ABOVE, only=f"{by}:{key}")
        if int(key) in self.ground.tree.by_id:
            return self.page(below=key, by=BY_ABOVE)
        return self._of_unit(int(key), section)

    def _kept(self) -> dict[str, object]:
        place = {name: request.args.get(name) or None for name in ("round", "below")}
        return super()._kept() | place

    @abstractmethod
    def _of_unit(self, unit_id: int, section: Section) -> str:
        """The page of a unit; empty where it has none."""


class SeenAreaUrls(AreaUrls):
    """… of the area of whoever is logged in."""

    def _of_unit(self, unit_id: int, section: Section) -> str:
        # Split as it was narrowed: the parts there lead to the rows.
        only = section.only.id.partition(":")[0] if section.only is not None else None
        return url_for(
            "statistics.show",
            collection=self._collection,
            at=f"{unit_id}-{self.ground.round.id}",
            section=section.group.id,
            by=only,
        )

    def _make_page(self, **words: object) -> str:
        told = {"collection": self._collection, "round": self.ground.round.id}
        return url_for("statistics.show_area", **(told | _without_none(words)))

    def _make_export(self, **words: object) -> str:
        told = {"collection": self._collection, "round": self.ground.round.id}
        return url_for("statistics.export_area", **(told | _without_none(words)))


@dataclass(frozen=True, eq=False)
class UnitUrls(StatisticsUrls):
    """Addresses around a unit's page: from a part to its rows."""

    place: Workplace

    round_word = "at"

    def name_round(self, one: StatisticsRound) -> object:
        return f"{self.place.unit_id}-{one.id}"

    def _of_part(self, section: Section, figure: Figure, line: Line, by: str) -> str:
        return self._rows(self.place, figure.measure, by, line)

    def _make_page(self, **words: object) -> str:
        told = {"collection": self._collection, "at": self.place.key}
        return url_for("statistics.show", **(told | words))

    def _make_export(self, **words: object) -> str:
        told = {"collection": self._collection, "at": self.place.key}
        return url_for("statistics.export", **(told | words))

    @staticmethod
    def _rows(place: Workplace, measure: Measure, by: str, line: Line) -> str:
        """The rows of the form in its grid."""
        form = place.edition.by_code[measure.form]
        dimension = measure.find_dimension(measure.form, by)
        field = dimension.filtered_by if dimension is not None else ""
        if not field or line.label == NOTHING or not place.can(Action.VIEW_ROWS, form):
            return ""
        filters = {f"f-{field}": line.label, **_find_filters(measure)}
        return url_for(
            "forms.show",
            collection=form.collection,
            code=form.code,
            at=place.key,
            **filters,
        )


def _without_none(words: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in words.items() if value is not None}


def _find_filters(measure: Measure) -> dict[str, str]:
    """As much of a measure's condition as the filters of a grid can say."""
    if measure.where is None:
        return {}
    found = {}
    for part in conjuncts_of(measure.where.root):
        if isinstance(part, Field) and part.type is ValueType.BOOLEAN:
            found[f"f-{part.id}"] = "是"
        elif isinstance(part, Compare) and part.op == "==":
            sides = (part.left, part.right)
            fields = [side.id for side in sides if isinstance(side, Field)]
            texts = [side.value for side in sides if isinstance(side, Literal)]
            if fields and texts:
                found[f"f-{fields[0]}"] = str(texts[0])
    return found
