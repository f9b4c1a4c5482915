"""Kinds of accounts that units have by what they are (`accountTypes`).

Everybody else's account is a person's own. A typed account is named as its unit; the
type, chosen at login, tells the accounts of one unit apart. What the roles and rights
mean is known to whoever judges them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TypeInUnit:
    """What a type's account is in units of one kind."""

    #: kind of the unit
    kind: str
    #: the first one carries what is switched on
    roles: tuple[str, ...]
    #: rights beyond the roles' that it has from the beginning
    grants: tuple[str, ...] = ()
    #: rights that the authority above may switch on
    may_grant: tuple[str, ...] = ()


@dataclass(frozen=True)
class AccountType:
    """A kind of accounts."""

    id: str
    title: str
    units: tuple[TypeInUnit, ...]
    #: whether every login answers a captcha, not only one after failures
    always_captcha: bool = False
    #: whether questions may replace a forgotten password
    has_questions: bool = False

    def find_in(self, kind: str) -> TypeInUnit | None:
        """What it is in units of this kind; None where they have no such account."""
        return next((one for one in self.units if one.kind == kind), None)


def read_account_types(
    declared: Sequence[Mapping[str, Any]],
) -> tuple[AccountType, ...]:
    """The types of `collection.json`, in their order."""
    return tuple(
        AccountType(
            one["id"],
            one["title"],
            tuple(
                TypeInUnit(
                    unit["kind"],
                    tuple(unit["roles"]),
                    tuple(unit.get("grants", ())),
                    tuple(unit.get("mayGrant", ())),
                )
                for unit in one["units"]
            ),
            one.get("captcha", "") == "always",
            one.get("questions", False),
        )
        for one in declared
    )


def find_faulty_types(
    declared: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[str, str]]:
    """What is wrong with types of the right shape, each with its place."""
    ids: set[str] = set()
    titles: set[str] = set()
    for at, one in enumerate(read_account_types(declared)):
        place = f"/accountTypes/{at}"
        if one.id in ids:
            yield f"{place}/id", f"“{one.id}”出现了两次，请改成不同的词。"
        if one.title in titles:
            yield f"{place}/title", f"“{one.title}”出现了两次，登录时分不清，请改名。"
        ids.add(one.id)
        titles.add(one.title)
        yield from _find_faulty_units(one, place)


def _find_faulty_units(one: AccountType, place: str) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for at, unit in enumerate(one.units):
        where = f"{place}/units/{at}"
        if unit.kind in seen:
            message = f"“{unit.kind}”出现了两次：一种单位在一个类型里只有一个账号。"
            yield f"{where}/kind", f"{message}请合在一起，或另加一个类型。"
        seen.add(unit.kind)
        for right in {*unit.grants} & {*unit.may_grant}:
            message = f"“{right}”已经写在 grants 里，不用再打开，请删去一处。"
            yield f"{where}/mayGrant", message
