"""What stands above and below a form: its title, the unit of all figures, notes."""

import re
from collections.abc import Iterable

from validators.drafting.units import read_unit
from validators.drafting.words import INFO, NOT_TITLE

_LONGEST_TITLE = 60
_YEAR = re.compile(
    r"^(?:20\d\d|[二○〇][○〇零一二三四五六七八九]{3}|XX+|××+|_{2,})\s*"
    r"(?:[-—–至~～]\s*(?:20)?\d\d\s*)?(?:学年度?|年度?)?(?:第[一二12]学期)?\s*"
)
_TAIL = re.compile(
    r"\s*[（(](?:20\d\d\s*年?度?.{0,8}|试行|样表|模板|空表|续表?|盖章.{0,4})[）)]\s*$"
)
_CODE = re.compile(r"^([A-Z]?\d+(?:\.\d+)+)[\s、.．:：]*(?=[^\d\s.])")
_ENCLOSURE = re.compile(
    r"^(?:附件|附表|表)\s*[\d一二三四五六七八九十]+(?:[-—]\d+)?\s*[:：.、]?\s*"
)
_UNIT = re.compile(r"(?:计量|金额)?单位\s*[:：]\s*([^\s，,；;）)]{1,12})")


def choose_title(texts: Iterable[str], sheet_title: str) -> str:
    """The title among the texts above a table; the sheet's name if none is one."""
    found = [
        cleaned
        for text in texts
        if (cleaned := clean_title(text)) and not NOT_TITLE.match(cleaned)
        # What says who fills it in or how is no title.
        if not INFO.match(cleaned) and "：" not in cleaned and "。" not in cleaned
    ]
    if found:
        return max(found, key=lambda text: (text.endswith("表"), len(text)))
    is_named = not re.fullmatch(
        r"(?:sheet|工作表)\s*\d*|附件\s*\d*|table", sheet_title, re.I
    )
    return clean_title(sheet_title) if is_named else ""


def clean_title(text: str) -> str:
    """A title without its year, its number and remarks: those of a form last longer."""
    text = re.sub(r"\s*\n\s*", "", text).strip()
    if len(text) > _LONGEST_TITLE:
        return ""
    for pattern in (_ENCLOSURE, _CODE, _YEAR):
        shorter = pattern.sub("", text, count=1).strip()
        text = shorter if len(shorter) > 1 or pattern is _ENCLOSURE else text
    return _TAIL.sub("", text).strip()


def find_code(texts: Iterable[str]) -> str:
    """The number of the form, where a title begins with one."""
    for text in texts:
        found = _CODE.match(_ENCLOSURE.sub("", text.strip(), count=1))
        if found:
            return found[1]
    return ""


def find_unit(texts: Iterable[str]) -> str:
    """The unit that is told for the whole table: 单位：万元."""
    for text in texts:
        found = _UNIT.search(text)
        unit = read_unit(found[1]) if found else None
        if unit:
            return unit
    return ""
