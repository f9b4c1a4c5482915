"""The rules of a unit's round at one moment, judged form by form.

Rows are judged in blocks as an import judges them, complete with their files; rules
that look beyond their row run as SQL. A rule whose tables are not filled yet waits, and
says for what. `checking` writes down what is found.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial

from sqlalchemy import Connection, Row, select

from app.errors import NotFound, Refused
from app.models import Filing, Round, RuleState
from app.models.base import now_utc
from app.models.rounds import read_period
from app.services.findings import FormFindings, RowName, RuleOutcome
from app.storage.binding import bind
from app.storage.columns import TableLookup, find_cells, has_rows, iterate_blocks
from app.storage.confirmations import (
    Confirmed,
    Mark,
    find_confirmed_in_table,
    keep_holding,
    mark_of,
)
from app.storage.expressions import NotInSqlError
from app.storage.records import Scope, StoredRow
from app.storage.rule_queries import (
    RulePlace,
    compares_totals,
    find_broken_rows,
    find_previous_scope,
    is_broken_once,
    is_table_rule,
    read_totals,
    tables_read,
)
from app.storage.unit_facts import find_unit_facts
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.rule_spec import RuleSpec
from form_schemas.scopes import Reach
from form_schemas.spec import FormSpec
from validators.check import Context, SeenKeys, Stage, check_columns, waiting_rules
from validators.conversion import ConvertedColumns, display
from validators.report import Code, Finding, Problem, quote

_ROWS_AT_ONCE = 5000

#: Explanations that hold, by row id; under None those of the table.
Explained = Mapping[int | None, Mapping[Mark, Confirmed]]


Asked = tuple[Connection, Catalogue, FormSpec, RuleSpec, RulePlace]


@dataclass(frozen=True)
class TableProblem:
    """What is wrong with a form as a whole."""

    problem: Problem
    #: what its rule compares
    totals: tuple[str, ...]


class RoundCheck:
    """A unit's round at one moment, form by form."""

    def __init__(
        self, connection: Connection, catalogue: Catalogue, scope: Scope
    ) -> None:
        self.connection = connection
        self.catalogue = catalogue
        self.scope = scope
        table = Round.__table__
        self.round = connection.execute(
            select(table).where(table.c.id == scope.round_id)
        ).one_or_none()
        self.edition = _get_edition(catalogue, self.round, scope.round_id)
        self.today = now_utc().astimezone().date()
        self.empty = _find_declared_empty(connection, scope)
        self._filled: dict[tuple[Scope, str], bool] = {}
        # One for all forms: many of them refer to the same columns of the same form.
        self._lookup = TableLookup(
            connection, catalogue, next(iter(self.edition.forms)), scope
        )

    @cached_property
    def previous(self) -> Scope | None:
        """The unit's last round; None where it filed nothing then."""
        return find_previous_scope(self.connection, self.catalogue, self.scope)

    def check_form(self, form: FormSpec) -> FormFindings:
        found = FormFindings(form, is_filled=self._is_filled(form.code))
        explained = find_confirmed_in_table(
            self.connection, bind(self.catalogue, form), self.scope
        )
        self._check_rows(form, found, explained)
        for rule in waiting_rules(form):
            found.note(rule, self._judge(form, rule, found, explained))
        return found

    def judge_row(self, form: FormSpec, row: StoredRow) -> tuple[Problem, ...]:
        """What the rules that look beyond their row find in one of the form's rows."""
        return tuple(
            self._describe(
                form, rule, {name: row.row.get(name) for name in rule.fields}
            )
            for rule in waiting_rules(form)
            if not is_table_rule(form, rule) and self._is_broken_by(form, rule, row.id)
        )

    def judge_table(self, form: FormSpec) -> tuple[TableProblem, ...]:
        """What the rules over the whole form find."""
        return tuple(
            TableProblem(self._describe(form, rule, {}), self._read_totals(form, rule))
            for rule in waiting_rules(form)
            if is_table_rule(form, rule) and self._is_table_broken(form, rule)
        )

    def _is_table_broken(self, form: FormSpec, rule: RuleSpec) -> bool:
        if not self._can_judge(form, rule):
            return False
        try:
            return is_broken_once(*self._ask(form, rule))
        except NotInSqlError:
            return False

    def _read_totals(self, form: FormSpec, rule: RuleSpec) -> tuple[str, ...]:
        return read_totals(*self._ask(form, rule))

    def place_of(self, form: FormSpec) -> RulePlace:
        """Whose rows an expression of the form reads, and when."""
        return RulePlace(self.scope, self.previous, self.today, *self._period(form))

    def _can_judge(self, form: FormSpec, rule: RuleSpec) -> bool:
        """Whether all that a rule compares is there."""
        if self._find_unfilled(form, rule):
            return False
        return not _compares_rounds(rule) or self._has_previous(form, rule)

    def _ask(self, form: FormSpec, rule: RuleSpec) -> Asked:
        return self.connection, self.catalogue, form, rule, self.place_of(form)

    def _is_broken_by(self, form: FormSpec, rule: RuleSpec, row_id: int) -> bool:
        if not self._can_judge(form, rule):
            return False
        try:
            return bool(find_broken_rows(*self._ask(form, rule), row_ids=[row_id]))
        except NotInSqlError:
            return False

    def _check_rows(
        self, form: FormSpec, found: FormFindings, explained: Explained
    ) -> None:
        first, last = self._period(form)
        context = Context(
            first,
            last,
            self.today,
            self._lookup,
            self.catalogue.codelists,
            find_unit_facts(self.connection, self.scope.unit_id),
        )
        seen = SeenKeys(form)
        blocks = iterate_blocks(
            self.connection,
            self.catalogue,
            form,
            self.scope,
            _fields_stored(form),
            _ROWS_AT_ONCE,
        )
        for block in blocks:
            converted = ConvertedColumns(block.ids, dict(block.columns))
            checked = check_columns(form, converted, context, Stage.SUBMIT, seen=seen)
            found.rows += len(block.ids)
            for at, problems in checked.found.items():
                row_id = block.ids[at]
                name = RowName(row_id, block.keys[at], block.department_ids[at])
                found.add(name, problems, _explainer(explained, row_id))

    def _judge(
        self, form: FormSpec, rule: RuleSpec, found: FormFindings, explained: Explained
    ) -> RuleOutcome:
        """Judge a rule that looks beyond its row."""
        waits_for = self._find_unfilled(form, rule)
        if waits_for:
            return RuleOutcome(RuleState.WAITING, waits_for)
        if _compares_rounds(rule) and not self._has_previous(form, rule):
            return RuleOutcome(RuleState.NOT_APPLICABLE)
        try:
            is_broken = self._find_broken(form, rule, found, explained)
        except NotInSqlError:
            return RuleOutcome(RuleState.NOT_RUN)
        return RuleOutcome(RuleState.BROKEN if is_broken else RuleState.KEPT)

    def _find_broken(
        self, form: FormSpec, rule: RuleSpec, found: FormFindings, explained: Explained
    ) -> bool:
        ask = self._ask(form, rule)
        if is_table_rule(form, rule):
            is_broken = is_broken_once(*ask)
            if is_broken:
                problem = self._describe(form, rule, {})
                holding = keep_holding(explained.get(None, {}), read_totals(*ask))
                found.add(RowName(), (problem,), partial(_find_explanation, holding))
            return is_broken
        broken = find_broken_rows(*ask)
        cells = find_cells(
            self.connection, self.catalogue, form, self.scope, broken, rule.fields
        )
        for row in cells:
            problem = self._describe(form, rule, row.cells)
            name = RowName(row.id, row.key, row.department_id)
            found.add(name, (problem,), _explainer(explained, row.id))
        return bool(broken)

    def _describe(
        self, form: FormSpec, rule: RuleSpec, cells: Mapping[str, object]
    ) -> Problem:
        values = {
            name: quote(display(form.by_id[name], value, self.catalogue.codelists))
            for name, value in cells.items()
        }
        details = {"rule": rule.id, "values": values}
        return Finding(Code.RULE, details, rule.level).at(None, rule.fields[0])

    def _find_unfilled(self, form: FormSpec, rule: RuleSpec) -> tuple[str, ...]:
        """The forms without which the rule would say nothing true."""
        codes = dict.fromkeys((form.code, *sorted(tables_read(form, rule))))
        by_code = self.edition.by_code
        return tuple(
            by_code[code].full_name
            for code in codes
            if code in by_code and not self._is_filled(code)
        )

    def _is_filled(self, code: str) -> bool:
        """Whether a form has rows, or the unit has declared that there are none."""
        if code in self.empty:
            return True
        return self._has_rows(self.edition.by_code[code], self.scope)

    def _has_previous(self, form: FormSpec, rule: RuleSpec) -> bool:
        """Whether the last round holds what the rule compares with."""
        if self.previous is None:
            return False
        return compares_totals(rule) or self._has_rows(form, self.previous)

    def _has_rows(self, form: FormSpec, scope: Scope) -> bool:
        asked = (scope, form.code)
        if asked not in self._filled:
            self._filled[asked] = has_rows(self.connection, self.catalogue, form, scope)
        return self._filled[asked]

    def _period(self, form: FormSpec) -> tuple[date, date]:
        return read_period(self.round.periods, form.period)


