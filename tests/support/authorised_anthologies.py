"""Routes of anthologies; who may choose for one has tests of its own."""

from tests.support.authorised_entries import Entry, Need, nothing

#: The sample has no portal whose rows could be chosen.
_NONE = {"is_never_done": True, "is_finer": True, "note": "样本里没有汇编"}
_DECIDE = Need(also="选编这本汇编的那一级")


def _book(_things, _scene):
    return {"collection": "test", "name": "x"}


ANTHOLOGY_ENTRIES = (
    Entry("anthologies.start", "GET", _DECIDE, values=nothing, **_NONE),
    Entry("anthologies.show", "GET", _DECIDE, values=_book, **_NONE),
    Entry("anthologies.move", "POST", _DECIDE, values=_book, **_NONE),
    Entry("anthologies.show_contents", "GET", _DECIDE, values=_book, **_NONE),
    Entry("anthologies.order", "POST", _DECIDE, values=_book, **_NONE),
    Entry(
        "anthologies.export",
        "POST",
        _DECIDE,
        values=_book,
        body=lambda _things, _scene: {"format": "zip"},
        **_NONE,
    ),
)
