"""Catalogues for tests: all forms, and small ones made by `tests.support.forms`."""

import json
from functools import cache

from form_schemas.catalogue import Catalogue, Edition
from form_schemas.codelists import load_codelists
from form_schemas.drafts import Source
from form_schemas.loading import load_catalogue, place_editions
from form_schemas.reader import read_edition


@cache
def get_catalogue() -> Catalogue:
    """All forms of the schema files, read once: what is derived of them is kept too."""
    return load_catalogue()


def catalogue_of(*schemas: dict, editions: dict[str, list[dict]] | None = None):
    """A catalogue of a collection `test`: of one edition, or of several by year."""
    by_year = {"2024": list(schemas)} if editions is None else editions
    codelists = load_codelists()
    editions = (_edition_of(year, by_year[year], codelists) for year in by_year)
    return Catalogue(place_editions(editions, {}), codelists)


def _edition_of(year: str, schemas: list[dict], codelists) -> Edition:
    sources = [
        Source(
            f"test/{year}/{schema['x-form']['code']}.json",
            json.dumps(
                {**schema, "$id": f"urn:tianbao:test:{year}:{schema['x-form']['code']}"}
            ),
        )
        for schema in schemas
    ]
    reading = read_edition("test", year, sources, codelists)
    assert not reading.faults, [str(fault) for fault in reading.faults]
    return Edition("test", year, {"title": "测试"}, reading.forms)
