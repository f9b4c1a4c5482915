"""Every form through page, workbook, checks and database, with rows made for it.

Page text → Row → database → workbook → RawRow → the same Row. Adding a table adds no
test code: forms come from the catalogue, rows from `demo_rows`.
"""

from contextlib import ExitStack
from io import BytesIO

import pytest
from openpyxl import load_workbook

from app.models import Base
from app.services.inventing.making import demo_rows
from app.services.inventing.world import World, in_order
from app.services.schema_changes import initialise
from app.storage.derived_tables import store_derived_rows
from app.storage.derived_values import DerivedRow
from app.storage.engine import begin_reading, open_engine
from app.storage.records import Scope, StoredRow
from app.storage.rows import RowStore
from exporters.layout import sheet_layout
from exporters.reader import read_workbook
from exporters.template import write_template
from exporters.workbook import chunks_of, export_fields, write_xlsx
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import Shape
from renderers.grid_page import GridQuery, build_grid_page, render_grid_page
from renderers.record_page import build_record_page, render_record_page
from renderers.urls import PageUrls
from tests.support.catalogues import get_catalogue
from tests.support.places import add_round, add_units
from tests.support.postgres import create_database
from validators.check import Stage, check_columns, check_row
from validators.conversion import ConvertedColumns, RawRow, display

pytestmark = pytest.mark.long

CATALOGUE = get_catalogue()
FORMS = CATALOGUE.all_forms
ROWS = 4
SCOPE = Scope(unit_id=1, round_id=1)
URLS = PageUrls(page="/page", save="/save", options="/options", row="/rows/{id}")

#: A form whose fields are all computed or uploaded takes nothing from a workbook.
IMPORTED = [
    form
    for form in FORMS
    if any(spec.value_kind not in FILE_KINDS for spec in form.typed_fields)
]
every_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.full_name)


@pytest.fixture(scope="module")
def worlds():
    """Rows of every form, by edition."""
    worlds = {}
    for edition in CATALOGUE.editions:
        world = worlds[edition.name] = World(CATALOGUE, edition)
        for form in in_order(CATALOGUE, edition):
            demo_rows(CATALOGUE, form, ROWS, seed=7, world=world)
    return worlds


@pytest.fixture
def world(worlds, form):
    return worlds[f"{form.collection}/{form.edition}"]


@pytest.fixture
def rows(world, form):
    return world.rows(form.code)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request, tmp_path_factory, worlds):
    """A database of either kind that holds all the rows."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('forms') / 'forms.sqlite'}"
        else:
            server = request.getfixturevalue("postgres_server")
            url = stack.enter_context(create_database(server))
        engine = open_engine(url)
        stack.callback(engine.dispose)
        initialise(engine, CATALOGUE)
        with engine.begin() as connection:
            add_units(connection, SCOPE.unit_id)
            add_round(connection, SCOPE.round_id, "any", "2024")
            store = RowStore(connection, CATALOGUE, by_engine=True)
            for edition in CATALOGUE.editions:
                world = worlds[edition.name]
                for form in in_order(CATALOGUE, edition):
                    made = world.rows(form.code)
                    if form.is_derived:
                        derived = [DerivedRow(None, dict(row)) for row in made]
                        store_derived_rows(connection, CATALOGUE, form, SCOPE, derived)
                    else:
                        store.upsert_many(form, SCOPE, made, actor_id=None)
        yield engine


@every_form
def test_rows_are_made_and_nothing_is_wrong_with_them(form, rows, world):
    context = world.context(form)
    faults = [
        problem
        for row in rows
        for problem in check_row(form, row, context, Stage.IMPORT, stored=row).problems
        if problem.is_error
    ]
    assert len(rows) == (1 if form.shape is Shape.RECORD else ROWS)
    assert faults == []


@every_form
def test_page_text_gives_back_the_row(form, rows, world):
    context = world.context(form)
    for row in rows:
        texts = {
            spec.id: display(spec, row[spec.id], CATALOGUE.codelists)
            for spec in form.typed_fields
        }
        checked = check_row(
            form, RawRow(1, texts), context, Stage.IMPORT, stored=row, upsert=True
        )
        assert {name: checked.row.get(name) for name in form.by_id} == row


@every_form
def test_the_database_gives_back_the_rows(form, rows, engine):
    with begin_reading(engine) as connection:
        stored = list(RowStore(connection, CATALOGUE).iterate_rows(form, SCOPE))
    assert [dict(found.row) for found in stored] == rows


@pytest.mark.parametrize("form", IMPORTED, ids=lambda form: form.full_name)
def test_a_workbook_gives_back_the_rows(form, rows, world, tmp_path):
    path = tmp_path / "rows.xlsx"
    write_xlsx(form, CATALOGUE, chunks_of(form, CATALOGUE, rows), path)
    with read_workbook(path, form, CATALOGUE) as reading:
        assert reading.refusal is None
        (block,) = reading.blocks()
    assert list(block.problems) == []
    checked = check_columns(
        form,
        ConvertedColumns(block.numbers, block.columns),
        world.context(form),
        Stage.IMPORT,
    )
    exported = export_fields(form, CATALOGUE)
    assert [{n: row.get(n) for n in exported} for row in checked.rows()] == [
        {n: row[n] for n in exported} for row in rows
    ]


@every_form
def test_the_record_page_shows_every_field(form, rows):
    page = build_record_page(form, CATALOGUE, rows[0], urls=URLS, version=1)
    html = str(render_record_page(page))
    assert [spec.id for spec in form.fields if f'"{spec.id}"' not in html] == []


@every_form
def test_the_grid_page_shows_every_row(form, rows, world):
    now = world.scene(form).today
    stored = [StoredRow(n, 1, row, None, now, None) for n, row in enumerate(rows, 1)]
    page = build_grid_page(
        form, CATALOGUE, stored, GridQuery(), total=len(rows), urls=URLS
    )
    html = str(render_grid_page(page))
    assert html.count("data-row=") >= len(rows)


@every_form
def test_the_template_opens_with_the_header(form):
    stream = BytesIO()
    write_template(form, CATALOGUE, stream)
    layout = sheet_layout(form, CATALOGUE)
    sheet = load_workbook(stream, read_only=True).worksheets[0]
    (header,) = sheet.iter_rows(layout.header_row, layout.header_row, values_only=True)
    assert header[: len(layout.columns)] == tuple(c.heading for c in layout.columns)


def test_fixed_tables_and_forms_do_not_share_names():
    assert not {form.table_name for form in FORMS} & set(Base.metadata.tables)
