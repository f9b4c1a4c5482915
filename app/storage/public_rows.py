"""Rows that the public reads: of many units and rounds, by what makes them public.

What is asked for is named field by field, as nothing else may leave.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    Text,
    and_,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from app.models import FilingState, Round, RoundState, Unit, UnitRound
from app.models.rounds import read_period
from app.storage.expression_rows import (
    Moment,
    RowsOf,
    SqlPlace,
    Words,
    is_asked,
    words_for,
)
from app.storage.expressions import compile_sql
from app.storage.records import Scope
from app.storage.tables import table_for
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.expressions import Expression
from form_schemas.spec import FormSpec

#: Where a row stands, as statements name it.
_PLACE = ("id", "unit", "round")
#: Of so few nobody asks first which have rows.
_FEW_ROUNDS = 2


@dataclass(frozen=True)
class PublicRound:
    """A round whose rows may be public."""

    id: int
    title: str
    edition: Edition
    periods: Mapping[str, Sequence[str]] = field(hash=False)
    is_standing: bool


@dataclass(frozen=True)
class Conditions:
    """Which rows of a form are asked for."""

    #: all have to hold
    where: tuple[Expression, ...] = ()
    #: only those of units whose report of the round is approved
    approved: bool = False
    #: and of none of these rounds, which are newer
    newer: tuple[int, ...] = ()
    #: words that all have to stand in one of some fields
    search: str = ""
    fields: tuple[str, ...] = ()
    unit_id: int | None = None
    row_id: int | None = None


@dataclass(frozen=True)
class Order:
    """The order of a list: pinned rows first, then by date, the newest first."""

    date: str = ""
    pinned: str = ""


@dataclass(frozen=True)
class PublicRow:
    """What is shown of a row."""

    id: int
    unit_id: int
    round_id: int
    unit_name: str
    #: by field id
    values: Mapping[str, Any]


def list_rounds(
    connection: Connection, catalogue: Catalogue, collection: str
) -> tuple[PublicRound, ...]:
    """The rounds of a collection that have begun, the newest first."""
    editions = {(one.collection, one.year): one for one in catalogue.editions}
    found = connection.execute(
        select(Round.__table__)
        .where(Round.collection == collection, Round.state != RoundState.PREPARING)
        .order_by(Round.id.desc())
    )
    return tuple(
        PublicRound(one.id, one.title, edition, one.periods, one.is_standing)
        for one in found
        if (edition := editions.get((one.collection, one.edition))) is not None
    )


def find_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    rounds: Iterable[PublicRound],
    wanted: Conditions,
    fields: Sequence[str],
    today: date,
    *,
    order: Order | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> tuple[PublicRow, ...]:
    """Rows of the form in these rounds; the newest rounds first, where no order says.

    Raises:
        NotInSqlError: no SQL says a condition.
    """
    names = tuple(fields)
    rows = _find_public(connection, catalogue, form, rounds, wanted, names, today)
    if rows is None:
        return ()
    by: list[Any] = []
    if order is not None and order.pinned:
        [pinned] = _label([order.pinned])
        by.append(func.coalesce(rows.c[pinned], False).desc())
    if order is not None and order.date:
        [date_] = _label([order.date])
        by.append(rows.c[date_].desc().nulls_last())
    listed = (
        select(Unit.name, *(rows.c[name] for name in (*_PLACE, *_label(names))))
        .join(Unit, Unit.id == rows.c.unit)
        .order_by(*by, rows.c.round.desc(), rows.c.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return tuple(
        PublicRow(row_id, unit, at, unit_name, dict(zip(names, values, strict=True)))
        for unit_name, row_id, unit, at, *values in connection.execute(listed).all()
    )


def count_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    rounds: Iterable[PublicRound],
    wanted: Conditions,
    today: date,
) -> int:
    rows = _find_public(connection, catalogue, form, rounds, wanted, (), today)
    if rows is None:
        return 0
    return connection.scalar(select(func.count()).select_from(rows)) or 0


def approved_reports(round_ids: Iterable[int]) -> Select:
    """SELECTs unit and round of the reports that passed all steps, in some rounds.

    Units that were closed since are among them: sums of a year stay what they were.
    """
    return select(UnitRound.unit_id, UnitRound.round_id).where(
        UnitRound.round_id.in_([*round_ids]), UnitRound.state == FilingState.APPROVED
    )


def _find_public(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    rounds: Iterable[PublicRound],
    wanted: Conditions,
    fields: tuple[str, ...],
    today: date,
) -> Subquery | None:
    """What gives the rows; None where no round has any."""
    asked = [
        at
        for at in rounds
        if at.is_standing == form.is_standing and is_asked(catalogue, form, at.edition)
    ]
    held = tuple(_leave_out_empty(connection, catalogue, form, asked))
    words = words_for(connection)
    return _unite(words, catalogue, form, held, wanted, fields, today) if held else None


@lru_cache(maxsize=128)
def _unite(
    words: Words,
    catalogue: Catalogue,
    form: FormSpec,
    rounds: tuple[PublicRound, ...],
    wanted: Conditions,
    fields: tuple[str, ...],
    today: date,
) -> Subquery:
    """The rows of all rounds: kept, as pages ask the same for months.

    It takes longer to make than to answer.
    """
    parts = [
        _select(words, catalogue, form, at, wanted, fields, today) for at in rounds
    ]
    return (parts[0] if len(parts) == 1 else union_all(*parts)).subquery()


def _leave_out_empty(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    rounds: Sequence[PublicRound],
) -> Sequence[PublicRound]:
    """Leave out rounds without any row of the form.

    Each round costs a part of the statement, which takes longer to make than to answer
    where nobody has rows.
    """
    if len(rounds) <= _FEW_ROUNDS:
        return rounds
    table = table_for(catalogue, form)
    filled = set(connection.scalars(select(table.c._round_id).distinct()))
    own = catalogue.edition_of(form)
    return [at for at in rounds if at.edition is not own or at.id in filled]


def _select(
    words: Words,
    catalogue: Catalogue,
    form: FormSpec,
    at: PublicRound,
    wanted: Conditions,
    fields: tuple[str, ...],
    today: date,
) -> Select:
    units = _active_units()
    if wanted.approved:
        approved = approved_reports([at.id]).with_only_columns(UnitRound.unit_id)
        units = _without_newer(approved, at.id, wanted.newer)
    first, last = read_period(at.periods, form.period)
    moment = Moment(Scope(wanted.unit_id or 0, at.id), at.edition, units)
    place = SqlPlace(catalogue, words, moment, None, today, first, last)
    rows = RowsOf(place, form, moment)
    conditions = [rows.in_place()]
    conditions += [compile_sql(one, rows) for one in wanted.where]
    conditions += [_holds(rows, wanted.fields, word) for word in wanted.search.split()]
    if wanted.unit_id is not None:
        conditions.append(rows.table.c._unit_id == wanted.unit_id)
    if wanted.row_id is not None:
        conditions.append(rows.id == wanted.row_id)
    columns = [
        rows.id.label("id"),
        rows.table.c._unit_id.label("unit"),
        literal(at.id).label("round"),
        *(
            _column(rows, name).label(label)
            for name, label in zip(fields, _label(fields), strict=True)
        ),
    ]
    return select(*columns).select_from(rows.joined()).where(*conditions)


def find_newest_rounds(
    connection: Connection, rounds: Iterable[PublicRound]
) -> tuple[PublicRound, ...]:
    """The rounds that hold the newest approved report of some unit, the newest first.

    Most rounds hold none any more: nobody has to look into them.
    """
    yearly = [one for one in rounds if not one.is_standing]
    newest = (
        select(func.max(UnitRound.round_id).label("round"))
        .join(Unit, Unit.id == UnitRound.unit_id)
        .where(
            UnitRound.round_id.in_([one.id for one in yearly]),
            UnitRound.state == FilingState.APPROVED,
            Unit.is_active,
        )
        .group_by(UnitRound.unit_id)
        .subquery()
    )
    found = set(connection.scalars(select(newest.c.round).distinct()))
    return tuple(one for one in yearly if one.id in found)


def _without_newer(units: Select, round_id: int, rounds: Sequence[int]) -> Select:
    """Leave out the units with an approved report of a newer one of these rounds."""
    newer = [one for one in rounds if one > round_id]
    if not newer:
        return units
    later = select(UnitRound.unit_id).where(
        UnitRound.round_id.in_(newer), UnitRound.state == FilingState.APPROVED
    )
    return units.where(UnitRound.unit_id.not_in(later))


def _active_units() -> Select:
    return select(Unit.id).where(Unit.is_active)


def _column(rows: RowsOf, name: str) -> ColumnElement[Any]:
    """A field as it is stored, under the id that the round's edition had for it."""
    stored, item = rows.find_field(name), rows.form.by_id[name]
    if stored is None or stored.value_type is not item.value_type:
        newest = rows.place.catalogue
        typed = RowsOf(
            rows.place,
            rows.form,
            Moment(rows.moment.scope, newest.edition_of(rows.form)),
        )
        return cast(null(), typed.table.c[name].type)
    return rows.table.c[stored.id]


def _label(fields: Iterable[str]) -> list[str]:
    """What columns of fields are called beside those of `_PLACE`."""
    return [f"f_{name}" for name in fields]


def _holds(rows: RowsOf, fields: Sequence[str], word: str) -> ColumnElement[bool]:
    """Whether a word stands in one of the fields."""
    columns = (_column(rows, name) for name in fields)
    return and_(
        or_(*(cast(one, Text).icontains(word, autoescape=True) for one in columns))
    )
