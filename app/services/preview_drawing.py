"""Draws what a form would be like: its page and its grid, and answers what is typed.

`previewing` makes up the rows; the website and `schemas watch` serve what is drawn.
"""

from app.services.previewing import Preview, Tried
from form_schemas.spec import FormSpec
from renderers.grid_page import build_grid_page, read_query, render_grid_page
from renderers.problems import NO_NOTES, problem_to_json
from renderers.record_page import build_record_page, render_record_page
from renderers.urls import PageUrls


def draw_page(preview: Preview, urls: PageUrls, *, has_example: bool) -> str:
    """The page of a record or of one row, filled with a made-up row or with nothing."""
    sample = next(iter(preview.list_samples()), None) if has_example else None
    row = sample.row if sample else _defaults(preview.form)
    page = build_record_page(
        preview.form,
        preview.catalogue,
        row,
        urls=urls,
        row_id=sample.id if sample else None,
        version=sample.version if sample else None,
        env=preview.env(),
        meanings=preview.name_references(row),
    )
    return render_record_page(page)


def draw_grid(preview: Preview, urls: PageUrls, *, has_example: bool) -> str:
    """The grid of a form of rows."""
    rows = preview.list_samples() if has_example else ()
    page = build_grid_page(
        preview.form,
        preview.catalogue,
        rows,
        read_query(preview.form, {}),
        len(rows),
        urls=urls,
        env=preview.env(),
    )
    return render_grid_page(page)


def tell_tried(preview: Preview, tried: Tried) -> dict[str, object]:
    """What a page's script is told of a row that was typed."""
    problems = [
        problem_to_json(preview.form, one, NO_NOTES) for one in tried.checked.problems
    ]
    return {
        "id": None,
        "version": None,
        "status": "tried",
        "cells": tried.cells,
        "meanings": tried.meanings,
        "hidden": tried.hidden,
        "problems": problems,
    }


def _defaults(form: FormSpec) -> dict[str, object]:
    return {f.id: f.default for f in form.typed_fields if f.default is not None}
