"""The fields of a form as the cells that formulas read, and computed values as shown.

`form_formulas` compiles a form's expressions over them.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from openpyxl.utils import get_column_letter

from exporters.formula_cells import ROW, CellRef, NotInExcel
from exporters.layout import SheetLayout
from form_schemas.catalogue import Catalogue
from form_schemas.codelists import CodeList
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import SUGGESTING_KINDS, FieldKind, ValueType
from form_schemas.spec import FormSpec
from validators.choices import SEPARATORS
from validators.conversion import display


@lru_cache(maxsize=1024)
def letters_of(layout: SheetLayout) -> Mapping[str, str]:
    """Field id -> letter of its column."""
    return {
        column.field.id: get_column_letter(at)
        for at, column in enumerate(layout.columns, 1)
    }


def read_fields(
    form: FormSpec, catalogue: Catalogue, letters: Mapping[str, str]
) -> Iterator[tuple[str, CellRef]]:
    """Field id and cell of each field that has a column."""
    for field in form.fields:
        if field.id not in letters:
            continue
        codelist = None
        if field.kind not in SUGGESTING_KINDS:
            codelist = catalogue.codelist_for(field)
        yield (
            field.id,
            CellRef(
                address=f"${letters[field.id]}{ROW}",
                type=field.value_type,
                places=field.places or 0,
                is_percent=field.value_kind is FieldKind.PERCENT,
                suffix="年" if field.value_kind is FieldKind.YEAR else "",
                separator=field.separator or "",
                has_joint_options=any(set(o) & set(SEPARATORS) for o in field.options),
                spellings=_Spellings(field, codelist, catalogue) if codelist else {},
            ),
        )


class _Spellings(Mapping[str, tuple[str, ...]]):
    """Code -> what a cell may show for it; made when asked for, lists are long."""

    def __init__(
        self, field: FieldSpec, codelist: CodeList, catalogue: Catalogue
    ) -> None:
        self._field = field
        self._codelist = codelist
        self._catalogue = catalogue

    def __getitem__(self, code: str) -> tuple[str, ...]:
        value = (code,) if self._field.is_list else code
        shown = display(self._field, value, self._catalogue.codelists)
        return tuple(dict.fromkeys((code, shown)))

    def __iter__(self) -> Iterator[str]:
        return iter(self._codelist.by_code)

    def __len__(self) -> int:
        return len(self._codelist.by_code)


def settle(field: FieldSpec, formula: str) -> str:
    """The value of an expression as the cell of its field shows it."""
    if field.is_list:
        raise NotInExcel("有几个值")
    if field.value_type is ValueType.NUMBER:
        return f"ROUND({formula},{field.places or 0})"
    if field.value_type is ValueType.BOOLEAN:
        return f'IF({formula},"是","否")'
    if field.value_type is ValueType.MONTH:
        return f'YEAR({formula})&"-"&RIGHT("0"&MONTH({formula}),2)'
    return formula
