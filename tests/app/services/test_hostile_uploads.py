"""500 hostile files: each refused with a sentence, or kept as what it is."""

from dataclasses import replace

import pytest

from app.errors import TooLarge, WrongFile
from app.services.files import check_file, clean_name
from tests.support.hostile_files import list_hostile

_LIMIT_MB = 50
HOSTILE = list_hostile()


@pytest.fixture(scope="module")
def item(catalogue):
    """A field that takes every type there is."""
    found = catalogue.get("talent/2.15.1").by_id["evidence_file"]
    return replace(found, accept=(), max_size_mb=None)


def _judge(item, path, one):
    path.write_bytes(one.content)
    try:
        check_file(item, path, clean_name(one.name), _LIMIT_MB)
    except (WrongFile, TooLarge) as refusal:
        return refusal.message
    return ""


def test_there_are_five_hundred():
    assert len(HOSTILE) >= 500


@pytest.mark.parametrize("family", sorted({one.family for one in HOSTILE}))
def test_hostile_files_are_refused_or_harmless(item, tmp_path, family):
    path = tmp_path / "upload"
    judged = [(one, _judge(item, path, one)) for one in HOSTILE if one.family == family]
    taken = [
        (one.name[:40], one.content[:20])
        for one, said in judged
        if one.refused and not said
    ]
    assert taken == []
    assert all(said.endswith("。") for _, said in judged if said)


def test_names_become_one_short_printable_line():
    shown = [clean_name(one.name) for one in HOSTILE]
    assert all(name.isprintable() and 0 < len(name) <= 171 for name in shown)
    assert not set("".join(shown)) & set('/\\<>:"|?*')
