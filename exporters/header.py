"""Find the header row of a sheet and say which column is which field.

Labels are compared the way people read them: blanks, line breaks, stars and the width
of brackets make no difference. Group titles above the header row and labels merged
over two rows are seen through. Whether a file may lack a column is said here, too.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from exporters.exchange import SEARCHED_ROWS
from exporters.refusals import Reason, RefusedFile
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import FormSpec

#: rows above and below the header row that may hold parts of it
_REACH = 3

_STARS = "*＊★☆※✱﹡"
_ALIKE = str.maketrans(
    {
        "“": '"', "”": '"', "‘": "'", "’": "'", "〔": "(", "〕": ")", "【": "(",
        "】": ")", "[": "(", "]": ")", "—": "-", "–": "-", "－": "-", "。": ".",
        "、": ",", "，": ",", "；": ";", "：": ":", "／": "/", "＼": "/",
    }
)  # fmt: skip
#: The column that `marking` adds; it belongs to no field and is not worth a word.
PROBLEM_HEADING = "问题"
#: The columns that `template` adds behind the data: what is wrong with a row, the
#: hidden formulas that find it, last period's values.
CHECK_HEADING = "检查"
FLAG_PREFIX = "检查："
PREVIOUS_PREFIX = "上期："
#: Words our own workbooks put beside a label.
_OWN_REMARKS = ("(自动计算)", "(自动带出)")


@dataclass(frozen=True)
class Header:
    """Where the header is and what its columns are."""

    #: the last row of the header, from 1: data starts below
    row: int
    #: column (from 1) -> field id, in the order of the sheet; only importable fields
    columns: Mapping[int, str]
    #: ids of typed fields that have no column
    missing: tuple[str, ...]
    #: labels of columns that belong to no field, as the sheet writes them
    unknown: tuple[str, ...]
    #: (column, label) of fields the engine supplies and uploads: not read
    ignored: tuple[tuple[int, str], ...]
    #: column in which an earlier check wrote its findings
    problem_column: int | None = None


@lru_cache(maxsize=65_536)
def normalize_label(text: str) -> str:
    """A label without what people do not see or mind."""
    plain = unicodedata.normalize("NFKC", text.translate(_ALIKE)).translate(_ALIKE)
    kept = "".join(
        char
        for char in plain
        if not char.isspace() and unicodedata.category(char) not in ("Cf", "Cc")
    )
    for remark in _OWN_REMARKS:
        kept = kept.removesuffix(remark)
    return kept.strip(_STARS).casefold()


def find_header(
    rows: Sequence[Sequence[object]],
    form: FormSpec,
    catalogue: Catalogue,
    *,
    all_new: bool,
) -> Header:
    """Find the header among the first rows of a sheet.

    Args:
        rows: from the sheet's first row, cells from its first column.
        all_new: no row can be an update, so that every required column is needed.

    Raises:
        RefusedFile: no header, another form's, doubled or missing columns.
    """
    labels = _labels_of(form)
    texts = [[_text(cell) for cell in row] for row in rows[:SEARCHED_ROWS]]
    matches = [_match_row(row, labels) for row in texts]
    best = max(range(len(matches)), key=lambda at: len(matches[at]), default=None)
    if best is None or not matches[best]:
        raise _refuse_unknown(texts, form, catalogue)
    named, first, last = _gather(texts, best, labels)
    by_field: dict[str, list[int]] = {}
    for column, field_id in named.items():
        by_field.setdefault(field_id, []).append(column)
    _refuse_lacking(texts, best, form, catalogue, by_field, all_new)
    _refuse_doubled(form, by_field)
    return _build(form, texts[first : last + 1], last, named)


def _build(
    form: FormSpec, header: list[list[str]], last: int, named: dict[int, str]
) -> Header:
    columns = {
        column + 1: field_id
        for column, field_id in sorted(named.items())
        if is_importable(form.by_id[field_id])
    }
    ignored = tuple(
        (column + 1, form.by_id[field_id].label)
        for column, field_id in sorted(named.items())
        if not is_importable(form.by_id[field_id])
    )
    unknown = list(_unknown(header, named))
    return Header(
        row=last + 1,
        columns=columns,
        missing=_missing(form, set(named.values())),
        unknown=tuple(label for _, label in unknown if not is_own_heading(label)),
        ignored=ignored,
        problem_column=next(
            (column for column, label in unknown if label == PROBLEM_HEADING), None
        ),
    )


def is_own_heading(label: str) -> bool:
    """Whether a column is one that our workbooks add beside those of the form."""
    own = (PROBLEM_HEADING, CHECK_HEADING)
    return label in own or label.startswith((FLAG_PREFIX, PREVIOUS_PREFIX))


def is_importable(field: FieldSpec) -> bool:
    """Whether a workbook may bring the field's values."""
    return not field.is_given and field.kind not in FILE_KINDS


def _missing(form: FormSpec, present: set[str]) -> tuple[str, ...]:
    absent = [field for field in form.typed_fields if field.id not in present]
    # Uploads never come by workbook: a file that lacks nothing else lacks nothing.
    if not any(is_importable(field) for field in absent):
        return ()
    return tuple(field.id for field in absent)


def _unknown(
    header: list[list[str]], named: dict[int, str]
) -> Iterator[tuple[int, str]]:
    """Column (from 1) and label of what belongs to no field."""
    for column in range(max(map(len, header))):
        # The lowest text counts: group titles stand above it.
        texts = (_at(header, row, column) for row in reversed(range(len(header))))
        text = next((text for text in texts if text.strip()), "")
        if column not in named and text:
            yield column + 1, " ".join(text.split())


