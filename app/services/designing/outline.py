"""The order of a form's fields and their groups, as one list that is easy to change.

A file says the order twice, in `properties` and in `x-layout`; here it stands once, and
both are written from it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.services.designing.words import Json, put_file_word


@dataclass(frozen=True)
class Line:
    """A field, or the head of a group."""

    #: None: the head of a group
    field_id: str | None
    #: of the group
    title: str = ""
    #: parts (其中) stand deeper than the whole
    depth: int = 0
    #: of the group: what shows some of its fields as a table
    table: Json | None = None

    @property
    def is_head(self) -> bool:
        return self.field_id is None


def read_outline(schema: Json) -> list[Line]:
    """The groups and fields in their order; without groups, the fields alone.

    Fields that the layout forgets follow the last group, and what it names without
    there being such a field is left out.
    """
    fields = list(schema.get("properties", {}))
    layout = schema.get("x-layout")
    if not isinstance(layout, list):
        return [Line(field_id) for field_id in fields]
    lines: list[Line] = []
    seen: set[str] = set()
    for group in layout:
        title, table = str(group.get("title", "")), group.get("table")
        lines.append(Line(None, title, table=table))
        for line in _read_placed(group.get("fields", ()), 0):
            if line.field_id in fields and line.field_id not in seen:
                lines.append(line)
                seen.add(str(line.field_id))
    lines += [Line(field_id) for field_id in fields if field_id not in seen]
    return lines


def write_outline(schema: Json, lines: Sequence[Line]) -> None:
    """Bring the order of the fields and their groups into the schema."""
    lines = _tidy(lines)
    fields = schema["properties"]
    order = [line.field_id for line in lines if line.field_id is not None]
    schema["properties"] = {field_id: fields[field_id] for field_id in order}
    if any(line.is_head for line in lines):
        put_file_word(schema, "x-layout", list(_write_groups(lines)))
    else:
        put_file_word(schema, "x-layout", None)


def find_line(lines: Sequence[Line], field_id: str) -> int:
    return next(i for i, line in enumerate(lines) if line.field_id == field_id)


def find_block(lines: Sequence[Line], index: int) -> int:
    """Where a field with its parts, or a group's head alone, ends."""
    end = index + 1
    if lines[index].is_head:
        return end
    while (
        end < len(lines)
        and not lines[end].is_head
        and lines[end].depth > lines[index].depth
    ):
        end += 1
    return end


def step_block(lines: Sequence[Line], index: int, step: int) -> list[Line]:
    """Move a field with its parts one place up (-1) or down (1), across heads too."""
    end = find_block(lines, index)
    block, rest = list(lines[index:end]), [*lines[:index], *lines[end:]]
    if step < 0:
        target = index - 1
        if index and not lines[index - 1].is_head:
            target = _find_start(lines, index - 1, block[0].depth)
    elif index < len(rest) and not rest[index].is_head:
        target = find_block(rest, index)
    else:
        target = index + 1
    return _insert(rest, block, target)


def move_block(lines: Sequence[Line], index: int, target: int) -> list[Line]:
    """Move a field with its parts before the line that is at `target` now."""
    end = find_block(lines, index)
    if index <= target <= end:
        return list(lines)
    block, rest = list(lines[index:end]), [*lines[:index], *lines[end:]]
    return _insert(rest, block, target if target < index else target - len(block))


def _insert(rest: list[Line], block: list[Line], target: int) -> list[Line]:
    first = 1 if rest and rest[0].is_head else 0
    target = max(first, min(target, len(rest)))
    return [*rest[:target], *block, *rest[target:]]


def _find_start(lines: Sequence[Line], index: int, depth: int) -> int:
    """The beginning of the block of that depth that ends at `index`."""
    while index and not lines[index].is_head and lines[index].depth > depth:
        index -= 1
    return index


def _tidy(lines: Iterable[Line]) -> list[Line]:
    """Without groups that hold nothing; parts no deeper than below their whole."""
    found: list[Line] = []
    deepest = 0
    for line in lines:
        if line.is_head:
            if found and found[-1].is_head:
                found.pop()
            found.append(line)
            deepest = 0
        else:
            depth = min(line.depth, deepest)
            found.append(replace(line, depth=depth))
            deepest = depth + 1
    if found and found[-1].is_head:
        found.pop()
    if any(line.is_head for line in found) and not found[0].is_head:
        found.insert(0, Line(None, "基本情况"))
    return found


def _read_placed(entries: Iterable[Any], depth: int) -> Iterator[Line]:
    for entry in entries:
        if isinstance(entry, list):
            yield from _read_placed(entry, depth + 1)
        else:
            yield Line(str(entry), depth=depth)


def _write_groups(lines: Sequence[Line]) -> Iterator[Json]:
    group: list[Line] = []
    head = Line(None)
    for line in lines:
        if not line.is_head:
            group.append(line)
            continue
        if group:
            yield _write_group(head, group)
        group, head = [], line
    yield _write_group(head, group)


def _write_group(head: Line, fields: Sequence[Line]) -> Json:
    written: Json = {"title": head.title, "fields": _nest(fields, 0)}
    table = _keep_cells(head.table, {line.field_id for line in fields})
    return {**written, "table": table} if table else written


def _keep_cells(table: Json | None, ids: Collection[str | None]) -> Json | None:
    """A table without the fields that left its group; None: nothing is left of it."""
    if table is None:
        return None
    rows = [
        {**row, "cells": [_keep_fields(cell, ids) for cell in row["cells"]]}
        for row in table["rows"]
    ]
    left = [row for row in rows if any(row["cells"])]
    return {**table, "rows": left} if left else None


def _keep_fields(cell: Sequence[Any], ids: Collection[str | None]) -> list[Any]:
    return [
        entry
        for entry in cell
        if (entry.get("field") if isinstance(entry, dict) else entry) in ids
    ]


def _nest(lines: Sequence[Line], depth: int) -> list[Any]:
    found: list[Any] = []
    index = 0
    while index < len(lines):
        end = index
        while end < len(lines) and lines[end].depth > depth:
            end += 1
        if end > index:
            found.append(_nest(lines[index:end], depth + 1))
            index = end
        else:
            found.append(lines[index].field_id)
            index += 1
    return found
