"""Routes of the pages around the designer: previews, plans, publications."""

from app.permissions import Action
from tests.support import authorised_schools as schools
from tests.support.authorised_entries import ONE_SCENE, Entry, Need, Scene
from tests.support.authorised_schools import Things

DESIGN = Need(Action.DESIGN_FORMS)


def _form(_things: Things, _scene: Scene) -> dict:
    return {"collection": "test", "edition": "2024", "code": schools.BARE}


def _picked(things: Things, scene: Scene) -> dict:
    return _form(things, scene) | {"field": "choice"}


def _typed(_things: Things, _scene: Scene) -> dict:
    return {"rows": [{"key": "r", "cells": {"name": "甲"}}]}


def _get(endpoint, values=_form, **more):
    return Entry(f"{endpoint}", "GET", DESIGN, ONE_SCENE, values, **more)


SCHEMA_ENTRIES = (
    _get("previewing.show_page"),
    _get("previewing.show_grid"),
    _get("previewing.fetch_template"),
    _get("previewing.list_options", _picked),
    Entry(
        "previewing.check",
        "POST",
        DESIGN,
        ONE_SCENE,
        _form,
        body=_typed,
        is_json=True,
        changes=False,
    ),
)
