"""The rules of rows alone, over columns."""

from datetime import date

from benchmarks.clock import timed
from benchmarks.data import STUDENTS, get_form, load_rows
from validators.compiling import Env
from validators.rules import find_broken

_BLOCK_ROWS = 4000


def rules(rows: str) -> dict[str, float]:
    """All row rules of a form of 30 fields; processor time a rule and row."""
    form = get_form(STUDENTS)
    typed = load_rows(rows)
    blocks = [
        {name: [row[name] for row in some] for name in form.by_id}
        for start in range(0, len(typed), _BLOCK_ROWS)
        if (some := typed[start : start + _BLOCK_ROWS])
    ]
    day = date(2024, 8, 31)
    env = Env(day, day, day)
    count = sum(
        rule.check is not None and rule.check.is_runnable for rule in form.rules
    )
    for block in blocks[:1]:
        list(find_broken(form, block, len(block[form.key[0]]), env))
    with timed() as timer:
        broken = sum(
            len(found)
            for block in blocks
            for _, found in find_broken(form, block, len(block[form.key[0]]), env)
        )
    return {
        "seconds": timer.seconds,
        "each": timer.cpu / len(typed) / count,
        "broken": broken,
    }
