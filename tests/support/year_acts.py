"""Changes of forms that make other values of those there are: splits, moves, recodes;
and whole years of changes.

Each act changes the files, and says what rows are to become of it.
"""

from collections.abc import Callable, Mapping

from form_schemas.catalogue import Edition
from form_schemas.codelists import CodeList
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS, FieldKind
from form_schemas.spec import FormSpec, Shape
from tests.support.next_years import (
    NextYear,
    Row,
    Rows,
    do_in_turn,
    each_row,
    of_kind,
)
from tests.support.safe_acts import (
    SAFE,
    give_another_code,
    keep_more_places,
    rename_a_field,
    rename_what_others_name,
)
from tests.support.schema_acts import add, change, drop, put

_NUMBERS = (FieldKind.MONEY, FieldKind.DECIMAL)
_TEXTS = (FieldKind.TEXT, FieldKind.LONG_TEXT)
_SHORT = 20
_ENOUGH_OPTIONS = 4
_TEN_THOUSAND = 10_000
BUSY_FORMS = 40
#: Of acts that change many files at once.
FEW = 4


# What people have to look at, or what somebody has to accept.


def recode(year: NextYear, form: FormSpec) -> bool:
    """One option gets another name, one becomes another one, one is gone."""
    item = year.choose(form, lambda one: len(one.options) >= _ENOUGH_OPTIONS
                       and of_kind(FieldKind.ENUM)(one))  # fmt: skip
    if item is None:
        return False
    first, second, third, fourth, *_ = item.options
    words = {first: f"{first}（新）", second: third, fourth: None}
    left = [one for one in item.options if one not in words]
    change(
        year.schemas[form.code],
        item.id,
        enum=[words[first], *left],
        **{"x-recode": words},
    )
    year.expect(each_row(form.code, lambda row: _recode(row, item.id, words)))
    return True


def spell_out(year: NextYear, form: FormSpec) -> bool:
    """A number becomes a text."""
    item = year.choose(form, of_kind(FieldKind.INTEGER))
    if item is None:
        return False
    title = {"title": item.label, "type": "string", "x-kind": "text"}
    year.schemas[form.code]["properties"][item.id] = {**title, "maxLength": _SHORT}
    year.expect(each_row(form.code, lambda row: _turn(row, item.id, str)))
    return True


def change_the_unit(year: NextYear, form: FormSpec) -> bool:
    item = year.choose(form, of_kind(*_NUMBERS))
    if item is None:
        return False
    words = {"x-digits": item.places + 4, "x-from": f"{item.id} / {_TEN_THOUSAND}"}
    schema = year.schemas[form.code]
    schema["properties"][item.id].pop("maximum", None)
    change(schema, item.id, **words)
    year.expect(
        each_row(
            form.code, lambda row: _turn(row, item.id, lambda v: v / _TEN_THOUSAND)
        )
    )
    return True


def split_a_day(year: NextYear, form: FormSpec) -> bool:
    item = year.choose(form, of_kind(FieldKind.DATE))
    if item is None:
        return False
    for part in ("year", "month"):
        words = {"from": f"{part}({item.id})", "unit": "个"}
        add(year.schemas[form.code], f"{item.id}_{part}", "integer", **words)

    def split(row: Row) -> None:
        day = row.get(item.id)
        row[f"{item.id}_year"] = day and day.year
        row[f"{item.id}_month"] = day and day.month

    year.expect(each_row(form.code, split))
    return True


def split_a_text(year: NextYear, form: FormSpec) -> bool:
    item = year.choose(form, of_kind(FieldKind.TEXT))
    if item is None:
        return False
    new = f"{item.id}_begin"
    add(year.schemas[form.code], new, **{"from": f"left({item.id}, 2)"})

    def split(row: Row) -> None:
        row[new] = row[item.id][:2] if item.id in row else None

    year.expect(each_row(form.code, split))
    return True


