"""The cells that checks found something in, page by page, as people read them.

Of each rule the first cells are kept (`findings.KEPT_CELLS`); counts are in
`check_reports`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, and_, false, func, or_, select

from app.models import CheckFinding, Confirmation, User
from app.services.check_reports import Seen
from app.services.row_names import name_row
from app.storage.engine import begin_reading
from app.storage.records import Scope
from form_schemas.kinds import FILE_KINDS
from form_schemas.rule_spec import Level
from form_schemas.spec import FormSpec
from validators.check import waiting_rules
from validators.messages import describe_problem
from validators.report import Code, Problem

_FINDING = CheckFinding.__table__
_CONFIRMATION = Confirmation.__table__
_USER = User.__table__


@dataclass(frozen=True)
class Choice:
    """Which findings to list."""

    form_code: str = ""
    kind: str = ""
    field_id: str = ""
    level: str = ""
    row_id: int | None = None
    #: full name of a form -> its fields and kinds of problems; None: all of them
    touched: Mapping[str, tuple[Collection[str], Collection[str]]] | None = None


@dataclass(frozen=True)
class FindingView:
    """One place where something is wrong, as people read it."""

    form: FormSpec
    #: `Problem.kind`
    kind: str
    row_id: int | None
    #: the row's key, personal data masked
    row_name: str
    field_id: str
    level: Level
    sentence: str
    #: why the warning may pass, and who says so
    reason_code: str = ""
    reason_text: str = ""
    explained_by: str = ""
    #: whose row it is
    department_id: int | None = None

    @property
    def label(self) -> str:
        spec = self.form.by_id.get(self.field_id)
        return "" if spec is None else spec.label

    @property
    def is_explained(self) -> bool:
        return bool(self.explained_by)


def list_findings(
    engine: Engine,
    scope: Scope,
    seen: Seen,
    choice: Choice | None = None,
    page: int = 1,
    size: int = 50,
    *,
    skip: int | None = None,
) -> tuple[tuple[FindingView, ...], int]:
    """One page of findings, errors first, and how many there are in all.

    Args:
        skip: how many to pass over, where they do not make whole pages.
    """
    wanted = _matching(scope, seen, choice or Choice())
    start = (max(page, 1) - 1) * size if skip is None else skip
    with begin_reading(engine) as connection:
        total = connection.scalar(
            select(func.count()).select_from(_FINDING).where(wanted)
        )
        records = connection.execute(
            _select_findings(wanted).limit(size).offset(start)
        ).all()
    return tuple(_view_all(records, seen)), total or 0


def iterate_findings(
    engine: Engine, scope: Scope, seen: Seen, choice: Choice | None = None
) -> Iterator[FindingView]:
    """All findings that are kept."""
    wanted = _matching(scope, seen, choice or Choice())
    with begin_reading(engine) as connection:
        found = connection.execute(
            _select_findings(wanted), execution_options={"yield_per": 1000}
        )
        yield from _view_all(found, seen)


def find_in_row(
    engine: Engine, scope: Scope, seen: Seen, form: FormSpec, row_id: int
) -> tuple[FindingView, ...]:
    """What the last check found in a row that pages do not judge as one types."""
    found, _ = list_findings(engine, scope, seen, Choice(form.code, row_id=row_id))
    checked_only = {f"rule:{rule.id}" for rule in waiting_rules(form)}
    files = {spec.id for spec in form.fields if spec.value_kind in FILE_KINDS}
    return tuple(
        one
        for one in found
        if one.kind in checked_only
        or (one.kind == Code.REQUIRED and one.field_id in files)
    )


def _matching(scope: Scope, seen: Seen, choice: Choice) -> ColumnElement[bool]:
    forms = {
        form: department
        for form, department in seen.items()
        if choice.form_code in ("", form.code)
    }
    whole = [form.full_name for form, own in forms.items() if own is None]
    parts = [_FINDING.c.form_name.in_(whole)]
    for form, own in forms.items():
        if own is not None:
            mine = or_(_FINDING.c.department_id == own, _FINDING.c.row_id.is_(None))
            parts.append(and_(_FINDING.c.form_name == form.full_name, mine))
    wanted = [
        _FINDING.c.unit_id == scope.unit_id,
        _FINDING.c.round_id == scope.round_id,
        or_(*parts),
    ]
    for column, value in (
        (_FINDING.c.kind, choice.kind),
        (_FINDING.c.field_id, choice.field_id),
        (_FINDING.c.level, choice.level),
        (_FINDING.c.row_id, choice.row_id),
    ):
        if value:
            wanted.append(column == value)
    if choice.touched is not None:
        wanted.append(or_(false(), *map(_holds, choice.touched.items())))
    return and_(*wanted)


def _holds(
    touched: tuple[str, tuple[Collection[str], Collection[str]]],
) -> ColumnElement[bool]:
    name, (fields, kinds) = touched
    at = or_(_FINDING.c.field_id.in_(fields), _FINDING.c.kind.in_(kinds))
    return and_(_FINDING.c.form_name == name, at)


def _select_findings(wanted: ColumnElement[bool]):
    explained = _FINDING.outerjoin(
        _CONFIRMATION, _CONFIRMATION.c.id == _FINDING.c.confirmation_id
    ).outerjoin(_USER, _USER.c.id == _CONFIRMATION.c.actor_id)
    return (
        select(
            _FINDING,
            _CONFIRMATION.c.reason_code,
            _CONFIRMATION.c.reason_text,
            _USER.c.name.label("by"),
        )
        .select_from(explained)
        .where(wanted)
        # "error" comes before "warning".
        .order_by(_FINDING.c.level, _FINDING.c.id)
    )


def _view_all(records: Iterable, seen: Seen) -> Iterator[FindingView]:
    by_name = {form.full_name: form for form in seen}
    for record in records:
        yield _view(by_name[record.form_name], record)


def _view(form: FormSpec, record) -> FindingView:
    level = Level(record.level)
    code = Code.RULE if record.kind.startswith("rule:") else Code(record.kind)
    problem = Problem(None, record.field_id or None, code, level, record.details)
    return FindingView(
        form,
        record.kind,
        record.row_id,
        name_row(form, record.row_key),
        record.field_id,
        level,
        describe_problem(form, problem),
        record.reason_code or "",
        record.reason_text or "",
        record.by or "",
        record.department_id,
    )
