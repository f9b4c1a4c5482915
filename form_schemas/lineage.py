"""What forms and fields were before: in an earlier edition, or in its files until now.

The one place that reads `was` of a form and `x-was`, `x-recode`, `x-from` of a field.
Nothing is guessed: what none of these words leads back to is new.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from form_schemas.expressions import (
    Column,
    Expression,
    ExpressionError,
    Tables,
    parse_expression,
)
from form_schemas.faults import point
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec

Forms = tuple[FormSpec, ...]


class OriginKind(StrEnum):
    """How a field's value is found in what was before."""

    SAME = "same"
    RENAMED = "renamed"
    #: it stood in another form, in the row of the same key
    MOVED = "moved"
    #: computed from the row as it was
    COMPUTED = "computed"


@dataclass(frozen=True, eq=False)
class Origin:
    """Where a field's value stood before, and what has to be done to it."""

    kind: OriginKind
    #: the form before that holds the value, or the row it is computed from
    form: FormSpec
    #: None where it is computed
    field: FieldSpec | None
    #: former value -> value since; None: it has none
    recode: Mapping[str, str | None]
    expression: Expression | None = None


@dataclass(frozen=True)
class LineageFault:
    """A word about earlier forms or fields that leads nowhere."""

    form: FormSpec
    #: JSON pointer
    pointer: str
    message: str


#: Each holds the forms of two editions, which plans make anew each time.
@lru_cache(maxsize=24)
def trace(before: Forms, after: Forms) -> "Lineage":
    """How the forms of an edition follow from those of another, or from its former.

    Args:
        before: all forms of the edition as it was.
        after: all forms of the edition as it is.
    """
    return Lineage(before, after)


