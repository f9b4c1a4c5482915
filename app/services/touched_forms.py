"""What publications changed of forms, as far as people have to enter or mend for it.

Of each form the fields and rules that differ since one publication, by their names in
the forms in use, so that findings of checks can be told from those of old.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Engine

from app.services.former_editions import recall_steps
from app.services.publications import Publication
from app.services.schema_changes.applied import load_applied
from app.services.schema_changes.declaring import (
    Declaration,
    is_stored_so,
    list_retired,
)
from app.storage.engine import begin_reading
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.differences import DifferenceKind, FormDifference
from form_schemas.edition_diff import compare_editions
from form_schemas.field_spec import FieldSpec
from form_schemas.lineage import Lineage, trace
from form_schemas.rule_spec import RuleSpec
from form_schemas.spec import FormSpec

#: After these a stored value may be wrong, or one may be missing.
_TOUCHING = frozenset(
    {
        DifferenceKind.FIELD_ADDED,
        DifferenceKind.FIELD_MOVED,
        DifferenceKind.FIELD_MADE,
        DifferenceKind.FIELD_REQUIRED,
        DifferenceKind.FIELD_OPTIONS,
        DifferenceKind.FIELD_UNIT,
        DifferenceKind.FIELD_KIND,
        DifferenceKind.FIELD_BOUNDS,
        DifferenceKind.FIELD_VISIBLE,
        DifferenceKind.FIELD_GIVEN,
        DifferenceKind.FIELD_REFERENCE,
        DifferenceKind.FIELD_FILES,
    }
)
_RULES = frozenset({DifferenceKind.RULE_ADDED, DifferenceKind.RULE_CHANGED})


@dataclass(frozen=True, eq=False)
class LeftField:
    """A field whose values could not all come along from its former column."""

    item: FieldSpec
    #: as it was, in the column that it had
    former: FieldSpec
    #: values that the file says become none
    dropped: frozenset[str]


@dataclass(frozen=True, eq=False)
class TouchedForm:
    """A form in use, and what differs in it since a publication."""

    form: FormSpec
    #: ids of fields, in their order
    fields: tuple[str, ...]
    #: `Problem.kind` of rules that are new or changed
    kinds: tuple[str, ...]
    left: tuple[LeftField, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.form.by_id[name].label for name in self.fields)

    @property
    def words(self) -> str:
        """What differs, in short."""
        return "、".join(self.labels) or ("规则" if self.kinds else "名称和说明")

    def holds(self, kind: str, field_id: str) -> bool:
        """Whether a sort of findings comes of what differs."""
        return field_id in self.fields or kind in self.kinds


def find_touched(
    engine: Engine, catalogue: Catalogue, publication: Publication
) -> tuple[TouchedForm, ...]:
    """The forms in use that differ from what they were before a publication.

    What later publications changed of the same forms counts as well: it has to be
    mended by the forms in use.
    """
    known = {edition.name: edition for edition in catalogue.editions}
    with begin_reading(engine) as connection:
        applied = load_applied(connection)
    declared = {name: one.declaration for name, one in applied.items()}
    return tuple(
        touched
        for name in publication.editions
        if name in known
        for touched in _compare(engine, catalogue, publication, known[name], declared)
    )


def _compare(
    engine: Engine,
    catalogue: Catalogue,
    publication: Publication,
    now: Edition,
    declared: Mapping[str, Declaration],
) -> Iterator[TouchedForm]:
    steps = recall_steps(engine, catalogue, now.name, since=publication.id)
    before = steps[0].before
    # A new edition has no rows of its own yet.
    if not before.forms:
        return
    changed = {name.removesuffix(".json") for name in publication.files}
    lineage = trace(before.forms, now.forms)
    differences = compare_editions(before, now)
    for form in now.forms:
        former = lineage.form_before(form)
        names = {one.full_name for one in (form, former) if one is not None}
        own = [one for one in differences if one.code == form.code]
        if form.is_derived or not names & changed or not own:
            continue
        declaration = declared.get(form.full_name)
        yield TouchedForm(
            form,
            tuple(_find_fields(form, own)),
            tuple(_find_rules(form, former, own)),
            tuple(_find_left(form, lineage, declaration) if declaration else ()),
        )


def _find_fields(form: FormSpec, own: list[FormDifference]) -> Iterator[str]:
    kinds = {one.kind for one in own}
    found = {one.field_id for one in own if one.kind in _TOUCHING}
    if DifferenceKind.FORM_ADDED in kinds:
        found = set(form.by_id)
    if DifferenceKind.FORM_KEY in kinds:
        found |= set(form.key)
    yield from (item.id for item in form.fields if item.id in found)


def _find_rules(
    form: FormSpec, former: FormSpec | None, own: list[FormDifference]
) -> Iterator[str]:
    told = {one.field_id for one in own if one.kind in _RULES}
    before = {} if former is None else {rule.id: _say(rule) for rule in former.rules}
    for rule in form.rules:
        at = rule.fields[0] if rule.fields else ""
        if before.get(rule.id) != _say(rule) and at in told:
            yield f"rule:{rule.id}"


def _say(rule: RuleSpec) -> tuple[object, ...]:
    parts = (rule.check, rule.when)
    return (rule.level, *(None if part is None else part.text for part in parts))


def _find_left(
    form: FormSpec, lineage: Lineage, declaration: Declaration
) -> Iterator[LeftField]:
    """Fields that have a new column, where the former one can still be read."""
    retired = list_retired(declaration)
    for item in form.fields:
        origin = lineage.origin_of(form, item.id)
        if origin is None or origin.field is None or item.is_given:
            continue
        if origin.form is not lineage.form_before(form):
            continue
        columns = [
            column
            for column, told in retired.items()
            if told.get("id", column) == origin.field.id
            and column != item.column_name
            and is_stored_so(origin.field, told)
        ]
        if columns:
            former = replace(origin.field, column=columns[-1])
            dropped = {old for old, new in origin.recode.items() if new is None}
            yield LeftField(item, former, frozenset(dropped))
