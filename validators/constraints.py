"""Apply the schema file as written: bounds, lengths, patterns, options, code lists.

Each property's schema is compiled once a form with jsonschema-rs and judges values;
`required` of the file is left to `check`, which knows what is visible. Bulk checks
judge each different value of a column once.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

import jsonschema_rs

from form_schemas.codelists import CodeList
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import SUGGESTING_KINDS, FieldKind
from form_schemas.rule_spec import Level
from form_schemas.spec import FormSpec
from validators.choices import get_codes
from validators.conversion import TO_JSON, keep
from validators.formats import is_organization_code, judge_uscc
from validators.report import Code, Finding, quote

#: Formats of JSON Schema that are judged as part of the file. The others are notes to
#: readers: kinds judge e-mail and web addresses less strictly than RFC 3986 would.
SCHEMA_FORMATS: Mapping[str, Callable[[object], bool]] = {
    "organization-code": is_organization_code,
}


#: Kinds whose values are of one ordered type.
_ORDERED = frozenset(
    {
        FieldKind.INTEGER,
        FieldKind.DECIMAL,
        FieldKind.MONEY,
        FieldKind.PERCENT,
        FieldKind.YEAR,
        FieldKind.DATE,
    }
)
#: Keywords that set bounds, say what the kind's conversion has seen to, or say nothing.
_BOUNDS = frozenset(
    {"title", "description", "default", "type", "format", "minimum", "maximum"}
)


class ValueJudge:
    """Judges values of one field by its part of the schema file and its code list."""

    def __init__(self, form: FormSpec, field: FieldSpec, codes: CodeList | None):
        schema = _property_of(form, field.id)
        assert isinstance(schema, Mapping)
        self._one = _compile(schema)
        self._many = _compile({"type": "array", "items": schema})
        self._codes = codes
        self._field = field
        # jsonschema-rs takes decimals as they are, and compares them exactly.
        write = keep if field.traits.scaled else TO_JSON[field.value_kind]
        self._is_plain = write is keep and not field.is_list
        self._write: Callable[[object], object] = (
            _each(write) if field.is_list else write
        )
        # Where only bounds are set, the least and the greatest speak for all others.
        self._is_range = (
            codes is None
            and field.value_kind in _ORDERED
            and not field.is_list
            and all(word in _BOUNDS or word.startswith("x-") for word in schema)
        )

    def find(self, value: object) -> tuple[Finding, ...]:
        """Give what is wrong with a value; nothing for an empty one."""
        if value is None:
            return ()
        instance = self._write(value)
        findings = tuple(self._errors(instance))
        return findings or tuple(self._unlisted(value))

    def find_all(self, values: Collection[object]) -> dict[object, tuple[Finding, ...]]:
        """Give the findings of those of the values that are wrong.

        Args:
            values: some typed values, none of them empty.
        """
        judged = _find_ends(values) if self._is_range else values
        if self._many.is_valid(self._write_all(judged)):
            values = self._suspects(values)
        found = ((value, self.find(value)) for value in values)
        return {value: findings for value, findings in found if findings}

    def _write_all(self, values: Collection[object]) -> list[object]:
        if self._is_plain:
            return list(values)
        return list(map(self._write, values))

    def _suspects(self, values: Collection[object]) -> Collection[object]:
        """Leave out the values that stand in the code list."""
        if self._codes is None:
            return ()
        if self._field.is_list:
            return values
        return get_codes(self._codes, self._field.pattern).find_unlisted(values)

    def _errors(self, instance: object) -> Iterator[Finding]:
        if self._one.is_valid(instance):
            return
        seen = set()
        for error in self._one.iter_errors(instance):
            finding = _explain(error, instance)
            if finding.code not in seen:
                seen.add(finding.code)
                yield finding

    def _unlisted(self, value: object) -> Iterator[Finding]:
        if self._codes is None:
            return
        codes = get_codes(self._codes, self._field.pattern)
        values = value if isinstance(value, tuple) else (value,)
        for code in values:
            if code not in codes:
                finding = codes.refuse(str(code))
                level = Level.ERROR if self._codes.complete else Level.WARNING
                details = {**finding.details, "list": self._codes.title}
                yield Finding(finding.code, details, level)
                return


def get_judges(
    form: FormSpec, codelists: Mapping[str, CodeList]
) -> Mapping[str, ValueJudge]:
    """Get the judges of a form's typed fields, by field id."""
    lists = tuple(
        codelists.get(f.codes) if f.codes and f.kind not in SUGGESTING_KINDS else None
        for f in form.fields
    )
    return _build_judges(form, lists)


