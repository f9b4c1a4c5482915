"""Read what is told about a column in words: comments, hint rows, 填法, 说明."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from form_schemas.kinds import FieldKind
from validators.drafting.labels import read_options
from validators.drafting.units import read_unit
from validators.drafting.words import OPTIONAL, REQUIRED, TYPES

_NUMERALS = {"一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6}
#: A line longer than this is prose: only what cannot be meant otherwise counts.
_SHORT = 40


@dataclass(frozen=True)
class Told:
    """What the words about a column come to."""

    required: bool | None = None
    kind: FieldKind | None = None
    #: the words by which the kind was told
    kind_words: str = ""
    #: whether these say how a value is typed, and not just its type in a database
    is_exact: bool = False
    digits: int | None = None
    minimum: str | None = None
    maximum: str | None = None
    max_length: int | None = None
    options: tuple[str, ...] = ()
    #: whether more options than these exist
    has_more: bool = False
    is_multiple: bool = False
    unit: str = ""
    #: title of a code list
    codelist: str | None = None
    #: code of a form, and the label of its column
    reference: tuple[str, str] | None = None
    is_given: bool = False
    is_conditional: bool = False
    #: lines that say something else
    rest: tuple[str, ...] = field(default=())


def read_hints(lines: Iterable[str]) -> Told:
    """Read the lines about one column; the first that says a thing counts."""
    told = Told()
    for line in lines:
        told = _read_line(told, line.strip())
    return told


def _read_line(told: Told, line: str) -> Told:
    if not line:
        return told
    for read in _READERS:
        found = read(told, line)
        if found is not None:
            return found
    looser = _read_loosely(told, line)
    return replace(looser, rest=tuple(dict.fromkeys((*told.rest, line))))


def _need(told: Told, line: str) -> Told | None:
    bare = line.strip("（）()【】[]。. *＊")
    if line.startswith("有条件必填"):
        return replace(told, is_conditional=True)
    if len(bare) > 1 and REQUIRED.match(bare):
        return replace(told, required=True)
    return (
        replace(told, required=False)
        if len(bare) > 1 and OPTIONAL.match(bare)
        else None
    )


def _given(told: Told, line: str) -> Told | None:
    is_given = line.startswith(("由系统得出", "自动计算", "系统自动", "自动生成"))
    return replace(told, is_given=True) if is_given and len(line) <= 20 else None


def _unit(told: Told, line: str) -> Told | None:
    found = re.fullmatch(r"(?:计量)?单位\s*[:：]\s*(\S{1,12})", line)
    return replace(told, unit=told.unit or found[1]) if found else None


def _options(told: Told, line: str) -> Told | None:
    found = re.match(
        r"(?:可填|可选|选项|可选值|取值|取值范围|值域|从以下选择|请选择|填写选项)\s*(?:为|有|是)?\s*"
        r"[:：](.+)$",
        line,
    )
    if found is None:
        found = re.match(
            r"(?:请)?(?:在|从)(.+?[、/].+?)(?:中|里)(?:任)?(?:选|选择|选填)", line
        )
    if found is None:
        return None
    text = found[1].strip()
    several = re.search(r"[（(]可多选.*?[）)]$", text)
    text = text[: several.start()] if several else text
    more = re.search(r"\s*等\s*(?:\d+\s*项)?[。.]?$", text)
    text = text[: more.start()] if more else text
    return replace(
        told,
        options=told.options or split_options(text.rstrip("。.")),
        has_more=more is not None,
        is_multiple=told.is_multiple or several is not None,
    )


def split_options(text: str) -> tuple[str, ...]:
    """Options in a line: numbered, or between commas that stand in no brackets."""
    listed = read_options(text)
    if listed:
        return listed
    parts, deep, part = [], 0, ""
    for char in text:
        deep += (char in "（(") - (char in "）)")
        if deep <= 0 and char in "、，,；;/|":
            parts.append(part)
            part = ""
        else:
            part += char
    found = tuple(dict.fromkeys(p.strip() for p in (*parts, part) if p.strip()))
    return found if len(found) > 1 else ()


def _reference(told: Told, line: str) -> Told | None:
    found = re.match(r"填“([A-Za-z0-9.]+) [^”]*”里已有的“([^”]+)”(，多个)?", line)
    if found is None:
        return None
    return replace(
        told,
        reference=(found[1], found[2]),
        is_multiple=told.is_multiple or found[3] is not None,
    )


def _codelist(told: Told, line: str) -> Told | None:
    found = re.match(r"(?:从下拉框选，或)?填“([^”]+)”里的名称或代码$", line)
    return replace(told, codelist=found[1]) if found else None


def _way(told: Told, line: str) -> Told | None:
    """What a short line says of type, places, bounds and length."""
    if len(line) > _SHORT:
        return None
    for patterns in (_WAYS, TYPES):
        for pattern, kind in patterns:
            if pattern.match(line):
                is_exact = told.is_exact or (told.kind is None and patterns is _WAYS)
                found = replace(
                    told,
                    kind=told.kind or kind,
                    kind_words=told.kind_words or line,
                    is_exact=is_exact,
                )
                return _read_loosely(found, line)
    return None


_WAYS: tuple[tuple[re.Pattern[str], FieldKind], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"(?:请?填写?)?整数(?:$|，|,|。)", FieldKind.INTEGER),
        (
            r"(?:请?填写?)?(?:数字|小数|数值)(?:$|，|,|。|（)|保留.{1,4}位小数",
            FieldKind.DECIMAL,
        ),
        (r"百分数|百分比", FieldKind.PERCENT),
        (
            r"年月(?:$|，|,|如)|(?:格式)?[为:：]?\s*y{4}[-./年]m{2}(?!.*d)",
            FieldKind.YEAR_MONTH,
        ),
        (
            r"日期(?:$|，|,|如|格式)|(?:格式)?[为:：]?\s*y{4}[-./年]?m{2}[-./月]?d{2}",
            FieldKind.DATE,
        ),
        (r"四位年份|年份(?:$|，|,|如)|(?:格式)?[为:：]?\s*y{4}年?$", FieldKind.YEAR),
        (r"是\s*(?:或|/|、)\s*否|填写?“?是”?或“?否”?", FieldKind.BOOLEAN),
        (r"(?:从)?下拉(?:框)?(?:选|菜单|列表)(?:一项|择)?|单选", FieldKind.ENUM),
        (r"可填多项|可?多选", FieldKind.MULTI_ENUM),
        (r"电话号码$|手机号码?$", FieldKind.PHONE),
        (r"电子邮箱(?:地址)?$", FieldKind.EMAIL),
        (r"网址(?:$|，)", FieldKind.URL),
        (r"证件号码，|18\s*位身份证", FieldKind.ID_CARD),
        (r"统一社会信用代码", FieldKind.USCC),
        (r"文字(?:$|，)|文本(?:$|，|,|（)", FieldKind.TEXT),
    )
)


def _read_loosely(told: Told, line: str) -> Told:
    """Bounds, places and length, wherever a line names them."""
    places = re.search(
        r"(?:保留|精确到)(?:小数点后)?\s*([\d一两二三四五六])\s*位(?:小数)?", line
    )
    length = re.search(
        r"(?:最多|不超过|不多于|限|最长|控制在|≤)\s*(\d{1,5})\s*个?(?:汉字|字符|字)"
        r"|(\d{1,5})\s*个?(?:汉字|字符|字)(?:以内|之内|内)"
        r"|(?:varchar2?|nvarchar|char)\s*\((\d{1,5})\)",
        line,
        re.IGNORECASE,
    )
    low = re.search(r"(?:不小于|不低于|不少于|≥|>=)\s*(-?\d+(?:\.\d+)?)", line)
    high = re.search(
        r"(?:不大于|不高于|不超过|≤|<=)\s*(-?\d+(?:\.\d+)?)(?!\d*\s*个?(?:字|汉))", line
    )
    decimals = re.search(r"(?:decimal|numeric|number)\s*\(\d+,\s*(\d)\)", line, re.I)
    number = places or decimals
    is_whole = re.search(r"保留整数|取整数?|精确到个位", line) is not None
    return replace(
        told,
        digits=_first(told.digits, 0 if is_whole else None, number),
        max_length=told.max_length
        or (int(next(filter(None, length.groups()))) if length else None),
        minimum=told.minimum or (low[1] if low else None),
        maximum=told.maximum or (high[1] if high and not length else None),
    )


def _first(
    told: int | None, whole: int | None, found: re.Match[str] | None
) -> int | None:
    if told is not None or found is None:
        return whole if told is None else told
    return _digit(found[1])


def _digit(text: str) -> int:
    return _NUMERALS.get(text) or int(text if text.isdigit() else 2)


def _unit_alone(told: Told, line: str) -> Told | None:
    unit = read_unit(line) if line.startswith(("（", "(")) else None
    return replace(told, unit=told.unit or unit) if unit else None


_READERS: tuple[Callable[[Told, str], Told | None], ...] = (
    _need,
    _given,
    _unit,
    _unit_alone,
    _reference,
    _codelist,
    _options,
    _way,
)
