"""Which departments supply a form in a unit's round, and which of them leads.

The form's file says it, in the names of a usual school; a unit's departments answer to
their names and aliases. What the school changed for a form takes the place of the file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, select

from app.models import Assignment, Department
from form_schemas.spec import FormSpec

# Every page asks them: to build them takes longer than to ask.
_DEPARTMENTS = (
    select(Department.id, Department.name, Department.aliases)
    .where(Department.unit_id == bindparam("unit_id"), Department.is_active)
    .order_by(Department.position, Department.id)
)
_OWN = (
    select(
        Assignment.form_code,
        Assignment.department_id,
        Department.name,
        Assignment.scope,
    )
    .join(Department, Department.id == Assignment.department_id)
    .where(
        Assignment.unit_id == bindparam("unit_id"),
        Assignment.round_id == bindparam("round_id"),
    )
    .order_by(Assignment.form_code, Assignment.position)
)


@dataclass(frozen=True)
class Supplier:
    """A department that supplies rows of a form."""

    #: None: the unit has no department of this name
    department_id: int | None
    name: str
    #: which rows, in words
    scope: str = ""


@dataclass(frozen=True, eq=False)
class Assignments:
    """The suppliers of all forms in one unit's round."""

    #: name or alias -> the department's id and name
    departments: Mapping[str, tuple[int, str]]
    #: form code -> suppliers, where the school changed them
    changed: Mapping[str, tuple[Supplier, ...]]
    # A page asks several times of each form.
    _found: dict[FormSpec, tuple[Supplier, ...]] = field(
        default_factory=dict, init=False, repr=False
    )

    def suppliers(self, form: FormSpec) -> tuple[Supplier, ...]:
        """The departments that supply a form; the first one leads."""
        if form not in self._found:
            self._found[form] = self._find_suppliers(form)
        return self._found[form]

    def _find_suppliers(self, form: FormSpec) -> tuple[Supplier, ...]:
        own = self.changed.get(form.code)
        if own is not None:
            return own
        named = (self._find(form, name) for name in form.departments)
        # Two names may be one department here.
        return tuple({supplier.name: supplier for supplier in named}.values())

    def lead(self, form: FormSpec) -> Supplier | None:
        return next(iter(self.suppliers(form)), None)

    def names(self, form: FormSpec) -> tuple[str, ...]:
        return tuple(supplier.name for supplier in self.suppliers(form))

    def ids(self, form: FormSpec) -> tuple[int, ...]:
        found = (supplier.department_id for supplier in self.suppliers(form))
        return tuple(one for one in found if one is not None)

    def _find(self, form: FormSpec, name: str) -> Supplier:
        department_id, own_name = self.departments.get(name, (None, name))
        return Supplier(department_id, own_name, form.department_scope.get(name, ""))


def load_assignments(
    connection: Connection, unit_id: int, round_id: int
) -> Assignments:
    """What a unit's round assigns to whom."""
    found = connection.execute(_DEPARTMENTS, {"unit_id": unit_id}).all()
    changed: dict[str, tuple[Supplier, ...]] = {}
    own = connection.execute(_OWN, {"unit_id": unit_id, "round_id": round_id})
    for code, department_id, name, scope in own:
        supplier = Supplier(department_id, name, scope)
        changed[code] = (*changed.get(code, ()), supplier)
    return Assignments(_by_name(found), changed)


def _by_name(departments: Iterable) -> dict[str, tuple[int, str]]:
    """Names go before the aliases of others."""
    found: dict[str, tuple[int, str]] = {}
    for one in departments:
        for alias in one.aliases:
            found.setdefault(alias, (one.id, one.name))
    return found | {one.name: (one.id, one.name) for one in departments}