@lru_cache(maxsize=1024)
def _build_judges(
    form: FormSpec, lists: tuple[CodeList | None, ...]
) -> Mapping[str, ValueJudge]:
    pairs = zip(form.fields, lists, strict=True)
    return {f.id: ValueJudge(form, f, codes) for f, codes in pairs if not f.is_given}


@cache
def compile_form(form: FormSpec) -> jsonschema_rs.Draft202012Validator:
    """Compile the whole schema file: what any other validator would judge."""
    return _compile(dict(form.schema))


def _property_of(form: FormSpec, field_id: str) -> object:
    properties = form.schema["properties"]
    assert isinstance(properties, Mapping)
    return properties[field_id]


def _compile(schema: object) -> jsonschema_rs.Draft202012Validator:
    assert isinstance(schema, dict)
    formats = {"email": _note, "uri": _note, "date": _note, **SCHEMA_FORMATS}
    return jsonschema_rs.Draft202012Validator(
        schema, formats=formats, validate_formats=True
    )


def _note(value: object) -> bool:
    return True


def _find_ends(values: Any) -> tuple[object, object]:
    return min(values), max(values)


def _each(write: Callable[[object], object]) -> Callable[[object], object]:
    def write_each(values: object) -> object:
        assert isinstance(values, Collection)
        return [write(value) for value in values]

    return write_each


# From jsonschema-rs's errors to findings.


def _explain(error: jsonschema_rs.ValidationError, instance: object) -> Finding:
    # What `kind` holds depends on its name: `limit`, `options`, `pattern`, `format`.
    kind: Any = error.kind
    # The error has a decimal as a float; an item of a list it has as it is.
    value = error.instance if error.instance_path else instance
    return _EXPLANATIONS.get(kind.name, _other)(value, kind)


def _bound(code: Code, bound: str) -> Callable[..., Finding]:
    def explain(value: Any, kind: Any) -> Finding:
        details: dict[str, object] = {
            "value": quote(value),
            "bound": bound,
            "limit": str(kind.limit),
        }
        if isinstance(value, str | list):
            details["length"] = len(value)
        return Finding(code, details)

    return explain


def _wrong_type(value: Any, kind: Any) -> Finding:
    return Finding(Code.TYPE, {"value": quote(value)})


def _not_an_option(value: Any, kind: Any) -> Finding:
    options = [str(option) for option in kind.options if option is not None]
    value = quote(value)
    return Finding(Code.ENUM, {"value": value, "reason": "unknown", "options": options})


def judge_codes_below(
    codelist: CodeList, value: object, above: str, label: str
) -> Finding | None:
    """Judge a code, or several, that have to stand below another one.

    Args:
        label: of the field that holds the other one.
    """
    codes = value if isinstance(value, tuple) else (value,)
    wrong = [str(code) for code in codes if not codelist.is_below(str(code), above)]
    if not wrong:
        return None
    names = "、".join(_name(codelist, code) for code in wrong)
    details = {"above": _name(codelist, above), "label": label}
    return Finding(Code.FORMAT, {"value": quote(names), "reason": "below", **details})


def _name(codelist: CodeList, code: str) -> str:
    entry = codelist.by_code.get(code)
    return code if entry is None else f"{code} {entry.name}"


def _wrong_pattern(value: Any, kind: Any) -> Finding:
    details = {"reason": "pattern", "pattern": kind.pattern}
    return Finding(Code.FORMAT, {"value": quote(value), **details})


def _wrong_format(value: Any, kind: Any) -> Finding:
    if isinstance(value, str) and len(value) == 18 and (found := judge_uscc(value)):
        return found
    details = {"value": quote(value), "reason": kind.format}
    return Finding(Code.FORMAT, details)


def _twice(value: Any, kind: Any) -> Finding:
    return Finding(Code.ENUM, {"value": quote(value), "reason": "twice"})


def _other(value: Any, kind: Any) -> Finding:
    details = {"reason": "schema", "keyword": kind.name}
    return Finding(Code.FORMAT, {"value": quote(value), **details})


_EXPLANATIONS: Mapping[str, Callable[[Any, Any], Finding]] = {
    "type": _wrong_type,
    "enum": _not_an_option,
    "pattern": _wrong_pattern,
    "format": _wrong_format,
    "minimum": _bound(Code.RANGE, "minimum"),
    "maximum": _bound(Code.RANGE, "maximum"),
    "exclusiveMinimum": _bound(Code.RANGE, "above"),
    "exclusiveMaximum": _bound(Code.RANGE, "below"),
    "minLength": _bound(Code.LENGTH, "minimum"),
    "maxLength": _bound(Code.LENGTH, "maximum"),
    "minItems": _bound(Code.LENGTH, "minimum"),
    "maxItems": _bound(Code.LENGTH, "maximum"),
    "uniqueItems": _twice,
}
