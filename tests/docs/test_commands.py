"""What the documentation tells to type exists: commands, options, pages linked to."""

import re

import click
import pytest

from app.cli import main
from tests.support.docs import ROOT, iterate_pages

PAGES = dict(iterate_pages())
_CALL = re.compile(r"(?<![\w=/.-])(?:\S*/bin/)?tianbao((?: [\w./…-]+)+)")
_OPTION = re.compile(r"^--[a-z-]+$")
_LINK = re.compile(r"\]\(([^)#:]+)(?:#([^)]*))?\)")


def calls_in(text):
    """The words after `tianbao` wherever it is called: in code and in blocks."""
    code = re.findall(r"`([^`\n]+)`|^(?: {4}|)(.*tianbao .*)$", text, re.MULTILINE)
    for part in (inline or line for inline, line in code):
        yield from (match.split() for match in _CALL.findall(part.replace("`", " `")))


def find_command(words):
    command, path = main, []
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        path.append(words[0])
        command, words = command.commands[words[0]], words[1:]
    return command, words, path


def options_of(command):
    return {"--help", "-h"} | {o for p in command.params for o in p.opts}


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_a_page_names_exists(page):
    for words in calls_in(PAGES[page]):
        command, rest, path = find_command(words)
        if not path:
            assert not re.fullmatch("[a-z]+", rest[0]), f"tianbao {rest[0]}"
            continue
        assert not isinstance(command, click.Group) or not rest, words
        unknown = set(filter(_OPTION.match, rest)) - options_of(command)
        assert not unknown, f"{' '.join(path)} {unknown}"


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_a_heading(page):
    folder = (ROOT / page).parent
    for target, heading in _LINK.findall(PAGES[page]):
        path = folder / target
        assert path.exists(), target
        if heading:
            text = path.read_text(encoding="utf-8")
            titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            anchors = {title.lower().replace(" ", "-") for title in titles}
            assert heading in anchors, f"{target}#{heading}"


def test_calls_are_found_in_code_and_in_blocks():
    text = "run `tianbao schemas plan`\n\n    tianbao user add x --name y\n"
    assert list(calls_in(text)) == [
        ["schemas", "plan"],
        ["user", "add", "x", "--name", "y"],
    ]
