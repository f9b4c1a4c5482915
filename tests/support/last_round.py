"""A school whose last round of an edition is complete, and rows for the next one."""

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import select, update

from app.models import Round, Unit
from app.services.contexts import make_context
from app.services.demo import find_people
from app.services.demo_history import complete_round
from app.services.demo_people import SCHOOL, prepare_people
from app.services.inventing.making import demo_rows
from app.services.inventing.tasks import is_about_classes
from app.services.inventing.world import World, in_order
from app.services.organisation import insert_round
from app.services.rechecking import recheck_rows
from app.storage.assignments import load_assignments
from app.storage.records import Scope
from app.storage.rows import RowStore

SEED = 2024
_YEAR = timedelta(days=365)


def invent_rows(catalogue, edition, people=20, others=3, seed=SEED):
    """Form code -> rows of every form that people fill in; they fit each other."""
    world = World(catalogue, edition)
    persons = find_people(catalogue, edition)
    made = {}
    for form in in_order(catalogue, edition):
        if not form.is_derived:
            is_many = form is persons or is_about_classes(form)
            count = people if is_many else others
            made[form.code] = demo_rows(catalogue, form, count, seed, world)
    return made


def complete_last_round(engine, catalogue, edition, rows):
    """The demo's school with a closed round that holds these rows; gives its scope."""
    prepare_people(engine, [edition])
    with engine.begin() as connection:
        unit_id = connection.scalar(select(Unit.id).where(Unit.code == SCHOOL))
        title = f"{edition.short_title}（上一年）"
        round_id = insert_round(connection, edition, title)
        connection.execute(
            update(Round)
            .where(Round.id == round_id)
            .values(periods=_one_year_before(edition.settings["periods"]))
        )
        scope = Scope(unit_id, round_id)
        store_rows(connection, catalogue, edition, scope, rows)
        complete_round(connection, catalogue, edition, scope)
    return scope


def store_rows(connection, catalogue, edition, scope, rows):
    """Formal rows of a round, judged as they would be when somebody saves them."""
    store = RowStore(connection, catalogue, by_engine=True)
    assignments = load_assignments(connection, scope.unit_id, scope.round_id)
    forms = [form for form in in_order(catalogue, edition) if rows.get(form.code)]
    for form in forms:
        lead_id = assignments.lead(form).department_id
        own = replace(scope, department_id=lead_id)
        store.upsert_many(form, own, rows[form.code], None, "测试数据")
    for form in forms:
        context = make_context(connection, store, form, scope)
        recheck_rows(connection, catalogue, form, scope, context)


def _one_year_before(periods):
    return {
        sort: [(date.fromisoformat(day) - _YEAR).isoformat() for day in days]
        for sort, days in periods.items()
    }
