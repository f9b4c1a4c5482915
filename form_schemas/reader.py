"""Turn the schema files of one edition into linked `FormSpec`s, and say every fault.

The only module that knows schema keywords. A file goes through three passes: its text
is parsed and judged by the dialect; the columns of all files become known; then each
form is built, its expressions and references checked against those columns. A file
with a fault yields no form, but its columns, where they could be read, still serve the
others, so that one bad file breaks no second one.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from form_schemas.codelists import CodeList
from form_schemas.dialect import find_dialect_faults
from form_schemas.expressions import (
    Column,
    Expression,
    ExpressionError,
    parse_expression,
)
from form_schemas.faults import Fault, ask_nearest, point
from form_schemas.kinds import TRAITS, FieldKind, ValueType
from form_schemas.ordering import CircleError, order_steps
from form_schemas.spec import (
    Derivation,
    FieldGroup,
    FieldSpec,
    Fill,
    FormKind,
    FormSpec,
    Join,
    Level,
    Period,
    PlacedField,
    Reference,
    RuleSpec,
    Shape,
    Step,
)

#: Parsed JSON: the dialect has judged its types before anybody reads it here.
Json = Mapping[str, Any]

#: How files are decoded, so that bytes of another encoding come as a fault.
FOREIGN_BYTES = "surrogateescape"
_FOREIGN = re.compile("[\udc80-\udcff]")

#: Words that neither shape nor judge rows, so that changing them changes no form.
_SILENT_WORDS = frozenset({"description", "sources", "basis", "seedNote", "x-tests"})


@dataclass(frozen=True)
class Source:
    """One schema file before it is read."""

    #: path below `form_schemas/`: "talent/2024/0.1.5.json"
    file: str
    text: str

    @property
    def code(self) -> str:
        return PurePosixPath(self.file).name.removesuffix(".json")


@dataclass(frozen=True)
class EditionReading:
    """The sound forms of an edition, in the order of their codes, and all faults."""

    forms: tuple[FormSpec, ...]
    faults: tuple[Fault, ...]
    #: codes of the files with faults
    broken: tuple[str, ...]


@dataclass(frozen=True)
class _Draft:
    """A file that obeys the dialect, with the faults found in it so far."""

    source: Source
    schema: Json
    faults: list[Fault] = field(default_factory=list)

    @property
    def code(self) -> str:
        return str(self.schema["x-form"]["code"])

    @property
    def fields(self) -> Mapping[str, Json]:
        fields: Mapping[str, Json] = self.schema["properties"]
        return fields

    def complain(self, pointer: str, message: str) -> None:
        self.faults.append(Fault(self.source.file, pointer, message))


def read_edition(
    collection: str,
    edition: str,
    sources: Iterable[Source],
    codelists: Mapping[str, CodeList],
) -> EditionReading:
    """Read all schema files of one edition."""
    faults: list[Fault] = []
    drafts: dict[str, _Draft] = {}
    broken: list[str] = []
    for source in sources:
        draft, found = _parse(source, f"urn:tianbao:{collection}:{edition}:")
        faults += found
        if draft is None:
            broken.append(source.code)
        elif draft.code in drafts:
            first = drafts[draft.code].source.file
            draft.complain("/x-form/code", f"表号与 {first} 相同，请改一个。")
            faults += draft.faults
            broken.append(source.code)
        else:
            drafts[draft.code] = draft
    linker = _Linker(collection, edition, drafts, codelists)
    forms = []
    for code in sorted(drafts, key=code_order):
        form = linker.build(drafts[code])
        if form is not None:
            forms.append(form)
        else:
            broken.append(code)
        faults += drafts[code].faults
    return EditionReading(tuple(forms), tuple(faults), tuple(broken))


def code_order(code: str) -> list[tuple[int, str, int]]:
    """Sort key of codes: 1.2 before 1.10, Z1.9 before Z1.10."""
    parts = []
    for part in code.split("."):
        letters = part.rstrip("0123456789")
        number = part[len(letters) :]
        parts.append((0 if not letters else 1, letters, int(number or 0)))
    return parts


def _parse(source: Source, urn: str) -> tuple[_Draft | None, list[Fault]]:
    """Give the draft of a file, or the faults that make it unreadable."""
    doubled: list[str] = []

    def collect(pairs: list[tuple[str, object]]) -> dict[str, object]:
        counts = Counter(name for name, _ in pairs)
        doubled.extend(name for name, count in counts.items() if count > 1)
        return dict(pairs)

    if not source.text.isascii() and _FOREIGN.search(source.text):
        message = "文件不是 UTF-8 编码。请在编辑器里用 UTF-8 另存。"
        return None, [Fault(source.file, "", message)]
    try:
        schema = json.loads(source.text, object_pairs_hook=collect, parse_float=Decimal)
    except json.JSONDecodeError as error:
        where = f"第 {error.lineno} 行第 {error.colno} 列"
        message = f"{where}不是合法的 JSON。请检查那里的逗号、引号和括号。"
        return None, [Fault(source.file, "", message)]
    except RecursionError:
        return None, [Fault(source.file, "", "括号套得太深。请检查括号。")]
    # jsonschema judges binary floats, the model keeps exact decimals.
    plain = json.loads(source.text)
    faults = list(find_dialect_faults(source.file, plain))
    faults += [
        Fault(source.file, "", f"“{name}”在同一个对象里写了两次，请删去一个。")
        for name in doubled
    ]
    if faults:
        return None, faults
    draft = _Draft(source, schema)
    if draft.code != source.code:
        draft.complain(
            "/x-form/code",
            f"表号“{draft.code}”与文件名“{source.code}.json”不一致，请改成一样。",
        )
    if schema["$id"] != urn + draft.code:
        draft.complain(
            "/$id", f"应当是“{urn}{draft.code}”：文件放错了地方，或没有改全。"
        )
    return (None, draft.faults) if draft.faults else (draft, [])


class _Linker:
    """Builds forms of one edition, knowing the columns of all its files."""

    def __init__(
        self,
        collection: str,
        edition: str,
        drafts: Mapping[str, _Draft],
        codelists: Mapping[str, CodeList],
    ) -> None:
        self._collection = collection
        self._edition = edition
        self._drafts = drafts
        self._codelists = codelists
        self._tables = {
            code: {fid: self._column(code, fid) for fid in draft.fields}
            for code, draft in drafts.items()
        }

    def build(self, draft: _Draft) -> FormSpec | None:
        """Build the form; None, with the draft's faults, where it has some."""
        declared = draft.schema["x-form"]
        self._check_names(draft)
        fields = tuple(self._field(draft, fid) for fid in draft.fields)
        rules = tuple(
            self._rule(draft, index, rule)
            for index, rule in enumerate(draft.schema.get("x-rules", ()))
        )
        derive = self._derivation(draft, "x-derive")
        generate = self._derivation(draft, "x-generate")
        groups = self._groups(draft)
        steps: tuple[Step, ...] = ()
        try:
            steps = order_steps(fields)
        except CircleError as error:
            path = " → ".join(error.field_ids)
            draft.complain(
                point("properties", error.field_ids[0]),
                f"计算成了一个圈：{path}。请改掉其中一个的条件或算式。",
            )
        if draft.faults:
            return None
        return FormSpec(
            collection=self._collection,
            edition=self._edition,
            code=draft.code,
            title=draft.schema["title"],
            fields=fields,
            shape=Shape(declared["shape"]),
            period=Period(declared["period"]),
            description=draft.schema.get("description", ""),
            section=tuple(declared["section"]),
            departments=tuple(declared["departments"]),
            department_scope=declared.get("departmentScope", {}),
            kind=FormKind(declared["kind"]),
            key=tuple(declared.get("key", ())),
            unique=tuple(tuple(ids) for ids in draft.schema.get("x-unique", ())),
            title_field=declared.get("titleField"),
            fill_order=declared.get("fillOrder"),
            closable=declared.get("closable", False),
            edit_lock=declared.get("editLock", ""),
            groups=groups,
            rules=rules,
            derive=derive,
            generate=generate,
            steps=steps,
            schema=json.loads(draft.source.text),
            fingerprint=_fingerprint(draft.schema),
        )

    # Columns: what expressions may know of a field before any form is built.

    def _column(self, code: str, field_id: str) -> Column:
        declared = self._drafts[code].fields[field_id]
        reference = declared.get("x-ref", {})
        kind = self._value_kind(code, field_id, ())
        several = declared["type"] == "array"
        value_type = TRAITS[kind].value_type
        if several and value_type is not ValueType.FILE:
            value_type = ValueType.LIST
        return Column(
            id=field_id,
            type=value_type,
            options=_options(declared),
            ref_tables=_targets(reference) if reference else (),
            multiple=several,
            separator=declared.get("x-separator"),
        )

    def _value_kind(self, code: str, field_id: str, seen: tuple[str, ...]) -> FieldKind:
        declared = self._drafts[code].fields[field_id]
        reference = declared.get("x-ref")
        if reference is None:
            return FieldKind(declared["x-kind"])
        target = self._drafts.get(reference["table"])
        place = f"{code}.{field_id}"
        # What does not lead anywhere is said by _reference; here it reads as text.
        if target is None or reference["field"] not in target.fields or place in seen:
            return FieldKind.CODE
        return self._value_kind(target.code, reference["field"], (*seen, place))

    # Names that have to exist.

    def _check_names(self, draft: _Draft) -> None:
        declared = draft.schema["x-form"]
        places: list[tuple[str, Sequence[str]]] = [
            (point("x-form", "key"), declared.get("key", ())),
            (point("required"), draft.schema.get("required", ())),
        ]
        if "titleField" in declared:
            places.append((point("x-form", "titleField"), (declared["titleField"],)))
        for index, ids in enumerate(draft.schema.get("x-unique", ())):
            places.append((point("x-unique", index), ids))
        for pointer, ids in places:
            for field_id in ids:
                self._check_field_id(draft, pointer, field_id)

    def _check_field_id(self, draft: _Draft, pointer: str, field_id: str) -> bool:
        if field_id in draft.fields:
            return True
        advice = ask_nearest(field_id, draft.fields)
        draft.complain(pointer, f"本表没有字段“{field_id}”。{advice}请改正。")
        return False

    # Fields.

    def _field(self, draft: _Draft, field_id: str) -> FieldSpec:
        declared = draft.fields[field_id]
        at = ("properties", field_id)
        value_rules = declared.get("items", declared)
        kind = FieldKind(declared["x-kind"])
        value_kind = self._value_kind(draft.code, field_id, ())
        column = self._tables[draft.code][field_id]
        self._check_type(draft, field_id, value_kind)
        self._check_codes(draft, field_id)
        is_month = value_kind is FieldKind.YEAR_MONTH
        return FieldSpec(
            id=field_id,
            label=declared["title"],
            kind=kind,
            value_kind=value_kind,
            description=declared.get("description", ""),
            required=field_id in draft.schema.get("required", ()),
            unit=declared.get("x-unit", ""),
            digits=declared.get("x-digits"),
            minimum=_decimal(declared.get("minimum")),
            maximum=_decimal(declared.get("maximum")),
            max_length=value_rules.get("maxLength"),
            pattern=None if is_month else value_rules.get("pattern"),
            options=_options(declared),
            codes=declared.get("x-codes"),
            default=declared.get("default"),
            reference=self._reference(draft, field_id),
            fill=self._fill(draft, field_id),
            computed=self._expression(
                draft, (*at, "x-computed"), declared, column.type
            ),
            visible_when=self._condition(draft, (*at, "x-visible-when"), declared),
            required_when=self._condition(draft, (*at, "x-required-when"), declared),
            sensitive=declared.get("x-sensitive", False),
            id_type=self._id_type(draft, field_id),
            accept=tuple(declared.get("x-accept", ())),
            max_size_mb=_decimal(declared.get("x-max-size-mb")),
            min_width_px=declared.get("x-min-width-px"),
            min_dpi=declared.get("x-min-dpi"),
            multiple=declared.get("x-multiple", False),
            separator=declared.get("x-separator"),
            was=tuple(declared.get("x-was", ())),
        )

    def _check_type(self, draft: _Draft, field_id: str, kind: FieldKind) -> None:
        declared = draft.fields[field_id]
        one = declared.get("items", declared)
        wanted = TRAITS[kind].json_type
        if one["type"] != wanted:
            draft.complain(
                point("properties", field_id, "type"),
                f"这种字段的 type 应当是“{wanted}”，不是“{one['type']}”。请改正。",
            )

    def _check_codes(self, draft: _Draft, field_id: str) -> None:
        declared = draft.fields[field_id]
        slug = declared.get("x-codes")
        if slug is not None and slug not in self._codelists:
            advice = ask_nearest(slug, self._codelists)
            draft.complain(
                point("properties", field_id, "x-codes"),
                f"没有代码表“{slug}”。{advice}请改正，或把它放进 codes 文件夹。",
            )
        is_choice = declared["x-kind"] == FieldKind.MULTI_ENUM
        if is_choice and slug is None and "enum" not in declared["items"]:
            draft.complain(
                point("properties", field_id),
                "多选字段要有 items.enum 或 x-codes，请补上。",
            )

    def _id_type(self, draft: _Draft, field_id: str) -> str | None:
        other = draft.fields[field_id].get("x-id-type")
        if other is not None:
            pointer = point("properties", field_id, "x-id-type")
            self._check_field_id(draft, pointer, other)
        return other

    def _reference(self, draft: _Draft, field_id: str) -> Reference | None:
        declared = draft.fields[field_id].get("x-ref")
        if declared is None:
            return None
        pointer = point("properties", field_id, "x-ref")
        for table in _targets(declared):
            target = self._drafts.get(table)
            if target is None:
                advice = ask_nearest(table, self._drafts)
                draft.complain(pointer, f"没有表“{table}”。{advice}请改正。")
                return None
            if declared["field"] not in target.fields:
                self._complain_of_column(draft, pointer, target, declared["field"])
                return None
        filter_ = None
        if "filter" in declared:
            filter_ = self._parse(
                draft,
                ("properties", field_id, "x-ref", "filter"),
                declared["filter"],
                expect=ValueType.BOOLEAN,
                table=declared["table"],
                within=draft.code,
            )
        return Reference(_targets(declared), declared["field"], filter_)

    @staticmethod
    def _complain_of_column(
        draft: _Draft, pointer: str, target: _Draft, column: str
    ) -> None:
        advice = ask_nearest(column, target.fields)
        draft.complain(
            pointer, f"表 {target.code} 没有字段“{column}”。{advice}请改正。"
        )

    def _fill(self, draft: _Draft, field_id: str) -> Fill | None:
        text = draft.fields[field_id].get("x-fill")
        if text is None:
            return None
        pointer = point("properties", field_id, "x-fill")
        ref_field, column = text.split(".")
        if not self._check_field_id(draft, pointer, ref_field):
            return None
        source = draft.fields[ref_field]
        if "x-ref" not in source or source["type"] == "array":
            draft.complain(
                pointer, f"“{ref_field}”不是选一行的引用字段，带不出值。请改正。"
            )
            return None
        target = self._drafts.get(source["x-ref"]["table"])
        if target is not None and column not in target.fields:
            self._complain_of_column(draft, pointer, target, column)
        return Fill(ref_field, column)

    # Expressions.

    def _condition(
        self, draft: _Draft, at: tuple[object, ...], declared: Json
    ) -> Expression | None:
        return self._expression(draft, at, declared, ValueType.BOOLEAN)

    def _expression(
        self,
        draft: _Draft,
        at: tuple[object, ...],
        declared: Json,
        expect: ValueType,
    ) -> Expression | None:
        text = declared.get(str(at[-1]))
        if text is None:
            return None
        return self._parse(draft, at, text, expect=expect, table=draft.code)

    def _parse(
        self, draft: _Draft, at: Sequence[object], text: object, **scope: Any
    ) -> Expression | None:
        try:
            return parse_expression(str(text), self._tables, **scope)
        except ExpressionError as error:
            where = f"第 {error.position + 1} 个字符起" if error.position else ""
            draft.complain(point(*at), f"表达式{where}有错：{error}原文：{text}")
            return None

    # Rules, groups, derivations.

    def _rule(self, draft: _Draft, index: int, declared: Json) -> RuleSpec:
        at = ("x-rules", index)
        earlier = draft.schema["x-rules"][:index]
        if declared["id"] in [rule["id"] for rule in earlier]:
            draft.complain(
                point(*at, "id"), f"规则 id“{declared['id']}”用了两次，请改一个。"
            )
        for field_id in declared["fields"]:
            self._check_field_id(draft, point(*at, "fields"), field_id)
        return RuleSpec(
            id=declared["id"],
            message=declared["message"],
            level=Level(declared["level"]),
            fields=tuple(declared["fields"]),
            check=self._condition(draft, (*at, "check"), declared),
            when=self._condition(draft, (*at, "when"), declared),
        )

    def _groups(self, draft: _Draft) -> tuple[FieldGroup, ...]:
        declared = draft.schema.get("x-layout")
        if declared is None:
            return (FieldGroup("", tuple(PlacedField(f, 0) for f in draft.fields)),)
        groups = tuple(
            FieldGroup(group["title"], tuple(_place(group["fields"], 0)))
            for group in declared
        )
        placed = [place.id for group in groups for place in group.fields]
        for field_id in placed:
            self._check_field_id(draft, point("x-layout"), field_id)
        missing = [fid for fid in draft.fields if fid not in placed]
        doubled = [fid for fid, count in Counter(placed).items() if count > 1]
        if missing:
            draft.complain(
                point("x-layout"), f"没有安排字段 {'、'.join(missing)}，请补上。"
            )
        if doubled:
            draft.complain(
                point("x-layout"), f"{'、'.join(doubled)} 安排了两次，请各留一处。"
            )
        return groups

    def _derivation(self, draft: _Draft, word: str) -> Derivation | None:
        declared = draft.schema.get(word)
        if declared is None:
            return None
        joins = tuple(
            Join(j["table"], j["as"], j["on"], j.get("optional", False))
            for j in declared.get("join", ())
        )
        derivation = Derivation(
            source=declared["from"],
            columns=declared["columns"],
            joins=joins,
            expand=declared.get("expand", {}),
            where=declared.get("where"),
            group_by=tuple(declared.get("groupBy", ())),
            note=declared.get("note", ""),
        )
        self._check_derivation(draft, word, derivation)
        return derivation

    def _check_derivation(
        self, draft: _Draft, word: str, derivation: Derivation
    ) -> None:
        tables = (derivation.source, *(join.table for join in derivation.joins))
        unknown = [table for table in tables if table not in self._drafts]
        if unknown:
            draft.complain(point(word), f"没有表 {'、'.join(unknown)}。请改正。")
            return
        columns = (*derivation.columns, *derivation.expand, *derivation.group_by)
        known = [self._check_field_id(draft, point(word), c) for c in columns]
        if not all(known):
            return
        own = self._tables[draft.code]
        scope: Json = {
            "table": derivation.source,
            "joins": {join.alias: join.table for join in derivation.joins},
            "expanded": {column: own[column] for column in derivation.expand},
            "grouping": True,
        }
        conditions: list[tuple[tuple[object, ...], str]] = [
            (("join", i, "on"), join.on) for i, join in enumerate(derivation.joins)
        ]
        if derivation.where is not None:
            conditions.append((("where",), derivation.where))
        for at, text in conditions:
            self._parse(draft, (word, *at), text, expect=ValueType.BOOLEAN, **scope)
        for column, text in derivation.columns.items():
            expect = own[column].type
            self._parse(draft, (word, "columns", column), text, expect=expect, **scope)


def _targets(reference: Json) -> tuple[str, ...]:
    return (reference["table"], *reference.get("also", ()))


def _options(declared: Json) -> tuple[str, ...]:
    return tuple(declared.get("items", declared).get("enum", ()))


def _decimal(number: object) -> Decimal | None:
    return None if number is None else Decimal(str(number))


def _place(entries: Sequence[Any], depth: int) -> Iterator[PlacedField]:
    for entry in entries:
        if isinstance(entry, str):
            yield PlacedField(entry, depth)
        else:
            yield from _place(entry, depth + 1)


def _fingerprint(schema: Json) -> str:
    text = json.dumps(
        _without_silent_words(schema), sort_keys=True, default=str, ensure_ascii=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _without_silent_words(value: object) -> object:
    if isinstance(value, dict):
        return {
            word: _without_silent_words(inner)
            for word, inner in value.items()
            if word not in _SILENT_WORDS
        }
    if isinstance(value, list):
        return [_without_silent_words(inner) for inner in value]
    return value
