"""Which values of a form's rows may not repeat."""

from collections.abc import Iterable

from app.services.inventing.world import Row
from form_schemas.catalogue import Catalogue
from form_schemas.nodes import Call, Field, Logical, Node
from form_schemas.spec import FormSpec


class TakenKeys:
    """The keys of the rows made so far."""

    def __init__(self, catalogue: Catalogue, form: FormSpec) -> None:
        self._taken: dict[tuple[str, ...], set[tuple]] = {
            fields: set() for fields in sorted(unique_sets(catalogue, form))
        }

    @property
    def single_fields(self) -> frozenset[str]:
        """Fields that may not repeat by themselves."""
        return frozenset(fields[0] for fields in self._taken if len(fields) == 1)

    def add(self, row: Row) -> None:
        for fields, taken in self._taken.items():
            taken.add(_key(row, fields))

    def find_repeated(self, row: Row) -> Iterable[tuple[str, ...]]:
        return [
            fields
            for fields, taken in self._taken.items()
            if _key(row, fields) in taken
        ]


def unique_sets(catalogue: Catalogue, form: FormSpec) -> set[tuple[str, ...]]:
    """Sets of fields that may not repeat: keys, what others refer to, `is_unique`."""
    sets = {form.key, *form.unique}
    sets |= {(spec.reference.field,) for _, spec in catalogue.referring(form)}
    for rule in form.rules:
        if rule.check is not None:
            sets |= set(_asked_for(rule.check.root))
    return {
        fields
        for fields in sets
        if fields and all(name in form.by_id for name in fields)
    }


def _asked_for(node: Node) -> Iterable[tuple[str, ...]]:
    if isinstance(node, Logical):
        return [found for operand in node.operands for found in _asked_for(operand)]
    if isinstance(node, Call) and node.name == "is_unique":
        return [tuple(item.id for item in node.arguments if isinstance(item, Field))]
    return []


def _key(row: Row, fields: tuple[str, ...]) -> tuple:
    """The values that may not repeat; a single empty one may."""
    key = tuple(row.get(name) for name in fields)
    return key if any(value is not None for value in key) else (object(),)
