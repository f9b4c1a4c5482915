"""A made-up next year that is full of faults, each in a form of its own."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from form_schemas.catalogue import Edition
from form_schemas.codelists import CodeList
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FieldKind
from form_schemas.spec import FormSpec
from tests.support.forms import field_of
from tests.support.next_years import NextYear, Rows
from tests.support.schema_acts import add, change, drop


@dataclass(frozen=True)
class Fault:
    """What is wrong with a form, and a word of what is said of it."""

    name: str
    code: str
    says: str
    #: whether somebody may take the risk
    can_be_accepted: bool = False


def make_hostile_year(
    edition: Edition, codelists: Mapping[str, CodeList], rows: Rows
) -> tuple[NextYear, list[Fault]]:
    """The files, and every fault of them.

    Args:
        rows: of one unit and the open round: faults are those that rows tell of.
    """
    year = NextYear(edition, codelists)
    waiting = list(_SPOILERS)
    found = []
    for form in year.forms:
        for spoil in waiting:
            if len(rows[form.code]) > 1 and (fault := spoil(year, form, rows)):
                found.append(fault)
                waiting.remove(spoil)
                break
    assert not waiting, [one.__name__ for one in waiting]
    return year, found


def spoil_files(folder: Path, edition: Edition) -> Iterator[Fault]:
    """Files that nobody can read, beside those of the year."""
    own = folder / edition.name
    [first, second, third, *_] = [form.code for form in reversed(edition.forms)]
    text = (own / f"{first}.json").read_text("utf-8")
    (own / f"{first}.json").write_text(text[: len(text) // 2], "utf-8")
    yield Fault("half a file", first, "JSON")
    other = (own / f"{second}.json").read_text("utf-8")
    (own / f"{third}.json").write_text(other, "utf-8")
    yield Fault("another form's file", third, "")


def _choose(year: NextYear, form: FormSpec, *kinds: FieldKind) -> FieldSpec | None:
    return year.choose(form, lambda one: one.kind in kinds and one.required)


def _lose(year: NextYear, form: FormSpec, rows: Rows) -> Fault | None:
    if not year.is_lonely(form):
        return None
    del year.schemas[form.code]
    return Fault("a form with rows is gone", form.code, "不能停用")


def _circle(year: NextYear, form: FormSpec, rows: Rows) -> Fault | None:
    pair = [_choose(year, form, FieldKind.TEXT) for _ in range(2)]
    if None in pair:
        return None
    one, other = (item.id for item in pair)
    change(year.schemas[form.code], one, **{"x-was": [other]})
    change(year.schemas[form.code], other, **{"x-was": [one]})
    return Fault("names go in a circle", form.code, "圈")


def _share(year: NextYear, form: FormSpec, rows: Rows) -> Fault | None:
    item = _choose(year, form, FieldKind.TEXT)
    if item is None:
        return None
    schema = year.schemas[form.code]
    drop(schema, item.id)
    for name in ("one_of_two", "two_of_two"):
        add(schema, name, was=[item.id])
    return Fault("two fields were one", form.code, "来历")


def _double_the_key(year: NextYear, form: FormSpec, rows: Rows) -> Fault | None:
    item = _find_doubled(year, form, rows)
    if item is None or not year.is_lonely(form):
        return None
    year.schemas[form.code]["x-form"]["key"] = [item.id]
    return Fault("a key that doubles", form.code, "重复")


def _ask_unique(year: NextYear, form: FormSpec, rows: Rows) -> Fault | None:
    item = _find_doubled(year, form, rows)
    if item is None:
        return None
    year.schemas[form.code]["x-unique"] = [[item.id]]
    return Fault("a unique set that doubles", form.code, "重复")


def _find_doubled(year: NextYear, form: FormSpec, rows: Rows) -> FieldSpec | None:
    def is_doubled(item: FieldSpec) -> bool:
        values = [row.get(item.id) for row in rows[form.code].values()]
        is_full = None not in values
        return item.kind is FieldKind.ENUM and is_full and len({*values}) < len(values)

    return year.choose(form, lambda one: one.required and is_doubled(one))


def _refer_to_nothing(year: NextYear, form: FormSpec, rows: Rows) -> Fault | None:
    item = _choose(year, form, FieldKind.TEXT)
    target = next(one for one in year.forms if len(one.key) == 1 and one is not form)
    if item is None:
        return None
    reference = {"table": target.code, "field": target.key[0]}
    declared = {**field_of("ref", ref=reference), "title": item.label}
    year.schemas[form.code]["properties"][item.id] = declared
    return Fault("a reference to nothing", form.code, "找不到")


def _compute_from_nothing(year: NextYear, form: FormSpec, rows: Rows) -> Fault | None:
    item = _choose(year, form, FieldKind.MONEY, FieldKind.INTEGER)
    if item is None:
        return None
    change(year.schemas[form.code], item.id, **{"x-from": "no_such_field * 2"})
    return Fault("an expression of nothing", form.code, "no_such_field")


def _narrow(year: NextYear, form: FormSpec, rows: Rows) -> Fault | None:
    item = _choose(year, form, FieldKind.TEXT)
    if item is None:
        return None
    change(year.schemas[form.code], item.id, maxLength=1)
    return Fault("a length that values exceed", form.code, "narrow:", True)


def _retype(year: NextYear, form: FormSpec, rows: Rows) -> Fault | None:
    item = _choose(year, form, FieldKind.TEXT)
    if item is None:
        return None
    declared = {**field_of("integer"), "title": item.label}
    year.schemas[form.code]["properties"][item.id] = declared
    return Fault("texts that are no numbers", form.code, "retype:", True)


def _drop_options(year: NextYear, form: FormSpec, rows: Rows) -> Fault | None:
    item = _choose(year, form, FieldKind.ENUM)
    if item is None:
        return None
    change(year.schemas[form.code], item.id, enum=["另一个选项"])
    return Fault("options that rows have", form.code, "narrow:", True)


def _retire(year: NextYear, form: FormSpec, rows: Rows) -> Fault | None:
    item = _choose(year, form, FieldKind.MONEY, FieldKind.INTEGER, FieldKind.TEXT)
    if item is None:
        return None
    drop(year.schemas[form.code], item.id)
    return Fault("a field with values is gone", form.code, "retire_field:", True)


_SPOILERS: tuple[Callable[[NextYear, FormSpec, Rows], Fault | None], ...] = (
    _lose,
    _circle,
    _share,
    _double_the_key,
    _ask_unique,
    _refer_to_nothing,
    _compute_from_nothing,
    _narrow,
    _retype,
    _drop_options,
    _retire,
)
