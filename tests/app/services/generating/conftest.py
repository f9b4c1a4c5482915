"""A database of each kind for all tests of a module; each test has its own school."""

from contextlib import ExitStack
from functools import cache

import pytest

from app.storage.engine import open_engine
from tests.support.catalogues import catalogue_of, get_catalogue
from tests.support.forms import field_of, schema_of
from tests.support.generating import GeneratingSchool, prepare_engine
from tests.support.postgres import create_database


@cache
def invented():
    """`T` is generated from `S`, `L` from its first letters; `U` refers to `T`."""
    source = schema_of("S", code="text", state="enum", owner="text", remark="text")
    target = schema_of(
        "T",
        code="text",
        owner=field_of("ref", ref={"table": "M", "field": "code"}),
        owner_name=field_of("text", fill="owner.name"),
        count=field_of("integer", default=2),
        twice=field_of("integer", computed="count * 2"),
        remark="text",
    )
    target["required"] = ["code", "remark"]
    target["x-generate"] = {
        "from": "S",
        "where": [{"check": "state == '甲'", "message": "状态不是“甲”，不生成行。"}],
        "columns": {"code": "remark", "owner": "owner"},
    }
    letters = schema_of("L", letter="text", code="text", day="date")
    letters["x-form"]["key"] = ["letter", "day"]
    letters["x-generate"] = {
        "from": "S",
        "columns": {"letter": "left(code, 1)", "code": "code"},
    }
    picked = field_of("ref", ref={"table": "T", "field": "code"})
    return catalogue_of(
        source,
        target,
        letters,
        schema_of("M", code="text", name="text"),
        schema_of("U", number="text", picked=picked),
    )


@pytest.fixture(scope="package")
def catalogue():
    return get_catalogue()


@pytest.fixture(scope="package")
def engines(catalogue, postgres_server, tmp_path_factory):
    path = tmp_path_factory.mktemp("generating") / "rows.sqlite"
    with ExitStack() as stack:
        urls = {
            "sqlite": f"sqlite:///{path}",
            "postgresql": stack.enter_context(create_database(postgres_server)),
        }
        made = {}
        for kind, url in urls.items():
            made[kind] = engine = open_engine(url)
            stack.callback(engine.dispose)
            prepare_engine(engine, catalogue, invented())
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def school_of(request, engines, catalogue):
    """A new school that has rows of a form generated: `school_of("Z4.4.1")`."""
    engine = engines[request.param]
    return lambda code: GeneratingSchool(engine, catalogue, code)


@pytest.fixture(params=["sqlite", "postgresql"])
def invented_school(request, engines):
    """A new school of the invented forms: `invented_school("T")`."""
    engine = engines[request.param]
    return lambda code: GeneratingSchool(engine, invented(), code, "test")
