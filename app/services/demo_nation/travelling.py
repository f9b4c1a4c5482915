"""Rows of the demo's units beside their reports: articles, cases, suggestions.

Those that travel stand where their moves led them, each move in the log. They are
written as they would have gone: nobody is told.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import cycle, islice
from typing import Any

from sqlalchemy import Connection

from app.models import RowMove
from app.services.demo_nation.files import FileMaker
from app.services.demo_nation.made_rows import Made, find_mover, list_moves
from app.services.demo_nation.places import Place
from app.services.demo_nation.plan import Plan
from app.services.demo_nation.recipes import Kitchen
from app.services.demo_nation.reports import HANDED_IN, REASON
from app.storage.files import FileOwner
from app.storage.planting import plant, plant_rows
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.flows import Creation, Move
from form_schemas.spec import FormSpec
from validators.compiling import Env, Question, compile_row

#: In the place of a kind of units: those that handed in their report.
_REPORTED = "reported"
#: A value that becomes the token of a file.
_FILE = "file"
#: What stands in it; without, all texts of the row.
_TEXT = "text"
_TRIES = 40
#: Days in which others took up what a unit recommended.
_TAKEN_UP_WITHIN = 75


@dataclass(frozen=True)
class Rounds:
    """Where rows go, and the year that each tells of."""

    standing: int
    #: of the reports, the open one last
    yearly: Sequence[int]
    years: Sequence[int]


@dataclass(eq=False)
class Traveller:
    """Invents rows with their moves and writes them."""

    connection: Connection
    catalogue: Catalogue
    edition: Edition
    plan: Plan
    kitchen: Kitchen
    files: FileMaker
    places: Sequence[Place]
    #: id of a unit -> how it stands in the open round
    courses: Mapping[int, str]
    rounds: Rounds
    at: datetime
    _serial: int = 0
    _made: list[Made] = field(default_factory=list)

    def store(self, share: float) -> int:
        """Write the rows of the plan, so large a share of each kind."""
        for told in self.plan.travelling:
            self._invent(told, share)
        for form, rows in _by_form(self._made).items():
            self._store(form, rows)
        # A log names the rows that came of moves, by their ids.
        for form, rows in _by_form(self._made).items():
            if form.flow is not None:
                logged = list_moves(form.flow, rows, self.at)
                plant(self.connection, RowMove.__table__, logged)
        return len(self._made)

    def _invent(self, told: Mapping[str, Any], share: float) -> None:
        places = self._find_places(told["by"])
        if not places:
            return
        form = self.edition.by_code[told["form"]]
        paths = cycle(told.get("paths") or [told.get("path", [])])
        taken = set[object]()
        for place in _choose(places, told, share):
            path = tuple(next(paths))
            round_id, year = self._find_round(form, path)
            known = self._know(place, form, path, year)
            row = self._make_row(told, known, taken)
            made = self._add(form, place, round_id, row, path)
            self._create(made, known, told.get("made", {}))
            for part in told.get("parts", ()):
                self._invent_parts(part, {**known, **row}, place, round_id)

    def _invent_parts(self, told: Any, known: Mapping, place: Place, at: int) -> None:
        form = self.edition.by_code[told["form"]]
        for number in range(1, told["times"] + 1):
            seen = {**known, "serial": number, "number": number}
            self._add(form, place, at, self._make(told["fields"], seen), ())

    def _make_row(self, told: Any, known: Mapping, taken: set[object]) -> dict:
        """A row, with a title that no other has where the file asks for that."""
        name = told.get("distinct")
        for _ in range(_TRIES):
            row = self._make(told["fields"], known)
            if name is None or row[name] not in taken:
                break
            known = {**self._choose_unit().known, **known}
        taken.add(row.get(name) if name else None)
        for move in known["path"]:
            row |= self._make(told.get("then", {}).get(move, {}), {**known, **row})
        return row

    def _make(self, recipes: Mapping[str, Any], known: Mapping) -> dict[str, object]:
        return self.kitchen.make_row(recipes, known)

    def _know(
        self, place: Place, form: FormSpec, path: Sequence[str], year: int
    ) -> dict[str, Any]:
        self._serial += 1
        other = self._choose_unit()
        return {
            **other.known,
            **place.known,
            "group": other.name,
            "path": path,
            "is_moved": bool(path),
            "is_third": self._serial % 3 == 0,
            "serial": self._serial,
            "number": 1 + self._serial % 9,
            "year": year,
            "today": self.plan.find_today(year),
        }

    def _choose_unit(self) -> Place:
        return self.kitchen.random.choice(self._reporting)

    @property
    def _reporting(self) -> list[Place]:
        usual = self.edition.settings["unitKind"]
        return [place for place in self.places if place.kind.value == usual]

    def _find_places(self, by: str) -> list[Place]:
        if by == _REPORTED:
            return [p for p in self.places if self.courses.get(p.id) in HANDED_IN]
        return [place for place in self.places if place.kind.value == by]

    def _find_round(self, form: FormSpec, path: Sequence[str]) -> tuple[int, int]:
        """What the nation decided about is of the last round, else it is of this."""
        rounds = self.rounds
        if form.is_standing:
            return rounds.standing, rounds.years[-1]
        assert form.flow is not None
        last = form.flow.by_id[path[-1]] if path else None
        is_decided = last is not None and "nation" in last.by and len(rounds.years) > 1
        at = -2 if is_decided else -1
        return rounds.yearly[at], rounds.years[at]

    def _add(
        self, form: FormSpec, place: Place, round_id: int, row: dict, path: tuple
    ) -> Made:
        text = "\n".join(
            str(row[name])
            for name in (form.title_field, *row)
            if isinstance(row.get(name), str)
        )
        for name, value in row.items():
            if isinstance(value, dict):
                item = form.by_id[name]
                told = str(value.get(_TEXT, text))
                token = self.files.make(value[_FILE], place, form, item, told)
                row[name] = (token,) if item.is_list else token
        if form.flow is not None:
            row[form.flow.field] = (
                form.flow.by_id[path[-1]].target if path else form.flow.initial
            )
        made = Made(form, place, round_id, row, path)
        self._made.append(made)
        return made

    def _create(
        self, one: Made, known: Mapping, paths: Mapping[str, Sequence[str]]
    ) -> None:
        """Add what the moves of a row make of it.

        Args:
            paths: id of a move -> the moves that the new row made.
        """
        for move in self._list_creating(one):
            assert move.creates is not None
            form = self.edition.by_code[move.creates.form]
            mover = find_mover(one.place, move)
            row = self._make_created(move.creates, form, mover, one, known)
            at = self.rounds.standing if form.is_standing else one.round_id
            path = tuple(paths.get(move.id, ()))
            one.came[move.id] = self._add(form, mover, at, row, path)

    def _list_creating(self, one: Made) -> Iterator[Move]:
        moves = one.form.flow.by_id if one.form.flow is not None else {}
        return (moves[name] for name in one.path if moves[name].creates is not None)

    def _make_created(
        self, creation: Creation, form: FormSpec, mover: Place, one: Made, known: Any
    ) -> dict[str, object]:
        year = known["year"]
        # Not everything was taken up on one day.
        ago = timedelta(days=self.kitchen.random.randint(0, _TAKEN_UP_WITHIN))
        env = Env(known["today"] - ago, date(year, 1, 1), date(year, 12, 31))
        row = {**dict.fromkeys(one.form.by_id), **one.row}
        values = {}
        for name, expression in creation.values.items():
            owner = FileOwner(mover.id, mover.users[0], form.full_name, name)
            value = compile_row(Question(expression))(row, env)
            item = form.by_id[name]
            values[name] = self.files.copy(item, value, owner)
        return values

    def _store(self, form: FormSpec, made: Sequence[Made]) -> None:
        rows = [(Scope(one.place.id, one.round_id), one.row) for one in made]
        args = (self.connection, self.catalogue, form, rows, REASON, self.at)
        for one, row_id in zip(made, plant_rows(*args), strict=True):
            one.id = row_id


def _by_form(made: Sequence[Made]) -> dict[FormSpec, list[Made]]:
    rows: dict[FormSpec, list[Made]] = defaultdict(list)
    for one in made:
        rows[one.form].append(one)
    return rows


def _choose(
    places: Sequence[Place], told: Mapping[str, Any], share: float
) -> Iterator[Place]:
    """Every unit, or so many rows spread over them."""
    if told.get("each"):
        return iter(places)
    times = told.get("times", 1)
    count = max(1, round(times * share)) if times > 1 else 1
    step = max(1, len(places) // count)
    return islice(cycle(places[::step]), count)
