"""How the text of a file changed, line by line, for people to read."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

#: Lines that stayed the same, shown around each change.
_AROUND = 3


@dataclass(frozen=True)
class DiffLine:
    """A line of a comparison."""

    #: add, gone, same, or place: so many lines are left out here
    kind: str
    text: str

    @property
    def sign(self) -> str:
        return {"add": "+", "gone": "−"}.get(self.kind, "")


@dataclass(frozen=True)
class FileDiff:
    """What became of one file."""

    #: path below the folder of schemas
    file: str
    #: 新增, 删除, 修改
    word: str
    lines: tuple[DiffLine, ...]
    added: int
    gone: int


def compare_files(
    before: dict[str, str | None], after: dict[str, str | None]
) -> tuple[FileDiff, ...]:
    """The files that differ, in their order; None stands for a file that is absent."""
    return tuple(
        _compare_file(file, before.get(file), after.get(file))
        for file in sorted({*before, *after})
        if before.get(file) != after.get(file)
    )


def _compare_file(file: str, before: str | None, after: str | None) -> FileDiff:
    lines = tuple(_compare((before or "").splitlines(), (after or "").splitlines()))
    word = "新增" if before is None else "删除" if after is None else "修改"
    return FileDiff(
        file,
        word,
        lines,
        sum(line.kind == "add" for line in lines),
        sum(line.kind == "gone" for line in lines),
    )


def _compare(before: list[str], after: list[str]) -> Iterator[DiffLine]:
    # Without its guess about frequent lines: braces are what schema files consist of.
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    shown = 0
    for group in matcher.get_grouped_opcodes(_AROUND):
        skipped = group[0][1] - shown
        if skipped > 0:
            yield DiffLine("place", f"略去 {skipped} 行相同的")
        for kind, start, end, new_start, new_end in group:
            if kind == "equal":
                yield from (DiffLine("same", text) for text in before[start:end])
                continue
            yield from (DiffLine("gone", text) for text in before[start:end])
            yield from (DiffLine("add", text) for text in after[new_start:new_end])
        shown = group[-1][2]
    if shown and shown < len(before):
        yield DiffLine("place", f"略去 {len(before) - shown} 行相同的")
