"""Stored rows are judged anew where their form's file changed, and only there."""

from decimal import Decimal

import pytest
from sqlalchemy import select, update

from app.models import FormDeclaration, Round, Unit, UnitKind, User
from app.models.base import now_utc
from app.services.rejudging import rejudge_forms
from app.services.schema_changes import apply, initialise, plan
from app.storage import confirmations
from app.storage.engine import open_engine
from app.storage.records import Query, Scope
from app.storage.rows import RowStore
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of

SCOPE = Scope(unit_id=1, round_id=1)
PERIODS = {"snapshot": ["2023-09-01", "2024-08-31"]}


def grants(*rules, **more):
    schema = schema_of("G", name="text", amount="money", people="integer", **more)
    schema["x-form"]["key"] = ["name"]
    return {**schema, "x-rules": list(rules)} if rules else schema


def rule(check, level="error"):
    return {
        "id": "enough",
        "check": check,
        "level": level,
        "message": "太少",
        "fields": ["amount"],
    }


def other():
    return schema_of("O", code=field_of("code", maxLength=20))


@pytest.fixture
def engine(database_url):
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def before(engine):
    """A unit with two grants, all of them clean by the first file."""
    catalogue = catalogue_of(grants(), other())
    initialise(engine, catalogue)
    with engine.begin() as connection:
        add_place(connection)
        rows = [{"name": f"第{n}项", "amount": Decimal(n), "people": n} for n in (1, 2)]
        store = RowStore(connection, catalogue)
        store.upsert_many(catalogue.get("test/G"), SCOPE, rows, actor_id=1)
        store.upsert_many(
            catalogue.get("test/O"), SCOPE, [{"code": "1"}], 1, levels=["error"]
        )
    return catalogue


def add_place(connection):
    now = now_utc()
    connection.execute(
        Unit.__table__.insert().values(
            id=1, code="s", name="校", kind=UnitKind.SCHOOL, collections=["test"]
        )
    )
    connection.execute(
        Round.__table__.insert().values(
            id=1,
            collection="test",
            edition="2024",
            title="轮",
            periods=PERIODS,
            created_at=now,
        )
    )
    connection.execute(
        User.__table__.insert().values(
            id=1, username="lin", name="林", password_hash="", created_at=now
        )
    )


def levels(engine, catalogue, code="G"):
    with engine.begin() as connection:
        form = catalogue.get(f"test/{code}")
        page = RowStore(connection, catalogue).find_page(form, SCOPE, Query())
        return [row.level for row in page.rows]


def test_rows_are_judged_by_the_new_rules(engine, before):
    after = catalogue_of(grants(rule("amount >= 2")), other())
    initialise(engine, after)
    told = []
    done = rejudge_forms(engine, after, lambda *progress: told.append(progress))
    assert (done.forms, done.rows) == (1, 2)
    assert told == [(after.get("test/G"), 2)]
    assert levels(engine, after) == ["error", ""]
    # The other form's file is as before; nobody asked what its rows are.
    assert levels(engine, after, "O") == ["error"]


def test_rows_are_judged_once(engine, before):
    after = catalogue_of(grants(rule("amount >= 2")), other())
    initialise(engine, after)
    rejudge_forms(engine, after)
    assert rejudge_forms(engine, after).rows == 0


def test_a_rule_that_went_leaves_clean_rows(engine, before):
    strict = catalogue_of(grants(rule("amount >= 9", "warning")), other())
    initialise(engine, strict)
    rejudge_forms(engine, strict)
    assert levels(engine, strict) == ["warning", "warning"]
    initialise(engine, before)
    rejudge_forms(engine, before)
    assert levels(engine, before) == ["", ""]


def test_a_plan_that_is_applied_has_rows_judged(engine, before):
    after = catalogue_of(grants(rule("extra == 1"), extra="integer"), other())
    made = plan(engine, after)
    assert rejudge_forms(engine, after).rows == 0
    apply(engine, after, made.hash)
    assert rejudge_forms(engine, after).rows == 2


def test_many_rows_are_judged_in_parts_and_an_interrupted_form_again(engine, before):
    form = before.get("test/G")
    rows = [{"name": f"{n}", "amount": Decimal(n)} for n in range(5000)]
    with engine.begin() as connection:
        RowStore(connection, before).upsert_many(form, SCOPE, rows, actor_id=1)
    after = catalogue_of(grants(rule("amount >= 4000")), other())
    initialise(engine, after)

    def interrupt(form, rows):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rejudge_forms(engine, after, interrupt)
    told = []
    rejudge_forms(engine, after, lambda form, rows: told.append(rows))
    assert told == [2000, 4000, 5002]
    with engine.begin() as connection:
        found = RowStore(connection, after).count_levels(after.get("test/G"), SCOPE)
    assert found == {"error": 4002}


def test_a_warning_that_was_explained_stays_explained(engine, before):
    strict = catalogue_of(grants(rule("amount >= 9", "warning")), other())
    initialise(engine, strict)
    form = strict.get("test/G")
    with engine.begin() as connection:
        row = RowStore(connection, strict).find_page(form, SCOPE, Query()).rows[0]
        confirmations.write_confirmation(
            connection,
            form,
            SCOPE,
            row,
            ("rule:enough", "amount"),
            reason_code="checked",
            reason_text="已核实",
            value_text="1",
            actor_id=1,
        )
    rejudge_forms(engine, strict)
    assert levels(engine, strict) == ["", "warning"]


def test_rows_of_a_database_that_never_noted_it_are_judged(engine, before):
    with engine.begin() as connection:
        connection.execute(update(FormDeclaration).values(judged_by=""))
    assert rejudge_forms(engine, before).rows == 3
    assert levels(engine, before, "O") == [""]
    with engine.connect() as connection:
        left = connection.execute(
            select(FormDeclaration.form_name).where(FormDeclaration.judged_by == "")
        ).all()
    assert left == []
