"""Whether SQL can say a derivation: asked of schema files, without any database.

The language says more than SQL does of rows joined and grouped. What is beyond it would
fail on the page, for the first person who opens the form.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from app.storage.derivation_queries import DerivationQuery
from app.storage.expression_rows import Moment, NotInSqlError, SqlPlace, Words
from app.storage.postgres_words import PostgresWords
from app.storage.records import Scope
from app.storage.sqlite_words import SqliteWords
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.derivations import Derivation
from form_schemas.spec import FormSpec

#: A place below `x-derive` or `x-generate`.
At = tuple[str | int, ...]

_DATABASES: Sequence[Words] = (SqliteWords(), PostgresWords())
#: Any day: no part can be said on one day and not on another.
_DAY = date(2024, 9, 1)


def find_unsayable(
    catalogue: Catalogue, form: FormSpec, derivation: Derivation
) -> tuple[At, str] | None:
    """The first part of a derivation that a database cannot answer, and why."""
    for words in _DATABASES:
        place = _make_place(catalogue, catalogue.edition_of(form), words)
        query = DerivationQuery(place, form, derivation)
        if _find_reason(query) is None:
            continue
        for at, part in _list_parts(derivation):
            reason = _find_reason(replace(query, derivation=part))
            if reason is not None:
                return at, reason
        raise AssertionError("the last part is the whole")
    return None


def _make_place(catalogue: Catalogue, edition: Edition, words: Words) -> SqlPlace:
    now, last = (Moment(Scope(1, number), edition) for number in (2, 1))
    return SqlPlace(catalogue, words, now, last, _DAY, _DAY, _DAY)


def _find_reason(query: DerivationQuery) -> str | None:
    try:
        query.select_rows()
        query.select_total()
    except NotInSqlError as error:
        return str(error)
    return None


def _list_parts(whole: Derivation) -> Iterator[tuple[At, Derivation]]:
    """A derivation that grows part by part, and where the new part stands."""
    grown = replace(
        whole,
        joins=(),
        expansions=(),
        conditions=(),
        columns={},
        group_by=(),
        total_row=None,
    )
    for place, join in enumerate(whole.joins):
        grown = replace(grown, joins=(*grown.joins, join))
        yield ("join", place), grown
    for one in whole.expansions:
        grown = replace(grown, expansions=(*grown.expansions, one))
        yield ("expand", one.column), grown
    for place, condition in enumerate(whole.conditions):
        grown = replace(grown, conditions=(*grown.conditions, condition))
        # One without words is written as it is.
        yield ("where", place) if condition.message else ("where",), grown
    given = {n: one for n, one in whole.columns.items() if n in whole.group_by}
    grown = replace(grown, columns=given, group_by=whole.group_by)
    if whole.group_by:
        yield ("groupBy",), grown
    for name, expression in whole.columns.items():
        grown = replace(grown, columns={**grown.columns, name: expression})
        yield ("columns", name), grown
    for name, expression in (whole.total_row or {}).items():
        grown = replace(grown, total_row={**(grown.total_row or {}), name: expression})
        yield ("totalRow", name), grown
