"""Why a row is not generated any more: a condition that fails, or no source at all."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property

from app.services.generating.orders import GenerationOrder
from app.storage.derived_values import DerivedRow
from app.storage.keys import join_key
from form_schemas.derivations import Condition, Derivation

Find = Callable[[Derivation], list[DerivedRow]]


class Origins:
    """The rows that a derivation would give if it asked for less.

    Args:
        find: gives what a derivation comes to; asked once a condition at most.
    """

    def __init__(self, order: GenerationOrder, find: Find) -> None:
        self._order = order
        self._find = find

    def find_origin(self, key: str) -> int | None:
        """The source row that would give the key if there were no conditions."""
        return self._unconditional.get(key)

    def find_reason(self, key: str) -> str:
        source = self._order.source
        name = f"{source.code} {source.title}"
        if key not in self._unconditional:
            return f"{name} 里没有对应的行了，可能已删除，或者改了编号。"
        failed = [one for one, keys in self._by_condition if key not in keys]
        told = [condition.message or "不符合生成的条件。" for condition in failed]
        return "".join(told) or f"{name} 里没有一行同时符合生成的各项条件。"

    @cached_property
    def _unconditional(self) -> Mapping[str, int | None]:
        return self._ask()

    @cached_property
    def _by_condition(self) -> list[tuple[Condition, Mapping[str, int | None]]]:
        return [(one, self._ask(one)) for one in self._order.derivation.conditions]

    def _ask(self, *conditions: Condition) -> Mapping[str, int | None]:
        rows = self._find(replace(self._order.derivation, conditions=conditions))
        told = self._order.told
        return {
            join_key([row.values.get(name) for name in told]): row.origin
            for row in reversed(rows)
        }
