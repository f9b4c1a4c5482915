"""The documentation as tests read it: tables, blocks and words of its pages."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_CODE = re.compile(r"`([^`]+)`")


def read_page(name: str) -> str:
    """The text of a page of `docs/`."""
    return (DOCS / name).read_text(encoding="utf-8")


def find_section(text: str, title: str) -> str:
    """The part of a page below a heading, up to the next of its rank."""
    match = re.search(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    assert match, f"no heading {title!r}"
    rest = text[match.end() :]
    end = re.search(rf"^#{{1,{len(match[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def find_rows(text: str) -> list[tuple[str, ...]]:
    """The rows of all tables of a text, without their heads."""
    rows: list[tuple[str, ...]] = []
    for block in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        lines = block.strip().splitlines()[2:]
        rows += [tuple(cell.strip() for cell in _cells(line)) for line in lines]
    return rows


def find_code(text: str) -> list[str]:
    """What stands between back quotes."""
    return _CODE.findall(text)


def find_blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def iterate_pages() -> Iterator[tuple[str, str]]:
    """Name and text of every page a reader is sent to."""
    for path in (*sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("*.md"))):
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def _cells(line: str) -> list[str]:
    return re.split(r"(?<!\\)\|", line.strip())[1:-1]
