"""Read a heading: the label itself, and what else people write into its cell."""

import re
import unicodedata
from dataclasses import dataclass

from validators.drafting.units import read_unit
from validators.drafting.words import OPTIONAL, PART, REQUIRED, STARS

LONGEST_LABEL = 80
_BRACKETS = re.compile(r"\s*[（(【\[〔]([^（(【\[〔）)】\]〕]*)[）)】\]〕]\s*$")
_FRONT = re.compile(r"^[（(【\[]([^）)】\]]{1,8})[）)】\]]\s*")
_NUMBER = re.compile(
    r"^(?:\d{1,3}\s*[、.．]\s*|[（(]\d{1,3}[）)]\s*|[①-⑳]\s*)(?=[^\d\s.])"
)
_GIVEN = (
    "自动计算",
    "自动带出",
    "自动生成",
    "系统生成",
    "自动汇总",
    "公式",
    "无需填写",
    "免填",
)
_HINT = re.compile(
    r"^(?:如|例|格式|请|填|按|保留|选|见|从|不填|若|没有|无则|可|精确|单选|多选|注[:：])"
    r"|填写|格式|yyyy|YYYY|下拉|\d+\s*位|以内|不超过|保留|四舍五入|\d{4}[-./年]\d"
)
_LISTED = re.compile(r"[^/／|｜]{1,15}(?:[/／|｜][^/／|｜]{1,15})+$")
_NUMBERED = re.compile(r"(?:^|[\s，,、；;])[1-9][.、．:：=]?\s*([^\d\s，,、；;]{1,15})")
_CJK_BREAK = re.compile(
    r"(?<=[\u3000-\u9fff\uff00-\uffef])\s*\n\s*(?=[\u3000-\u9fff\uff00-\uffef])"
)


@dataclass(frozen=True)
class Heading:
    """What the cell of a heading says."""

    label: str
    required: bool | None = None
    unit: str = ""
    options: tuple[str, ...] = ()
    #: whether the form says that nobody types it
    is_given: bool = False
    hints: tuple[str, ...] = ()


def read_heading(text: str) -> Heading:
    """Take a heading apart."""
    text = " ".join(_CJK_BREAK.sub("", text.strip()).split()).rstrip("：: ")
    found = Heading(text)
    while True:
        shorter = _strip(found)
        if shorter == found:
            break
        found = shorter
    label = found.label or text.strip(STARS + " ")
    return Heading(
        _shorten(label),
        found.required,
        found.unit,
        found.options,
        found.is_given,
        found.hints if len(label) <= LONGEST_LABEL else (*found.hints, label),
    )


def read_whole_label(text: str) -> str:
    """The label with all its brackets but those that only say who types it."""
    text = " ".join(_CJK_BREAK.sub("", text.strip()).split()).strip(STARS + " ：:")
    bracket = _BRACKETS.search(text)
    inside = bracket[1].strip(STARS + " ") if bracket else ""
    is_remark = inside and (
        any(word in inside for word in _GIVEN)
        or (len(inside) > 1 and (REQUIRED.match(inside) or OPTIONAL.match(inside)))
    )
    return text[: bracket.start()].rstrip() if bracket and is_remark else text


def plain_label(text: str) -> str:
    """A label without what people do not see or mind, to compare it."""
    text = PART.sub("", text.strip(STARS + " "))
    plain = unicodedata.normalize("NFKC", text)
    return re.sub(r"[\s“”\"'‘’]", "", plain).strip(STARS + ":").casefold()


def _strip(found: Heading) -> Heading:
    label = found.label
    bare = label.strip(STARS + " ")
    if bare != label:
        return _with(found, bare, required=True)
    front = _FRONT.match(label)
    if front and REQUIRED.match(front[1]):
        return _with(found, label[front.end() :], required=True)
    numbered = _NUMBER.match(label)
    if numbered:
        return _with(found, label[numbered.end() :])
    bracket = _BRACKETS.search(label)
    if bracket and bracket.start() > 0:
        return _take(found, label[: bracket.start()].rstrip(), bracket[1].strip())
    return found


def _take(found: Heading, rest: str, inside: str) -> Heading:
    """Take brackets at the end away where they are no part of the label."""
    if REQUIRED.match(inside) and len(inside) > 1:
        return _with(found, rest, required=True)
    if OPTIONAL.match(inside) and len(inside) > 1:
        return _with(found, rest, required=False)
    if inside.strip(STARS) == "":
        return _with(found, rest, required=True if inside else found.required)
    if any(word in inside for word in _GIVEN):
        return _with(found, rest, is_given=True)
    unit = read_unit(inside)
    if unit is not None and not found.unit:
        return _with(found, rest, unit=unit)
    parts = re.split("[，,；;]", inside)
    units = [part for part in parts if read_unit(part)]
    if len(parts) > 1 and units and not found.unit:
        others = tuple(part.strip() for part in parts if part not in units)
        unit = read_unit(units[0]) or ""
        return _with(found, rest, unit=unit, hints=(*others, *found.hints))
    options = read_options(inside)
    if options and not found.options:
        return _with(found, rest, options=options)
    if _HINT.search(inside):
        return _with(found, rest, hints=(inside, *found.hints))
    return found


def read_options(text: str) -> tuple[str, ...]:
    """The options that a remark lists: 男/女, 1.公办 2.民办; empty if it lists none."""
    numbered = _NUMBERED.findall(text)
    if len(numbered) > 1:
        return tuple(dict.fromkeys(numbered))
    if _LISTED.match(text) and not re.search(r"\d{2}|格式|YYYY|yyyy", text):
        parts = [part.strip() for part in re.split(r"[/／|｜]", text)]
        is_list = all(parts) and not any(part[0] in "年月日" for part in parts)
        return tuple(dict.fromkeys(parts)) if is_list else ()
    return ()


def _with(found: Heading, label: str, **changes: object) -> Heading:
    values = {
        "required": found.required,
        "unit": found.unit,
        "options": found.options,
        "is_given": found.is_given,
        "hints": found.hints,
    }
    return Heading(label, **{**values, **changes})  # type: ignore[arg-type]


def _shorten(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"
