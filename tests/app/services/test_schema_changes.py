import json
import shutil
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text

from app.errors import Refused
from app.services.schema_changes import (
    OperationKind,
    Risk,
    apply,
    find_last_good,
    find_pending,
    initialise,
    load_in_use,
    plan,
)
from app.storage.records import Scope
from app.storage.rows import RowStore
from form_schemas.folders import SCHEMAS_FOLDER
from form_schemas.loading import load_catalogue
from tests.support.applied import as_applied
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of
from tests.support.lending import get_engine
from tests.support.places import add_round, add_units

SCOPE = Scope(unit_id=1, round_id=1)


def major(**more):
    return schema_of("M", code=field_of("code", maxLength=20), name="text", **more)


def student(**more):
    return schema_of("S", number="code", amount="money", **more)


def with_words(kind, **words):
    """Majors that have a field `x` beside."""
    return major(x=field_of(kind, **words))


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, lend):
    with lend(request.param, _fill) as url:
        yield get_engine(url)


def _fill(engine):
    # The forms' tables follow; what rows stand in is there from the first start.
    initialise(engine, catalogue_of())
    with engine.begin() as connection:
        add_units(connection, 1)
        add_round(connection, 1, "test", "2024")


@pytest.fixture
def changed(engine):
    """Bring a new database to the first forms; plan for the second ones."""

    def change(before, after):
        initialise(engine, catalogue_of(*before))
        catalogue = catalogue_of(*after)
        return catalogue, plan(engine, catalogue)

    return change


def kinds(changes):
    return [change.kind for change in changes]


def accepting(operations):
    return {one.id: "按通知" for one in operations}


def store_rows(engine, catalogue, code, *rows):
    with engine.begin() as connection:
        store = RowStore(connection, catalogue)
        store.upsert_many(catalogue.get(f"test/{code}"), SCOPE, rows, actor_id=1)


def read_rows(engine, catalogue, code):
    with engine.begin() as connection:
        store = RowStore(connection, catalogue)
        form = catalogue.get(f"test/{code}")
        return [stored.row for stored in store.iterate_rows(form, SCOPE)]


def test_all_forms_are_ready_at_the_first_start_and_leave_no_plan(engine):
    catalogue = load_catalogue()
    assert initialise(engine, catalogue) == ()
    assert plan(engine, catalogue).is_empty
    assert initialise(engine, catalogue) == ()


def test_a_new_database_may_also_be_planned_and_applied(engine):
    initialise(engine, catalogue_of())
    catalogue = catalogue_of(major(), student())
    made = plan(engine, catalogue)
    assert kinds(made.operations) == [OperationKind.ADD_FORM] * 2
    apply(engine, catalogue, made.hash)
    assert plan(engine, catalogue).is_empty
    store_rows(engine, catalogue, "M", {"code": "1"})


def test_a_field_is_added_and_rows_stay(engine, changed):
    before = catalogue_of(major())
    after, made = changed([major()], [major(founded="date", fee="money")])
    store_rows(engine, before, "M", {"code": "1", "name": "甲"})
    assert kinds(made.operations) == [OperationKind.ADD_FIELD] * 2
    apply(engine, after, made.hash)
    assert plan(engine, after).is_empty
    row = {"code": "1", "founded": date(2000, 1, 1), "fee": Decimal("1.50")}
    store_rows(engine, after, "M", row)
    assert read_rows(engine, after, "M") == [{**row, "name": "甲"}]


def test_a_reference_is_added_to_a_form_that_has_rows(engine, changed):
    before = catalogue_of(major(), student())
    reference = field_of("ref", ref={"table": "M", "field": "code"})
    mentor = field_of("ref", ref={"table": "S", "field": "number"})
    after, made = changed(
        [major(), student()], [major(), student(major=reference, mentor=mentor)]
    )
    store_rows(engine, before, "M", {"code": "1"})
    store_rows(engine, before, "S", {"number": "a", "amount": Decimal("2.50")})
    apply(engine, after, made.hash)
    assert plan(engine, after).is_empty
    store_rows(engine, after, "S", {"number": "b", "major": "1", "mentor": "a"})
    assert len(read_rows(engine, after, "S")) == 2
    with pytest.raises(Refused):
        store_rows(engine, after, "S", {"number": "c", "major": "no"})


