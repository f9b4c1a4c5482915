"""Read `x-flow` and `x-flow-with`: how rows travel, and what is wrong there."""

from collections.abc import Iterator, Mapping, Sequence

from form_schemas.drafts import Draft, Json
from form_schemas.expressions import Expression, Reach
from form_schemas.faults import ask_nearest, point
from form_schemas.field_reader import FieldReader
from form_schemas.flows import Creation, Flow, Move
from form_schemas.kinds import FILE_KINDS, FieldKind, ValueType

#: What gives a field its value otherwise, or takes it away.
_GIVING = ("x-computed", "x-fill", "x-visible-when", "x-required-when")


def read_flow(
    draft: Draft, drafts: Mapping[str, Draft], fields: FieldReader
) -> Flow | None:
    """The flow of a form's rows; None where the file has none, or has faults there.

    Args:
        drafts: all files of the edition, by code of form.
    """
    if "x-flow" not in draft.schema:
        return None
    reader = _FlowReader(draft, drafts, fields)
    known = len(draft.faults)
    found = reader.read() if reader.check_states() else None
    return found if len(draft.faults) == known else None


def read_flow_with(draft: Draft, drafts: Mapping[str, Draft]) -> str | None:
    """The field that picks the row of another form that a row travels with."""
    name = draft.schema.get("x-flow-with")
    pointer = point("x-flow-with")
    if name is None or not draft.check_field_id(pointer, name):
        return None
    if "x-flow" in draft.schema:
        draft.complain(pointer, "x-flow 和 x-flow-with 只能有一个，请删去一个。")
    reference = draft.fields[name].get("x-ref")
    if reference is None or draft.fields[name]["type"] == "array":
        draft.complain(pointer, f"“{name}”不是选一行的引用字段，不知道随哪一行。请换。")
        return None
    if "also" in reference:
        draft.complain(pointer, f"“{name}”从几张表里选，不知道随哪一行。请去掉 also。")
    target = drafts.get(reference["table"])
    if target is not None and "x-flow" not in target.schema:
        draft.complain(
            pointer, f"表 {target.code} 没有 x-flow，它的行不流转。请换一个字段或删去。"
        )
    return str(name)