def get_edition_of_round(
    connection: Connection, catalogue: Catalogue, round_id: int
) -> Edition:
    """The edition of a round; refused where there is none."""
    found = connection.execute(
        select(Round.collection, Round.edition).where(Round.id == round_id)
    ).one_or_none()
    return _get_edition(catalogue, found, round_id)


def _get_edition(catalogue: Catalogue, found: Row | None, round_id: int) -> Edition:
    if found is None:
        raise NotFound(f"没有编号为 {round_id} 的填报轮次。")
    try:
        return catalogue.edition(found.collection, found.edition)
    except LookupError as error:
        raise Refused(
            f"这一轮用的是 {found.collection}/{found.edition} 版报表，"
            "这一版的表格文件已经不在，不能检查。"
        ) from error


def _find_declared_empty(connection: Connection, scope: Scope) -> frozenset[str]:
    """Codes of the forms for which the unit has nothing to report."""
    table = Filing.__table__
    return frozenset(
        connection.scalars(
            select(table.c.form_code).where(
                table.c.unit_id == scope.unit_id,
                table.c.round_id == scope.round_id,
                table.c.is_empty,
            )
        )
    )


def _fields_stored(form: FormSpec) -> tuple[str, ...]:
    """What is read of each row: all that evaluating it does not give."""
    return tuple(spec.id for spec in (*form.typed_fields, *form.wider_fields))


def _compares_rounds(rule: RuleSpec) -> bool:
    parts = (rule.check, rule.when)
    return any(part is not None and part.reach is Reach.PREVIOUS for part in parts)


def _explainer(
    explained: Explained, row_id: int | None
) -> Callable[[Problem], int | None]:
    return partial(_find_explanation, explained.get(row_id, {}))


def _find_explanation(marks: Mapping[Mark, Confirmed], problem: Problem) -> int | None:
    found = marks.get(mark_of(problem))
    return None if found is None else found.id
