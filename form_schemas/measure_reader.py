"""Read `x-measures` against the forms of an edition, and say what is wrong there.

A measure with a fault is left out; the others serve all the same. `settings.json` has
judged the shape of what is read here.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from form_schemas.codelists import load_codelists
from form_schemas.expressions import Expression
from form_schemas.faults import ask_nearest
from form_schemas.kinds import ValueType
from form_schemas.measure_dimensions import DimensionReader
from form_schemas.measure_parsing import At, Declared, MeasureFaultError, MeasureParser
from form_schemas.measures import (
    ChartKind,
    Dimension,
    Measure,
    MeasureGroup,
    MeasureKind,
    Quantity,
    add_up,
    count_different,
    count_known,
    count_rows,
    read_call,
)
from form_schemas.nodes import Binary, Node, parts_of
from form_schemas.spec import FormSpec

WORD = "x-measures"

#: Decimal places of quotients, where nobody says.
_USUAL_DIGITS = 2
_NOT_COUNTED = frozenset({ValueType.FILE, ValueType.ANY, ValueType.LIST})


@dataclass(frozen=True)
class MeasureReading:
    """The measures of an edition."""

    groups: tuple[MeasureGroup, ...]
    #: pointer and sentence
    faults: tuple[tuple[str, str], ...]


def read_measures(
    settings: Mapping[str, Any],
    forms: Sequence[FormSpec],
    codelists: Collection[str] | None = None,
) -> MeasureReading:
    """What the settings of an edition say of its statistics.

    Args:
        codelists: slugs of the code lists, if not all there are.
    """
    known = load_codelists() if codelists is None else codelists
    parser = MeasureParser(forms)
    dimensions = DimensionReader(parser, known)
    groups = _MeasureReader(settings.get(WORD, ()), parser, dimensions).read()
    return MeasureReading(groups, tuple(parser.faults))


class _MeasureReader:
    def __init__(
        self,
        declared: Sequence[Declared],
        parser: MeasureParser,
        dimensions: DimensionReader,
    ) -> None:
        self._declared = declared
        self._parser = parser
        self._dimension_reader = dimensions
        #: read so far, by id; ratios follow the others
        self._known: dict[str, Measure] = {}

    def read(self) -> tuple[MeasureGroup, ...]:
        self._check_ids()
        for is_ratio in (False, True):
            for at, declared in self._list_declared():
                if (declared["kind"] == MeasureKind.RATIO) == is_ratio:
                    self._read_one(at, declared)
        return tuple(
            MeasureGroup(
                group["id"],
                group["title"],
                tuple(
                    self._known[one["id"]]
                    for one in group["measures"]
                    if one["id"] in self._known
                ),
                group.get("placesFirst", False),
            )
            for group in self._declared
        )

    def _list_declared(self) -> Iterator[tuple[At, Declared]]:
        for g, group in enumerate(self._declared):
            for m, measure in enumerate(group["measures"]):
                yield (WORD, g, "measures", m), measure

    def _check_ids(self) -> None:
        groups = [((WORD, g), group) for g, group in enumerate(self._declared)]
        for listed in (groups, list(self._list_declared())):
            seen: set[str] = set()
            for at, declared in listed:
                if declared["id"] in seen:
                    message = f"“{declared['id']}”出现了两次，请改成不同的词。"
                    self._parser.complain((*at, "id"), message)
                seen.add(declared["id"])

    def _read_one(self, at: At, declared: Declared) -> None:
        known = len(self._parser.faults)
        try:
            measure = self._make(at, declared)
        except MeasureFaultError:
            return
        if len(self._parser.faults) == known:
            self._known.setdefault(measure.id, measure)

    def _make(self, at: At, declared: Declared) -> Measure:
        kind = MeasureKind(declared["kind"])
        self._check_words(at, declared, kind)
        ratio = kind is MeasureKind.RATIO
        where = None if ratio else self._where(at, declared)
        sides = self._sides(at, declared) if ratio else ()
        own = () if ratio else self._quantities(at, declared, kind, where)
        quantities = own or tuple(quantity for quantity, _ in sides)
        persons = declared.get("persons")
        if persons is None and sides:
            persons = any(m is not None and m.of_persons for _, m in sides) or None
        return Measure(
            id=declared["id"],
            title=declared["title"],
            unit=declared.get("unit", ""),
            kind=kind,
            quantities=quantities,
            by=self._dimensions(at, declared, sides),
            chart=ChartKind(declared.get("chart", ChartKind.BAR)),
            digits=declared.get("digits", _USUAL_DIGITS),
            counts_persons=persons,
            where=where,
        )

    # What is counted.

    def _check_words(self, at: At, declared: Declared, kind: MeasureKind) -> None:
        """Whether the words fit the kind of measure."""
        for word in _WANTED[kind]:
            if word not in declared:
                self._parser.complain(at, f"{kind} 要写 {word}，请补上。")
        for word in _OWN_WORDS - _WANTED[kind] - _ALLOWED[kind]:
            if word in declared:
                self._parser.complain((*at, word), f"{kind} 不用 {word}，请删去。")
        if _WANTED[kind] - set(declared):
            raise MeasureFaultError

    def _where(self, at: At, declared: Declared) -> Expression | None:
        if "where" not in declared:
            self._parser.get_form(at, declared)
            return None
        return self._parser.parse(at, "where", declared, ValueType.BOOLEAN)

    def _quantities(
        self,
        at: At,
        declared: Declared,
        kind: MeasureKind,
        where: Expression | None,
    ) -> tuple[Quantity, ...]:
        form = declared["form"]
        if kind is MeasureKind.COUNT:
            return (count_rows(form, where),)
        is_counted = kind is MeasureKind.DISTINCT
        value = self._parser.parse(
            at, "value", declared, None if is_counted else ValueType.NUMBER
        )
        if is_counted and value.type in _NOT_COUNTED:
            self._parser.complain(
                (*at, "value"), "多选和附件不能数有几种，请换一个字段。"
            )
        if _has_division(value.root):
            message = "一行一行地除，合起来不是总的比。请改用 ratio 写分子和分母。"
            self._parser.complain((*at, "value"), message)
        if kind is MeasureKind.MEAN:
            known = count_known(form, value, where)
            return (add_up(form, value, where), known)
        make = count_different if is_counted else add_up
        return (make(form, value, where),)

    def _sides(
        self, at: At, declared: Declared
    ) -> tuple[tuple[Quantity, Measure | None], ...]:
        """Numerator and denominator; each is another measure or a call of its own."""
        numerator, denominator = (
            self._side((*at, word), declared, declared[word])
            for word in ("numerator", "denominator")
        )
        if numerator[0] == denominator[0]:
            message = "分子和分母是一回事，比总是 1。请改正。"
            self._parser.complain((*at, "denominator"), message)
        return numerator, denominator

    def _side(
        self, at: At, declared: Declared, text: str
    ) -> tuple[Quantity, Measure | None]:
        measure = self._known.get(text)
        if measure is not None:
            if len(measure.quantities) > 1:
                message = (
                    f"“{text}”本身是商，不能再作分子或分母。请写计数或求和的指标。"
                )
                self._parser.complain(at, message)
            return measure.quantities[0], measure
        if text.isidentifier():
            ids = [one["id"] for _, one in self._list_declared()]
            advice = "" if text in ids else ask_nearest(text, self._known)
            told = "有错" if text in ids else "没有"
            raise self._parser.fail(at, f"{told}指标“{text}”。{advice}请改正。")
        if "form" not in declared:
            raise self._parser.fail(at, "写算式要先写 form，说明是哪张表的行。请补上。")
        found = self._parser.parse_text(
            at, text, declared, ValueType.NUMBER, grouping=True
        )
        quantity = read_call(declared["form"], found)
        if quantity is None:
            raise self._parser.fail(
                at,
                f"这里写指标的 id，或 rows()、total()、distinct() 之一。原文：{text}",
            )
        return quantity, None

    # Dimensions.

    def _dimensions(
        self,
        at: At,
        declared: Declared,
        sides: Sequence[tuple[Quantity, Measure | None]],
    ) -> tuple[tuple[Dimension, ...], ...]:
        """Of each form that is read; those declared here are of the form named here."""
        own = tuple(self._dimension_reader.read(at, declared))
        if not sides:
            return (own,)
        if own and all(measure is not None for _, measure in sides):
            message = "分子和分母是指标，两者都能分的它就能分。请删去 by。"
            self._parser.complain((*at, "by"), message)
        given = []
        for quantity, measure in sides:
            if measure is not None:
                given.append(measure.by[0])
            elif quantity.form == declared["form"]:
                given.append(own)
        return tuple(given)


_OWN_WORDS = frozenset({"form", "where", "value", "numerator", "denominator", "digits"})
_WANTED: Mapping[MeasureKind, frozenset[str]] = {
    MeasureKind.COUNT: frozenset({"form"}),
    MeasureKind.SUM: frozenset({"form", "value"}),
    MeasureKind.DISTINCT: frozenset({"form", "value"}),
    MeasureKind.MEAN: frozenset({"form", "value"}),
    MeasureKind.RATIO: frozenset({"numerator", "denominator"}),
}
_ALLOWED: Mapping[MeasureKind, frozenset[str]] = {
    MeasureKind.COUNT: frozenset({"where"}),
    MeasureKind.SUM: frozenset({"where"}),
    MeasureKind.DISTINCT: frozenset({"where"}),
    MeasureKind.MEAN: frozenset({"where", "digits"}),
    MeasureKind.RATIO: frozenset({"form", "digits"}),
}


def _has_division(node: Node) -> bool:
    if isinstance(node, Binary) and node.op == "/":
        return True
    return any(map(_has_division, parts_of(node)))
