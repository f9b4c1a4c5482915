"""Tells people that a form waits for them, came back, or is through.

Pages are named here by their paths: services know no routes.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, or_, select, true

from app.models import FILLING, Membership, NoticeKind, Role, User
from app.services.chain.cases import Case
from app.services.chain.steps import StepAt, find_granted
from app.services.notices import Message, send
from app.storage.records import Scope
from form_schemas.spec import FormSpec

_MEMBERS = Membership.__table__


def entry_link(form: FormSpec, scope: Scope) -> str:
    """Where a form is filled in."""
    return f"/forms/{form.collection}/{form.code}/?at={_at(scope)}"


def review_link(form: FormSpec, scope: Scope) -> str:
    """Where a form is reviewed."""
    return f"/reviews/{form.collection}/{form.code}/?at={_at(scope)}"


def whole_link(scope: Scope) -> str:
    """Where a unit's round is reviewed as a whole."""
    return f"/reviews/round?at={_at(scope)}"


def tell_reviewers(case: Case, step: StepAt, title: str, text: str = "") -> None:
    """Tell those who take a step that a form waits for them."""
    message = _message(case, NoticeKind.WAITING, title, text, is_review=True)
    people = find_reviewers(case.connection, step, case.lead_id)
    send(case.connection, message, people, case.actor.user_id)


def tell_lead(case: Case, kind: NoticeKind, title: str, text: str = "") -> None:
    """Tell the fillers of the department that leads the form, and who handed it in."""
    people = find_fillers(case.connection, case.scope.unit_id, case.lead_id)
    submitter = case.filing.submitted_by
    tell(case, kind, title, text, {*people, submitter} - {None})


def tell_supplier(
    case: Case, department_id: int, kind: NoticeKind, title: str, text: str = ""
) -> None:
    """Tell the fillers of a department that supplies rows."""
    people = find_fillers(case.connection, case.scope.unit_id, department_id)
    tell(case, kind, title, text, people)


def tell(
    case: Case, kind: NoticeKind, title: str, text: str, people: Iterable[int]
) -> None:
    """Tell certain people of a form."""
    message = _message(case, kind, title, text)
    send(case.connection, message, people, case.actor.user_id)


def find_reviewers(
    connection: Connection, step: StepAt, department_id: int | None = None
) -> tuple[int, ...]:
    """People who may take a step, of the department that leads or the whole unit."""
    people = _find_people(connection, step.unit_id, step.role, department_id)
    if step.role is not Role.AUTHORITY:
        return people
    return tuple(dict.fromkeys((*people, *find_granted(connection, step.unit_id))))


def find_fillers(
    connection: Connection, unit_id: int, department_id: int | None
) -> tuple[int, ...]:
    """Fillers of a department, or of the whole unit where it has none."""
    if department_id is not None:
        own = _MEMBERS.c.department_id == department_id
        found = _select_people(connection, unit_id, Role.FILLER, own)
        if found:
            return found
    return _find_people(connection, unit_id, Role.FILLER, None)


def find_people_of_unit(
    connection: Connection, unit_id: int, role: Role
) -> tuple[int, ...]:
    """People with a role in the unit, or in any of its departments."""
    return _select_people(connection, unit_id, role, true())


def find_people_of_round(connection: Connection, unit_id: int) -> tuple[int, ...]:
    """Who hands a unit's round in: in a unit without departments there is no office."""
    roles = (Role.QUALITY_OFFICE, Role.REPORTER)
    return tuple(
        dict.fromkeys(
            user_id
            for role in roles
            for user_id in find_people_of_unit(connection, unit_id, role)
        )
    )


def _find_people(
    connection: Connection, unit_id: int, role: Role, department_id: int | None
) -> tuple[int, ...]:
    department = _MEMBERS.c.department_id
    return _select_people(
        connection,
        unit_id,
        role,
        or_(department.is_(None), department == department_id),
    )


def _select_people(
    connection: Connection, unit_id: int, role: Role, wanted: ColumnElement[bool]
) -> tuple[int, ...]:
    found = connection.scalars(
        select(_MEMBERS.c.user_id)
        .distinct()
        .join(User.__table__, User.id == _MEMBERS.c.user_id)
        .where(
            _MEMBERS.c.unit_id == unit_id,
            _MEMBERS.c.role.in_(FILLING if role is Role.FILLER else (role,)),
            User.is_active,
            wanted,
        )
    )
    return tuple(found)


def _message(
    case: Case, kind: NoticeKind, title: str, text: str, *, is_review: bool = False
) -> Message:
    link = review_link if is_review else entry_link
    return Message(
        kind,
        title,
        text,
        link(case.form, case.scope),
        case.scope.unit_id,
        case.scope.round_id,
        case.form.code,
    )


def _at(scope: Scope) -> str:
    return f"{scope.unit_id}-{scope.round_id}"
