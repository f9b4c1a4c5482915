"""What only shows between an edition and the one before: renames that were not told,
ids with another meaning, words about earlier fields that lead nowhere.

Renames are never guessed: these are questions (`Fault.is_hint`), each with the words to
paste where the answer is yes. What contradicts itself is a fault like any.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import Path

from form_schemas.edition_files import load_edition
from form_schemas.faults import Fault, Remedy, ask_nearest, point
from form_schemas.field_spec import FieldSpec
from form_schemas.field_words import say_kind
from form_schemas.kinds import ValueType
from form_schemas.lineage import Lineage, Origin, trace
from form_schemas.settings import COLLECTION_FILE
from form_schemas.spec import FormSpec

HINT = "提醒："

_YEAR = re.compile(r"[0-9]{4}")
#: Signs that change no name: 人数（人） and 人数(人).
_NO_WORD = re.compile(r"[\W_]+")
#: Labels that share less are of different things, whatever their kind.
_STRANGERS, _UNLIKE = 0.15, 0.4
_MONEY = {"元": 1, "千元": 10**3, "万元": 10**4, "百万元": 10**6, "亿元": 10**8}
#: Shorter labels (备注) stand in many forms.
_TELLING_LABEL = 3


def lint_against_former(folder: Path) -> tuple[Fault, ...]:
    """Find what shows between an edition's folder and the one of the year before."""
    former = _find_former(folder)
    before = () if former is None else load_edition(former).edition.forms
    after = load_edition(folder).edition.forms
    return tuple(find_edition_faults(before, after, folder.name))


def find_edition_faults(
    before: Sequence[FormSpec], after: Sequence[FormSpec], year: str
) -> Iterator[Fault]:
    """Yield what shows between two editions of a collection.

    Args:
        before: all forms of the earlier edition; none: there is none.
        after: all forms of the later one, or of the same one with other files.
        year: the folder of the later one.
    """
    lint = _EditionLint(tuple(before), tuple(after), year)
    yield from lint.find_lineage_faults()
    if before:
        for form in after:
            yield from lint.find_form_hints(form)
            for field in form.fields:
                yield from lint.find_field_hints(form, field)


def find_form_faults(
    before: Sequence[FormSpec], after: Sequence[FormSpec], year: str, form: FormSpec
) -> Iterator[Fault]:
    """The same of one form of the later edition."""
    lint = _EditionLint(tuple(before), tuple(after), year)
    file = lint.name_file(form)
    yield from (one for one in lint.find_lineage_faults() if one.file == file)
    if before:
        yield from lint.find_form_hints(form)
        for field in form.fields:
            yield from lint.find_field_hints(form, field)


def _find_former(folder: Path) -> Path | None:
    known = folder.parent.glob(f"*/{COLLECTION_FILE}")
    years = (path.parent for path in known if _YEAR.fullmatch(path.parent.name))
    return max((one for one in years if one.name < folder.name), default=None)


