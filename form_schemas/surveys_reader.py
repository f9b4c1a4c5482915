"""Read `surveys` of an edition's settings against its forms, and say what is wrong.

`settings.json` has judged the shape. Surveys with a fault are not served at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from form_schemas.expressions import Expression, ExpressionError, parse_expression
from form_schemas.faults import ask_nearest, point
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FieldKind, ValueType
from form_schemas.lineage import list_columns
from form_schemas.spec import FormSpec
from form_schemas.surveys import (
    AnswerFields,
    QuestionFields,
    QuestionKind,
    SurveyFields,
    Surveys,
    Target,
)

WORD = "surveys"

_Declared = Mapping[str, Any]

_TEXTS = frozenset({FieldKind.TEXT, FieldKind.LONG_TEXT})
#: Which kinds of fields a word takes, by the part it stands in.
_KINDS: Mapping[str, Mapping[str, frozenset[FieldKind]]] = {
    "survey": {
        "title": frozenset({FieldKind.TEXT}),
        "text": _TEXTS,
        "targets": frozenset({FieldKind.MULTI_ENUM}),
        "begins": frozenset({FieldKind.DATE}),
        "ends": frozenset({FieldKind.DATE}),
        "anonymous": frozenset({FieldKind.BOOLEAN}),
        "published": frozenset({FieldKind.BOOLEAN}),
    },
    "question": {
        "survey": frozenset({FieldKind.REF}),
        "number": frozenset({FieldKind.INTEGER}),
        "text": _TEXTS,
        "kind": frozenset({FieldKind.ENUM}),
        "options": _TEXTS,
        "most": frozenset({FieldKind.INTEGER}),
        "required": frozenset({FieldKind.BOOLEAN}),
    },
    "answer": {
        "survey": frozenset({FieldKind.REF}),
        "number": frozenset({FieldKind.INTEGER}),
        "who": _TEXTS,
        "answer": _TEXTS,
        "day": frozenset({FieldKind.DATE}),
    },
}


@dataclass(frozen=True)
class SurveysReading:
    """The surveys of an edition."""

    #: None: it has none, or they have faults
    surveys: Surveys | None
    #: pointer and sentence
    faults: tuple[tuple[str, str], ...]


def read_surveys(
    settings: Mapping[str, Any], forms: Sequence[FormSpec]
) -> SurveysReading:
    """How an edition asks people."""
    declared = settings.get(WORD)
    if declared is None:
        return SurveysReading(None, ())
    reader = _SurveysReader(declared, forms)
    surveys = reader.read()
    faults = tuple(reader.faults)
    return SurveysReading(None if faults else surveys, faults)


class _SurveysReader:
    def __init__(self, declared: _Declared, forms: Sequence[FormSpec]) -> None:
        self._declared = declared
        self._forms = {form.code: form for form in forms}
        self._tables = list_columns(forms)
        self.faults: list[tuple[str, str]] = []

    def read(self) -> Surveys | None:
        forms = {part: self._read_part(part) for part in _KINDS}
        if self.faults or forms["survey"] is None:
            return None
        self._check_places(forms)
        self._check_values(forms)
        told = {part: self._declared[part] for part in _KINDS}
        conditions = self._read_conditions(forms["survey"])
        if self.faults:
            return None
        kinds = {one: QuestionKind(k) for one, k in told["question"]["kinds"].items()}
        return Surveys(
            SurveyFields(**{**told["survey"], **conditions}),
            tuple(
                Target(
                    one["value"], one.get("unitKind", ""), one.get("accountType", "")
                )
                for one in self._declared["targets"]
            ),
            QuestionFields(**{**told["question"], "kinds": kinds}),
            AnswerFields(**told["answer"]),
        )

    def _read_part(self, part: str) -> FormSpec | None:
        told = self._declared[part]
        form = self._forms.get(told["form"])
        if form is None:
            hint = ask_nearest(told["form"], self._forms)
            self._complain((part, "form"), f"没有表 {told['form']}。{hint}")
            return None
        for word, kinds in _KINDS[part].items():
            if word in told:
                self._check_field(part, word, form, kinds)
        return form

    def _check_field(
        self, part: str, word: str, form: FormSpec, kinds: frozenset[FieldKind]
    ) -> None:
        name = self._declared[part][word]
        item = form.by_id.get(name)
        if item is None:
            hint = ask_nearest(name, form.by_id)
            self._complain((part, word), f"表 {form.code} 没有字段“{name}”。{hint}")
        elif item.kind not in kinds:
            wanted = "、".join(sorted(kinds))
            message = f"“{name}”是 {item.kind}，这里要 {wanted}，请换一个字段。"
            self._complain((part, word), message)
        elif item.sensitive:
            self._complain((part, word), f"“{name}”是个人信息，不能用在调查里。")

    def _check_places(self, forms: Mapping[str, FormSpec | None]) -> None:
        """Answers lie where their survey does, and each refers to it."""
        asking = forms["survey"]
        assert asking is not None
        for part, form in forms.items():
            assert form is not None
            if not form.is_standing:
                message = f"表 {form.code} 逐期填报，调查要用日常表（standing）。"
                self._complain((part, "form"), message)
            if part == "survey":
                continue
            item = form.by_id[self._declared[part]["survey"]]
            told = self._declared["survey"]["title"]
            reference = item.reference
            assert reference is not None
            if (reference.tables, reference.field) != ((asking.code,), told):
                message = f"“{item.id}”要引用表 {asking.code} 的“{told}”。"
                self._complain((part, "survey"), message)

    def _check_values(self, forms: Mapping[str, FormSpec | None]) -> None:
        """Each value of the enumerations has its meaning, and no other has one."""
        survey, question = forms["survey"], forms["question"]
        assert survey is not None
        assert question is not None
        targets = survey.by_id[self._declared["survey"]["targets"]]
        told = [one["value"] for one in self._declared["targets"]]
        self._check_options(("targets",), targets, told)
        kinds = question.by_id[self._declared["question"]["kind"]]
        self._check_options(
            ("question", "kinds"), kinds, list(self._declared["question"]["kinds"])
        )

    def _check_options(
        self, at: tuple[str, ...], item: FieldSpec, told: Sequence[str]
    ) -> None:
        for one in told:
            if one not in item.options:
                self._complain(at, f"“{item.id}”没有选项“{one}”。请核对。")
        for one in item.options:
            if told.count(one) != 1:
                self._complain(at, f"“{item.id}”的选项“{one}”要写一次，不多不少。")

    def _read_conditions(self, form: FormSpec) -> dict[str, Expression]:
        found = {}
        for word in ("is_open", "is_closed"):
            try:
                found[word] = parse_expression(
                    self._declared["survey"][word],
                    self._tables,
                    form.code,
                    expect=ValueType.BOOLEAN,
                )
            except ExpressionError as error:
                self._complain(("survey", word), str(error))
        return found

    def _complain(self, at: tuple[str, ...], message: str) -> None:
        self.faults.append((point(WORD, *at), message))
