"""Carries stored values over to the columns of the forms as they will be.

Only rows of rounds that are not over are touched; former columns keep what they had.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from sqlalchemy import Connection

from app.services.schema_changes.applied import Applied, read_forms
from app.services.schema_changes.conversions import (
    Picked,
    find_computed,
    find_conversion,
    is_kept,
)
from app.services.schema_changes.returning import Returning
from app.services.schema_changes.rule_places import find_rule_place
from app.services.schema_changes.targets import EditionChange
from app.storage.stored_values import Places, store_of
from app.storage.transforming import (
    Fill,
    compute_values,
    convert_values,
    copy_values,
    find_scopes,
    follow_target,
    make_place,
    recode_texts,
    renew_keys,
    write_values,
)
from form_schemas.allotment import is_stored_alike
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.field_spec import FieldSpec
from form_schemas.lineage import Origin
from form_schemas.spec import FormSpec


@dataclass(frozen=True, eq=False)
class Filling:
    """What is filled when an edition changes."""

    connection: Connection
    catalogue: Catalogue
    change: EditionChange
    applied: Applied
    #: decimal places as the database has them
    places: Places
    round_ids: tuple[int, ...]

    def fill(self) -> None:
        """Fill all new columns: what is picked comes before what picks it."""
        # Before anything is written: it looks what was changed since.
        returned = list(self._returning.find())
        tasks = list(self._list_tasks())
        computed = [
            (task, list(self._compute(task, origin)))
            for task, origin in tasks
            if origin.expression is not None
        ]
        for task, pairs in computed:
            write_values(self.connection, task, pairs)
        rest = [one for one in tasks if one[1].expression is None]
        rest.sort(key=lambda one: self._depth(one[0].form, one[0].item))
        for task, origin in rest:
            self._carry(task, origin)
        for one in returned:
            task = Fill(one.form, one.item, one.form, None, self.places, self.round_ids)
            pairs = [(cell.row.row_id, cell.value) for cell in one.changed]
            write_values(self.connection, task, pairs)

    def renew_keys(self) -> dict[FormSpec, dict[int, tuple[str, str]]]:
        """Write keys anew where a form's key reads otherwise; gives what changed."""
        found = {}
        for former, form in self.change.pairs:
            if form.is_derived or not self._has_other_key(former, form):
                continue
            # By now no column has fewer places than its field.
            stored = store_of(form, self.places, self.round_ids)
            found[form] = renew_keys(self.connection, stored, form)
        return found

    def _has_other_key(self, former: FormSpec, form: FormSpec) -> bool:
        names = (*form.key, *filter(None, [form.title_field]))
        then = (*former.key, *filter(None, [former.title_field]))
        origins = [self.change.lineage.origin_of(form, name) for name in names]
        kept = [
            origin is not None and is_kept(form, form.by_id[name], origin)
            for name, origin in zip(names, origins, strict=True)
        ]
        same = [o.field.id for o in origins if o is not None and o.field is not None]
        return not all(kept) or same != list(then)

    # What is to be done.

    def _list_tasks(self) -> Iterator[tuple[Fill, Origin]]:
        for form in self.change.after:
            if form.is_derived:
                continue
            for item in form.fields:
                origin = self.change.lineage.origin_of(form, item.id)
                if origin is None or is_kept(form, item, origin):
                    continue
                yield self._make_fill(form, item, origin), origin

    def _make_fill(self, form: FormSpec, item: FieldSpec, origin: Origin) -> Fill:
        return Fill(form, item, origin.form, origin.field, self.places, self.round_ids)

    def _fill_of(self, picked: Picked) -> Fill:
        return Fill(
            picked.form,
            picked.item,
            picked.former,
            picked.earlier,
            self.places,
            self.round_ids,
        )

    def _depth(self, form: FormSpec, item: FieldSpec) -> int:
        """How many references lead on from a field."""
        depth, seen = 0, {(form.code, item.id)}
        while item.reference is not None:
            target = self.change.lineage.after.get(item.reference.table)
            if target is None or item.reference.field not in target.by_id:
                break
            form, item = target, target.by_id[item.reference.field]
            if (form.code, item.id) in seen:
                break
            seen.add((form.code, item.id))
            depth += 1
        return depth

    def _carry(self, task: Fill, origin: Origin) -> None:
        again = self._is_used_again(task)
        if again and self._was_computed(task):
            # It holds what others were computed from; `returning` sees to the rest.
            return
        lineage, lists = self.change.lineage, self.catalogue.codelists
        picked = find_computed(task.item, origin, lineage)
        if picked is not None:
            follow_target(self.connection, task, self._fill_of(picked))
            return
        assert task.source is not None
        is_alike = is_stored_alike(task.source, task.item)
        is_text = not task.item.is_list and task.item.traits.json_type == "string"
        convert = find_conversion(task.item, origin, lineage, lists)
        is_copy = convert.is_copy and task.is_in_place and not again
        if is_copy and is_alike:
            copy_values(self.connection, task)
        elif origin.recode and is_alike and is_text and task.is_in_place and not again:
            recode_texts(self.connection, task, origin.recode)
        else:
            forth = self._find_forth(task) if again else None
            convert_values(self.connection, task, lambda v: convert(v).value, forth)

    # Ways back.

    def _is_used_again(self, task: Fill) -> bool:
        known = self.applied.get(task.form.full_name)
        if known is None:
            known = self.applied.get(task.source_form.full_name)
        return (
            known is not None and task.item.column_name in known.declaration["retired"]
        )

    def _was_computed(self, task: Fill) -> bool:
        if task.source is None:
            return False
        return self.change.was_computed(task.source_form.code, task.source.id)

    def _find_forth(self, task: Fill):
        """What led from this field to the one that it follows now."""
        forth = self.change.forth
        if forth is None or task.source is None:
            return None
        later = forth.after.get(task.source_form.code)
        origin = None if later is None else forth.origin_of(later, task.source.id)
        if origin is None or origin.field is None or origin.field.id != task.item.id:
            return None
        convert = find_conversion(task.source, origin, forth, self.catalogue.codelists)
        return lambda value: convert(value).value

    @property
    def _returning(self) -> Returning:
        return Returning(
            self.connection,
            self.catalogue,
            self.change,
            self.applied,
            self.places,
            self.round_ids,
        )

    # Computed values.

    def _compute(self, task: Fill, origin: Origin) -> Iterator[tuple[int, object]]:
        assert origin.expression is not None
        before, edition = self._before
        for scope in find_scopes(self.connection, origin.form, self.round_ids):
            place = find_rule_place(self.connection, origin.form, scope)
            at = make_place(self.connection, before, edition, place)
            yield from compute_values(self.connection, task, origin.expression, at)

    @cached_property
    def _before(self) -> tuple[Catalogue, Edition]:
        return make_catalogue_before(self.catalogue, self.change, self.applied)


def make_catalogue_before(
    catalogue: Catalogue, change: EditionChange, applied: Applied
) -> tuple[Catalogue, Edition]:
    """The edition as it was applied, with its archives: how its tables are read."""
    collection = change.edition[0]
    names = sorted(
        {
            one.edition
            for one in applied.values()
            if one.edition[0] == collection and not one.is_retired
        }
    )
    editions = []
    for name in names:
        forms = (
            change.before
            if name == change.source
            else read_forms(applied, name, catalogue.codelists)
        )
        editions.append(Edition(*name, {"title": ""}, forms))
    [edition] = [e for e in editions if (e.collection, e.year) == change.source]
    return replace(catalogue, editions=tuple(editions)), edition
