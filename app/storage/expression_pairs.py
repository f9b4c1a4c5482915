"""Rows listed by what they are told apart by, paired, grouped and met again."""

from collections.abc import Sequence

from sqlalchemy import Label, Subquery, and_, func, select

from app.storage.expression_rows import RowsOf
from app.storage.sql_values import Sql, Value


def list_keys(
    rows: RowsOf, keys: Sequence[Sequence[Value]], conditions: list[Sql], *more: Label
) -> Subquery:
    """The rows with the sides of their own that others are compared with."""
    named = [key.sql.label(f"k{place}") for place, (key, _) in enumerate(keys)]
    listed = select(*named, *more).select_from(rows.joined())
    return listed.where(rows.in_place(), *conditions).subquery()


def list_pairs(mine: RowsOf, other: RowsOf, condition: Sql, *more: Label) -> Subquery:
    """Pairs of rows that fulfil a condition, by the id of the first."""
    keys = [sql.label(f"k{place}") for place, sql in enumerate(mine.identity())]
    listed = select(*keys, *more)
    listed = listed.select_from(mine.joined().join(other.joined(), condition))
    return listed.where(mine.in_place(), other.in_place()).subquery()


def list_pairs_in_order(
    mine: RowsOf, other: RowsOf, condition: Sql, *more: Label
) -> Subquery:
    """As `list_pairs`, by having each of the first rows look for those it needs.

    SQLite turns joins around as it thinks best, but for outer ones; OFFSET keeps it
    from seeing that no row without a partner is wanted.
    """
    keys = [sql.label(f"k{place}") for place, sql in enumerate(mine.identity())]
    pairs = select(*keys, other.id.label("other"), *more)
    condition = and_(other.in_place(), condition)
    pairs = pairs.select_from(mine.joined().outerjoin(other.joined(), condition))
    listed = pairs.where(mine.in_place()).offset(0).subquery()
    return select(listed).where(listed.c.other.is_not(None)).subquery()


def group_by_keys(
    listed: Subquery, total: Value, keys: int, least: int = 1
) -> Subquery:
    """Of listed rows a total for each of their keys."""
    columns = [listed.c[f"k{place}"] for place in range(keys)]
    groups = select(*columns, total.sql.label("total")).group_by(*columns)
    if least > 1:
        groups = groups.having(func.count() >= least)
    return groups.subquery()


def match_keys(rows: RowsOf, groups: Subquery, keys: Sequence[Sequence[Value]]) -> Sql:
    """Whether a row has the keys of a group."""
    return and_(
        *(
            rows.place.words.compare("==", key.become(groups.c[f"k{place}"]), mine)
            for place, (key, mine) in enumerate(keys)
        )
    )