class Lineage:
    """Forms after, each with the one that it was before."""

    def __init__(self, before: Forms, after: Forms) -> None:
        self.before = {form.code: form for form in before}
        self.after = {form.code: form for form in after}
        self._faults: list[LineageFault] = []
        self._tables: Tables = list_columns(before)
        self._former = dict(self._pair_forms())
        self._later = {old.code: self.after[new] for new, old in self._former.items()}
        self._origins = {
            form.code: dict(self._trace_fields(form)) for form in self.after.values()
        }
        self._check_shared()
        self._check_circles()

    @property
    def faults(self) -> Sequence[LineageFault]:
        """What leads nowhere, or where two things claim the same one."""
        return self._faults

    def form_before(self, form: FormSpec) -> FormSpec | None:
        """What a form was; None: it is new."""
        return self._former.get(form.code)

    def form_after(self, form: FormSpec) -> FormSpec | None:
        """What became of an earlier form; None: it is gone."""
        return self._later.get(form.code)

    def origin_of(self, form: FormSpec, field_id: str) -> Origin | None:
        """Where the value of a field of a form stood; None: it is new."""
        return self._origins[form.code].get(field_id)

    def fields_after(self, form: FormSpec, field_id: str) -> list[tuple[str, str]]:
        """Code and id of the fields that a field of an earlier form became."""
        return [
            (code, name)
            for code, origins in self._origins.items()
            for name, origin in origins.items()
            if origin.form is form
            and origin.field is not None
            and origin.field.id == field_id
        ]

    # Forms.

    def _pair_forms(self) -> Iterator[tuple[str, FormSpec]]:
        claimed: dict[str, str] = {}
        for form in self.after.values():
            code = self._find_earlier_code(form)
            if code is None:
                continue
            if code in claimed:
                message = (
                    f"表 {claimed[code]} 也写明以前是 {code}，一张表只能变成一张。"
                    "请只留一处，另一张用字段的 x-was 写“表号.字段”。"
                )
                self._complain(form, point("x-form", "was"), message)
                continue
            claimed[code] = form.code
            yield form.code, self.before[code]
        for form in self.after.values():
            is_known = form.code in self.before and form.code not in claimed
            if is_known and self._find_earlier_code(form) is None:
                yield form.code, self.before[form.code]

    def _find_earlier_code(self, form: FormSpec) -> str | None:
        """The earlier code that is told; none where the form had its code before."""
        told = next((code for code in form.was if code in self.before), None)
        if told is None:
            return None
        # Told long ago: what has its code already did not get it now.
        is_old = form.code in self.before and form.was == self.before[form.code].was
        return None if is_old else told

    # Fields.

    def _trace_fields(self, form: FormSpec) -> Iterator[tuple[str, Origin]]:
        former = self.form_before(form)
        claimed = self._find_claimed(form, former)
        for item in form.fields:
            origin = self._trace_field(form, former, item, claimed)
            if origin is not None:
                yield item.id, origin

    def _find_claimed(self, form: FormSpec, former: FormSpec | None) -> set[str]:
        """Ids of the form before that its fields have under another name by now."""
        if former is None:
            return set()
        return {
            name
            for item in form.fields
            for name in self._list_own(former, item)
            if item.id not in former.by_id and name in former.by_id
        }

    def _trace_field(
        self,
        form: FormSpec,
        former: FormSpec | None,
        item: FieldSpec,
        claimed: set[str],
    ) -> Origin | None:
        known = former.by_id.get(item.id) if former is not None else None
        if item.made_from is not None:
            is_done = known is not None and known.made_from == item.made_from
            if not is_done:
                return self._compute(form, former, item)
        if item.id in item.was:
            self._complain_of(form, item, f"“{item.id}”写着以前就是自己，请删去。")
        if former is not None and known is not None and item.id not in claimed:
            return _origin(OriginKind.SAME, former, known, item)
        return self._find_earlier(form, former, item)

    def _find_earlier(
        self, form: FormSpec, former: FormSpec | None, item: FieldSpec
    ) -> Origin | None:
        for name in self._list_own(former, item) if former is not None else ():
            earlier = former.by_id.get(name) if former is not None else None
            if former is not None and earlier is not None and name != item.id:
                if name in form.by_id and not self._is_free(form, name):
                    self._complain_of(
                        form,
                        item,
                        f"以前的“{name}”仍是本表的字段，不能又是“{item.id}”的来历。"
                        "要由它算出，请用 x-from。",
                    )
                    continue
                return _origin(OriginKind.RENAMED, former, earlier, item)
        for code, name in _list_foreign(item):
            other = self.before.get(code)
            if other is not None and name in other.by_id and other is not former:
                return _origin(OriginKind.MOVED, other, other.by_id[name], item)
        return None

    def _is_free(self, form: FormSpec, name: str) -> bool:
        """Whether a field that has an earlier id of another one says what it was."""
        return bool(form.by_id[name].was) or form.by_id[name].made_from is not None

    def _list_own(self, former: FormSpec, item: FieldSpec) -> list[str]:
        """Earlier ids in the same form."""
        own = [name for name in item.was if "." not in name]
        return own + [name for code, name in _list_foreign(item) if code == former.code]

    def _compute(
        self, form: FormSpec, former: FormSpec | None, item: FieldSpec
    ) -> Origin | None:
        if former is None:
            message = "这张表以前没有，x-from 无从算起。请删去，或写上表的 was。"
            self._complain_of(form, item, message, "x-from")
            return None
        assert item.made_from is not None
        try:
            expression = parse_expression(
                item.made_from, self._tables, former.code, expect=item.value_type
            )
        except ExpressionError as error:
            where = f"第 {error.position + 1} 个字符起" if error.position else ""
            message = f"表达式{where}有错：{error}原文：{item.made_from}"
            self._complain_of(form, item, message, "x-from")
            return None
        return Origin(OriginKind.COMPUTED, former, None, {}, expression)

    # Faults.

    def _check_shared(self) -> None:
        """Two fields that were one: which of them has its values is not said."""
        seen: dict[tuple[str, str], tuple[str, str]] = {}
        for code, origins in self._origins.items():
            for name, origin in origins.items():
                if origin.field is None:
                    continue
                source = (origin.form.code, origin.field.id)
                if source in seen:
                    other = "的".join(seen[source])
                    message = (
                        f"{source[0]} 的“{source[1]}”已经是 {other} 的来历。"
                        "拆成两个字段时，请用 x-from 写明各取什么。"
                    )
                    form = self.after[code]
                    self._complain_of(form, form.by_id[name], message)
                seen.setdefault(source, (code, name))

    def _check_circles(self) -> None:
        """Fields that were each other: swapped values nobody can tell apart."""
        for form in self.after.values():
            for item in form.fields:
                path = _find_circle(form, item)
                if path and item.id == min(path[:-1]):
                    message = f"x-was 成了一个圈：{' → '.join(path)}。请改用 x-from。"
                    self._complain_of(form, item, message)

    def _complain_of(
        self, form: FormSpec, item: FieldSpec, message: str, word: str = "x-was"
    ) -> None:
        self._complain(form, point("properties", item.id, word), message)

    def _complain(self, form: FormSpec, pointer: str, message: str) -> None:
        self._faults.append(LineageFault(form, pointer, message))


def _find_circle(form: FormSpec, item: FieldSpec) -> list[str]:
    """The way over earlier ids from a field back to itself; empty if there is none."""
    path, ends = [item.id], [name for name in item.was if name in form.by_id]
    while ends and ends[0] not in path:
        path.append(ends[0])
        ends = [name for name in form.by_id[ends[0]].was if name in form.by_id]
    return [*path, item.id] if ends and ends[0] == item.id and path[1:] else []


def list_columns(forms: Sequence[FormSpec]) -> Tables:
    """What expressions may know of the fields of forms that were read already."""
    return {
        form.code: {item.id: _describe(item) for item in form.fields} for form in forms
    }


def _describe(item: FieldSpec) -> Column:
    return Column(
        id=item.id,
        type=item.value_type,
        options=item.options,
        ref_tables=() if item.reference is None else item.reference.tables,
        multiple=item.is_list,
        separator=item.separator,
    )


def _list_foreign(item: FieldSpec) -> list[tuple[str, str]]:
    """Codes and ids of what a field was in other forms."""
    told = (name.rpartition(".") for name in item.was if "." in name)
    return [(code, name) for code, _, name in told]


def _origin(
    kind: OriginKind, form: FormSpec, earlier: FieldSpec, item: FieldSpec
) -> Origin:
    # The same words in both: the values were recoded then.
    is_done = earlier.recode == item.recode
    return Origin(kind, form, earlier, {} if is_done else item.recode)
