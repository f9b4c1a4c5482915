"""Finds where files of an edition name a field or a form, and gives it another name.

Names stand in expressions, which the reader tells of, and in lists of ids. Nothing here
judges whether the new name may be taken.
"""

import copy
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from form_schemas.codelists import CodeList
from form_schemas.drafts import Source, parse_source
from form_schemas.expressions import Expression
from form_schemas.faults import point
from form_schemas.reader import Parse, read_edition

#: A field, or with None the form itself: code of the form and id.
Name = tuple[str, str | None]
#: Gives the name that stands for another one at a pointer.
Change = Callable[[str, Name], str]


@dataclass(frozen=True)
class NamePlace:
    """One place where a name stands."""

    #: code of the form whose file it is
    code: str
    #: to the value that holds the name, or the expression
    pointer: str
    name: Name
    #: within an expression: characters from its start
    position: int | None = None


class NameFinder:
    """The names in all files of an edition.

    Files that cannot be parsed name nothing; neither does an expression with a fault.
    """

    def __init__(
        self,
        edition: str,
        sources: Sequence[Source],
        codelists: Mapping[str, CodeList],
        parse: Parse = parse_source,
    ) -> None:
        collection, year = edition.split("/")
        self._found: dict[Name, list[NamePlace]] = defaultdict(list)
        read_edition(collection, year, sources, codelists, parse=parse, note=self._note)
        for source in sources:
            if parse(source, f"urn:tianbao:{collection}:{year}:")[0] is not None:
                self._note_lists(source.code, json.loads(source.text))

    def find(self, name: Name) -> tuple[NamePlace, ...]:
        """Where a field or a form is named, apart from where it is declared."""
        return tuple(self._found.get(name, ()))

    def _note(self, code: str, pointer: str, expression: Expression) -> None:
        if pointer.endswith("/x-compare"):
            return  # the rule that it stands for is written nowhere
        for one in expression.mentions:
            name = (one.table or code, one.field_id)
            self._found[name].append(NamePlace(code, pointer, name, one.position))

    def _note_lists(self, code: str, schema: dict[str, Any]) -> None:
        def note(pointer: str, name: Name) -> str:
            self._found[name].append(NamePlace(code, pointer, name))
            return name[1] or name[0]

        change_lists(schema, code, note)


def rename(
    schemas: Mapping[str, dict[str, Any]],
    places: Sequence[NamePlace],
    old: Name,
    new: str,
) -> dict[str, dict[str, Any]]:
    """Give the schemas, by code, of the forms that name it, with the new name.

    Its own declaration is left to the caller.
    """
    changed = {
        code: copy.deepcopy(schemas[code])
        for code in dict.fromkeys(one.code for one in places)
        if code in schemas
    }
    written = old[1] or old[0]
    by_text: dict[tuple[str, str], list[int]] = defaultdict(list)
    for one in places:
        if one.position is not None:
            by_text[one.code, one.pointer].append(one.position)
    for (code, pointer), positions in by_text.items():
        if code in changed:
            _rewrite(changed[code], pointer, positions, written, new)
    for code, schema in changed.items():
        change_lists(schema, code, lambda _, n: new if n == old else n[1] or n[0])
    return changed


def change_lists(schema: dict[str, Any], code: str, change: Change) -> None:
    """Change the names outside of expressions, in place; `change` may only look."""
    form = schema.get("x-form", {})
    for word in ("key", "carryWithout"):
        _change_items(form, word, point("x-form", word), code, change)
    _change_one(form, "titleField", point("x-form", "titleField"), code, change)
    _change_items(schema, "required", "/required", code, change)
    for index, ids in enumerate(schema.get("x-unique", ())):
        _change_list(ids, point("x-unique", index), code, change)
    for index, group in enumerate(schema.get("x-layout", ())):
        _change_placed(group["fields"], point("x-layout", index), code, change)
        _change_table(group, point("x-layout", index, "table"), code, change)
    for index, rule in enumerate(schema.get("x-rules", ())):
        at = point("x-rules", index, "fields")
        _change_items(rule, "fields", at, code, change)
    for field_id, declared in schema.get("properties", {}).items():
        _change_field(schema, declared, point("properties", field_id), code, change)
    for word in ("x-derive", "x-generate"):
        if word in schema:
            _change_derivation(schema[word], point(word), code, change)
    _change_freezes(schema, code, change)
    _change_flow(schema, code, change)
    for index, test in enumerate(schema.get("x-tests", ())):
        _change_test(test, point("x-tests", index), code, change)


def _change_field(
    schema: dict[str, Any], declared: dict[str, Any], at: str, code: str, change: Change
) -> None:
    for word in ("x-id-type", "x-codes-below"):
        _change_one(declared, word, f"{at}/{word}", code, change)
    reference = declared.get("x-ref")
    if isinstance(reference, dict):
        target = reference.get("table", "")
        _change_one(reference, "field", f"{at}/x-ref/field", target, change)
        _change_code(reference, "table", f"{at}/x-ref/table", change)
        also = reference.get("also", [])
        for index, other in enumerate(also):
            also[index] = change(f"{at}/x-ref/also/{index}", (other, None))
    fill = declared.get("x-fill")
    if isinstance(fill, str) and "." in fill:
        own, column = fill.split(".", 1)
        picked = schema["properties"].get(own, {}).get("x-ref", {}).get("table", "")
        new_own = change(f"{at}/x-fill", (code, own))
        declared["x-fill"] = f"{new_own}.{change(f'{at}/x-fill', (picked, column))}"


