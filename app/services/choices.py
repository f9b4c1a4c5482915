"""What a picker offers: rows of other forms, and entries of long code lists."""

from dataclasses import dataclass
from functools import lru_cache

from app.errors import NotFound
from app.services.desks import Desk
from app.storage.keys import initials
from form_schemas.codelists import CodeEntry, CodeList, offered
from form_schemas.kinds import SUGGESTING_KINDS
from form_schemas.spec import FieldSpec

_PAGE = 20


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


def find_options(desk: Desk, field_id: str, text: str, page: int) -> Options:
    """One page of what a field may hold, found by code, name or pinyin initials."""
    item = desk.form.by_id.get(field_id)
    if item is None or item.is_given:
        raise NotFound("本表没有这一栏。")
    if item.reference is not None:
        found = desk.search_options(item, text, page)
        options = tuple(
            Option(str(choice.value), choice.label, _other(choice.hint, choice.value))
            for choice in found.options
        )
        return Options(options, found.more)
    codelist = desk.catalogue.codelist_for(item)
    if codelist is None:
        return Options(tuple(Option(one, one) for one in item.options), False)
    return _search_codes(item, codelist, text.strip().lower(), page)


def _other(hint: str, value: object) -> str:
    """The hint, unless it only repeats the value."""
    return "" if hint == str(value) else hint


def _search_codes(item: FieldSpec, codelist: CodeList, text: str, page: int) -> Options:
    entries = offered(codelist, item.pattern)
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
