"""Where rows are generated, and who does it: pages and commands make one alike."""

from dataclasses import dataclass, replace

from sqlalchemy import Engine

from app.errors import Forbidden
from app.policy import Action
from app.services.derived_forms import refresh_forms
from app.services.desks import Desk
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue
from form_schemas.derivation_order import find_forms_read
from form_schemas.derivations import Derivation
from form_schemas.spec import FormSpec


@dataclass(frozen=True, eq=False)
class GenerationOrder:
    """A form whose rows are generated in a unit's round by somebody."""

    engine: Engine
    catalogue: Catalogue
    form: FormSpec
    #: new rows are of its department, and only its rows may go
    scope: Scope
    actor_id: int

    @property
    def unit(self) -> Scope:
        """All departments: what one has is not generated for another."""
        return replace(self.scope, department_id=None)

    @property
    def derivation(self) -> Derivation:
        assert self.form.generate is not None
        return self.form.generate

    @property
    def source(self) -> FormSpec:
        edition = self.catalogue.edition_of(self.form)
        return edition.get(self.derivation.source)

    @property
    def told(self) -> tuple[str, ...]:
        """The parts of the key that a generation gives; people type the others."""
        generated = self.find_generated()
        return tuple(name for name in self.form.key if name in generated)

    def refresh(self) -> None:
        """Bring up to date what is computed in the forms that decide on the rows."""
        forms = self.catalogue.edition_of(self.form).by_code
        read = find_forms_read(self.derivation, forms)
        known = [forms[code] for code in sorted(read & forms.keys())]
        refresh_forms(self.engine, self.catalogue, known, self.unit)

    def find_generated(self) -> frozenset[str]:
        """The fields that a generation gives."""
        expanded = {one.column for one in self.derivation.expansions}
        return frozenset(expanded | self.derivation.columns.keys())


def order_of(desk: Desk) -> GenerationOrder:
    """What the person at a desk would order.

    Raises:
        Forbidden: this person enters no rows here, whatever the time.
    """
    if not desk.place.can(Action.ENTER_ROWS, desk.form):
        raise Forbidden("您可以查看，不能录入。")
    return GenerationOrder(
        desk.engine,
        desk.catalogue,
        desk.form,
        desk.scope(Action.ENTER_ROWS),
        desk.place.actor.user_id,
    )