def _change_derivation(
    derivation: dict[str, Any], at: str, code: str, change: Change
) -> None:
    _change_code(derivation, "from", f"{at}/from", change)
    for index, join in enumerate(derivation.get("join", ())):
        _change_code(join, "table", f"{at}/join/{index}/table", change)
    for word in ("columns", "expand", "totalRow"):
        _change_keys(derivation, word, f"{at}/{word}", code, change)
    _change_items(derivation, "groupBy", f"{at}/groupBy", code, change)
    closing = derivation.get("close")
    if isinstance(closing, dict):
        values = closing.get("values", {})
        for name in list(values):
            _change_one(values, name, f"{at}/close/values/{name}", code, change)
        _change_target(closing, f"{at}/close", change)
    conditions = derivation.get("where", ())
    for index, one in enumerate(conditions if isinstance(conditions, list) else ()):
        if "mend" in one:
            _change_target(one["mend"], f"{at}/where/{index}/mend", change)


def _change_target(declared: dict[str, Any], at: str, change: Change) -> None:
    """`form`, and `values` by the ids of its fields."""
    _change_keys(declared, "values", f"{at}/values", declared["form"], change)
    _change_code(declared, "form", f"{at}/form", change)


def _change_freezes(schema: dict[str, Any], code: str, change: Change) -> None:
    for index, freeze in enumerate(schema.get("x-freeze", ())):
        at = point("x-freeze", index)
        field = schema["properties"].get(freeze.get("field"), {})
        target = field.get("x-ref", {}).get("table", "")
        _change_one(freeze, "field", f"{at}/field", code, change)
        _change_items(freeze, "editable", f"{at}/editable", code, change)
        _change_items(freeze, "targetEditable", f"{at}/targetEditable", target, change)
        for number, user in enumerate(freeze.get("usedBy", ())):
            place = f"{at}/usedBy/{number}"
            _change_one(user, "field", f"{place}/field", user["table"], change)
            _change_code(user, "table", f"{place}/table", change)


def _change_flow(schema: dict[str, Any], code: str, change: Change) -> None:
    _change_one(schema, "x-flow-with", point("x-flow-with"), code, change)
    flow = schema.get("x-flow", {})
    _change_one(flow, "field", point("x-flow", "field"), code, change)
    for index, move in enumerate(flow.get("moves", ())):
        at = point("x-flow", "moves", index)
        _change_items(move, "asks", f"{at}/asks", code, change)
        _change_keys(move, "sets", f"{at}/sets", code, change)
        if "creates" in move:
            _change_target(move["creates"], f"{at}/creates", change)


def _change_test(test: dict[str, Any], at: str, code: str, change: Change) -> None:
    for word in ("row", "last"):
        _change_keys(test, word, f"{at}/{word}", code, change)
    for word in ("tables", "lastTables"):
        for table, rows in list(test.get(word, {}).items()):
            for index, _ in enumerate(rows):
                place = f"{at}/{word}/{table}/{index}"
                rows[index] = _with_keys(rows[index], place, table, change)
        if word in test:
            test[word] = {
                change(f"{at}/{word}/{table}", (table, None)): rows
                for table, rows in test[word].items()
            }


def _change_placed(entries: list[Any], at: str, code: str, change: Change) -> None:
    for index, entry in enumerate(entries):
        if isinstance(entry, list):
            _change_placed(entry, at, code, change)
        else:
            entries[index] = change(at, (code, entry))


def _change_table(group: dict[str, Any], at: str, code: str, change: Change) -> None:
    for row in group.get("table", {}).get("rows", ()):
        for cell in row["cells"]:
            for index, entry in enumerate(cell):
                if isinstance(entry, dict):
                    _change_one(entry, "field", at, code, change)
                else:
                    cell[index] = change(at, (code, entry))


def _change_one(
    holder: dict[str, Any], word: str, at: str, code: str, change: Change
) -> None:
    if isinstance(holder.get(word), str):
        holder[word] = change(at, (code, holder[word]))


def _change_code(holder: dict[str, Any], word: str, at: str, change: Change) -> None:
    if isinstance(holder.get(word), str):
        holder[word] = change(at, (holder[word], None))


def _change_items(
    holder: dict[str, Any], word: str, at: str, code: str, change: Change
) -> None:
    _change_list(holder.get(word, []), at, code, change)


def _change_list(ids: list[Any], at: str, code: str, change: Change) -> None:
    for index, one in enumerate(ids):
        ids[index] = change(f"{at}/{index}", (code, one))


def _change_keys(
    holder: dict[str, Any], word: str, at: str, code: str, change: Change
) -> None:
    if isinstance(holder.get(word), dict):
        holder[word] = _with_keys(holder[word], at, code, change)


def _with_keys(
    row: Mapping[str, Any], at: str, code: str, change: Change
) -> dict[str, Any]:
    return {change(f"{at}/{name}", (code, name)): v for name, v in row.items()}


def _rewrite(
    schema: dict[str, Any], pointer: str, positions: list[int], old: str, new: str
) -> None:
    """Put the new name into an expression, from its end so that positions hold."""
    *way, last = _steps(pointer)
    holder: Any = schema
    for step in way:
        holder = holder[int(step) if isinstance(holder, list) else step]
    key = int(last) if isinstance(holder, list) else last
    text = holder[key]
    for start in sorted(set(positions), reverse=True):
        if text[start : start + len(old)] == old:
            text = text[:start] + new + text[start + len(old) :]
    holder[key] = text


def _steps(pointer: str) -> Iterator[str]:
    for step in pointer.split("/")[1:]:
        yield step.replace("~1", "/").replace("~0", "~")
