"""Making units of an area, each with the accounts of its kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import Refused
from app.models import AuditAction, Membership, Unit, User
from app.permissions import Actor, require
from app.policy import Action
from app.services.account_kinds import KnownType, list_types_of, normalise_login
from app.services.areas.entries import (
    PHONE_DIGITS,
    JudgedUnit,
    NewPerson,
    NewUnit,
    judge_unit,
    read_phone,
)
from app.services.areas.reach import get_in_area
from app.services.memberships import can_import
from app.services.organisation import prepare_departments
from app.services.passwords import hash_one_time_password, make_one_time_password
from app.services.recording import id_of, record_account
from app.services.rounds.joining import join_open_round
from app.services.units import insert_unit, lock_tree, record_unit, update_unit
from app.storage.engine import begin_reading
from form_schemas.catalogue import Catalogue


@dataclass(frozen=True)
class Initial:
    """A first password, which the first login replaces."""

    password: str
    digest: str
    #: the end of a phone number, which nobody has to be told
    is_phone: bool


@dataclass(frozen=True)
class MadeAccount:
    """An account just made; its password is told once."""

    unit: str
    title: str
    username: str
    name: str
    password: str
    is_phone: bool


def make_initials(
    types: Sequence[KnownType], people: Mapping[str, NewPerson], *, takes_phones: bool
) -> dict[str, Initial]:
    """First passwords of a unit's accounts by their kind, hashed.

    Made before any transaction: writers wait for writers.
    """
    found = {}
    for known in types:
        phone = read_phone(people.get(known.id, NewPerson()).phone)
        is_phone = takes_phones and bool(phone)
        password = phone[-PHONE_DIGITS:] if is_phone else make_one_time_password()
        digest = hash_one_time_password(password)
        found[known.id] = Initial(password, digest, is_phone)
    return found


def create_unit(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor,
    new: NewUnit,
    *,
    takes_phones: bool = False,
) -> tuple[int, tuple[MadeAccount, ...]]:
    """Create a unit with its accounts; returns its id, and the first passwords.

    Raises:
        Forbidden: the parent is not in the actor's area.
        Refused: something else is wrong with it.
    """
    require(actor, Action.MANAGE_AREA)
    types = list_types_of(catalogue, new.kind)
    initials = make_initials(types, new.people, takes_phones=takes_phones)
    try:
        with Session(engine) as session, session.begin():
            lock_tree(session.connection())
            judged = judge_unit(
                session.connection(), catalogue, actor, new, takes_phones=takes_phones
            )
            judged.require()
            return write_unit(session, judged, initials, actor)
    except IntegrityError as error:
        raise Refused("这个单位刚刚由别人建好了，请刷新页面看一看。") from error


def write_unit(
    session: Session, judged: JudgedUnit, initials: Mapping[str, Initial], actor: Actor
) -> tuple[int, tuple[MadeAccount, ...]]:
    """Write a unit that has been judged, under the lock of the tree."""
    new, connection = judged.new, session.connection()
    editions = {one.edition.collection: one.edition for one in judged.types}
    code = new.code.strip()
    # Until its id is known: every unit has a code of its own.
    unit_id = insert_unit(
        connection,
        code or f"new-{normalise_login(new.name, 'unit')}"[:40],
        new.name.strip(),
        new.kind,
        judged.parent,
        [*editions],
    )
    if not code:
        update_unit(connection, unit_id, code=f"{new.kind.value}-{unit_id}")
    for edition in editions.values():
        prepare_departments(connection, edition, unit_id)
    record_unit(connection, actor, unit_id, {"added": new.kind.value})
    unit = session.get_one(Unit, unit_id)
    made = add_accounts(session, unit, judged.types, new.people, initials, actor)
    # Whoever comes while the others report need not wait for another opening.
    for edition in editions.values():
        join_open_round(connection, actor, edition, unit_id)
    return unit_id, made


def add_accounts(
    session: Session,
    unit: Unit,
    types: Sequence[KnownType],
    people: Mapping[str, NewPerson],
    initials: Mapping[str, Initial],
    actor: Actor,
) -> tuple[MadeAccount, ...]:
    """Give a unit accounts of these kinds."""
    made = []
    for known in types:
        person, initial = people.get(known.id, NewPerson()), initials[known.id]
        user = _build_user(unit, known, person, initial)
        session.add(user)
        session.flush()
        held = [f"{m.role.value}@{unit.name}" for m in user.memberships]
        record_account(
            session.connection(),
            AuditAction.ACCOUNT_CREATED,
            user.id,
            id_of(actor),
            {"memberships": held},
        )
        told = (unit.name, known.title, user.username, user.name)
        made.append(MadeAccount(*told, initial.password, initial.is_phone))
    return tuple(made)


def complete_accounts(
    engine: Engine, catalogue: Catalogue, actor: Actor, unit_id: int
) -> tuple[MadeAccount, ...]:
    """Give a unit of the area the accounts of its kind that it has not."""
    with begin_reading(engine) as connection:
        kind = get_in_area(connection, actor, unit_id).kind
    types = list_types_of(catalogue, kind)
    initials = make_initials(types, {}, takes_phones=False)
    try:
        with Session(engine) as session, session.begin():
            connection = session.connection()
            lock_tree(connection)
            get_in_area(connection, actor, unit_id)
            unit = session.get_one(Unit, unit_id)
            have = {
                user.account_type
                for user in session.query(User).where(
                    User.memberships.any(unit_id=unit_id)
                )
            }
            lacking = [one for one in types if one.id not in have]
            return add_accounts(session, unit, lacking, {}, initials, actor)
    except IntegrityError as error:
        message = "有别的单位用着这个名称的账号，请先给本单位改名。"
        raise Refused(message) from error


def _build_user(
    unit: Unit, known: KnownType, person: NewPerson, initial: Initial
) -> User:
    roles, grants = known.roles_in(unit.kind), known.grants_in(unit.kind)
    return User(
        username=normalise_login(unit.name, known.id),
        account_type=known.id,
        name=person.name.strip() or known.title,
        email=person.email.strip() or None,
        password_hash=initial.digest,
        must_change_password=True,
        memberships=[
            Membership(
                role=role,
                unit=unit,
                may_import=can_import(role),
                granted=[] if at else [grant.value for grant in grants],
            )
            for at, role in enumerate(roles)
        ],
    )
