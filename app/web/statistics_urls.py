"""Where the figures of statistics lead to: other views of them, and their rows."""

from dataclasses import dataclass

from flask import request, url_for

from app.permissions import Action
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
class StatisticsUrls:
    """Addresses around a page of statistics."""

    ground: Ground
    #: of a unit's page
    place: Workplace | None
    #: of an area's: the authority it is narrowed to
    below: int | None = None

    def page(self, **changes: object) -> str:
        """The same page with something changed."""
        kept = {name: request.args.get(name) or None for name in _KEPT}
        return self._page(**(kept | changes))

    def export(self) -> str:
        kept = {name: request.args.get(name) or None for name in _KEPT}
        name = "export" if self.place is not None else "export_area"
        return url_for(f"statistics.{name}", **self._here(), **kept)

    def of_round(self, one: StatisticsRound) -> str:
        if self.place is not None:
            return self.page(at=f"{self.place.unit_id}-{one.id}")
        return self.page(round=one.id)

    @property
    def given(self) -> dict[str, object]:
        """What a form of the page has to send along."""
        here = {k: v for k, v in self._here().items() if k != "collection"}
        kept = {name: request.args.get(name) for name in ("section", "only")}
        return {name: v for name, v in {**here, **kept}.items() if v}

    def of_line(self, section: Section, figure: Figure, line: Line) -> str:
        """Where one finds what a figure is made of; empty where there is no place."""
        by = section.by.id if section.by is not None else ""
        if by == BY_ROUND:
            found = next(one for one in self.ground.rounds if str(one.id) == line.key)
            return self.of_round(found)
        if self.place is not None:
            return self._rows(self.place, figure.measure, by, line)
        if line.label == NOTHING or not line.key.strip("-"):
            return ""
        if by == BY_UNIT:
            at = f"{line.key}-{self.ground.round.id}"
            return url_for(
                "statistics.show",
                collection=self._collection,
                at=at,
                section=section.group.id,
            )
        if by == BY_ABOVE:
            return self.page(below=line.key, by=BY_UNIT)
        return self.page(by=BY_UNIT, only=f"{by}:{line.key}")

    def _rows(self, place: Workplace, measure: Measure, by: str, line: Line) -> str:
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

    @property
    def _collection(self) -> str:
        return self.ground.round.edition.collection

    def _here(self) -> dict[str, object]:
        if self.place is not None:
            return {"collection": self._collection, "at": self.place.key}
        return {
            "collection": self._collection,
            "round": self.ground.round.id,
            "below": self.below,
        }

    def _page(self, **words: object) -> str:
        name = "show" if self.place is not None else "show_area"
        return url_for(f"statistics.{name}", **(self._here() | words))


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
