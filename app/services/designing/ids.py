"""Ids of fields: what a label sounds like in letters, and what may be one."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from pypinyin import Style, lazy_pinyin

from app.errors import BadRequest, Refused
from form_schemas.functions import GIVEN, LITERALS

_LONGEST = 40
_READABLE = 30
_ID = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
#: Names that expressions read otherwise.
_RESERVED = frozenset(
    {*GIVEN, *LITERALS, "this", "and", "or", "not", "in", "if", "else"}
)
_WORD = re.compile(r"[a-z0-9]+")
_ASIDE = re.compile(r"[（(【\[].*?[）)】\]]|^其中[：:]?")


def propose_id(label: str, taken: Collection[str], start: str = "field") -> str:
    """An id for a label: 奖助人数 is jiang_zhu_ren_shu, or its initials if long."""
    bare = _ASIDE.sub("", label) or label
    syllables = _WORD.findall("_".join(lazy_pinyin(bare, style=Style.NORMAL)).lower())
    found = "_".join(syllables)
    if len(found) > _READABLE:
        found = "".join(one if one.isdigit() else one[0] for one in syllables)
    found = found[: _LONGEST - 4].strip("_")
    if not found or not found[0].isalpha():
        found = f"{start}_{found}".rstrip("_")
    return _make_unique(found, {*taken, *_RESERVED})


def _make_unique(found: str, taken: Collection[str]) -> str:
    if found not in taken:
        return found
    number = 2
    while f"{found}_{number}" in taken:
        number += 1
    return f"{found}_{number}"


def check_id(field_id: str, fields: Mapping[str, Any]) -> None:
    """Raise where a form with these fields cannot have another one of that id."""
    if not _ID.match(field_id):
        raise BadRequest("id 用小写字母、数字和下划线，字母开头，最长 40。")
    if field_id in fields:
        label = fields[field_id].get("title", "")
        raise Refused(f"已经有 id 是“{field_id}”的字段（{label}），请换一个。")
    if field_id in _RESERVED:
        raise Refused(f"“{field_id}”在表达式里另有意思，请换一个 id。")
