"""What a form explains beside its table: sheets of instructions, notes, keys."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from validators.drafting.grid import Grid
from validators.drafting.labels import plain_label, read_heading
from validators.drafting.records import need, read_roles
from validators.drafting.units import read_unit
from validators.drafting.words import FOOTER

_LONGEST_DESCRIPTION = 600
_LINE = re.compile(
    r"^\s*(?:(?:\d{1,3}|[一二三四五六七八九十]{1,3})\s*[.、．)）]|[（(]\d{1,3}[）)]|[①-⑳])?\s*"
    r"[“\"「【]?([^“”\"「」【】:：，,。；;]{1,40}?)[”\"」】]?\s*(?:[:：]|——?|（|是指|指|填)\s*(.+)$",
    re.DOTALL,
)
_KEYS = re.compile(r"关键(?:列|字段)?\s*[:：为是]\s*(.+)$")
_UNIQUE = re.compile(
    r"“?([^，。；、“”:：]{1,20})”?\s*(?:不得重复|不能重复|不可重复|须唯一|唯一|为主键)"
)
_ONE_ROW = re.compile(
    r"(?:每个?(?:单位|学校)|各(?:单位|学校)).{0,6}(?:只填|填写?)一[行条]"
)
_INTRODUCTION = re.compile(
    r"^\s*(?:注|备注|说明|填表说明|填报说明|填写说明|注意事项|指标解释)\s*[:：]\s*"
)
_QUOTED = re.compile(r"“([^”]+)”")
_RED = re.compile(r"红[色字].{0,12}必填|必填.{0,12}红[色字]")
_NUMBERING = re.compile(
    r"^\s*(?:(?:\d{1,3}|[一二三四五六七八九十]{1,3})\s*[.、．)）]|[（(]\d{1,3}[）)]|[①-⑳])\s*"
)


@dataclass(frozen=True)
class Entry:
    """What is explained about one label."""

    required: bool | None = None
    lines: tuple[str, ...] = ()
    unit: str = ""
    description: str = ""


@dataclass(frozen=True)
class Guide:
    """All explanations of a form."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    #: labels of the columns that tell rows apart, where that is said
    keys: tuple[str, ...] = ()
    is_one_row: bool = False
    #: whether labels in red are required
    red_is_required: bool = False
    #: explanations of the form as a whole
    description: str = ""

    def find(self, label: str) -> Entry:
        return self.entries.get(plain_label(label), Entry())


def read_guide(
    grids: Sequence[Grid], lines: Iterable[str], labels: Collection[str], title: str
) -> Guide:
    """Read sheets of instructions, and the notes around the table itself."""
    known = {plain_label(label): label for label in labels}
    entries: dict[str, Entry] = {}
    general: list[str] = []
    texts = [text for line in lines for text in line.splitlines()]
    for grid in grids:
        texts += _read_sheet(grid, known, entries)
    texts = [_INTRODUCTION.sub("", text).strip() for text in texts]
    for text in texts:
        about = _find_label(text, known)
        if about is None:
            general.append(text)
        else:
            label, said = about
            entry = entries.get(label, Entry())
            if not entry.description:
                entries[label] = replace(entry, description=said)
    return Guide(
        entries=entries,
        keys=tuple(dict.fromkeys(_find_keys(general, texts, known))),
        is_one_row=any(map(_ONE_ROW.search, general)),
        red_is_required=any(map(_RED.search, texts)),
        description=_describe(general, title),
    )


def list_labels(grids: Iterable[Grid]) -> frozenset[str]:
    """The labels that lists of fields name, as they are compared."""
    found = set()
    for grid in grids:
        column = 0
        for row, texts in grid.rows():
            roles = read_roles(texts) if not column else {}
            if "label" in roles and len(roles) > 1:
                column = roles["label"]
            elif column:
                found.add(plain_label(grid.text(row, column)))
    return frozenset(found)


def _read_sheet(
    grid: Grid, known: Mapping[str, str], entries: dict[str, Entry]
) -> list[str]:
    """Take the table of fields that a sheet has; gives its other texts."""
    rest: list[str] = []
    roles: dict[str, int] = {}
    for row, texts in grid.rows():
        found = read_roles(texts) if not roles else {}
        if "label" in found and len(found) > 1:
            roles = found
            continue
        label = _label_of(grid.text(row, roles["label"]), known) if roles else None
        if label is not None:
            entries[label] = _entry(grid, row, roles)
        elif len(texts) == 2 and not roles and _first_label(texts) in known:
            _, said = texts.values()
            entries[_first_label(texts)] = Entry(description=said)
        else:
            rest += [" ".join(texts.values())] if len(texts) <= 2 else []
    return [line for text in rest for line in text.splitlines()]


def _label_of(text: str, known: Mapping[str, str]) -> str | None:
    """The label of the form that a cell names, with its remarks or without."""
    named = (plain_label(text), plain_label(read_heading(text).label))
    return next((label for label in named if label in known), None)


def _first_label(texts: Mapping[int, str]) -> str:
    return plain_label(read_heading(next(iter(texts.values()))).label)


def _entry(grid: Grid, row: int, roles: Mapping[str, int]) -> Entry:
    def told(role: str) -> str:
        return grid.text(row, roles[role]) if role in roles else ""

    length = told("length")
    lines = (told("way"), f"最多 {length} 字" if length.isdigit() else "")
    need_text = told("required")
    return Entry(
        required=need(need_text) if need_text != "有条件" else False,
        lines=tuple(filter(None, lines)),
        unit=read_unit(told("unit")) or told("unit"),
        description=told("text"),
    )


def _find_label(text: str, known: Mapping[str, str]) -> tuple[str, str] | None:
    """The label that a line explains, with the explanation."""
    found = _LINE.match(text)
    if found is None:
        return None
    label = plain_label(found[1])
    if label not in known:
        return None
    said = found[2].strip()
    is_open = text[found.start(2) - 1] == "（" and said.count("）") > said.count("（")
    return label, said.replace("）", "", 1) if is_open else said


def _find_keys(
    general: Sequence[str], texts: Sequence[str], known: Mapping[str, str]
) -> Iterator[str]:
    for text in general:
        told = _KEYS.search(text)
        if told and text.startswith(("本表", "关键")):
            parts = _QUOTED.findall(told[1]) or re.split(
                "[、，,]", told[1].rstrip("。")
            )
            yield from (known[p] for part in parts if (p := plain_label(part)) in known)
    for text in texts:
        for part in _UNIQUE.findall(_NUMBERING.sub("", text)):
            if plain_label(part) in known:
                yield known[plain_label(part)]


def _describe(lines: Iterable[str], title: str) -> str:
    """The sentences among the general texts, as one description."""
    kept = []
    for line in lines:
        bare = _NUMBERING.sub("", line).strip()
        is_sentence = len(bare) > 12 and bool(re.search(r"[，。；]", bare))
        is_key = _KEYS.search(bare) or _ONE_ROW.search(bare)
        if is_sentence and not is_key and title not in (bare, ""):
            kept.append(
                re.sub(f"^(?:{FOOTER.pattern[1:]})\\s*[:：]?", "", bare).strip()
            )
    text = ""
    for line in dict.fromkeys(kept):
        longer = text + line + ("" if line.endswith(("。", "；", "！", "？")) else "。")
        if len(longer) > _LONGEST_DESCRIPTION:
            break
        text = longer
    return text
