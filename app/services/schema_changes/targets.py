"""What the forms will be once the files are applied: beside what they were, and kept
where the database has room for them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from app.services.schema_changes.applied import (
    Applied,
    find_preceding,
    find_taken,
    get_place,
    read_forms,
)
from form_schemas.allotment import allot, place
from form_schemas.catalogue import ARCHIVED, Catalogue, Edition
from form_schemas.lineage import Lineage, OriginKind, trace
from form_schemas.spec import FormSpec

Forms = tuple[FormSpec, ...]

#: A text that no row has: nobody can type it.
NEVER_STORED = "\x1e"


@dataclass(frozen=True, eq=False)
class EditionChange:
    """An edition as it will be, and what it was or follows."""

    #: collection and year
    edition: tuple[str, str]
    #: its own forms as they were applied; of a new edition those of the one before
    before: Forms
    #: where they will be kept
    after: Forms
    #: whose forms `before` are; None: nobody's, the edition is the first
    source: tuple[str, str] | None
    lineage: Lineage
    #: on the way back: how `before` followed from what is to be again
    forth: Lineage | None = None

    @property
    def is_revision(self) -> bool:
        """Whether rows of its own rounds follow; a new edition has none yet."""
        return self.source == self.edition

    @property
    def is_gone(self) -> bool:
        return not self.after

    def was_computed(self, code: str, field_id: str) -> bool:
        """On the way back: whether a field's value had come of an expression."""
        later = None if self.forth is None else self.forth.after.get(code)
        if self.forth is None or later is None:
            return False
        origin = self.forth.origin_of(later, field_id)
        return origin is not None and origin.kind is OriginKind.COMPUTED

    @cached_property
    def pairs(self) -> tuple[tuple[FormSpec, FormSpec], ...]:
        """What each form was, and what it will be."""
        return tuple(
            (former, form)
            for form in self.after
            for former in [self.lineage.form_before(form)]
            if former is not None
        )


@dataclass(frozen=True, eq=False)
class Target:
    """All editions as they will be."""

    catalogue: Catalogue
    #: those that differ from what was applied
    changes: tuple[EditionChange, ...]


def find_target(
    catalogue: Catalogue, applied: Applied, *, back: bool = False
) -> Target:
    """Compare the forms with what was applied, and find a place for each.

    Args:
        back: the forms are those of before: what leads from them to what was applied
            leads back.
    """
    placed: list[Edition] = []
    changes = []
    for edition in catalogue.editions:
        if edition.is_archived:
            placed.append(edition)
            continue
        change = _find_change(edition, applied, catalogue, back)
        if change is None:
            placed.append(replace(edition, forms=_place_all(edition.forms, applied)))
        else:
            changes.append(change)
            placed.append(replace(edition, forms=change.after))
    changes += _find_gone(catalogue, applied)
    known = {edition.name for edition in placed}
    placed += [
        edition
        for edition in _read_archived(catalogue, applied)
        if edition.name not in known
    ]
    # An edition as it was comes before the same one as it is.
    placed.sort(key=lambda edition: _order(edition))
    return Target(replace(catalogue, editions=tuple(placed)), tuple(changes))


def _read_archived(catalogue: Catalogue, applied: Applied) -> Iterator[Edition]:
    """Archived editions: their columns are there, and stay."""
    names = {one.edition for one in applied.values() if one.is_archived}
    for name in sorted(names):
        forms = read_forms(applied, name, catalogue.codelists)
        yield Edition(*name, {"title": name[0]}, forms)


def _find_change(
    edition: Edition, applied: Applied, catalogue: Catalogue, back: bool
) -> EditionChange | None:
    own = (edition.collection, edition.year)
    known = {
        one.name
        for one in applied.values()
        if one.edition == own and not one.is_retired
    }
    if known:
        broken = {one.full_name for one in catalogue.broken}
        names = {form.full_name for form in edition.forms}
        # A broken file is still there: `planning` tells of it.
        is_same = names | (broken & known) == known and all(
            applied[form.full_name].says(form) for form in edition.forms
        )
        if is_same:
            return None
    source = own if known else find_preceding(applied, own)
    before = () if source is None else read_forms(applied, source, catalogue.codelists)
    after, forth = edition.forms, None
    if back and known:
        forth = trace(after, before)
        after = lead_back(after, forth)
    lineage = trace(before, after)
    taken = find_taken(applied, after, lineage)
    after = allot(before, after, taken)
    return EditionChange(own, before, after, source, trace(before, after), forth)


def _find_gone(catalogue: Catalogue, applied: Applied) -> Iterator[EditionChange]:
    """Editions whose folder is gone."""
    present = {(edition.collection, edition.year) for edition in catalogue.editions}
    used = {
        one.edition
        for one in applied.values()
        if not one.is_retired and not one.is_archived
    }
    for edition in sorted(used - present):
        before = read_forms(applied, edition, catalogue.codelists)
        yield EditionChange(edition, before, (), edition, trace(before, ()))


def _order(edition: Edition) -> tuple[str, str, bool, int]:
    year, _, number = edition.year.partition(ARCHIVED)
    return edition.collection, year, not number, int(number or 0)


def _place_all(forms: Forms, applied: Applied) -> Forms:
    return tuple(place(form, get_place(applied[form.full_name])) for form in forms)


# The way back.


def lead_back(forms: Forms, forth: Lineage) -> Forms:
    """Forms of an earlier day, told what became of them: renames lead back."""
    return tuple(_lead_back(form, forth) for form in forms)


def _lead_back(form: FormSpec, forth: Lineage) -> FormSpec:
    since = forth.form_after(form)
    was = form.was
    if since is not None and since.code != form.code:
        was = (since.code, *was)
    fields = []
    for item in form.fields:
        became = [
            (code, name)
            for code, name in forth.fields_after(form, item.id)
            if not (since is not None and (code, name) == (since.code, item.id))
        ]
        names = tuple(
            name if since is not None and code == since.code else f"{code}.{name}"
            for code, name in became
        )
        told = tuple(n for n in item.was if n not in names)
        recode = _turn(forth, became or [(form.code, item.id)], form, item.id)
        fields.append(replace(item, was=(*names, *told), recode=recode, made_from=None))
    return replace(form, was=was, fields=tuple(fields))


def _turn(
    forth: Lineage, became: list[tuple[str, str]], form: FormSpec, field_id: str
) -> Mapping[str, str | None]:
    """What was recoded one to one can be recoded back.

    Where other values were stored since, the words are never empty: the field has its
    former column again, and not the one that holds those.
    """
    since = forth.form_after(form)
    places = [*became, *([(since.code, field_id)] if since is not None else [])]
    for code, name in places:
        later = forth.after.get(code)
        origin = None if later is None else forth.origin_of(later, name)
        if later is None or origin is None:
            continue
        is_computed = origin.kind is OriginKind.COMPUTED
        fewer = (later.by_id[name].places or 0) < (form.by_id[field_id].places or 0)
        if is_computed or origin.recode or fewer:
            turned = {new: old for old, new in origin.recode.items() if new is not None}
            return {**turned, NEVER_STORED: None}
    return {}
