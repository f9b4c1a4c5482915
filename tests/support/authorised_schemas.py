"""Routes of the pages around the designer: previews, plans, publications."""

import io

from app.policy import Action
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
    return {"collection": "test", "edition": "2024", "code": schools.OPEN}


def _picked(things: Things, scene: Scene) -> dict:
    return _form(things, scene) | {"field": "master"}


def _typed(_things: Things, _scene: Scene) -> dict:
    return {"rows": [{"key": "r", "cells": {"name": "甲"}}]}


def _at(things: Things, scene: Scene) -> dict:
    return {"at": things.key(scene.round)}


def _editions(_things: Things, _scene: Scene) -> dict:
    return {"collection": "test", "before": "2024", "after": "2024"}


def _edition(_things: Things, _scene: Scene) -> dict:
    return {"collection": "test", "year": "2024"}


def _revision(things: Things, scene: Scene) -> dict:
    return {"publication_id": 999} | _at(things, scene)


def _since(things: Things, scene: Scene) -> dict:
    return {"generation": 999} | _at(things, scene)


def _note(things: Things, scene: Scene) -> dict:
    return _publication(things, scene) | _edition(things, scene)


def _next_year(_things: Things, _scene: Scene) -> dict:
    # Nothing may be written beside the project's own files.
    return {"source": "talent/2024", "year": "下一年"}


def _blank_form(_things: Things, _scene: Scene) -> dict:
    return {
        "edition": "test/2024",
        "file": (io.BytesIO("名称,数\n".encode()), "表.csv"),
    }


def _get(endpoint, values=_form, **more):
    return Entry(f"{endpoint}", "GET", DESIGN, ONE_SCENE, values, **more)


def _draft(things: Things, _scene: Scene) -> dict:
    return {"draft_id": things.draft_id}


def _publication(_things: Things, _scene: Scene) -> dict:
    return {"publication_id": 999}


def _agreed(_things: Things, _scene: Scene) -> dict:
    return {"hash": "0" * 16, "reason": "部里更正"}


def _publish(endpoint, values):
    return Entry(
        endpoint,
        "POST",
        DESIGN,
        ONE_SCENE,
        values,
        body=_agreed,
        is_never_done=True,
        note="样本里的编号不是计划的",
    )


def _absent(method, endpoint, values, **more):
    """A page of a thing that the school does not have."""
    return Entry(
        endpoint,
        method,
        DESIGN,
        ONE_SCENE,
        values,
        is_finer=True,
        is_never_done=True,
        note="样本里没有发布过表单：有权的人也是 ○",
        **more,
    )


_ANYBODY = Need()
#: Whoever works at the unit's round.
_HERE = Need(Action.VIEW_ROWS, "unit")


def _missing(endpoint, values, need=_ANYBODY):
    """A page for whoever fills, of a thing that the school does not have."""
    scenes = ROUND_SCENES if need is _HERE else ONE_SCENE
    return Entry(
        endpoint,
        "GET",
        need,
        scenes,
        values,
        is_finer=True,
        is_never_done=True,
        note="样本里没有发布过表单：有权的人也是 ○",
    )


SCHEMA_ENTRIES = (
    _get("new_editions.ask", nothing),
    Entry(
        "new_editions.create",
        "POST",
        DESIGN,
        ONE_SCENE,
        body=_next_year,
        is_never_done=True,
    ),
    _get("from_workbook.ask", nothing),
    Entry(
        "from_workbook.create",
        "POST",
        DESIGN,
        ONE_SCENE,
        body=_blank_form,
        is_never_done=True,
    ),
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
    _get("publications.show_list", nothing),
    _absent("GET", "publications.show", _publication),
    _absent("GET", "publications.fetch_cells", _publication),
    _absent("GET", "revision_notes.show_planned", _edition),
    _absent("GET", "revision_notes.fetch_planned", _edition),
    _missing("revision_notes.show", _note),
    _missing("revision_notes.fetch", _note),
    _missing("revisions.show", _revision, _HERE),
    _missing("revisions.fetch", _revision, _HERE),
    _missing("revisions.lead_on", _since),
    _get("schema_plans.plan_files", nothing),
    _publish("schema_plans.publish_files", nothing),
    _get("schema_plans.plan_draft", _draft),
    _publish("schema_plans.publish_draft", _draft),
    _absent("GET", "schema_plans.plan_reverse", _publication),
    _absent("POST", "schema_plans.take_back", _publication, body=_agreed),
)
