"""Routes of the pages around the designer: previews, plans, publications."""

from app.permissions import Action
from tests.support import authorised_schools as schools
from tests.support.authorised_entries import (
    ONE_SCENE,
    ROUND_SCENES,
    Entry,
    Need,
    Scene,
    nothing,
)
from tests.support.authorised_schools import Things

DESIGN = Need(Action.DESIGN_FORMS)


def _form(_things: Things, _scene: Scene) -> dict:
    return {"collection": "test", "edition": "2024", "code": schools.BARE}


def _picked(things: Things, scene: Scene) -> dict:
    return _form(things, scene) | {"field": "choice"}


def _typed(_things: Things, _scene: Scene) -> dict:
    return {"rows": [{"key": "r", "cells": {"name": "甲"}}]}


def _at(things: Things, scene: Scene) -> dict:
    return {"at": things.key(scene.round)}


def _editions(_things: Things, _scene: Scene) -> dict:
    return {"collection": "test", "before": "2024", "after": "2024"}


def _get(endpoint, values=_form, **more):
    return Entry(f"{endpoint}", "GET", DESIGN, ONE_SCENE, values, **more)


SCHEMA_ENTRIES = (
    _get("edition_changes.choose", nothing),
    _get("edition_changes.show_all", _editions),
    _get("edition_changes.fetch_all", _editions),
    Entry("edition_changes.show", "GET", Need(), ONE_SCENE, _editions),
    Entry("edition_changes.fetch", "GET", Need(), ONE_SCENE, _editions),
    Entry(
        "edition_changes.show_here",
        "GET",
        Need(Action.VIEW_ROWS, "unit"),
        ROUND_SCENES,
        _at,
    ),
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
