"""Read `portal` of an edition's settings against its forms, and say what is wrong.

`settings.json` has judged the shape of what is read here. A portal with a fault is not
shown at all: half a portal could show what it should not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from form_schemas.expressions import Expression, ExpressionError, parse_expression
from form_schemas.faults import ask_nearest, point
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS, FieldKind, ValueType
from form_schemas.lineage import list_columns
from form_schemas.measures import MeasureGroup
from form_schemas.portal import (
    ColumnKind,
    Directory,
    Facts,
    Pictures,
    Portal,
    PortalColumn,
    Region,
    Source,
)
from form_schemas.spec import FormSpec

WORD = "portal"

_Declared = Mapping[str, Any]
_At = tuple[object, ...]
_SINGLE = (
    "title",
    "date",
    "author",
    "origin",
    "keywords",
    "summary",
    "body",
    "image",
    "pinned",
)
_KINDS: Mapping[str, frozenset[FieldKind]] = {
    "date": frozenset({FieldKind.DATE}),
    "image": frozenset({FieldKind.IMAGE}),
    "pinned": frozenset({FieldKind.BOOLEAN}),
    "files": frozenset(FILE_KINDS),
}
_SOURCED = frozenset({ColumnKind.LIST, ColumnKind.PAGE})


@dataclass(frozen=True)
class PortalReading:
    """The portal of an edition."""

    #: None: it has none, or one with faults
    portal: Portal | None
    #: pointer and sentence
    faults: tuple[tuple[str, str], ...]
    #: by their ids, whether or not a column shows them
    sources: Mapping[str, Source] = field(default_factory=dict)


def read_portal(
    settings: Mapping[str, Any],
    forms: Sequence[FormSpec],
    measures: Sequence[MeasureGroup] = (),
) -> PortalReading:
    """What the settings of an edition show to the public."""
    declared = settings.get(WORD)
    if declared is None:
        return PortalReading(None, ())
    reader = _PortalReader(declared, forms, measures)
    portal = reader.read()
    faults = tuple(reader.faults)
    return PortalReading(None if faults else portal, faults, reader.sources)


class _PortalReader:
    def __init__(
        self,
        declared: _Declared,
        forms: Sequence[FormSpec],
        measures: Sequence[MeasureGroup],
    ) -> None:
        self._declared = declared
        self._forms = {form.code: form for form in forms}
        self._tables = list_columns(forms)
        self._measures = {one.id for group in measures for one in group.measures}
        self.sources: Mapping[str, Source] = {}
        self.faults: list[tuple[str, str]] = []

    def read(self) -> Portal:
        declared = self._declared
        self.sources = dict(self._read_sources())
        columns = tuple(self._read_columns(self.sources))
        self._check_mentions({column.id: column for column in columns})
        return Portal(
            declared["title"],
            columns,
            self._read_directory(),
            declared.get("ticker", ""),
            self._read_ticker({column.id: column for column in columns}),
            tuple(tuple(line) for line in declared.get("home", ())),
            tuple(declared.get("figures", ())),
            declared.get("trend", ""),
            declared.get("smallest", 5),
            declared.get("support", ""),
            declared.get("entry"),
        )

    # Sources.

    def _read_sources(self) -> Iterator[tuple[str, Source]]:
        seen: set[str] = set()
        for number, one in enumerate(self._declared.get("sources", ())):
            at = (WORD, "sources", number)
            self._refuse_again(at, one["id"], seen)
            form = self._find_form(at, one["form"])
            where = self._parse(at, "where", one, form)
            if form is None or where is None:
                continue
            for word in (*_SINGLE, "files", "facts"):
                self._check_fields(at, word, one, form)
            yield (
                one["id"],
                Source(
                    one["id"],
                    form.code,
                    where,
                    **{word: one.get(word, "") for word in _SINGLE},
                    files=tuple(one.get("files", ())),
                    facts=tuple(one.get("facts", ())),
                    pictures=self._read_pictures(at, one, form),
                ),
            )

    def _read_pictures(
        self, at: _At, declared: _Declared, form: FormSpec
    ) -> Pictures | None:
        told = declared.get("pictures")
        if told is None:
            return None
        place = (*at, "pictures")
        other = self._find_form(place, told["form"])
        if other is None:
            return None
        self._check_fields(place, "image", told, other)
        self._check_fields(place, "caption", told, other)
        item = self._find_field(place, "field", told["field"], other)
        if item is not None and (
            item.reference is None or form.code not in item.reference.tables
        ):
            message = f"“{item.id}”不引用表 {form.code}，找不到图片属于哪一行。"
            self._complain((*place, "field"), f"{message}请写引用它的字段。")
        return Pictures(
            other.code, told["field"], told["image"], told.get("caption", "")
        )

    def _check_fields(
        self, at: _At, word: str, declared: _Declared, form: FormSpec
    ) -> None:
        named = declared.get(word, ())
        for name in [named] if isinstance(named, str) else named:
            item = self._find_field(at, word, name, form)
            if item is not None and word in _KINDS and item.kind not in _KINDS[word]:
                message = f"“{name}”是 {item.kind}，不能作 {word}，请换一个字段。"
                self._complain((*at, word), message)

    # Columns.

    def _read_columns(self, sources: Mapping[str, Source]) -> Iterator[PortalColumn]:
        seen: set[str] = set()
        for number, one in enumerate(self._declared["columns"]):
            at = (WORD, "columns", number)
            self._refuse_again(at, one["id"], seen)
            kind = ColumnKind(one["shows"])
            source = sources.get(one.get("source", ""))
            if kind in _SOURCED and source is None:
                hint = ask_nearest(one.get("source", ""), sources)
                self._complain(at, f"要写明显示哪个来源（source）。{hint}")
                continue
            form = None if source is None else self._forms[source.form]
            where = None
            if "where" in one:
                where = self._parse(at, "where", one, form)
            yield PortalColumn(
                one["id"],
                one["title"],
                kind,
                source,
                where,
                not one.get("hidden", False),
            )

    def _check_mentions(self, columns: Mapping[str, PortalColumn]) -> None:
        places = [("ticker", self._declared.get("ticker", ""))]
        places += [
            ("home", name) for line in self._declared.get("home", ()) for name in line
        ]
        for word, name in places:
            if name and name not in columns:
                hint = ask_nearest(name, columns)
                self._complain((WORD, word), f"没有栏目“{name}”。{hint}")
            elif name and columns[name].source is None:
                message = f"栏目“{name}”没有一条条的内容，首页列不出来。请换一个。"
                self._complain((WORD, word), message)
        counted = [*self._declared.get("figures", ())]
        counted += filter(None, [self._declared.get("trend")])
        for name in counted:
            if name not in self._measures:
                hint = ask_nearest(name, self._measures)
                self._complain((WORD, "figures"), f"没有统计指标“{name}”。{hint}")

    def _read_ticker(self, columns: Mapping[str, PortalColumn]) -> Expression | None:
        column = columns.get(self._declared.get("ticker", ""))
        if "tickerWhere" not in self._declared:
            return None
        source = None if column is None else column.source
        if source is None:
            self._complain((WORD, "tickerWhere"), "先写滚动哪个栏目（ticker）。")
            return None
        form = self._forms[source.form]
        return self._parse((WORD,), "tickerWhere", self._declared, form)

    # The directory.

    def _read_directory(self) -> Directory | None:
        told = self._declared.get("directory")
        if told is None:
            return None
        at = (WORD, "directory")
        facts = []
        for number, one in enumerate(told.get("facts", ())):
            place = (*at, "facts", number)
            form = self._find_form(place, one["form"])
            if form is not None:
                self._check_fields(place, "fields", one, form)
                facts.append(Facts(one["title"], form.code, tuple(one["fields"])))
        for code in told.get("members", ()):
            self._find_form((*at, "members"), code)
        return Directory(
            told["title"],
            self._read_pair(at, "industry", told),
            self._read_pair(at, "lead", told),
            tuple(facts),
            tuple(told.get("members", ())),
            tuple(
                Region(one["title"], tuple(one["codes"]))
                for one in told.get("regions", ())
            ),
        )

    def _read_pair(
        self, at: _At, word: str, declared: _Declared
    ) -> tuple[str, str] | None:
        told = declared.get(word)
        if told is None:
            return None
        form = self._find_form((*at, word), told["form"])
        if form is not None:
            self._find_field((*at, word), "field", told["field"], form)
        return told["form"], told["field"]

    # What is named.

    def _find_form(self, at: _At, code: str) -> FormSpec | None:
        form = self._forms.get(code)
        if form is None:
            hint = ask_nearest(code, self._forms)
            self._complain((*at, "form"), f"没有表 {code}。{hint}")
        return form

    def _find_field(
        self, at: _At, word: str, name: str, form: FormSpec
    ) -> FieldSpec | None:
        item = form.by_id.get(name)
        if item is None:
            hint = ask_nearest(name, form.by_id)
            self._complain((*at, word), f"表 {form.code} 没有字段“{name}”。{hint}")
        elif item.sensitive:
            message = f"“{name}”是个人信息，不能给公众看。请删去。"
            self._complain((*at, word), message)
        return item

    def _parse(
        self, at: _At, word: str, declared: _Declared, form: FormSpec | None
    ) -> Expression | None:
        if form is None:
            return None
        try:
            return parse_expression(
                declared[word], self._tables, form.code, expect=ValueType.BOOLEAN
            )
        except ExpressionError as error:
            self._complain((*at, word), str(error))
            return None

    def _refuse_again(self, at: _At, name: str, seen: set[str]) -> None:
        if name in seen:
            self._complain((*at, "id"), f"“{name}”出现了两次，请改成不同的词。")
        seen.add(name)

    def _complain(self, at: _At, message: str) -> None:
        self.faults.append((point(*map(str, at)), message))
