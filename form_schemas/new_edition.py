"""Makes the files of a next edition out of those of an earlier one.

Texts in, texts out: `app.services.new_editions` writes them into a folder, the designer
keeps them as a draft. What told the way from the edition before is left out of the
copies; days move by the years between.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from form_schemas.drafts import Source
from form_schemas.faults import Fault, point
from form_schemas.kinds import FieldKind
from form_schemas.rewriting import rewrite_schema
from form_schemas.settings import COLLECTION_FILE

#: Words of a field that lead to the edition before.
_WORDS_OF_LINEAGE = ("x-was", "x-recode", "x-from")
#: A year that stands in a text; longer numbers hold none.
_YEAR = re.compile(r"(?<![0-9])20[0-9]{2}(?![0-9])")
#: Kinds of fields whose values move with the years.
_KINDS_OF_TIME = (FieldKind.DATE, FieldKind.YEAR_MONTH, FieldKind.YEAR)
_TIME = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}")
#: So far back an edition's examples tell of what happens in a round.
_RECENT_YEARS = 6


@dataclass(frozen=True)
class NewEdition:
    """The files of an edition that is not there yet."""

    collection: str
    year: str
    #: name of the file -> its text, `collection.json` first
    files: Mapping[str, str]

    @property
    def name(self) -> str:
        """`talent/2025`."""
        return f"{self.collection}/{self.year}"


def make_edition(
    collection: str,
    year: str,
    settings: str,
    sources: Sequence[Source],
    *,
    moved: Collection[tuple[str, int]] = (),
) -> NewEdition:
    """Make the files of the edition of a year.

    Args:
        settings: text of the earlier edition's `collection.json`.
        sources: its schema files, without faults.
        moved: examples (`x-tests`), by code of the form and number from 0, that move
            with the years, since they tell another thing in the new edition's periods.
    """
    told: Mapping[str, Any] = json.loads(settings)
    years = int(year) - int(told["edition"])
    schemas = {source.code: json.loads(source.text) for source in sources}
    mover = _ExampleMover(schemas, years, int(told["edition"]) - _RECENT_YEARS)
    moved_settings = _move_settings(told, year, years)
    files = {COLLECTION_FILE: rewrite_schema(settings, moved_settings)}
    for source in sources:
        code, schema = source.code, schemas[source.code]
        copy = _copy_schema(schema, f"urn:tianbao:{collection}:{year}:{code}")
        if "x-tests" in schema:
            copy["x-tests"] = [
                mover.move(example, code) if (code, index) in moved else example
                for index, example in enumerate(schema["x-tests"])
            ]
        files[f"{code}.json"] = rewrite_schema(source.text, copy)
    return NewEdition(collection, year, files)


def find_years(edition: NewEdition) -> Iterator[Fault]:
    """Yield the texts that name a year: somebody should see whether it still holds."""
    for name, text in edition.files.items():
        for pointer, found in _iterate_texts(json.loads(text), ""):
            years = dict.fromkeys(_YEAR.findall(found))
            if years and _is_told(name, pointer):
                named = "、".join(years)
                message = f"写着 {named}，请看要不要改：{found[:60]}"
                yield Fault(f"{edition.name}/{name}", pointer, message)


def _is_told(file: str, pointer: str) -> bool:
    """Whether a text is one of those that people wrote about the year."""
    if file == COLLECTION_FILE:
        return not pointer.startswith(("/edition", "/periods", "/phases/"))
    if pointer.startswith(("/$", "/x-tests", "/x-form")):
        return False
    return not pointer.endswith(("/x-codes", "/pattern"))


def _iterate_texts(value: object, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _iterate_texts(inner, pointer + point(name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _iterate_texts(inner, pointer + point(index))


# One file.


def _copy_schema(schema: Mapping[str, Any], urn: str) -> dict[str, Any]:
    form = {word: told for word, told in schema["x-form"].items() if word != "was"}
    fields = {
        field_id: {w: told for w, told in field.items() if w not in _WORDS_OF_LINEAGE}
        for field_id, field in schema["properties"].items()
    }
    return {**schema, "$id": urn, "x-form": form, "properties": fields}


def _move_settings(told: Mapping[str, Any], year: str, years: int) -> dict[str, Any]:
    def move_phase(phase: Mapping[str, Any]) -> dict[str, Any]:
        days = {word: move_day(phase[word], years) for word in ("from", "to")}
        return {**phase, **days}

    moved = {**told, "edition": year}
    if "periods" in told:
        moved["periods"] = {
            name: [move_day(day, years) for day in days]
            for name, days in told["periods"].items()
        }
    if "phases" in told:
        moved["phases"] = list(map(move_phase, told["phases"]))
    return moved


def move_day(day: str, years: int) -> str:
    """The same day so many years later; the last of February stays the last one."""
    moment = date.fromisoformat(day)
    if moment.month == 2 and moment == _end_of_february(moment.year):
        return _end_of_february(moment.year + years).isoformat()
    return moment.replace(year=moment.year + years).isoformat()


def _end_of_february(year: int) -> date:
    return date.fromordinal(date(year, 3, 1).toordinal() - 1)


# Examples.


@dataclass(frozen=True)
class _ExampleMover:
    """Moves what is told of a round; whoever was born long ago stays as old."""

    #: code of a form -> its schema
    schemas: Mapping[str, Mapping[str, Any]]
    years: int
    #: what is told of earlier years stays
    first_year: int

    def move(self, example: Mapping[str, Any], code: str) -> dict[str, Any]:
        moved = dict(example)
        for word in ("row", "last"):
            if word in example:
                moved[word] = self._move_row(example[word], code)
        for word in ("tables", "lastTables"):
            if word in example:
                moved[word] = {
                    form: [self._move_row(row, form) for row in rows]
                    for form, rows in example[word].items()
                }
        return moved

    def _move_row(self, row: Mapping[str, Any], code: str) -> dict[str, Any]:
        fields = self.schemas.get(code, {}).get("properties", {})
        return {
            name: self._move_value(value, fields.get(name, {}).get("x-kind"))
            for name, value in row.items()
        }

    def _move_value(self, value: Any, kind: str | None) -> Any:
        told = str(value)
        if kind not in _KINDS_OF_TIME or not _TIME.fullmatch(told):
            return value
        if int(told[:4]) < self.first_year:
            return value
        if kind == FieldKind.YEAR:
            moved = f"{int(told[:4]) + self.years}{told[4:]}"
            return int(moved) if isinstance(value, int) else moved
        first = f"{told}-01" if kind == FieldKind.YEAR_MONTH else told
        try:
            return move_day(first, self.years)[: len(told)]
        except ValueError:
            # An example of a day that is none goes on being one.
            return value
