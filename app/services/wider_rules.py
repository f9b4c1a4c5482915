"""Judges one stored row by the rules that look beyond it.

While one types, and as a row is saved, rules of the row and of the rows it refers to
run; the others cost questions over whole forms. A row's own page asks them of that one
row, so that its warnings can be explained where they stand; a whole form is judged by
`checking`.
"""

from sqlalchemy import Connection

from app.services.desks import CheckedRow, Desk
from app.services.round_checks import RoundCheck, TableProblem
from app.storage.confirmations import (
    Confirmed,
    find_confirmed,
    find_confirmed_of_table,
    keep_holding,
    mark_of,
)
from app.storage.engine import begin_reading
from app.storage.records import Scope, StoredRow
from app.storage.rule_queries import is_table_rule
from validators.check import waiting_rules


def judge_wider(desk: Desk, stored: StoredRow) -> CheckedRow:
    """What those rules find in the row, and which of it is explained."""
    if not waiting_rules(desk.form):
        return CheckedRow(stored, ())
    with begin_reading(desk.engine) as connection:
        return judge_wider_within(connection, desk, stored)


def judge_table(
    connection: Connection, desk: Desk
) -> tuple[tuple[TableProblem, Confirmed | None], ...]:
    """What the rules over the whole form find, with the explanations that hold."""
    if not any(is_table_rule(desk.form, rule) for rule in waiting_rules(desk.form)):
        return ()
    scope = Scope(desk.place.unit_id, desk.place.round_id)
    found = RoundCheck(connection, desk.catalogue, scope).judge_table(desk.form)
    explained = find_confirmed_of_table(connection, desk.form, scope) if found else {}
    return tuple(
        (one, keep_holding(explained, one.totals).get(mark_of(one.problem)))
        for one in found
    )


def judge_wider_within(
    connection: Connection, desk: Desk, stored: StoredRow
) -> CheckedRow:
    """As `judge_wider`, in a transaction of the caller's."""
    scope = Scope(desk.place.unit_id, desk.place.round_id)
    check = RoundCheck(connection, desk.catalogue, scope)
    problems = check.judge_row(desk.form, stored)
    if not problems:
        return CheckedRow(stored, ())
    confirmed = find_confirmed(connection, desk.form, scope, [stored])
    return CheckedRow(stored, problems, confirmed.get(stored.id, {}))