class _FlowReader:
    def __init__(
        self, draft: Draft, drafts: Mapping[str, Draft], fields: FieldReader
    ) -> None:
        self._draft, self._drafts, self._fields = draft, drafts, fields
        self._declared: Json = draft.schema["x-flow"]

    # The field of the state.

    def check_states(self) -> bool:
        """Whether the field can hold the states of rows."""
        self._check_form()
        name = self._declared["field"]
        if not self._draft.check_field_id(self._at("field"), name):
            return False
        declared, at = self._draft.fields[name], point("properties", name)
        if declared["x-kind"] != FieldKind.ENUM or "enum" not in declared:
            message = f"“{name}”要记每一行的状态，须是列出选项的 enum 字段。请改正。"
            self._draft.complain(at, message)
            return False
        if declared.get("default") not in declared["enum"]:
            message = "要有 default，写选项中的一个：新的行从哪个状态开始。请补上。"
            self._draft.complain(at, message)
        return True

    def _check_form(self) -> None:
        form = self._draft.schema["x-form"]
        if form["shape"] != "rows":
            self._complain((), "一个单位只有一行的表不能逐行流转，请删去 x-flow。")
        if "x-derive" in self._draft.schema or "x-generate" in self._draft.schema:
            self._complain((), "行由系统得来的表不能逐行流转，请删去 x-flow。")
        if form.get("carry") == "always":
            message = "逐行流转的表不能沿用上一轮的行：状态不会跟来。请删去。"
            self._draft.complain(point("x-form", "carry"), message)

    # The flow.

    def read(self) -> Flow:
        declared = self._declared
        self._check_known("editable", declared.get("editable", ()))
        self._check_known("awaited", declared.get("awaited", ()))
        self._check_moved()
        field = self._draft.fields[declared["field"]]
        return Flow(
            field=declared["field"],
            states=tuple(field["enum"]),
            initial=str(field.get("default", "")),
            editable=frozenset(declared.get("editable", ())),
            moves=tuple(self._read_moves()),
            awaited=frozenset(declared.get("awaited", ())),
        )

    def _read_moves(self) -> Iterator[Move]:
        seen: set[str] = set()
        for index, declared in enumerate(self._declared["moves"]):
            at = ("moves", index)
            if declared["id"] in seen:
                message = f"id“{declared['id']}”用了两次，请改一个。"
                self._complain((*at, "id"), message)
            seen.add(declared["id"])
            self._check_known((*at, "from"), declared["from"])
            self._check_known((*at, "to"), (declared["to"],))
            self._check_asked(at, declared)
            self._check_report(at, declared)
            yield Move(
                id=declared["id"],
                title=declared["title"],
                sources=tuple(declared["from"]),
                target=declared["to"],
                by=tuple(declared["by"]),
                of=tuple(declared.get("of", ())),
                needs_reason=declared.get("reason", False),
                asks=tuple(declared.get("asks", ())),
                sets=dict(self._read_sets(at, declared)),
                creates=self._read_creation((*at, "creates"), declared),
                when=self._read_condition((*at, "when"), declared),
                needs_report=declared.get("needsReport", False),
            )

    def _check_known(self, at: object, states: Sequence[str]) -> None:
        name = self._declared["field"]
        options = self._draft.fields[name]["enum"]
        for state in states:
            if state not in options:
                advice = ask_nearest(state, options)
                message = f"“{name}”没有选项“{state}”。{advice}请改正。"
                self._complain(at if isinstance(at, tuple) else (at,), message)

    def _check_moved(self) -> None:
        for name in sorted(self._draft.moved_fields & self._draft.fields.keys()):
            words = [word for word in _GIVING if word in self._draft.fields[name]]
            if words:
                message = f"流转中才变的字段不能有 {'、'.join(words)}，请删去。"
                self._draft.complain(point("properties", name), message)

    # What a move asks and gives.

    def _check_asked(self, at: Sequence[object], declared: Json) -> None:
        for name in declared.get("asks", ()):
            place = (*at, "asks")
            if not self._draft.check_field_id(self._at(*place), name):
                continue
            if name == self._declared["field"]:
                self._complain(place, "状态由 to 决定，不用问。请删去。")
            elif name in self._draft.schema["x-form"].get("key", ()):
                message = (
                    f"“{name}”认定是哪一行，要在建行时填，不能办理时才问。请删去。"
                )
                self._complain(place, message)
            elif FieldKind(self._draft.fields[name]["x-kind"]) in FILE_KINDS:
                self._complain(place, f"“{name}”是附件，办理时不能传。请换一个字段。")

    def _check_report(self, at: Sequence[object], declared: Json) -> None:
        if declared.get("needsReport") and self._draft.schema["x-form"].get("standing"):
            message = "日常表不属于哪一期，谈不上先上报。请删去 needsReport。"
            self._complain((*at, "needsReport"), message)

    def _read_sets(
        self, at: Sequence[object], declared: Json
    ) -> Iterator[tuple[str, Expression]]:
        for name, text in declared.get("sets", {}).items():
            place = (*at, "sets", name)
            if not self._draft.check_field_id(self._at(*place), name):
                continue
            if name == self._declared["field"]:
                self._complain(place, "状态由 to 决定，不用另给。请删去。")
            found = self._parse(place, text, self._draft, name)
            if found is not None:
                yield name, found

    def _read_creation(self, at: Sequence[object], declared: Json) -> Creation | None:
        creates = declared.get("creates")
        if creates is None:
            return None
        target = self._drafts.get(creates["form"])
        if target is None:
            advice = ask_nearest(creates["form"], self._drafts)
            message = f"没有表“{creates['form']}”。{advice}请改正。"
            self._complain((*at, "form"), message)
            return None
        self._check_created(at, creates, target)
        return Creation(target.code, dict(self._read_values(at, creates, target)))

    def _check_created(
        self, at: Sequence[object], creates: Json, target: Draft
    ) -> None:
        form = target.schema["x-form"]
        if "x-derive" in target.schema or form["shape"] != "rows":
            message = f"表 {target.code} 不能加行，请换一张表。"
            self._complain((*at, "form"), message)
        missing = [
            name
            for name in form.get("key", ())
            if name in target.schema.get("required", ())
            and name not in creates["values"]
        ]
        if missing:
            message = f"没有给关键字段 {'、'.join(missing)}，建不成一行。请补上。"
            self._complain((*at, "values"), message)

    def _read_values(
        self, at: Sequence[object], creates: Json, target: Draft
    ) -> Iterator[tuple[str, Expression]]:
        for name, text in creates["values"].items():
            place = (*at, "values", name)
            if name not in target.fields:
                advice = ask_nearest(name, target.fields)
                message = f"表 {target.code} 没有字段“{name}”。{advice}请改正。"
                self._complain(place, message)
                continue
            given = {"x-computed", "x-fill"} & target.fields[name].keys()
            if given or name in target.moved_fields:
                message = f"“{name}”由系统给出，不能这样填。请删去。"
                self._complain(place, message)
            found = self._parse(place, text, target, name)
            if found is not None:
                yield name, found

    def _read_condition(
        self, at: Sequence[object], declared: Json
    ) -> Expression | None:
        found = self._fields.condition(self._draft, ("x-flow", *at), declared)
        return self._keep_to_row(at, found)

    def _parse(
        self, at: Sequence[object], text: object, target: Draft, name: str
    ) -> Expression | None:
        """An expression over the row that moves, for a field."""
        wanted: ValueType = self._fields.tables[target.code][name].type
        found = self._fields.parse(
            self._draft,
            ("x-flow", *at),
            text,
            expect=wanted,
            table=self._draft.code,
        )
        return self._keep_to_row(at, found)

    def _keep_to_row(
        self, at: Sequence[object], found: Expression | None
    ) -> Expression | None:
        if found is not None and found.reach is not Reach.ROW:
            self._complain(at, "这里只能用本行的字段，不能看别的行。请改写。")
        return found

    def _complain(self, at: Sequence[object], message: str) -> None:
        self._draft.complain(self._at(*at), message)

    @staticmethod
    def _at(*steps: object) -> str:
        return point("x-flow", *steps)
