"""Which forms the steps of a chain of work follow, as the edition's files say it."""

from collections.abc import Iterable

from app.services.preconditions import list_needs
from app.services.workplaces import Workplace
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from form_schemas.work_chains import WorkChain, WorkStep

#: Forms of which one with rows is enough.
Group = tuple[FormSpec, ...]


class StepNeeds:
    """Which forms each form of a chain follows; of each group one is enough."""

    def __init__(
        self, catalogue: Catalogue, place: Workplace, chain: WorkChain
    ) -> None:
        self.catalogue, self._place, self.chain = catalogue, place, chain

    def of_step(self, step: WorkStep) -> tuple[Group, ...]:
        """What is typed in the steps before: what is computed follows by itself."""
        codes = [c for name in step.needs for c in self.chain.get_step(name).forms]
        return tuple((form,) for form in self.pick(codes) if not form.is_derived)

    def of_form(self, step: WorkStep, form: FormSpec) -> tuple[Group, ...]:
        """What the form needs beside its step."""
        before = self.pick(step.forms[: step.forms.index(form.code)])
        required = [field for field in form.fields if field.required]
        picked = (self.catalogue.targets(form, field) for field in required)
        within = (group for group in picked if {*group} & {*before})
        return (*list_needs(self.catalogue, form), *within)

    def list_all(self) -> tuple[FormSpec, ...]:
        found: dict[str, FormSpec] = {}
        for step in self.chain.steps:
            groups = list(self.of_step(step))
            for form in self.pick(step.forms):
                groups += [(form,), *self.of_form(step, form)]
            found |= {one.code: one for group in groups for one in group}
        return tuple(found.values())

    def pick(self, codes: Iterable[str]) -> tuple[FormSpec, ...]:
        by_code = self._place.edition.by_code
        return tuple(by_code[code] for code in codes if code in by_code)