@lru_cache(maxsize=1024)
def _labels_of(form: FormSpec) -> Mapping[str, str]:
    """Normalized label -> field id; also with the unit in brackets, and the id."""
    labels: dict[str, str] = {}
    for field in form.fields:
        labels.setdefault(normalize_label(field.label), field.id)
    for field in form.fields:
        if field.unit:
            with_unit = normalize_label(f"{field.label}({field.unit})")
            labels.setdefault(with_unit, field.id)
    for field in form.fields:
        labels.setdefault(field.id, field.id)
    return labels


def _text(cell: object) -> str:
    return cell if isinstance(cell, str) else ""


def _at(texts: list[list[str]], row: int, column: int) -> str:
    if 0 <= row < len(texts) and column < len(texts[row]):
        return texts[row][column]
    return ""


def _match_row(row: list[str], labels: Mapping[str, str]) -> dict[str, int]:
    """Field id -> first column of a row whose label names it."""
    found: dict[str, int] = {}
    for column, text in enumerate(row):
        field_id = labels.get(normalize_label(text)) if text else None
        if field_id is not None:
            found.setdefault(field_id, column)
    return found


def _gather(
    texts: list[list[str]], best: int, labels: Mapping[str, str]
) -> tuple[dict[int, str], int, int]:
    """Labels of the best row, and of its neighbours where merged cells left gaps.

    Gives column (from 0) -> field id, and the first and the last row with labels.
    """
    named = {
        column: labels[normalize_label(text)]
        for column, text in enumerate(texts[best])
        if text and normalize_label(text) in labels
    }
    first = last = best
    for below in range(best + 1, min(best + _REACH, len(texts))):
        more = _continue_below(texts[below], named, labels)
        if not more:
            break
        for column, field_id in more.items():
            named[column] = field_id
        last = below
    for above in range(best - 1, max(best - _REACH, -1), -1):
        for column, text in enumerate(texts[above]):
            field_id = labels.get(normalize_label(text)) if text else None
            is_gap = not any(
                _at(texts, row, column) for row in range(above + 1, last + 1)
            )
            if field_id and is_gap and field_id not in named.values():
                named[column] = field_id
                first = above
    return named, first, last


def _continue_below(
    row: list[str], named: dict[int, str], labels: Mapping[str, str]
) -> dict[int, str]:
    """Labels not seen yet, in a row with nothing below the labels already found.

    Other texts of such a row are labels, too: of columns that belong to no field.
    """
    found: dict[int, str] = {}
    for column, text in enumerate(row):
        if not text.strip():
            continue
        field_id = labels.get(normalize_label(text))
        if column in named or field_id in named.values():
            return {}
        if field_id is not None:
            found[column] = field_id
    return found


def _refuse_doubled(form: FormSpec, by_field: Mapping[str, list[int]]) -> None:
    doubled = [
        form.by_id[field_id].label
        for field_id, columns in by_field.items()
        if len(columns) > 1 and is_importable(form.by_id[field_id])
    ]
    if doubled:
        raise RefusedFile(Reason.DOUBLED_COLUMN, columns=tuple(doubled))


def _refuse_lacking(
    texts: list[list[str]],
    best: int,
    form: FormSpec,
    catalogue: Catalogue,
    present: Iterable[str],
    all_new: bool,
) -> None:
    present = set(present)
    lacking = [
        field
        for field in form.fields
        if field.id not in present
        and is_importable(field)
        and (field.id in form.key or (all_new and field.required))
    ]
    has_data = any(is_importable(form.by_id[field_id]) for field_id in present)
    if not lacking and has_data:
        return
    other = _find_other(texts, form, catalogue, len(present))
    if other is not None:
        raise RefusedFile(Reason.OTHER_FORM, form=_title(form), other=_title(other))
    importable = sum(is_importable(field) for field in form.fields)
    if not has_data or (len(present) < 2 < importable):
        raise RefusedFile(Reason.NO_HEADER, form=_title(form), searched=len(texts))
    raise RefusedFile(
        Reason.MISSING_COLUMN,
        form=_title(form),
        columns=tuple(field.label for field in lacking),
        row=best + 1,
    )


def _refuse_unknown(
    texts: list[list[str]], form: FormSpec, catalogue: Catalogue
) -> RefusedFile:
    other = _find_other(texts, form, catalogue, 0)
    if other is not None:
        return RefusedFile(Reason.OTHER_FORM, form=_title(form), other=_title(other))
    return RefusedFile(Reason.NO_HEADER, form=_title(form), searched=len(texts))


def _find_other(
    texts: list[list[str]], form: FormSpec, catalogue: Catalogue, matched: int
) -> FormSpec | None:
    """The form whose header this is, if it fits clearly better than `form`."""
    best, best_count = None, max(matched, 1)
    for other in catalogue.forms:
        if other is form or other.full_name == form.full_name:
            continue
        labels = _labels_of(other)
        count = max((len(_match_row(row, labels)) for row in texts), default=0)
        needed = sum(is_importable(field) for field in other.fields)
        if count > best_count and count * 2 >= needed:
            best, best_count = other, count
    return best


def _title(form: FormSpec) -> str:
    return f"{form.code} {form.title}"
