"""The navigation of a collection's units: names that people know for its forms.

`collection.json` (`menu`) says it; who is shown an entry follows from what it leads to.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from form_schemas.faults import ask_nearest, point

WORD = "menu"
_LEADS = ("form", "booklet", "column")


@dataclass(frozen=True)
class MenuEntry:
    """An entry, which leads to one thing."""

    title: str
    #: code of a form that the unit fills
    form: str = ""
    #: id of a booklet of the unit's kind
    booklet: str = ""
    #: id of a column of the portal, for everybody
    column: str = ""
    #: whether it stands with the account, not along the top
    is_aside: bool = False


def read_menu(declared: Sequence[Mapping[str, Any]]) -> tuple[MenuEntry, ...]:
    """The entries of `collection.json`, in their order."""
    return tuple(
        MenuEntry(
            one["title"],
            **{word: one.get(word, "") for word in _LEADS},
            is_aside=one.get("aside", False),
        )
        for one in declared
    )


def find_faulty_menu(
    settings: Mapping[str, Any], codes: Collection[str]
) -> Iterator[tuple[str, str]]:
    """What leads nowhere, or to two things, each with its place."""
    portal = settings.get("portal", {})
    known = {
        "form": codes,
        "booklet": [one["id"] for one in settings.get("booklets", ())],
        "column": [one["id"] for one in portal.get("columns", ())],
    }
    names = {"form": "表", "booklet": "合订本", "column": "门户的栏目"}
    for number, one in enumerate(settings.get(WORD, ())):
        told = [word for word in _LEADS if word in one]
        if len(told) != 1:
            message = "form、booklet、column 要写一个，只写一个。"
            yield point(WORD, number), message
        for word in told:
            if one[word] not in known[word]:
                hint = ask_nearest(one[word], known[word])
                message = f"没有{names[word]}“{one[word]}”。{hint}"
                yield point(WORD, number, word), message
