"""Writes the matrix of authorisation as a table that people read."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from flask import Flask

from tests.support.authorisation import Cell
from tests.support.authorised_entries import Entry, Scene
from tests.support.authorised_people import KINDS

GOLDEN = Path(__file__).parent.parent / "golden" / "authorisation.md"

_HEAD = """# 谁能做什么 / Who may do what

每一行是一个地址和方法，每一列是一种人；格里的符号依次对应本组的各个场景。
每种人用样本请求实际访问一遍得出，数据是测试里的两所学校。
One line a route and method, one column a kind of person; the signs of a cell stand for
the scenes of its group, in their order. Each was really requested.

- ● 办成，或看到了 / done, or shown
- ▲ 有权，但现在的状态不许，或没有可办的 / allowed, not in this state, or nothing to do
- ✕ 没有权限（403） / forbidden
- ○ 当作没有（404） / not there for this person
- → 要先登录 / has to sign in
- ＊ 要先设新密码 / has to set a password first
- · 不单独试：与这个人无关的状态 / not tried: a state that is nothing to this person

测试发现不一致时，把实际的表写在旁边（`authorisation.actual.md`）；逐行看过，确实该这样，
再在 `tests/golden` 里用它替换本文件 / reviewed, it replaces this file:

    python -m pytest tests/app/web/test_authorisation.py
    mv authorisation.actual.md authorisation.md
"""


def list_routes(app: Flask) -> Iterator[tuple[str, str]]:
    """Endpoint and method of every route."""
    for rule in app.url_map.iter_rules():
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            yield rule.endpoint, method


def write_table(cells: Iterable[Cell]) -> str:
    """The whole file."""
    found = {(one.entry, one.kind.key, one.scene): one.outcome for one in cells}
    entries = tuple(dict.fromkeys(entry for entry, _, _ in found))
    parts = [_HEAD, _write_kinds()]
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(_describe(entry.scenes), []).append(entry)
    parts += [_write_group(scenes, own, found) for scenes, own in groups.items()]
    return "\n".join(parts)


def _write_kinds() -> str:
    lines = (f"- {kind.sign}：{kind.title}" for kind in KINDS)
    return "\n".join(["## 人 / People", "", *lines, ""])


def _describe(scenes: Sequence[Scene]) -> str:
    return "；".join(f"{scene.sign} {scene.title}" for scene in scenes)


def _write_group(scenes: str, entries: Sequence[Entry], found: dict) -> str:
    heads = ["地址", "要有的权限", *(kind.sign for kind in KINDS), "说明"]
    lines = [f"## {scenes}", ""]
    lines += [_write_line(heads), _write_line(["---"] * len(heads))]
    lines += [_write_line(_write_entry(entry, found)) for entry in entries]
    return "\n".join([*lines, ""])


def _write_entry(entry: Entry, found: dict) -> list[str]:
    signs = [
        "".join(found.get((entry, kind.key, scene), "·") for scene in entry.scenes)
        for kind in KINDS
    ]
    return [f"{entry.method} {entry.name}", str(entry.need), *signs, entry.note]


def _write_line(texts: Sequence[str]) -> str:
    return f"| {' | '.join(texts)} |"