def merge_numbers(year: NextYear, form: FormSpec) -> bool:
    """Two numbers become their sum, and are gone themselves."""
    pair = [year.choose(form, of_kind(FieldKind.INTEGER)) for _ in range(2)]
    if None in pair:
        return False
    one, other = pair
    schema, new = year.schemas[form.code], f"{one.id}_all"
    made = f"coalesce({one.id}, 0) + coalesce({other.id}, 0)"
    add(schema, new, "integer", **{"from": made})
    for item in pair:
        drop(schema, item.id)

    def merge(row: Row) -> None:
        row[new] = (row.pop(one.id, None) or 0) + (row.pop(other.id, None) or 0)

    year.expect(each_row(form.code, merge))
    return True


def move_to_the_base(year: NextYear, form: FormSpec) -> bool:
    """To the form whose rows this one's are about: both have the same keys."""
    base = _find_base(year, form)
    item = base and year.choose(form, lambda one: _can_move(one))
    if not item:
        return False
    new = f"{item.id}_moved"
    declared = drop(year.schemas[form.code], item.id)
    put(year.schemas[base.code], new, {**declared, "x-was": [f"{form.code}.{item.id}"]})
    [key], [base_key] = form.key, base.key

    def carry(rows: Rows) -> None:
        by_key = {row[key]: row for row in rows.get(form.code, {}).values()}
        for row in rows.get(base.code, {}).values():
            row[new] = by_key.get(row[base_key], {}).get(item.id)
        for row in by_key.values():
            row.pop(item.id, None)

    year.expect(carry)
    return True


def extend_the_key(year: NextYear, form: FormSpec) -> bool:
    if form.shape is not Shape.ROWS or not year.is_lonely(form):
        return False
    item = year.choose(form, lambda one: one.required and of_kind(FieldKind.ENUM)(one))
    if item is None:
        return False
    year.schemas[form.code]["x-form"]["key"].append(item.id)
    return True


def retire_a_field(year: NextYear, form: FormSpec) -> bool:
    item = year.choose(form, lambda one: one.kind not in FILE_KINDS)
    if item is None:
        return False
    drop(year.schemas[form.code], item.id)
    year.expect(each_row(form.code, lambda row: row.pop(item.id, None)))
    return True


DEEP = (
    rename_a_field,
    recode,
    spell_out,
    move_to_the_base,
    change_the_unit,
    split_a_day,
    split_a_text,
    merge_numbers,
    extend_the_key,
    retire_a_field,
    keep_more_places,
)


def _find_base(year: NextYear, form: FormSpec) -> FormSpec | None:
    if len(form.key) != 1:
        return None
    reference = form.by_id[form.key[0]].reference
    if reference is None or not reference.is_plain:
        return None
    base = year.edition.by_code[reference.table]
    return base if base.key == (reference.field,) else None


def _can_move(item: FieldSpec) -> bool:
    return (
        item.kind not in FILE_KINDS
        and item.reference is None
        and item.visible_when is None
        and item.required_when is None
    )


def _recode(row: Row, name: str, words: dict) -> None:
    row[name] = words.get(row.get(name), row.get(name))


def _turn(row: Row, name: str, turn: Callable) -> None:
    if name in row:
        row[name] = turn(row[name])


# Whole years.


def make_quiet_year(edition: Edition, codelists: Mapping[str, CodeList]) -> NextYear:
    """Ten safe changes, each of another form."""
    year = NextYear(edition, codelists)
    do_in_turn(year, SAFE, year.forms, len(SAFE))
    return year


def make_busy_year(edition: Edition, codelists: Mapping[str, CodeList]) -> NextYear:
    """Forty forms with up to two acts each; a few get another code besides."""
    year = NextYear(edition, codelists)
    for _ in range(2):
        do_in_turn(year, DEEP, year.forms, BUSY_FORMS)
    do_in_turn(year, [rename_what_others_name], year.forms[FEW:], FEW)
    do_in_turn(year, [give_another_code], year.forms[FEW:], FEW)
    return year
