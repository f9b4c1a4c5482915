"""Turn the schema files of one edition into linked `FormSpec`s, and say every fault.

Only this module, `drafts` and the readers of parts know schema keywords. A
file goes through three passes: its text is parsed and judged by the dialect; the
columns of all files become known; then each form is built, its expressions and
references checked against those columns. A file with a fault yields no form, but its
columns, where they could be read, still serve the others, so that one bad file breaks
no second one.
"""

import json
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass

from form_schemas.codelists import CodeList
from form_schemas.comparing import compare_with_last
from form_schemas.derivation_reader import read_derivation
from form_schemas.drafts import Draft, Json, Source, fingerprint, parse_source
from form_schemas.faults import Fault, point
from form_schemas.field_reader import FieldReader, Note, pass_over
from form_schemas.field_spec import FieldSpec
from form_schemas.flow_reader import read_flow, read_flow_with
from form_schemas.freeze_reader import read_freezes
from form_schemas.kinds import ValueType
from form_schemas.layout_reader import read_groups
from form_schemas.ordering import CircleError, order_steps
from form_schemas.rule_spec import Example, Level, RuleSpec
from form_schemas.spec import FormKind, FormSpec, Period, Shape, Step

#: Makes the draft of a file of an edition (`urn:tianbao:talent:2024:`), or its faults.
Parse = Callable[[Source, str], tuple[Draft | None, list[Fault]]]

_CARRY = {None: None, "always": True, "never": False}


@dataclass(frozen=True)
class EditionReading:
    """The sound forms of an edition, in the order of their codes, and all faults."""

    forms: tuple[FormSpec, ...]
    faults: tuple[Fault, ...]
    #: codes of the files with faults
    broken: tuple[str, ...]


def read_edition(
    collection: str,
    edition: str,
    sources: Iterable[Source],
    codelists: Mapping[str, CodeList],
    *,
    parse: Parse = parse_source,
    only: Collection[str] | None = None,
    note: Note = pass_over,
) -> EditionReading:
    """Read all schema files of one edition.

    Args:
        parse: makes the draft of a file; callers that read an edition again and again
            remember those of files that stayed as they were.
        only: codes of the forms to link; the other files only lend their columns.
        note: is told of every expression and where it stands.
    """
    faults: list[Fault] = []
    drafts: dict[str, Draft] = {}
    broken: list[str] = []
    #: code in small letters -> file: databases tell no capitals apart
    taken: dict[str, str] = {}
    for source in sources:
        draft, found = parse(source, f"urn:tianbao:{collection}:{edition}:")
        faults += found
        if draft is None:
            broken.append(source.code)
        elif draft.code.lower() in taken:
            first = taken[draft.code.lower()]
            alike = "相同" if draft.code in drafts else "只差大小写，数据库分不清"
            message = f"表号与 {first} {alike}，请改一个。"
            faults.append(Fault(source.file, "/x-form/code", message))
            broken.append(source.code)
        else:
            drafts[draft.code] = draft
            taken[draft.code.lower()] = source.file
    linker = _Linker(collection, edition, drafts, codelists, note)
    forms = []
    wanted = drafts if only is None else drafts.keys() & only
    for code in sorted(wanted, key=code_order):
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


