"""Made-up next years of a made-up collection: what becomes of its forms, and faults.

The collection has forms of every sort of field; nothing of it is anybody's.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tests.support.forms import field_of, schema_of

FORMS = 44
SORTS = ["甲", "乙", "丙"]

Schemas = dict[str, dict]


def this_year() -> Schemas:
    """Forms by code; every fourth one refers to the one before it."""
    made = {}
    for number in range(1, FORMS + 1):
        code = f"{number // 10 + 1}.{number}"
        fields = {
            "number": field_of("code", maxLength=20),
            "name": field_of("text", maxLength=40),
            "amount": "money",
            "sort": field_of("enum", enum=SORTS),
            "day": "date",
            "count": "integer",
            "size": "text",
        }
        if number % 4 == 0:
            before = list(made)[-1]
            fields["picked"] = field_of("ref", ref={"table": before, "field": "number"})
        made[code] = schema_of(code, **fields)
    return made


def rows_of(code: str, year: int, has_picked: bool) -> list[dict[str, object]]:
    """Rows of one unit and round."""
    return [
        {
            "number": f"n{place}",
            "name": f"{code} 第 {place} 行",
            "amount": Decimal(place * 100 + year) / 100,
            "sort": SORTS[(place + year) % len(SORTS)],
            "day": date(2000 + year, 1 + place, 1),
            "count": place * year,
            "size": str(place * 12),
            **({"picked": f"n{place}"} if has_picked else {}),
        }
        for place in range(4)
    ]


# Acts on a file.


def rename(schema: dict, old: str, new: str, **words: object) -> None:
    """Give a field another id, told by `x-was`, in its place."""
    declared = {**schema["properties"][old], "x-was": [old], **words}
    schema["properties"] = {
        (new if name == old else name): (declared if name == old else one)
        for name, one in schema["properties"].items()
    }


def add(schema: dict, name: str, kind: str = "text", **words: object) -> None:
    schema["properties"][name] = {**field_of(kind, **words), "title": name}


def change(schema: dict, name: str, **words: object) -> None:
    schema["properties"][name].update(words)


def drop(schema: dict, name: str) -> None:
    del schema["properties"][name]


# Next years.


def a_quiet_year() -> Schemas:
    """Ten safe changes."""
    forms = this_year()
    [one, two, three, four, five, *_] = forms.values()
    add(one, "remark")
    add(one, "fee", "money")
    rename(two, "amount", "total")
    change(two, "name", maxLength=60)
    change(three, "sort", enum=[*SORTS, "丁"])
    change(three, "amount", **{"x-digits": 4})
    rename(four, "day", "held_on")
    change(five, "name", title="名称")
    change(five, "count", minimum=0)
    forms["9.1"] = schema_of("9.1", number="code", remark="text")
    return forms


def a_busy_year() -> Schemas:
    """Forty forms with renames, moves, splits, recodings and conversions."""
    forms = this_year()
    codes = list(forms)
    for place, code in enumerate(codes[:40]):
        _BUSY[place % len(_BUSY)](forms, code, codes[place - 1])
    return forms


def _rename_two(forms: Schemas, code: str, before: str) -> None:
    rename(forms[code], "amount", "total")
    rename(forms[code], "name", "title")


def _recode(forms: Schemas, code: str, before: str) -> None:
    change(
        forms[code],
        "sort",
        enum=["丙", "丁"],
        **{"x-recode": {"甲": "丁", "乙": None}},
    )


def _convert(forms: Schemas, code: str, before: str) -> None:
    declared = field_of("integer")
    forms[code]["properties"]["size"] = {**declared, "title": "size"}


def _split(forms: Schemas, code: str, before: str) -> None:
    add(forms[code], "year_of", "integer", **{"from": "year(day)"})
    change(forms[code], "amount", **{"x-digits": 4, "x-from": "amount / 100"})


def _move(forms: Schemas, code: str, before: str) -> None:
    drop(forms[before], "count")
    add(forms[code], "count_before", "integer", was=[f"{before}.count"])


def _recode_key(forms: Schemas, code: str, before: str) -> None:
    forms[code]["x-form"]["key"] = ["number", "sort"]


_BUSY: tuple[Callable[[Schemas, str, str], None], ...] = (
    _rename_two,
    _recode,
    _convert,
    _split,
    _move,
    _recode_key,
)


@dataclass(frozen=True)
class Fault:
    """One fault of a hostile year, and a word of what is said of it."""

    name: str
    act: Callable[[Schemas], None]
    says: str


def _lose_a_form(forms: Schemas) -> None:
    del forms[list(forms)[1]]


def _circle(forms: Schemas) -> None:
    form = next(iter(forms.values()))
    change(form, "name", **{"x-was": ["size"]})
    change(form, "size", **{"x-was": ["name"]})


def _share(forms: Schemas) -> None:
    form = next(iter(forms.values()))
    drop(form, "amount")
    add(form, "one", "money", was=["amount"])
    add(form, "two", "money", was=["amount"])


def _double_the_key(forms: Schemas) -> None:
    next(iter(forms.values()))["x-form"]["key"] = ["sort"]


def _ask_unique(forms: Schemas) -> None:
    next(iter(forms.values()))["x-unique"] = [["sort"]]


def _refer_to_nothing(forms: Schemas) -> None:
    [first, second, *_] = forms.values()
    reference = {"table": second["x-form"]["code"], "field": "number"}
    first["properties"]["size"] = {**field_of("ref", ref=reference), "title": "size"}


def _narrow(forms: Schemas) -> None:
    change(next(iter(forms.values())), "name", maxLength=3)


def _retype(forms: Schemas) -> None:
    form = next(iter(forms.values()))
    form["properties"]["name"] = {**field_of("integer"), "title": "name"}


def _drop_options(forms: Schemas) -> None:
    change(next(iter(forms.values())), "sort", enum=["甲"])


def _retire(forms: Schemas) -> None:
    drop(next(iter(forms.values())), "amount")


def _compute_from_nothing(forms: Schemas) -> None:
    change(next(iter(forms.values())), "amount", **{"x-from": "price * 2"})


HOSTILE = (
    Fault("a form with rows is gone", _lose_a_form, "不能停用"),
    Fault("names go in a circle", _circle, "圈"),
    Fault("two fields were one", _share, "来历"),
    Fault("a key that doubles", _double_the_key, "重复"),
    Fault("a unique set that doubles", _ask_unique, "重复"),
    Fault("a reference to nothing", _refer_to_nothing, "找不到"),
    Fault("a length that values exceed", _narrow, "narrow:"),
    Fault("texts that are no numbers", _retype, "retype:"),
    Fault("options that rows have", _drop_options, "narrow:"),
    Fault("a field with values is gone", _retire, "retire_field:"),
    Fault("an expression of nothing", _compute_from_nothing, "price"),
)


def make_hostile(fault: Fault) -> list[dict]:
    forms = deepcopy(this_year())
    fault.act(forms)
    return list(forms.values())
