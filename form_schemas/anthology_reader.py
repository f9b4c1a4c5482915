"""Read `anthologies` of an edition's settings against its forms, and say what is wrong.

`settings.json` has judged the shape. An anthology with a fault is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from form_schemas.anthologies import Anthology, Attachments, Chapters
from form_schemas.codelists import load_codelists
from form_schemas.faults import ask_nearest, point
from form_schemas.field_spec import FieldSpec
from form_schemas.flows import OWNER, Flow, Move
from form_schemas.kinds import FILE_KINDS, FieldKind
from form_schemas.portal import Source
from form_schemas.portal_reader import PortalReading
from form_schemas.spec import FormSpec

WORD = "anthologies"

_Declared = Mapping[str, Any]


@dataclass(frozen=True)
class AnthologyReading:
    """The anthologies of an edition."""

    anthologies: tuple[Anthology, ...]
    #: pointer and sentence
    faults: tuple[tuple[str, str], ...]


def read_anthologies(
    settings: Mapping[str, Any], forms: Sequence[FormSpec], portal: PortalReading
) -> AnthologyReading:
    """The books that are made of an edition's rows.

    Where the portal has faults there is none, either: its sources say what rows are.
    """
    declared = settings.get(WORD, ())
    if portal.faults:
        return AnthologyReading((), ())
    reader = _AnthologyReader(forms, portal.sources)
    found, faults = [], []
    for number, one in enumerate(declared):
        reader.begin(number)
        anthology = reader.read(one)
        if anthology is not None and not reader.faults:
            found.append(anthology)
        faults += reader.faults
    return AnthologyReading(tuple(found), tuple(faults))


class _AnthologyReader:
    def __init__(
        self, forms: Sequence[FormSpec], sources: Mapping[str, Source]
    ) -> None:
        self._forms = {form.code: form for form in forms}
        self._sources = sources
        self._codelists = load_codelists()
        self._seen: set[str] = set()
        self._at: tuple[object, ...] = ()
        self.faults: list[tuple[str, str]] = []

    def begin(self, number: int) -> None:
        self._at, self.faults = (WORD, number), []

    def read(self, told: _Declared) -> Anthology | None:
        if told["id"] in self._seen:
            self._complain("id", f"“{told['id']}”出现了两次，请改成不同的词。")
        self._seen.add(told["id"])
        source = self._sources.get(told["source"])
        if source is None:
            hint = ask_nearest(told["source"], self._sources)
            message = f"门户（portal）没有来源“{told['source']}”。{hint}"
            self._complain("source", message)
            return None
        form = self._forms[source.form]
        if form.flow is None:
            message = f"表 {form.code} 的行不是一条一条办理的（x-flow），没有可选的。"
            self._complain("source", message)
            return None
        choose = self._read_move(told, "choose", form.flow)
        if choose is None:
            return None
        return self._read_book(told, source, form, choose)

    def _read_book(
        self, told: _Declared, source: Source, form: FormSpec, choose: Move
    ) -> Anthology:
        assert form.flow is not None
        take_back = self._read_move(told, "takeBack", form.flow)
        if take_back is not None and not take_back.is_from(choose.target):
            message = f"“{take_back.title}”不是从“{choose.target}”开始的，取消不了。"
            self._complain("takeBack", message)
        if told["least"] > told["most"]:
            self._complain("most", "最多不能少于最少（least）。请改正。")
        chapters = Chapters(told.get("chapters", Chapters.NONE))
        if chapters is not Chapters.NONE and chapters.value not in told:
            message = f"按 {chapters} 分章，要写明 {chapters} 是什么。"
            self._complain("chapters", message)
        self._check_kind(told, form)
        for name in told.get("order", ()):
            self._find_field("order", name, form)
        return Anthology(
            told["id"],
            told["title"],
            source,
            choose,
            take_back,
            told["least"],
            told["most"],
            told.get("area", ""),
            self._read_codes(told),
            told.get("kind", ""),
            chapters,
            tuple(told.get("order", ())),
            tuple(self._read_attachments(told, form)),
        )

    def _read_move(self, told: _Declared, word: str, flow: Flow) -> Move | None:
        """A move that can be made with many rows at once."""
        if word not in told:
            return None
        move = flow.by_id.get(told[word])
        if move is None:
            hint = ask_nearest(told[word], flow.by_id)
            self._complain(word, f"没有办理“{told[word]}”。{hint}")
            return None
        if move.needs_reason or move.asks:
            message = f"“{move.title}”要写理由或填别的，不能成批办。请换一个。"
            self._complain(word, message)
        if len(move.by) != 1 or OWNER in move.by:
            message = f"“{move.title}”要由一级主管部门来办（by 只写一级）。"
            self._complain(word, message)
        return move

    def _read_codes(self, told: _Declared) -> str:
        slug: str = told.get("areaCodes", "")
        if slug and slug not in self._codelists:
            hint = ask_nearest(slug, self._codelists)
            self._complain("areaCodes", f"没有代码表“{slug}”。{hint}")
        return slug

    def _check_kind(self, told: _Declared, form: FormSpec) -> None:
        if "kind" not in told:
            return
        item = self._find_field("kind", told["kind"], form)
        if item is not None and item.kind is not FieldKind.ENUM:
            self._complain("kind", f"“{item.id}”是 {item.kind}，这里要单选的字段。")

    def _read_attachments(
        self, told: _Declared, form: FormSpec
    ) -> Iterator[Attachments]:
        for number, one in enumerate(told.get("attachments", ())):
            at = ("attachments", number)
            other = self._forms.get(one["form"])
            if other is None:
                hint = ask_nearest(one["form"], self._forms)
                self._complain((*at, "form"), f"没有表 {one['form']}。{hint}")
                continue
            item = self._find_field((*at, "field"), one["field"], other)
            if item is not None and (
                item.reference is None or form.code not in item.reference.tables
            ):
                message = f"“{item.id}”不引用表 {form.code}，请写引用它的字段。"
                self._complain((*at, "field"), message)
            file = self._find_field((*at, "file"), one["file"], other)
            if file is not None and file.value_kind not in FILE_KINDS:
                message = f"“{file.id}”是 {file.kind}，不是附件，请换一个字段。"
                self._complain((*at, "file"), message)
            if "caption" in one:
                self._find_field((*at, "caption"), one["caption"], other)
            yield Attachments(
                other.code, one["field"], one["file"], one.get("caption", "")
            )

    def _find_field(self, at: object, name: str, form: FormSpec) -> FieldSpec | None:
        item = form.by_id.get(name)
        if item is None:
            hint = ask_nearest(name, form.by_id)
            self._complain(at, f"表 {form.code} 没有字段“{name}”。{hint}")
        elif item.sensitive:
            self._complain(at, f"“{name}”是个人信息，不能印进书里。请删去。")
        return item

    def _complain(self, at: object, message: str) -> None:
        place = at if isinstance(at, tuple) else (at,)
        self.faults.append((point(*self._at, *place), message))
