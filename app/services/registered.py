"""Whether a unit has accounts already: asked without a login, answered yes or no."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from app.errors import BadRequest, TooManyRequests
from app.models import Membership, Unit, UnitKind, User
from app.services.account_kinds import list_kinds, list_types_of, normalise_login
from app.services.naming import fold
from app.services.tries import Allowance, network_of, say_wait, take_try
from app.storage.engine import begin_reading
from form_schemas.catalogue import Catalogue

#: Of one address in an hour: enough for whoever looks for some units.
_LOOKS = Allowance(20)


@dataclass(frozen=True)
class Province:
    id: int
    name: str


def list_provinces(engine: Engine) -> tuple[Province, ...]:
    """The provinces to choose from."""
    provinces = (
        select(Unit.id, Unit.name)
        .where(Unit.kind == UnitKind.PROVINCE, Unit.is_active)
        .order_by(Unit.code)
    )
    with begin_reading(engine) as connection:
        return tuple(Province(*row) for row in connection.execute(provinces))


def is_registered(
    engine: Engine,
    catalogue: Catalogue,
    name: str,
    kind: UnitKind,
    province_id: int | None,
    address: str,
    now: datetime | None = None,
) -> bool:
    """Whether there is such a unit with accounts of its own.

    Args:
        province_id: None: wherever it is.

    Raises:
        BadRequest: no name, or no such kind of units.
        TooManyRequests: the address asked too often.
    """
    if not fold(name):
        raise BadRequest("请填单位名称。")
    if kind not in list_kinds(catalogue):
        raise BadRequest("没有这种单位，请刷新页面再选。")
    what = f"registered at {network_of(address)}"
    wait = take_try(engine, what, _LOOKS, now).wait
    if wait:
        raise TooManyRequests(f"查得太多了，请 {say_wait(wait)}后再查。")
    ids = [one.id for one in list_types_of(catalogue, kind)]
    found = (
        select(User.id)
        .join(Membership, Membership.user_id == User.id)
        .join(Unit, Unit.id == Membership.unit_id)
        .where(
            User.username == normalise_login(name, ids[0]),
            User.account_type.in_(ids),
            Unit.kind == kind,
        )
    )
    with begin_reading(engine) as connection:
        if province_id is not None:
            path = connection.scalar(
                select(Unit.path).where(
                    Unit.id == province_id, Unit.kind == UnitKind.PROVINCE
                )
            )
            found = found.where(Unit.path.startswith(path or "none"))
        return connection.scalar(found.limit(1)) is not None