def test_a_rebuilt_table_keeps_dropped_columns_and_counts_on(engine, changed):
    reference = field_of("ref", ref={"table": "M", "field": "code"})
    first = [major(), student(old="text")]
    after, made = changed(first, [major(), student(major=reference)])
    before = catalogue_of(*first)
    store_rows(engine, before, "S", {"number": "a", "old": "旧"}, {"number": "b"})
    with engine.begin() as connection:
        store = RowStore(connection, before)
        form = before.get("test/S")
        last = store.find_by_key(form, SCOPE, {("b",)})[("b",)]
        store.delete(form, SCOPE, last.id, last.version, actor_id=1)
    # The referred value gets the unique index that a foreign key needs.
    assert kinds(made.operations) == [
        OperationKind.ADD_INDEX,
        OperationKind.ADD_FIELD,
        OperationKind.RETIRE_FIELD,
    ]
    made = plan(engine, after, accepting(made.operations))
    apply(engine, after, made.hash, made.accepted)
    assert plan(engine, after).is_empty
    store_rows(engine, after, "S", {"number": "c"})
    with engine.connect() as connection:
        found = connection.execute(text("SELECT _id, old FROM test_s ORDER BY _id"))
        assert [tuple(row) for row in found] == [
            (last.id - 1, "旧"),
            (last.id + 1, None),
        ]


def test_a_form_that_refers_to_an_old_one_is_added(engine, changed):
    reference = field_of("ref", ref={"table": "M", "field": "code"})
    after, made = changed([major()], [major(), student(major=reference)])
    assert kinds(made.operations) == [OperationKind.ADD_INDEX, OperationKind.ADD_FORM]
    apply(engine, after, made.hash)
    assert plan(engine, after).is_empty


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (with_words("text", maxLength=10), with_words("text", maxLength=20)),
        (with_words("text", maxLength=10), with_words("text")),
        (with_words("text"), with_words("long_text")),
        (with_words("money", digits=2), with_words("money", digits=4)),
        (with_words("integer", maximum=5), with_words("integer", maximum=9)),
        (with_words("integer", minimum=1), with_words("integer", minimum=0)),
        (with_words("text", pattern="^a"), with_words("text")),
        (with_words("enum"), with_words("enum", enum=["甲", "乙", "丙"])),
    ],
)
def test_what_holds_more_than_before_is_widened(engine, changed, before, after):
    catalogue, made = changed([before], [after])
    assert (kinds(made.operations), made.refused) == ([OperationKind.WIDEN], ())
    apply(engine, catalogue, made.hash)
    assert plan(engine, catalogue).is_empty


def test_decimals_keep_their_values_when_they_get_more_places(engine, changed):
    before = catalogue_of(student())
    wider = schema_of("S", number="code", amount=field_of("money", digits=4))
    after, made = changed([student()], [wider])
    row = {"number": "a", "amount": Decimal("19.99")}
    store_rows(engine, before, "S", row, {"number": "b"})
    apply(engine, after, made.hash)
    in_use = as_applied(engine, after)
    assert [r["amount"] for r in read_rows(engine, in_use, "S")] == [
        Decimal("19.9900"),
        None,
    ]


def test_a_dropped_form_keeps_its_table(engine, changed):
    after, made = changed([major(), student()], [major()])
    assert kinds(made.operations) == [OperationKind.RETIRE_FORM]
    apply(engine, after, made.hash)
    assert plan(engine, after).is_empty
    assert set(find_last_good(engine)) == {"test/2024/M"}
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM test_s")) == 0


def test_a_dropped_field_that_comes_back_has_its_values_again(engine, changed):
    before = catalogue_of(student())
    initialise(engine, before)
    row = {"number": "a", "amount": Decimal("1.50")}
    store_rows(engine, before, "S", row)
    without = catalogue_of(schema_of("S", number="code"))
    made = plan(engine, without)
    [retired] = made.operations
    assert (retired.kind, retired.risk) == (OperationKind.RETIRE_FIELD, Risk.LOSSY)
    apply(engine, without, made.hash, {retired.id: "不再报"})
    apply(engine, before, plan(engine, before).hash)
    assert plan(engine, before).is_empty
    assert read_rows(engine, before, "S") == [row]


def test_labels_and_rules_need_no_plan(engine, changed):
    renamed = {**major(), "title": "新名称"}
    catalogue, made = changed([major()], [renamed])
    assert kinds(made.operations) == [OperationKind.RELABEL]
    assert initialise(engine, catalogue) == ()
    assert plan(engine, catalogue).is_empty
    assert json.loads(find_last_good(engine)["test/2024/M"])["title"] == "新名称"


def test_a_new_edition_shares_the_table(engine, changed):
    before = catalogue_of(major())
    initialise(engine, before)
    store_rows(engine, before, "M", {"code": "1"})
    both = catalogue_of(editions={"2024": [major()], "2025": [major(more="date")]})
    made = plan(engine, both)
    assert set(kinds(made.operations)) == {
        OperationKind.ADD_FORM,
        OperationKind.ADD_FIELD,
    }
    apply(engine, both, made.hash)
    assert plan(engine, both).is_empty
    assert len(read_rows(engine, both, "M")) == 1


