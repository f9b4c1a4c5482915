"""What a picker offers: rows of other forms, and entries of long code lists."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from app.errors import NotFound
from app.services.desks import Desk
from app.storage.engine import begin_reading
from app.storage.keys import initials
from app.storage.rows import RowStore
from form_schemas.codelists import CodeEntry, CodeList, offered
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import SUGGESTING_KINDS
from validators.conversion import convert_value
from validators.report import Finding

_PAGE = 20


@dataclass(frozen=True)
class Asking:
    """The row that a value is picked for: as it is stored, and what was typed since."""

    #: None: a new row
    row_id: int | None
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Option:
    """A value that may be picked."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True)
class Options:
    options: tuple[Option, ...]
    more: bool
    #: labels of empty fields that decide what is offered, where nothing can be
    needs: tuple[str, ...] = ()


def find_options(
    desk: Desk, field_id: str, text: str, page: int, asking: Asking | None = None
) -> Options:
    """One page of what a field may hold, found by code, name or pinyin initials.

    Args:
        asking: the row in question, for references whose choice depends on it; None
            where a value is picked for many rows at once.
    """
    item = desk.form.by_id.get(field_id)
    if item is None or item.is_given:
        raise NotFound("本表没有这一栏。")
    if item.reference is not None:
        return _search_rows(desk, item, text, page, asking)
    codelist = desk.catalogue.codelist_for(item)
    if codelist is None:
        return Options(tuple(Option(one, one) for one in item.options), False)
    return search_codes(item, codelist, text, page)


def _search_rows(
    desk: Desk, item: FieldSpec, text: str, page: int, asking: Asking | None
) -> Options:
    is_filtered = asking is not None and item.reference.filter is not None
    this = _read_row(desk, item, asking) if is_filtered else {}
    with begin_reading(desk.engine) as connection:
        found = RowStore(connection, desk.catalogue).search_options(
            desk.form,
            item,
            desk.scope(),
            text,
            page,
            replace(desk.env(), this=this) if is_filtered else None,
        )
    options = tuple(
        Option(str(choice.value), choice.label, _other(choice.hint, choice.value))
        for choice in found.options
    )
    empty = [name for name, value in this.items() if value is None]
    needs = () if options else tuple(desk.form.by_id[name].label for name in empty)
    return Options(options, found.more, needs)


def _read_row(desk: Desk, item: FieldSpec, asking: Asking) -> dict[str, object]:
    """The values of the row that the filter of a reference asks for."""
    asked = [f for f in desk.form.fields if f.id in item.reference.filter.fields]
    # A page shows no more of personal data than a mask: what is stored counts.
    typed = [f for f in asked if f.id in asking.cells and not f.sensitive]
    stored = _find_stored(desk, asking) if len(typed) < len(asked) else {}
    row = {other.id: stored.get(other.id) for other in asked}
    for other in typed:
        text = asking.cells[other.id]
        value = convert_value(other, text, desk.catalogue.codelists)
        row[other.id] = None if isinstance(value, Finding) else value
    return row


def _find_stored(desk: Desk, asking: Asking) -> Mapping[str, object]:
    if asking.row_id is None:
        return {}
    with begin_reading(desk.engine) as connection:
        store = RowStore(connection, desk.catalogue)
        return store.get(desk.form, desk.scope(), asking.row_id).row


def _other(hint: str, value: object) -> str:
    """The hint, unless it only repeats the value."""
    return "" if hint == str(value) else hint


def search_codes(item: FieldSpec, codelist: CodeList, text: str, page: int) -> Options:
    """One page of the entries of a code list that a field may hold."""
    entries, text = offered(codelist, item.pattern), text.strip().lower()
    found = [entry for entry in entries if _matches(entry, text)]
    # What begins with the text comes before what only holds it.
    found.sort(key=lambda entry: not _begins(entry, text))
    start = (max(page, 1) - 1) * _PAGE
    shown = found[start : start + _PAGE]
    by_name = item.kind in SUGGESTING_KINDS
    return Options(
        tuple(_show(codelist, entry, by_name) for entry in shown),
        len(found) > start + _PAGE,
    )


def _show(codelist: CodeList, entry: CodeEntry, by_name: bool) -> Option:
    above = " › ".join(one.name for one in codelist.path(entry.code)[:-1])
    return Option(entry.name if by_name else entry.code, entry.name, above)


def _matches(entry: CodeEntry, text: str) -> bool:
    return (
        text in entry.code.lower()
        or text in entry.name.lower()
        or (text.isascii() and text.isalpha() and text in _initials(entry.name))
    )


def _begins(entry: CodeEntry, text: str) -> bool:
    return entry.code.lower().startswith(text) or entry.name.lower().startswith(text)


@lru_cache(maxsize=32_768)
def _initials(name: str) -> str:
    return initials(name) or ""
