"""Judges values one by one: by the schema file, the code list and the format.

What is wrong with a value does not depend on its row, so that each different value of a
column is judged once, and an import may judge in the process that reads.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec
from validators.constraints import ValueJudge, get_judges
from validators.conversion import (
    ConvertedColumns,
    JudgedValues,
)
from validators.converters import CodeLists
from validators.formats import FORMATS
from validators.report import Code, Finding, quote

#: Values of a column that tell how often values recur in it.
_SAMPLE = 64


def judge_columns(
    form: FormSpec, converted: ConvertedColumns, codelists: CodeLists
) -> dict[str, JudgedValues]:
    """What is wrong with the values of each column, by field id.

    Columns that were judged before are taken over.
    """
    judges = get_judges(form, codelists)
    return {
        field_id: converted.judged[field_id]
        if field_id in converted.judged
        else judge_values(form.by_id[field_id], judges[field_id], values)
        for field_id, values in converted.columns.items()
        if field_id in judges
    }


def judge_values(
    field: FieldSpec, judge: ValueJudge, values: Sequence[object]
) -> JudgedValues:
    """The findings of those of the values that are wrong."""
    present = drop_repeated(values)
    if not present:
        return {}
    found = judge.find_all(present)
    if field.sensitive:
        found.update(_find_masked(present))
    # A card's form depends on the document type beside it.
    if field.id_type is None:
        found.update(_find_misformed(field, [v for v in present if v not in found]))
    return found


def drop_repeated(values: Sequence[object]) -> Collection[object]:
    """The values without empty ones, each but once where many are alike.

    To find out that all are different costs more than to judge them.
    """
    sample = values[:_SAMPLE]
    if len(set(sample)) <= len(sample) // 4:
        different = set(values)
        different.discard(None)
        return different
    return [value for value in values if value is not None]


def _find_masked(
    values: Iterable[object],
) -> Iterator[tuple[object, tuple[Finding, ...]]]:
    """Tell personal data whose middle an export has hidden: stars would replace it."""
    for value in values:
        if isinstance(value, str) and "*" in value:
            details = {"value": quote(value), "reason": "masked"}
            yield value, (Finding(Code.FORMAT, details),)


def _find_misformed(
    field: FieldSpec, values: Iterable[object]
) -> Iterator[tuple[object, tuple[Finding, ...]]]:
    judge = FORMATS[field.value_kind]
    if judge is None or field.reference is not None:
        return
    for value in values:
        assert isinstance(value, str)
        finding = judge(value)
        if finding is not None:
            yield value, (finding,)
