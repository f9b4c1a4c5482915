"""The packages that the project asks for: each is used, and each is locked."""

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.support.layers import find_modules

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

#: Asked for by parts that are planned: the API, metrics.
AWAITED = {"marshmallow", "prometheus-client"}


def name_of(requirement):
    return re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-")


@pytest.fixture(scope="module")
def used():
    """The packages that some module of the product imports."""
    modules = set()
    for path in find_modules(ROOT):
        if path.parts[0] not in ("tests", "benchmarks"):
            modules |= set(find_imported((ROOT / path).read_text("utf-8")))
    packages = packages_distributions()
    return {name_of(d) for module in modules for d in packages.get(module, ())}


def find_imported(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def test_every_package_that_is_asked_for_is_imported(used):
    asked = set(map(name_of, PROJECT["dependencies"]))
    assert asked - used == AWAITED


def test_the_lock_was_made_of_what_is_asked_for():
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    entries = re.split(r"^(?=\w)", lock, flags=re.MULTILINE)
    locked = {name_of(entry) for entry in entries if "(pyproject.toml)" in entry}
    more = PROJECT["optional-dependencies"].values()
    asked = [*PROJECT["dependencies"], *(name for group in more for name in group)]
    assert locked == set(map(name_of, asked))
