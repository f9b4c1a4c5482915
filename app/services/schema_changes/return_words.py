"""What a plan tells of values that come back where fields were computed by `x-from`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from app.services.schema_changes.impacts import MOST_EXAMPLES, Impacts
from app.services.schema_changes.operations import (
    Example,
    Operation,
    OperationKind,
    Refusal,
    Risk,
    Touched,
)
from app.services.schema_changes.returning import Returned, ReturnedCell

Judged = Operation | Refusal
#: Form and field -> what comes back there.
Returns = Mapping[tuple[str, str], Returned]

#: What says that values come back; whatever else is told of the field is no loss then.
_TELLING = (OperationKind.RECODE, OperationKind.ADD_FIELD)
_SILENT = (OperationKind.RETYPE, OperationKind.NARROW, OperationKind.WIDEN)


def tell_return(impacts: Impacts, judged: Judged, returns: Returns) -> Judged:
    """The operation as it is where a field has its former values again."""
    found = returns.get((judged.form_name, judged.field_id))
    if found is None or isinstance(judged, Refusal):
        return judged
    if judged.kind in _SILENT:
        # Its values are not those that were looked at: they come from another column.
        touched = Touched()
        return replace(judged, risk=Risk.SAFE, touched=touched, examples=(), demands="")
    if judged.kind not in _TELLING:
        return judged
    summary = f"“{found.item.label}”带回换算以前的值"
    if not found.lost:
        if found.is_invertible:
            summary += "；换算之后改过的行，按算式倒算"
        cells = (*found.changed, *found.kept)
        return replace(
            judged,
            summary=summary,
            risk=Risk.SAFE,
            touched=_count(found.rows),
            examples=_name_cells(impacts, found, cells),
            demands="",
        )
    end = "仍是换算以前的值" if found.keeps_former else "恢复后是空的"
    return replace(
        judged,
        summary=(
            f"{summary}；换算之后改过或新填的行里，{len(found.lost)} 行倒算不出，{end}"
        ),
        risk=Risk.LOSSY,
        touched=_count([(one.row.unit_id, one.row.round_id) for one in found.lost]),
        examples=_name_cells(impacts, found, found.lost),
        demands=(
            "这些行以前的值已经不作数，现在的值留在停用的列里。"
            "确要撤销，请写明理由，再请部门重新填这些格。"
        ),
    )


def _name_cells(
    impacts: Impacts, found: Returned, cells: Iterable[ReturnedCell]
) -> tuple[Example, ...]:
    return tuple(
        impacts.name_cell(
            found.form,
            (cell.row.unit_id, cell.row.round_id, cell.row.key),
            cell.now,
            (found.item, cell.value),
        )
        for cell in list(cells)[:MOST_EXAMPLES]
    )


def _count(rows: Sequence[tuple[int, int]]) -> Touched:
    """Of how many rows, from the unit and round of each."""
    units = {unit_id for unit_id, _ in rows}
    return Touched(len(rows), len(units), len({round_id for _, round_id in rows}))
