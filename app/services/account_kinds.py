"""The kinds of accounts that the editions in use declare, and what they are called."""

from dataclasses import dataclass

from sqlalchemy import Engine, select

from app.models import Role, UnitKind, User
from app.policy import Action
from app.services.accounts import normalise_username
from app.services.naming import fold
from app.storage.engine import begin_reading
from form_schemas.account_types import AccountType
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.settings import list_account_types


@dataclass(frozen=True)
class KnownType:
    """A kind of accounts, and the edition that declares it."""

    type: AccountType
    edition: Edition

    @property
    def id(self) -> str:
        return self.type.id

    @property
    def title(self) -> str:
        return self.type.title

    def roles_in(self, kind: UnitKind) -> tuple[Role, ...]:
        """The first one carries the rights beyond them."""
        found = self.type.find_in(kind)
        return () if found is None else tuple(map(Role, found.roles))

    def grants_in(self, kind: UnitKind) -> tuple[Action, ...]:
        """Rights that it has from the beginning in units of a kind."""
        found = self.type.find_in(kind)
        return () if found is None else tuple(map(Action, found.grants))

    def may_grant_in(self, kind: UnitKind) -> tuple[Action, ...]:
        """Rights that may be switched on in units of a kind."""
        found = self.type.find_in(kind)
        return () if found is None else tuple(map(Action, found.may_grant))


def list_types(catalogue: Catalogue) -> tuple[KnownType, ...]:
    """All kinds of accounts, each id once."""
    found: dict[str, KnownType] = {}
    for edition in catalogue.newest.values():
        for declared in list_account_types(edition.settings):
            found.setdefault(declared.id, KnownType(declared, edition))
    return tuple(found.values())


def find_type(catalogue: Catalogue, type_id: str) -> KnownType | None:
    return next((one for one in list_types(catalogue) if one.id == type_id), None)


def list_types_of(catalogue: Catalogue, kind: UnitKind) -> tuple[KnownType, ...]:
    """The accounts that a unit of this kind has."""
    return tuple(one for one in list_types(catalogue) if one.type.find_in(kind))


def list_kinds(catalogue: Catalogue) -> tuple[UnitKind, ...]:
    """The kinds of units that have such accounts, from the top down."""
    kinds = {unit.kind for one in list_types(catalogue) for unit in one.type.units}
    return tuple(kind for kind in UnitKind if kind in kinds)


def list_login_types(engine: Engine, catalogue: Catalogue) -> tuple[KnownType, ...]:
    """The kinds to choose from at login; none before anybody has such an account."""
    with begin_reading(engine) as connection:
        found = connection.scalar(
            select(User.id).where(User.account_type != "").limit(1)
        )
    return () if found is None else list_types(catalogue)


def normalise_login(username: str, account_type: str) -> str:
    """The user name as it is stored: blanks in a unit's name do not count."""
    return normalise_username(fold(username) if account_type else username)


def name_login(username: str, account_type: str) -> str:
    """One text for a login, known or not, by which its tries are counted."""
    name = normalise_login(username, account_type)
    return f"{account_type}/{name}" if account_type else name
