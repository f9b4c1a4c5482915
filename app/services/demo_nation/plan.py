"""What is told of the demo's nation, in the file of its collection."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from form_schemas.catalogue import Catalogue, Edition

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Plan:
    """A nation that reports a collection; its keys are those of the file."""

    told: Mapping[str, Any]

    def find_today(self, year: int) -> date:
        """The day of the demo's world, in the window of the round about a year."""
        return date.fromisoformat(f"{year + 1}-{self.told['today']}")

    @property
    def report(self) -> Sequence[Mapping[str, Any]]:
        """The forms of a unit's yearly report, each with its recipes."""
        return self.told["report"]

    @property
    def travelling(self) -> Sequence[Mapping[str, Any]]:
        """Rows beside the report, with the moves that they made."""
        return self.told["travelling"]

    @property
    def circulars(self) -> Sequence[Mapping[str, Any]]:
        """What authorities wrote to units below them."""
        return self.told.get("circulars", ())

    @property
    def surveys(self) -> Sequence[Mapping[str, Any]]:
        """What an authority asks, and what is answered."""
        return self.told.get("surveys", ())

    @property
    def earlier_rounds(self) -> int:
        return self.told["rounds"]


@lru_cache
def find_plan(collection: str) -> Plan | None:
    """The plan of a collection; most have none."""
    path = _FOLDER / f"{collection}.json"
    if not path.is_file():
        return None
    return Plan(json.loads(path.read_text("utf-8")))


def list_planned(catalogue: Catalogue) -> list[tuple[Edition, Plan]]:
    """The editions that a nation of the demo reports."""
    return [
        (edition, plan)
        for edition in catalogue.newest.values()
        if not edition.faults and (plan := find_plan(edition.collection)) is not None
    ]
