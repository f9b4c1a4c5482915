"""What the page of a plan shows: operations by risk and form, and whom they concern."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from app.services.schema_changes.operations import (
    KIND_WORDS,
    RISK_WORDS,
    Operation,
    Plan,
    Risk,
)
from app.services.schema_plans import Planned
from form_schemas.catalogue import Catalogue

#: The worst first: it needs somebody's decision.
_ORDER = (Risk.LOSSY, Risk.NEEDS_MAPPING, Risk.SAFE)
_LOOKS: Mapping[Risk, str] = {
    Risk.LOSSY: "error",
    Risk.NEEDS_MAPPING: "warn",
    Risk.SAFE: "pass",
}
_ADVICE: Mapping[Risk, str] = {
    Risk.LOSSY: "在文件里写明去处，或者逐项勾选并写明理由",
    Risk.NEEDS_MAPPING: "在文件里写明旧值怎样变成新值，或者逐项勾选并写明理由",
    Risk.SAFE: "已有的值都在，或者照文件里写的换算",
}
#: So many safe operations are shown at once; more are folded away.
_SHOWN_AT_ONCE = 40


@dataclass(frozen=True)
class OperationLine:
    """One operation, and what the person said to it."""

    operation: Operation
    word: str
    #: label of the field; empty: the form as a whole
    label: str
    is_accepted: bool
    reason: str

    @property
    def needs_consent(self) -> bool:
        return not self.operation.is_safe


@dataclass(frozen=True)
class FormLines:
    """The operations of one form."""

    name: str
    code: str
    title: str
    lines: tuple[OperationLine, ...]


@dataclass(frozen=True)
class Section:
    """All operations of one risk."""

    risk: Risk
    word: str
    look: str
    advice: str
    forms: tuple[FormLines, ...]
    total: int

    @property
    def is_folded(self) -> bool:
        return self.risk is Risk.SAFE and self.total > _SHOWN_AT_ONCE


@dataclass(frozen=True)
class Said:
    """What a person typed beside a plan."""

    #: ids of operations that were ticked
    accepted: frozenset[str] = frozenset()
    #: id of an operation -> why
    reasons: Mapping[str, str] = field(default_factory=dict)
    #: of the publication as a whole
    reason: str = ""

    def to_accept(self) -> dict[str, str]:
        """Operation -> why its risk is taken: those ticked that have a reason."""
        return {
            name: self.reasons[name] for name in self.accepted if self.reasons.get(name)
        }


NOTHING_SAID = Said()


@dataclass(frozen=True)
class PlanPage:
    """All the page places."""

    title: str
    #: what is planned for, in words
    source: str
    url: str
    #: where it is mended
    url_back: str
    planned: Planned
    sections: tuple[Section, ...]
    said: Said
    #: why nothing was done
    problem: str
    made_at: datetime
    #: edition -> what it would bring the departments
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        return self.planned.plan

    @property
    def undecided(self) -> tuple[OperationLine, ...]:
        """Operations that nobody agreed to yet."""
        return tuple(
            line
            for section in self.sections
            for form in section.forms
            for line in form.lines
            if line.needs_consent and not (line.is_accepted and line.reason)
        )

    @property
    def is_blocked(self) -> bool:
        """Whether files have to be mended first."""
        planned = self.planned
        return bool(planned.plan.refused or planned.faults or planned.obstacle)

    @property
    def forms(self) -> int:
        return len(self.plan.form_names)

    @property
    def rows(self) -> int:
        """Rows concerned: of a form that has several operations the most of them."""
        most: dict[str, int] = {}
        for one in self.plan.operations:
            most[one.form_name] = max(most.get(one.form_name, 0), one.touched.rows)
        return sum(most.values())

    def count(self, risk: str) -> int:
        return self.plan.count(Risk(risk))


def make_plan_page(
    planned: Planned,
    *,
    title: str,
    source: str,
    url: str,
    url_back: str,
    said: Said = NOTHING_SAID,
    problem: str = "",
    url_of_note: Callable[[str], str] | None = None,
) -> PlanPage:
    """Gather the page of a plan.

    Args:
        problem: why nothing was done.
        url_of_note: where an edition's changes are told in words.
    """
    named = {name.rpartition("/")[0] for name in planned.plan.form_names}
    editions = [e.name for e in planned.catalogue.editions if e.name in named]
    notes = {} if url_of_note is None else {one: url_of_note(one) for one in editions}
    sections = view_sections(planned.plan.operations, planned.catalogue, said)
    return PlanPage(
        title,
        source,
        url,
        url_back,
        planned,
        tuple(sections),
        said,
        problem,
        datetime.now().astimezone(),
        notes,
    )


def view_sections(
    operations: Iterable[Operation],
    catalogue: Catalogue,
    said: Said = NOTHING_SAID,
) -> Iterator[Section]:
    """Operations by risk, the worst first, and by form."""
    operations = tuple(operations)
    for risk in _ORDER:
        own = sorted(
            (one for one in operations if one.risk is risk),
            key=lambda one: one.form_name,
        )
        if own:
            forms = tuple(
                _view_form(name, found, catalogue, said)
                for name, found in groupby(own, key=lambda one: one.form_name)
            )
            yield Section(
                risk, RISK_WORDS[risk], _LOOKS[risk], _ADVICE[risk], forms, len(own)
            )


def _view_form(
    name: str, operations: Iterable[Operation], catalogue: Catalogue, said: Said
) -> FormLines:
    form = catalogue.find(name)
    return FormLines(
        name,
        name.rsplit("/", 1)[-1],
        "" if form is None else form.title,
        tuple(
            OperationLine(
                one,
                KIND_WORDS[one.kind],
                _label_of(form, one.field_id),
                one.id in said.accepted,
                said.reasons.get(one.id, ""),
            )
            for one in operations
        ),
    )


def _label_of(form, field_id: str) -> str:
    item = None if form is None else form.by_id.get(field_id)
    return "" if item is None else item.label