def test_a_new_edition_keeps_values_of_another_type_in_a_column_of_their_own(engine):
    before = catalogue_of(major())
    initialise(engine, before)
    store_rows(engine, before, "M", {"code": "1", "name": "甲"})
    other = schema_of("M", code=field_of("code", maxLength=20), name="integer")
    both = catalogue_of(editions={"2024": [major()], "2025": [other]})
    made = plan(engine, both)
    [found] = [one for one in made.operations if one.kind is OperationKind.RETYPE]
    assert (found.risk, found.touched.rows) == (Risk.LOSSY, 1)
    apply(engine, both, made.hash, {found.id: "只从今年起填数"})
    assert plan(engine, both).is_empty
    with engine.connect() as connection:
        found = connection.execute(text("SELECT name, name__2 FROM test_m"))
        assert list(map(tuple, found)) == [("甲", None)]


def test_a_plan_serves_the_state_it_was_made_for_only(engine, changed):
    catalogue, made = changed([major()], [major(x="text")])
    with pytest.raises(Refused, match="schemas plan"):
        apply(engine, catalogue_of(major(y="text")), made.hash)
    apply(engine, catalogue, made.hash)
    with pytest.raises(Refused, match="schemas plan"):
        apply(engine, catalogue, made.hash)


def test_forms_that_wait_for_a_plan_are_named_at_the_start(engine):
    initialise(engine, catalogue_of(major(), student()))
    catalogue = catalogue_of(major(x="text"), student())
    assert initialise(engine, catalogue) == ("test/2024/M",)


def test_doubles_stand_in_the_way_of_a_new_unique_value(engine, changed):
    reference = field_of("ref", ref={"table": "M", "field": "name"})
    before = catalogue_of(major())
    target = major()
    initialise(engine, before)
    store_rows(
        engine, before, "M", {"code": "1", "name": "同"}, {"code": "2", "name": "同"}
    )
    target["x-unique"] = [["name"]]
    after = catalogue_of(target, student(major=reference))
    made = plan(engine, after)
    with pytest.raises(Refused):
        apply(engine, after, made.hash)
    assert len(read_rows(engine, before, "M")) == 2


@pytest.fixture
def folder(tmp_path):
    """The group collection in a folder of its own, where files may be changed."""
    shutil.copytree(SCHEMAS_FOLDER / "group", tmp_path / "group")
    return tmp_path / "group" / "2014"


def rewrite(path, change):
    schema = json.loads(path.read_text("utf-8"))
    change(schema)
    path.write_text(json.dumps(schema, ensure_ascii=False), "utf-8")


def add_field_x(schema):
    schema["properties"]["x"] = field_of(title="新")
    schema["x-layout"][-1]["fields"].append("x")


def test_a_changed_file_serves_once_it_is_applied(engine, folder):
    root = folder.parents[1]
    initialise(engine, load_in_use(engine, root))
    path = folder / "G5.1.json"
    rewrite(path, add_field_x)
    changed = load_catalogue(root)
    assert find_pending(engine, changed) == ("group/2014/G5.1",)
    held = load_in_use(engine, root)
    assert held.held == ("group/2014/G5.1",)
    assert "x" not in held.get("group/G5.1").by_id
    apply(engine, changed, plan(engine, changed).hash)
    assert "x" in load_in_use(engine, root).get("group/G5.1").by_id


def test_a_new_edition_serves_once_it_is_applied(engine, folder):
    root = folder.parents[1]
    initialise(engine, load_in_use(engine, root))
    following = folder.parent / "2015"
    shutil.copytree(folder, following)
    for path in following.glob("*.json"):
        text = path.read_text("utf-8")
        path.write_text(text.replace("group:2014:", "group:2015:"), "utf-8")
    rewrite(
        following / "collection.json", lambda settings: settings.update(edition="2015")
    )
    assert [ed.year for ed in load_in_use(engine, root).editions] == ["2014"]
    both = load_catalogue(root)
    apply(engine, both, plan(engine, both).hash)
    assert plan(engine, both).is_empty
    assert [ed.year for ed in load_in_use(engine, root).editions] == ["2014", "2015"]


def test_a_plan_may_be_made_before_anything_is_there(engine):
    catalogue = catalogue_of(major())
    made = plan(engine, catalogue)
    assert kinds(made.operations) == [OperationKind.ADD_FORM]
    apply(engine, catalogue, made.hash)
    assert plan(engine, catalogue).is_empty


def test_nothing_is_known_of_an_empty_database(engine):
    assert find_last_good(engine) == {}