class _Linker:
    """Builds forms of one edition, knowing the columns of all its files."""

    def __init__(
        self,
        collection: str,
        edition: str,
        drafts: Mapping[str, Draft],
        codelists: Mapping[str, CodeList],
        note: Note,
    ) -> None:
        self._collection = collection
        self._edition = edition
        self._drafts = drafts
        self._fields = FieldReader(drafts, codelists, note)

    def build(self, draft: Draft) -> FormSpec | None:
        """Build the form; None, with the draft's faults, where it has some."""
        declared = draft.schema["x-form"]
        self._check_names(draft)
        fields = tuple(self._fields.read(draft, fid) for fid in draft.fields)
        rules = (*self._rules(draft), *self._compared(draft, fields))
        derive = read_derivation(draft, "x-derive", self._drafts, self._fields)
        generate = read_derivation(draft, "x-generate", self._drafts, self._fields)
        groups = read_groups(draft)
        freezes = read_freezes(draft, self._drafts)
        flow = read_flow(draft, self._drafts, self._fields)
        flow_with = read_flow_with(draft, self._drafts)
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
            was=tuple(declared.get("was", ())),
            unit_kinds=tuple(declared.get("unitKinds", ())),
            is_standing=declared.get("standing", False),
            departments=tuple(declared["departments"]),
            department_scope=declared.get("departmentScope", {}),
            kind=FormKind(declared["kind"]),
            key=tuple(declared.get("key", ())),
            unique=tuple(tuple(ids) for ids in draft.schema.get("x-unique", ())),
            title_field=declared.get("titleField"),
            fill_order=declared.get("fillOrder"),
            closable=declared.get("closable", False),
            carry=_CARRY[declared.get("carry")],
            carry_without=tuple(declared.get("carryWithout", ())),
            freezes=freezes,
            flow=flow,
            flow_with=flow_with,
            groups=groups,
            rules=rules,
            examples=tuple(map(_example, draft.schema.get("x-tests", ()))),
            derive=derive,
            generate=generate,
            steps=steps,
            schema=json.loads(draft.source.text),
            fingerprint=fingerprint(draft.schema),
        )

    # Names that have to exist.

    def _check_names(self, draft: Draft) -> None:
        declared = draft.schema["x-form"]
        places: list[tuple[str, Sequence[str]]] = [
            (point("x-form", "key"), declared.get("key", ())),
            (point("x-form", "carryWithout"), declared.get("carryWithout", ())),
            (point("required"), draft.schema.get("required", ())),
        ]
        if "titleField" in declared:
            places.append((point("x-form", "titleField"), (declared["titleField"],)))
        for index, ids in enumerate(draft.schema.get("x-unique", ())):
            places.append((point("x-unique", index), ids))
        for pointer, ids in places:
            for field_id in ids:
                draft.check_field_id(pointer, field_id)

    # Rules, groups.

    def _rules(self, draft: Draft) -> Iterator[RuleSpec]:
        for index, declared in enumerate(draft.schema.get("x-rules", ())):
            yield self._rule(draft, index, declared)

    def _compared(
        self, draft: Draft, fields: Sequence[FieldSpec]
    ) -> Iterator[RuleSpec]:
        """The rules that `x-compare` stands for."""
        taken = [rule["id"] for rule in draft.schema.get("x-rules", ())]
        for field in fields:
            if field.compare is None:
                continue
            at = ("properties", field.id, "x-compare")
            compared = compare_with_last(field, field.compare)
            if compared.id in taken:
                draft.complain(
                    point(*at), f"已有 id 是“{compared.id}”的规则，请给那条规则改名。"
                )
            check = self._fields.parse(
                draft,
                at,
                compared.check,
                expect=ValueType.BOOLEAN,
                table=draft.code,
            )
            yield RuleSpec(
                compared.id, compared.message, Level.WARNING, (field.id,), check
            )

    def _rule(self, draft: Draft, index: int, declared: Json) -> RuleSpec:
        at = ("x-rules", index)
        earlier = draft.schema["x-rules"][:index]
        if declared["id"] in [rule["id"] for rule in earlier]:
            draft.complain(
                point(*at, "id"), f"规则 id“{declared['id']}”用了两次，请改一个。"
            )
        for field_id in declared["fields"]:
            draft.check_field_id(point(*at, "fields"), field_id)
        return RuleSpec(
            id=declared["id"],
            message=declared["message"],
            level=Level(declared["level"]),
            fields=tuple(declared["fields"]),
            check=self._fields.condition(draft, (*at, "check"), declared),
            when=self._fields.condition(draft, (*at, "when"), declared),
        )


def _example(declared: Json) -> Example:
    return Example(
        name=declared["name"],
        row=declared["row"],
        breaks=tuple(declared["breaks"]),
        tables=declared.get("tables", {}),
        last=declared.get("last"),
        last_tables=declared.get("lastTables", {}),
    )
