"""What differs between two editions of a collection, in words for people.

What a form or field was before, `lineage` knows; here it is only compared. Archived
editions (2024@1) are compared like any.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from form_schemas.catalogue import Edition
from form_schemas.differences import DifferenceKind, FormDifference, Side
from form_schemas.field_diff import Told, compare_fields, describe_field
from form_schemas.field_spec import FieldSpec
from form_schemas.form_diff import (
    compare_forms,
    compare_layout,
    compare_order,
    compare_rules,
)
from form_schemas.lineage import Lineage, Origin, OriginKind, trace
from form_schemas.settings_diff import compare_settings
from form_schemas.spec import FormSpec


def compare_editions(before: Edition, after: Edition) -> tuple[FormDifference, ...]:
    """Give all differences: of the edition as a whole, then form by form."""
    comparison = _Comparison(before, after, trace(before.forms, after.forms))
    return (
        *compare_settings(before, after),
        *comparison.iterate_forms(),
        *comparison.iterate_gone(),
    )


@dataclass(frozen=True, eq=False)
class _Comparison:
    before: Edition
    after: Edition
    lineage: Lineage

    def iterate_forms(self) -> Iterator[FormDifference]:
        for form in self.after.forms:
            former = self.lineage.form_before(form)
            if former is None:
                yield self._tell_added(form)
                yield from self._compare_moved(form)
            else:
                yield from self._compare(former, form)

    def iterate_gone(self) -> Iterator[FormDifference]:
        for form in self.before.forms:
            if self.lineage.form_after(form) is None:
                heirs = {new.code: new for new, _ in self._list_heirs(form)}
                named = "、".join(f"{one.code} {one.title}" for one in heirs.values())
                whither = f"，部分字段移到 {named}" if heirs else ""
                sentence = (
                    f"不再填“{form.title}”（{len(form.fields)} 个字段）{whither}。"
                )
                told = Told(DifferenceKind.FORM_REMOVED, form.title, "", sentence)
                yield _locate(told, form, None)

    @cached_property
    def successors(self) -> Mapping[tuple[str, str], list[tuple[FormSpec, FieldSpec]]]:
        """Code and id of an earlier field -> the fields that have its values."""
        found: dict[tuple[str, str], list[tuple[FormSpec, FieldSpec]]] = {}
        for form in self.after.forms:
            for item in form.fields:
                origin = self.lineage.origin_of(form, item.id)
                if origin is None:
                    continue
                for name in _list_read(origin):
                    found.setdefault((origin.form.code, name), []).append((form, item))
        return found

    def _list_heirs(self, form: FormSpec) -> list[tuple[FormSpec, FieldSpec]]:
        keys = ((form.code, item.id) for item in form.fields)
        return [heir for key in keys for heir in self.successors.get(key, ())]

    # A form that is new.

    def _tell_added(self, form: FormSpec) -> FormDifference:
        sentence = f"新表“{form.title}”，{len(form.fields)} 个字段。"
        told = Told(DifferenceKind.FORM_ADDED, "", form.title, sentence)
        return _locate(told, form, None)

    def _compare_moved(self, form: FormSpec) -> Iterator[FormDifference]:
        """Of a new form its fields are new as well, but for those that came along."""
        for item in form.fields:
            origin = self.lineage.origin_of(form, item.id)
            if origin is not None:
                for told in self._compare_field(form, item, origin):
                    yield _locate(told, form, None, item)

    # A form that was there.

    def _compare(self, former: FormSpec, form: FormSpec) -> Iterator[FormDifference]:
        old, new = Side(former, self.before.by_code), Side(form, self.after.by_code)
        for told in compare_forms(old, new):
            yield _locate(told, form, former)
        for item in form.fields:
            for told in self._compare_field(form, item, self._find(form, item)):
                yield _locate(told, form, former, item)
        yield from self._iterate_removed(former, form)
        renamed = dict(self._pair_fields(former, form))
        for told in compare_layout(old, new, renamed):
            yield _locate(told, form, former)
        for name, told in compare_order(old, new, renamed):
            yield _locate(told, form, former, form.by_id[name])
        for name, told in compare_rules(old, new, renamed):
            yield _locate(told, form, former, form.by_id.get(name))

    def _find(self, form: FormSpec, item: FieldSpec) -> Origin | None:
        return self.lineage.origin_of(form, item.id)

    def _pair_fields(
        self, former: FormSpec, form: FormSpec
    ) -> Iterator[tuple[str, str]]:
        """Earlier id and id of the fields that are still there."""
        for item in form.fields:
            origin = self._find(form, item)
            if origin is None or origin.form is not former:
                continue
            if origin.field is not None:
                yield origin.field.id, item.id
            elif item.id in former.by_id:
                # Its values are computed anew: in another unit, for example.
                yield item.id, item.id

    def _compare_field(
        self, form: FormSpec, item: FieldSpec, origin: Origin | None
    ) -> Iterator[Told]:
        new = Side(form, self.after.by_code)
        if origin is None:
            said = describe_field(new, item)
            sentence = f"新字段“{item.label}”：{said}。"
            yield Told(DifferenceKind.FIELD_ADDED, "", said, sentence)
            return
        old = Side(origin.form, self.before.by_code)
        yield from _tell_way(old, item, origin)
        earlier = origin.field or origin.form.by_id.get(item.id)
        if earlier is not None:
            yield from compare_fields(old, earlier, new, item, origin.recode)

    def _iterate_removed(
        self, former: FormSpec, form: FormSpec
    ) -> Iterator[FormDifference]:
        for item in former.fields:
            heirs = self.successors.get((former.code, item.id), [])
            if any(heir.id == item.id and new is form for new, heir in heirs):
                continue
            abroad = [(new, heir) for new, heir in heirs if new is not form]
            if not heirs:
                sentence = f"不再填“{item.label}”，以前的值保留。"
                told = Told(DifferenceKind.FIELD_REMOVED, item.label, "", sentence)
                yield _locate(told, form, former, item)
            elif abroad:
                place, heir = abroad[0]
                named = f"{place.code} {place.title}"
                sentence = f"“{item.label}”移到表 {named} 的“{heir.label}”。"
                told = Told(DifferenceKind.FIELD_MOVED, item.label, named, sentence)
                yield _locate(told, form, former, item)
            elif not self._has_heir(former, item, form):
                named = "、".join(f"“{heir.label}”" for _, heir in heirs)
                sentence = f"不再填“{item.label}”，以前的值用来算出{named}。"
                told = Told(DifferenceKind.FIELD_REMOVED, item.label, "", sentence)
                yield _locate(told, form, former, item)

    def _has_heir(self, former: FormSpec, item: FieldSpec, form: FormSpec) -> bool:
        """Whether a field of the form is the very field under another id."""
        return item.id in dict(self._pair_fields(former, form))


def _tell_way(old: Side, item: FieldSpec, origin: Origin) -> Iterator[Told]:
    """Where a field's values come from, if not from the same field."""
    if origin.kind is OriginKind.RENAMED and origin.field is not None:
        before = origin.field.id
        sentence = f"“{item.label}”的 id 由“{before}”改为“{item.id}”，数据不变。"
        yield Told(DifferenceKind.FIELD_RENAMED, before, item.id, sentence)
    elif origin.kind is OriginKind.MOVED and origin.field is not None:
        before = f"{origin.form.code} {origin.form.title}"
        sentence = f"“{item.label}”由表 {before} 的“{origin.field.label}”移来。"
        yield Told(DifferenceKind.FIELD_MOVED, before, item.label, sentence)
    elif origin.kind is OriginKind.COMPUTED:
        before = old.say_value(origin.expression)
        sentence = f"“{item.label}”以前的值由“{before}”算出。"
        yield Told(DifferenceKind.FIELD_MADE, before, item.label, sentence)


def _list_read(origin: Origin) -> tuple[str, ...]:
    """Ids of the earlier fields that give the value."""
    if origin.field is not None:
        return (origin.field.id,)
    return () if origin.expression is None else tuple(origin.expression.fields)


def _locate(
    told: Told, form: FormSpec, former: FormSpec | None, item: FieldSpec | None = None
) -> FormDifference:
    """Say where it differs, and whom it concerns."""
    earlier = () if former is None else former.departments
    return FormDifference(
        told.kind,
        told.before,
        told.after,
        told.sentence,
        code=form.code,
        title=form.title,
        departments=tuple(dict.fromkeys((*form.departments, *earlier))),
        field_id="" if item is None else item.id,
        label="" if item is None else item.label,
    )