@dataclass(frozen=True)
class _EditionLint:
    before: tuple[FormSpec, ...]
    after: tuple[FormSpec, ...]
    year: str

    @cached_property
    def earlier(self) -> str:
        """What the earlier forms are called."""
        year = self.before[0].edition
        return "现在用的文件" if year == self.year else f" {year} 版"

    @cached_property
    def lineage(self) -> Lineage:
        return trace(self.before, self.after)

    # What leads nowhere, or in a circle.

    def find_lineage_faults(self) -> Iterator[Fault]:
        for found in self.lineage.faults:
            yield Fault(self.name_file(found.form), found.pointer, found.message)

    # Forms.

    def find_form_hints(self, form: FormSpec) -> Iterator[Fault]:
        if self.lineage.form_before(form) is None:
            pointer = point("x-form", "code")
            for code in form.was:
                near = ask_nearest(code, (one.code for one in self.before))
                message = (
                    f"x-form 的 was 写的“{code}”在{self.earlier}里没有。{near}请核对。"
                )
                yield self._hint(form, point("x-form", "was"), message)
            twin = self._find_twin_form(form) if not form.was else None
            if twin is not None:
                words = json.dumps({"was": [twin.code]})[1:-1]
                message = (
                    f"{self.earlier}里“{twin.title}”的表号是 {twin.code}，现在没有了。"
                    f"是改了表号吗？是的话在 x-form 里加上 {words}，旧数据才跟得上。"
                )
                remedy = Remedy("/x-form", "was", json.dumps([twin.code]))
                yield self._hint(form, pointer, message, remedy)

    def _find_twin_form(self, form: FormSpec) -> FormSpec | None:
        gone = (one for one in self.before if self.lineage.form_after(one) is None)
        return next(
            (one for one in gone if _plain(one.title) == _plain(form.title)), None
        )

    # Fields.

    def find_field_hints(self, form: FormSpec, field: FieldSpec) -> Iterator[Fault]:
        origin = self.lineage.origin_of(form, field.id)
        if origin is None:
            yield from self._ask_for_rename(form, field)
            yield from self._doubt_was(form, field)
        elif origin.field is not None:
            yield from self._doubt_meaning(form, field, origin, origin.field)
            yield from self._doubt_unit(form, field, origin.field)
            yield from self._check_recode(form, field, origin.field)

    def _ask_for_rename(self, form: FormSpec, field: FieldSpec) -> Iterator[Fault]:
        former = self.lineage.form_before(form)
        at = point("properties", field.id)
        twin = None if former is None else self._find_twin(former, field)
        if former is not None and twin is not None:
            message = (
                f"“{field.label}”在{self.earlier}里 id 是“{twin.id}”，"
                f"现在是“{field.id}”。是改名吗？"
                f"是的话加上 {_write_was(twin.id)}，旧数据才跟得上。"
            )
            yield self._hint(form, at, message, _offer_was(field, twin.id))
            return
        found = self._find_twins_elsewhere(form, field)
        if len(found) == 1:
            other, twin = found[0]
            message = (
                f"{self.earlier}里 {other.code} {other.title} 的“{twin.label}”"
                "现在没有了。是移到这里吗？"
                f"是的话加上 {_write_was(f'{other.code}.{twin.id}')}。"
            )
            remedy = _offer_was(field, f"{other.code}.{twin.id}")
            yield self._hint(form, at, message, remedy)

    def _find_twin(self, former: FormSpec, field: FieldSpec) -> FieldSpec | None:
        """The field of the same label that is gone from the form."""
        return next(
            (
                one
                for one in former.fields
                if _plain(one.label) == _plain(field.label)
                and self._is_gone(former, one)
            ),
            None,
        )

    def _find_twins_elsewhere(
        self, form: FormSpec, field: FieldSpec
    ) -> list[tuple[FormSpec, FieldSpec]]:
        label = _plain(field.label)
        if len(label) < _TELLING_LABEL or self.lineage.form_before(form) is None:
            return []
        return [
            (other, one)
            for other, one in self._gone_by_label.get(label, ())
            if one.value_kind == field.value_kind
            and self.lineage.form_after(other) not in (None, form)
        ]

    @cached_property
    def _gone_by_label(self) -> Mapping[str, list[tuple[FormSpec, FieldSpec]]]:
        found: dict[str, list[tuple[FormSpec, FieldSpec]]] = {}
        for former in self.before:
            for one in former.fields:
                if self._is_gone(former, one):
                    found.setdefault(_plain(one.label), []).append((former, one))
        return found

    @cached_property
    def _followed(self) -> Counter[tuple[str, str]]:
        """Code and id of the earlier fields whose values later ones have."""
        found: Counter[tuple[str, str]] = Counter()
        for form in self.after:
            for field in form.fields:
                origin = self.lineage.origin_of(form, field.id)
                if origin is None:
                    continue
                if origin.field is not None:
                    found[origin.form.code, origin.field.id] += 1
                elif origin.expression is not None:
                    found.update(
                        (origin.form.code, n) for n in origin.expression.fields
                    )
        return found

    def _is_gone(self, former: FormSpec, field: FieldSpec) -> bool:
        return not self._followed[former.code, field.id]

    def _doubt_was(self, form: FormSpec, field: FieldSpec) -> Iterator[Fault]:
        """Earlier ids that nobody had: a slip of the pen, or told long ago."""
        former = self.lineage.form_before(form)
        known = () if former is None else tuple(former.by_id)
        for name in field.was:
            near = "" if "." in name else ask_nearest(name, known)
            message = (
                f"x-was 写的“{name}”在{self.earlier}里没有，旧数据跟不上。"
                f"{near}请核对。"
            )
            at = point("properties", field.id, "x-was")
            yield self._hint(form, at, message)

    def _doubt_meaning(
        self, form: FormSpec, field: FieldSpec, origin: Origin, earlier: FieldSpec
    ) -> Iterator[Fault]:
        if (
            field.was
            or field.id != earlier.id
            or _plain(field.label) == _plain(earlier.label)
        ):
            return
        at = point("properties", field.id)
        swapped = self._find_swapped(form, field, origin.form)
        if swapped is not None:
            message = (
                f"“{field.label}”在{self.earlier}里 id 是“{swapped.id}”，"
                f"现在是“{field.id}”，那原是“{earlier.label}”的 id。"
                "以前的值跟着 id 走。请把 id 改回去；"
                "确是换了 id，请用 x-from 写明各取什么。"
            )
            yield self._hint(form, at, message)
        elif _is_other_thing(earlier, field):
            message = (
                f"id“{field.id}”在{self.earlier}里是“{earlier.label}”（{_describe(earlier)}），"
                f"现在是“{field.label}”（{_describe(field)}）。是另一个意思的话，"
                "请换一个 id，否则以前的值会当作现在的意思。"
            )
            yield self._hint(form, at, message)

    def _find_swapped(
        self, form: FormSpec, field: FieldSpec, former: FormSpec
    ) -> FieldSpec | None:
        """The earlier field of this label, whose id another label has by now."""
        for one in former.fields:
            now = form.by_id.get(one.id)
            is_twin = _plain(one.label) == _plain(field.label) and one.id != field.id
            if is_twin and now is not None and _plain(now.label) != _plain(one.label):
                return one
        return None

    def _doubt_unit(
        self, form: FormSpec, field: FieldSpec, earlier: FieldSpec
    ) -> Iterator[Fault]:
        is_number = field.value_type is ValueType.NUMBER
        if not (is_number and earlier.unit and field.unit):
            return
        if earlier.unit == field.unit or field.made_from is not None:
            return
        factor = _find_factor(earlier.unit, field.unit)
        words = json.dumps({"x-from": f"{earlier.id} {factor}"})[1:-1]
        message = (
            f"“{field.label}”的单位由“{earlier.unit}”改为“{field.unit}”，以前的值不会自动"
            f"换算。要换算请加上 {words}。"
        )
        made = json.dumps(f"{earlier.id} {factor}")
        is_known = "…" not in factor
        remedy = Remedy(point("properties", field.id), "x-from", made)
        at = point("properties", field.id, "x-unit")
        yield self._hint(form, at, message, remedy if is_known else None)

    # Recoding.

    def _check_recode(
        self, form: FormSpec, field: FieldSpec, earlier: FieldSpec
    ) -> Iterator[Fault]:
        at = point("properties", field.id, "x-recode")
        is_done = field.recode == earlier.recode
        for old, new in () if is_done else field.recode.items():
            if earlier.options and old not in earlier.options:
                near = ask_nearest(old, earlier.options)
                message = f"“{old}”不是{self.earlier}里的选项。{near}请改正。"
                yield Fault(self.name_file(form), at, message)
            if new is not None and field.options and new not in field.options:
                near = ask_nearest(new, field.options)
                message = f"“{new}”不是现在的选项。{near}请改正。"
                yield Fault(self.name_file(form), at, message)
        left = [
            option
            for option in earlier.options
            if field.options
            and option not in field.options
            and option not in field.recode
        ]
        if left and field.value_kind == earlier.value_kind:
            words = json.dumps(dict.fromkeys(left), ensure_ascii=False)
            message = (
                f"{self.earlier}里的选项“{'”“'.join(left)}”没有了。旧的行用过它们的话，"
                f'请用 "x-recode": {words} 写明各改成什么（null 是不再有对应的）。'
            )
            yield self._hint(form, point("properties", field.id), message)

    # Parts.

    def name_file(self, form: FormSpec) -> str:
        return f"{form.collection}/{self.year}/{form.code}.json"

    def _hint(
        self, form: FormSpec, pointer: str, message: str, remedy: Remedy | None = None
    ) -> Fault:
        said = f"{HINT}{message.strip()}"
        return Fault(self.name_file(form), pointer, said, is_hint=True, remedy=remedy)


def _is_other_thing(earlier: FieldSpec, field: FieldSpec) -> bool:
    old, new = _plain(earlier.label), _plain(field.label)
    if old in new or new in old:
        return False
    likeness = SequenceMatcher(None, old, new).ratio()
    sorts = [(one.value_kind, one.unit, one.is_list) for one in (earlier, field)]
    return likeness < (_UNLIKE if sorts[0] != sorts[1] else _STRANGERS)


def _describe(field: FieldSpec) -> str:
    return f"{say_kind(field)}，{field.unit}" if field.unit else say_kind(field)


def _find_factor(before: str, after: str) -> str:
    if before not in _MONEY or after not in _MONEY:
        return "* …"
    old, new = _MONEY[before], _MONEY[after]
    return f"* {old // new}" if old > new else f"/ {new // old}"


def _plain(label: str) -> str:
    return _NO_WORD.sub("", label).lower()


def _offer_was(field: FieldSpec, name: str) -> Remedy:
    told = json.dumps([name, *field.was])
    return Remedy(point("properties", field.id), "x-was", told)


def _write_was(name: str) -> str:
    return f'"x-was": {json.dumps([name])}'
