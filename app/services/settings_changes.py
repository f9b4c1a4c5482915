"""What of an edition's settings a publication changes: the plan touches forms only.

Differences that people follow are told word by word (`form_schemas.settings_diff`); of
the rest the sections are named.
"""

from collections.abc import Iterator

from app.services.designing.structure_words import LABELS
from form_schemas.catalogue import Edition
from form_schemas.settings_diff import compare_settings

#: Words whose differences are told one by one.
_TOLD = frozenset(
    {"title", "shortTitle", "periods", "phases", "reviewSteps", "departments"}
)


def tell_settings_changes(before: Edition | None, after: Edition) -> Iterator[str]:
    """Yield a sentence for each change; none where the edition is new."""
    if before is None or before.settings == after.settings:
        return
    said = [one.sentence for one in compare_settings(before, after)]
    yield from said
    words = dict.fromkeys((*before.settings, *after.settings))
    changed = [
        word for word in words if before.settings.get(word) != after.settings.get(word)
    ]
    for word in changed:
        # Other names of departments, for one, are told by no sentence.
        if word not in _TOLD or not said:
            yield f"改了{LABELS.get(word, word)}。"
