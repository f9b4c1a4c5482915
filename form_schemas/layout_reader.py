"""Reads `x-layout`: the groups of a form's fields, and tables of single fields."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from form_schemas.drafts import Draft, Json
from form_schemas.faults import point
from form_schemas.field_spec import FieldGroup, PlacedField
from form_schemas.table_spec import FieldTable, TableCell, TableRow


def read_groups(draft: Draft) -> tuple[FieldGroup, ...]:
    """The groups of a form, all fields in one where the file says nothing of them."""
    declared = draft.schema.get("x-layout")
    if declared is None:
        return (FieldGroup("", tuple(PlacedField(f, 0) for f in draft.fields)),)
    groups = tuple(
        _read_group(draft, number, group) for number, group in enumerate(declared)
    )
    _check_places(draft, [place.id for group in groups for place in group.fields])
    return groups


def _read_group(draft: Draft, number: int, declared: Json) -> FieldGroup:
    fields = tuple(_place(declared["fields"], 0))
    if "table" not in declared:
        return FieldGroup(declared["title"], fields)
    table = _read_table(declared["table"])
    ids = [place.id for place in fields]
    _check_table(draft, ("x-layout", number, "table"), table, ids)
    return FieldGroup(declared["title"], fields, table)


def _place(entries: Sequence[Any], depth: int) -> Iterator[PlacedField]:
    for entry in entries:
        if isinstance(entry, str):
            yield PlacedField(entry, depth)
        else:
            yield from _place(entry, depth + 1)


def _check_places(draft: Draft, placed: Sequence[str]) -> None:
    """Complain of fields without a place, with two, or out of their order."""
    for field_id in placed:
        draft.check_field_id(point("x-layout"), field_id)
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
    order = [fid for fid in draft.fields if fid in placed]
    stray = next((a for a, b in zip(placed, order, strict=False) if a != b), None)
    if stray is not None and not missing and not doubled:
        # A workbook's columns and the bands above them are one row of cells.
        draft.complain(
            point("x-layout"),
            f"“{stray}”的次序与 properties 里的不同，请把两处排成一样。",
        )


def _read_table(declared: Json) -> FieldTable:
    return FieldTable(
        tuple(declared["columns"]),
        tuple(
            TableRow(
                row["title"],
                tuple(tuple(map(_read_cell, cell)) for cell in row["cells"]),
            )
            for row in declared["rows"]
        ),
    )


def _read_cell(entry: str | Json) -> TableCell:
    if isinstance(entry, str):
        return TableCell(entry)
    return TableCell(entry["field"], entry["label"])


def _check_table(
    draft: Draft, at: tuple[str | int, ...], table: FieldTable, ids: Sequence[str]
) -> None:
    """Complain of a table whose fields the group has not, or whose rows do not fit."""
    for number, row in enumerate(table.rows):
        place = point(*at, "rows", number, "cells")
        if len(row.cells) >= len(table.columns):
            draft.complain(
                place,
                f"“{row.title}”一行有 {len(row.cells)} 格，表头除了第一列只有 "
                f"{len(table.columns) - 1} 列。请删去多的格，或给表头加列。",
            )
        for cell in row.fields:
            if draft.check_field_id(place, cell.id) and cell.id not in ids:
                draft.complain(
                    place,
                    f"“{cell.id}”不在本组的 fields 里。请写进 fields，或从表格里删去。",
                )
    counts = Counter(table.ids)
    doubled = [field_id for field_id, count in counts.items() if count > 1]
    if doubled:
        told = "、".join(doubled)
        draft.complain(point(*at), f"{told} 在表格里写了两次，请各留一处。")
    left = _find_between(ids, counts)
    if left:
        told = "、".join(left)
        draft.complain(
            point(*at),
            f"{told} 排在表格的字段中间，表格里却没有。请写进表格，"
            "或在 fields 和 properties 里移到它们前面或后面。",
        )


def _find_between(ids: Sequence[str], table: Counter[str]) -> list[str]:
    """Fields of the group between those of the table."""
    inside = [at for at, field_id in enumerate(ids) if field_id in table]
    if not inside:
        return []
    return [one for one in ids[inside[0] : inside[-1]] if one not in table]
