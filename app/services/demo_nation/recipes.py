"""Makes values by recipes of a demo's file: texts with gaps, choices, numbers.

A text has its gaps filled, of a list one item is taken, an object names one of the
makers below. Recipes see what was made before them, of their row and around it.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from app.services.inventing.identity import invent_organisation_code
from form_schemas.codelists import CodeList

Known = Mapping[str, Any]

_HUNDREDTH = Decimal("0.01")


class Kitchen:
    """Makes values of one seed."""

    def __init__(self, random: Random, codelists: Mapping[str, CodeList]) -> None:
        self.random = random
        self._codelists = codelists
        self._codes = set[str]()
        self._makers: dict[str, Callable[[Any, Known], object]] = {
            "int": lambda told, _: self.random.randint(*told),
            "money": lambda told, _: self._decimal(*told),
            "chance": lambda told, _: self.random.random() < told,
            "code": lambda _told, _known: self._make_code(),
            "part": self._take_part,
            "pick": lambda told, known: self.random.choice(known[told]),
            "value": lambda told, known: known[told],
            "count": lambda told, known: sum(len(known["rows"][name]) for name in told),
            "sum": lambda told, known: _add_up(known["rows"], *told),
            "children": self._pick_children,
            "lines": self._pick_lines,
            "all": lambda told, _: tuple(told),
            "days": lambda told, known: self._pick_day(known["today"], *told),
            "if": lambda told, known: self.make(
                told[1 if known[told[0]] else 2], known
            ),
            # Made by whoever keeps files, once the other values are known.
            "file": lambda told, _: {"file": told},
            "document": self._write_document,
        }

    def make(self, recipe: Any, known: Known) -> object:
        """The value that a recipe makes."""
        if isinstance(recipe, str):
            return recipe.format_map(known) if "{" in recipe else recipe
        if isinstance(recipe, list):
            return self.make(self.random.choice(recipe), known)
        if isinstance(recipe, dict):
            [(name, told)] = recipe.items()
            return self._makers[name](told, known)
        return recipe

    def make_row(self, recipes: Known, known: Known) -> dict[str, object]:
        """A row, field by field; later fields see the earlier ones."""
        row: dict[str, object] = {}
        seen = dict(known)
        for name, recipe in recipes.items():
            row[name] = seen[name] = self.make(recipe, seen)
        return row

    def _decimal(self, low: float, high: float) -> Decimal:
        return Decimal(self.random.uniform(low, high)).quantize(_HUNDREDTH)

    def _take_part(self, told: list, known: Known) -> object:
        whole, share = known[told[0]], self.random.uniform(*told[1:])
        if isinstance(whole, Decimal):
            return (whole * Decimal(share)).quantize(_HUNDREDTH)
        return int(whole * share)

    def _make_code(self) -> str:
        while (code := invent_organisation_code(self.random)) in self._codes:
            pass
        self._codes.add(code)
        return code

    def _pick_children(self, told: list, known: Known) -> tuple[str, ...]:
        slug, parent, most = told
        below = [
            one.code
            for one in self._codelists[slug].entries
            if one.parent == known[parent]
        ]
        count = min(len(below), self.random.randint(1, most))
        return tuple(sorted(self.random.sample(below, count)))

    def _pick_lines(self, told: list, known: Known) -> str:
        name, count = told
        lines = self.random.sample(known[name], count)
        return "\n".join(line.format_map(known) for line in lines)

    def _write_document(self, told: list, known: Known) -> dict[str, object]:
        """A document of texts of its own, one below the other."""
        parts = (str(self.make(part, known)) for part in told)
        return {"file": "docx", "text": "\n".join(parts)}

    def _pick_day(self, today: date, first: int, last: int) -> date:
        """So many days before the demo's day."""
        return today - timedelta(days=self.random.randint(first, last))


def _add_up(rows: Mapping[str, list[Known]], forms: list[str], field: str) -> Any:
    return sum((row[field] for name in forms for row in rows[name] if row[field]), 0)
