"""Counts the forms of a section, round by round; tells what a measure is made of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cached_property

from sqlalchemy import Connection, select

from app.models import Unit
from app.services.statistics.figures import Values
from app.services.statistics.grounds import Ground, StatisticsRound
from app.storage.expression_rows import NotInSqlError, is_asked
from app.storage.measuring import Counted, Key, Split, can_count, count_quantities
from form_schemas.catalogue import Catalogue
from form_schemas.expressions import Expression
from form_schemas.measures import Measure, MeasureGroup, Quantity, count_rows
from form_schemas.spec import FormSpec

#: Round, key -> values of a form's quantities.
Found = Mapping[tuple[int, Key], Mapping[Quantity, Decimal]]


class Tallies:
    """What is counted of the forms of a section.

    Args:
        only: form -> the value that its rows are to have; others are not counted then.
    """

    def __init__(
        self,
        connection: Connection,
        catalogue: Catalogue,
        ground: Ground,
        group: MeasureGroup,
        rounds: Sequence[StatisticsRound],
        only: Mapping[str, tuple[Expression, Key]],
    ) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._ground = ground
        self._group = group
        self._rounds = rounds
        self._only = only
        self._edition = ground.round.edition
        #: forms whose measures no SQL says
        self._unsaid: set[str] = set()

    def count(self, form: FormSpec, split: Split) -> Found:
        """Everything that the section counts of a form; nothing where nobody can."""
        only = self._only.get(form.code)
        if only is not None:
            split = replace(split, only=only)
        elif self._only:
            # Its rows do not know what is asked for.
            return {}
        quantities = self._list_quantities(form)
        rounds = [
            one for one in self._rounds if is_asked(self._catalogue, form, one.edition)
        ]
        try:
            counted = count_quantities(
                self._connection,
                self._catalogue,
                form,
                quantities,
                self._ground.coverage,
                [one.measured(form) for one in rounds],
                split,
                date.today(),
            )
        except NotInSqlError:
            self._unsaid.add(form.code)
            return {}
        return self._keep_known(form, quantities, counted)

    def _list_quantities(self, form: FormSpec) -> list[Quantity]:
        asked = [count_rows(form.code, None)]
        asked += [
            quantity
            for measure in self._group.measures
            for quantity in measure.quantities
            if quantity.form == form.code
        ]
        return list(dict.fromkeys(asked))

    def _keep_known(
        self, form: FormSpec, quantities: Sequence[Quantity], counted: list[Counted]
    ) -> Found:
        """Without what a round's edition did not ask for: 0 would be told as a fact."""
        known = {
            one.id: [
                can_count(self._catalogue, form, one.edition, q.fields)
                for q in quantities
            ]
            for one in self._rounds
        }
        return {
            (one.round_id, one.key): {
                quantity: value
                for quantity, value, is_known in zip(
                    quantities, one.values, known[one.round_id], strict=True
                )
                if is_known
            }
            for one in counted
        }

    def add_up(self, found: Found) -> Found:
        """What units come to, all together."""
        return _add_up((round_id, None, cell) for (round_id, _), cell in found.items())

    def add_up_parts(self, found: Found) -> Found:
        """What units come to by the parts of the area."""
        parts = self._parts
        return _add_up(
            (round_id, parts.get(unit), cell)
            for (round_id, unit), cell in found.items()
        )

    @cached_property
    def _parts(self) -> Mapping[Key, int | None]:
        """Unit -> the part of the area that it belongs to."""
        found = self._connection.execute(
            select(Unit.id, Unit.path).where(Unit.id.in_(self._ground.coverage.units))
        )
        return {unit: self._ground.tree.find_part(path) for unit, path in found}

    def find_values(
        self,
        measure: Measure,
        found: Mapping[str, Found],
        at: StatisticsRound,
        key: Key,
    ) -> Values:
        """What a measure is computed of; a part without rows has none of anything."""
        values = []
        for quantity in measure.quantities:
            cell = found[quantity.form].get((at.id, key))
            form = self._edition.by_code[quantity.form]
            if cell is None and can_count(
                self._catalogue, form, at.edition, quantity.fields
            ):
                values.append(None if self._is_left_out(form) else Decimal(0))
            else:
                values.append(None if cell is None else cell.get(quantity))
        return values

    def _is_left_out(self, form: FormSpec) -> bool:
        return form.code in self._unsaid or bool(
            self._only and form.code not in self._only
        )


def _add_up(
    cells: Iterable[tuple[int, Key, Mapping[Quantity, Decimal]]],
) -> Found:
    sums: dict[tuple[int, Key], dict[Quantity, Decimal]] = {}
    for round_id, key, values in cells:
        sum_ = sums.setdefault((round_id, key), {})
        for quantity, value in values.items():
            sum_[quantity] = sum_.get(quantity, Decimal(0)) + value
    return sums
