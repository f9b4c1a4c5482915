"""Rows follow their forms: what becomes of stored values when a plan is applied."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import insert, select, text, update

from app.errors import Refused
from app.models import (
    ImportJob,
    ImportState,
    Round,
    RoundState,
    StagedRow,
    User,
)
from app.services.schema_changes import (
    OperationKind,
    Risk,
    apply,
    initialise,
    plan,
)
from app.services.schema_changes.applied import load_applied, read_forms
from app.storage.records import Scope
from app.storage.rows import RowStore
from form_schemas.catalogue import Edition
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of
from tests.support.lending import get_engine
from tests.support.places import add_round, add_units

SCOPE = Scope(unit_id=1, round_id=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, lend):
    with lend(request.param, _fill) as url:
        yield get_engine(url)


def _fill(engine):
    initialise(engine, catalogue_of())
    with engine.begin() as connection:
        add_units(connection, 1)
        add_round(connection, 1, "test", "2024")
        periods = {"snapshot": ["2023-09-01", "2024-08-31"]}
        connection.execute(update(Round).values(periods=periods))


class School:
    """A database with the forms in use, changed by schemas."""

    def __init__(self, engine, *schemas):
        self.engine = engine
        self.catalogue = catalogue_of(*schemas)
        initialise(engine, self.catalogue)

    def store(self, code, *rows, scope=SCOPE):
        with self.engine.begin() as connection:
            store = RowStore(connection, self.catalogue)
            form = self.catalogue.get(f"test/{code}")
            store.upsert_many(form, scope, rows, actor_id=1)

    def read(self, code, scope=SCOPE):
        with self.engine.begin() as connection:
            store = RowStore(connection, self.catalogue)
            form = self.catalogue.get(f"test/{code}")
            rows = store.iterate_rows(form, scope)
            return [
                {k: v for k, v in stored.row.items() if v is not None}
                for stored in rows
            ]

    def plan(self, *schemas, back=False, **options):
        self.wanted = catalogue_of(*schemas, **options)
        return plan(self.engine, self.wanted, back=back)

    def change(self, *schemas, accept=None, back=False):
        made = self.plan(*schemas, back=back)
        accept = {one.id: "按通知" for one in made.open} if accept is None else accept
        apply(self.engine, self.wanted, made.hash, accept, back=back)
        self.catalogue = in_use(self.engine)
        assert plan(self.engine, self.wanted).is_empty
        return made


def in_use(engine):
    """The forms of the database, as `load_in_use` would read them beside a folder."""
    base = catalogue_of()
    with engine.connect() as connection:
        applied = load_applied(connection)
        names = {a.edition for a in applied.values() if not a.is_retired}
        editions = tuple(
            Edition(*name, {"title": "测试"}, read_forms(applied, name, base.codelists))
            for name in sorted(names, key=_order)
        )
    return replace(base, editions=editions)


def _order(edition):
    """Editions as they were come before what they became."""
    year, _, number = edition[1].partition("@")
    return edition[0], year, not number, number


def find(made, kind):
    [found] = [one for one in made.operations if one.kind is kind]
    return found


def was(declared, *names, **words):
    return {**declared, "x-was": list(names), **words}


def award(**fields):
    return schema_of("A", number="code", **fields)


def test_a_renamed_field_keeps_its_values(engine):
    school = School(engine, award(amount="money"))
    school.store("A", {"number": "1", "amount": Decimal("2.50")})
    made = school.change(award(total=was(field_of("money"), "amount")))
    found = find(made, OperationKind.RENAME_FIELD)
    assert (found.risk, found.touched.rows) == (Risk.SAFE, 1)
    assert school.read("A") == [{"number": "1", "total": Decimal("2.50")}]


def test_a_rename_leads_back(engine):
    first = award(amount="money")
    school = School(engine, first)
    school.store("A", {"number": "1", "amount": Decimal("2.50")})
    school.change(award(total=was(field_of("money"), "amount")))
    made = school.change(first, back=True)
    assert find(made, OperationKind.RENAME_FIELD).touched.rows == 1
    assert all(one.risk is Risk.SAFE for one in made.operations)
    assert school.read("A") == [{"number": "1", "amount": Decimal("2.50")}]


def test_options_are_recoded(engine):
    kinds = field_of("enum", enum=["甲", "乙", "丙"])
    school = School(engine, award(sort=kinds))
    school.store(
        "A",
        {"number": "1", "sort": "甲"},
        {"number": "2", "sort": "乙"},
        {"number": "3", "sort": "丙"},
    )
    recoded = field_of("enum", enum=["甲", "丁"], recode={"乙": "丁", "丙": None})
    made = school.change(award(sort=recoded))
    assert [one.risk for one in made.operations] == [Risk.SAFE] * len(made.operations)
    assert find(made, OperationKind.RECODE).touched.rows == 2
    assert school.read("A") == [
        {"number": "1", "sort": "甲"},
        {"number": "2", "sort": "丁"},
        {"number": "3"},
    ]


def test_a_recoding_leads_back_to_what_was_merged(engine):
    first = award(sort=field_of("enum", enum=["甲", "乙", "丙"]))
    school = School(engine, first)
    school.store("A", {"number": "1", "sort": "甲"}, {"number": "2", "sort": "乙"})
    merged = field_of("enum", enum=["丙"], recode={"甲": "丙", "乙": "丙"})
    school.change(award(sort=merged))
    assert {row["sort"] for row in school.read("A")} == {"丙"}
    school.store("A", {"number": "3", "sort": "丙"})
    school.change(first, back=True)
    rows = {row["number"]: row["sort"] for row in school.read("A")}
    assert rows == {"1": "甲", "2": "乙", "3": rows["3"]}


def test_options_that_rows_have_need_a_place_to_go(engine):
    school = School(engine, award(sort="enum"))
    school.store("A", {"number": "1", "sort": "甲"}, {"number": "2", "sort": "乙"})
    made = school.plan(award(sort=field_of("enum", enum=["乙"])))
    found = find(made, OperationKind.NARROW)
    assert (found.risk, found.touched.rows) == (Risk.NEEDS_MAPPING, 1)
    assert "x-recode" in found.demands
    with pytest.raises(Refused, match="narrow:test/2024/A/sort"):
        apply(engine, school.wanted, made.hash)
    school.change(award(sort=field_of("enum", enum=["乙"])))
    assert [row["sort"] for row in school.read("A")] == ["甲", "乙"]


def test_a_narrower_bound_that_no_value_breaks_is_safe(engine):
    school = School(engine, award(count="integer"))
    school.store("A", {"number": "1", "count": 5})
    made = school.change(award(count=field_of("integer", maximum=5)))
    assert find(made, OperationKind.NARROW).risk is Risk.SAFE


def test_texts_become_numbers_where_they_are_some(engine):
    school = School(engine, award(size="text"))
    school.store("A", {"number": "1", "size": "12"}, {"number": "2", "size": "约十"})
    made = school.change(award(size="integer"))
    found = find(made, OperationKind.RETYPE)
    assert (found.risk, found.touched.rows) == (Risk.LOSSY, 1)
    assert found.examples[0].before == "约十"
    assert school.read("A") == [{"number": "1", "size": 12}, {"number": "2"}]
    with engine.connect() as connection:
        kept = connection.scalars(text("SELECT size FROM test_a ORDER BY _id"))
        assert list(kept) == ["12", "约十"]


def test_a_retyping_leads_back_with_what_was_changed_since(engine):
    first = award(size="text")
    school = School(engine, first)
    school.store("A", {"number": "1", "size": "12"}, {"number": "2", "size": "约十"})
    school.store("A", {"number": "3", "size": "007"})
    school.change(award(size="integer"))
    school.store("A", {"number": "1", "size": 13})
    school.change(first, back=True)
    assert [row.get("size") for row in school.read("A")] == ["13", "约十", "007"]


def test_a_unit_is_changed_by_an_expression(engine):
    school = School(engine, award(amount="money"))
    school.store("A", {"number": "1", "amount": Decimal("4400.00")}, {"number": "2"})
    after = award(amount=field_of("money", digits=4) | {"x-from": "amount / 10000"})
    made = school.change(after)
    assert find(made, OperationKind.COMPUTE).risk is Risk.SAFE
    assert school.read("A") == [
        {"number": "1", "amount": Decimal("0.4400")},
        {"number": "2"},
    ]
    school.change(award(amount="money"), back=True)
    assert school.read("A")[0]["amount"] == Decimal("4400.00")


def test_a_field_is_split_and_merged_by_expressions(engine):
    school = School(engine, award(first="text", last="text"))
    school.store("A", {"number": "1", "first": "云", "last": "许"})
    made = school.change(
        award(name=field_of(), first="text") | {},
    )
    assert find(made, OperationKind.RETIRE_FIELD).risk is Risk.LOSSY


def test_a_field_moves_to_the_row_with_the_same_key(engine):
    other = schema_of("B", number="code", remark="text")
    school = School(engine, award(fee="money"), other)
    school.store("A", {"number": "1", "fee": Decimal("1.00")})
    school.store("A", {"number": "2", "fee": Decimal("2.00")})
    school.store("B", {"number": "2", "remark": "有"})
    after = schema_of(
        "B", number="code", remark="text", fee=was(field_of("money"), "A.fee")
    )
    made = school.change(award(name="text"), after)
    moved = find(made, OperationKind.MOVE_FIELD)
    # The first row has no partner: its value stays behind.
    assert (moved.risk, moved.touched.rows) == (Risk.LOSSY, 2)
    assert school.read("B") == [{"number": "2", "remark": "有", "fee": Decimal("2.00")}]


def test_a_form_gets_another_code_and_keeps_its_rows(engine):
    school = School(engine, award(amount="money"))
    school.store("A", {"number": "1", "amount": Decimal("1.00")})
    renamed = schema_of("B", number="code", amount="money")
    renamed["x-form"]["was"] = ["A"]
    made = school.change(renamed)
    assert find(made, OperationKind.RENAME_FORM).risk is Risk.SAFE
    assert school.read("B") == [{"number": "1", "amount": Decimal("1.00")}]
    # What is new under the old code does not get the old rows.
    school.change(renamed, award(amount="money"))
    assert school.read("A") == []
    assert len(school.read("B")) == 1


def test_a_new_key_is_written_where_it_tells_rows_apart(engine):
    school = School(engine, award(term="text"))
    school.store("A", {"number": "1", "term": "一"}, {"number": "2", "term": "一"})
    after = award(term="text")
    after["x-form"]["key"] = ["term", "number"]
    school.change(after)
    school.store("A", {"number": "1", "term": "一"})
    assert len(school.read("A")) == 2
    doubled = award(term="text")
    doubled["x-form"]["key"] = ["term"]
    made = school.plan(doubled)
    [refused] = made.refused
    assert refused.kind is OperationKind.CHANGE_KEY
    assert refused.examples[0].row == "一"


def test_references_follow_the_values_that_they_pick(engine):
    major = schema_of("M", code=field_of("enum", enum=["甲", "乙"]), name="text")
    student = schema_of(
        "S", number="code", major=field_of("ref", ref={"table": "M", "field": "code"})
    )
    school = School(engine, major, student)
    school.store("M", {"code": "甲", "name": "一"}, {"code": "乙", "name": "二"})
    school.store("S", {"number": "1", "major": "甲"}, {"number": "2", "major": "乙"})
    recoded = field_of("enum", enum=["丙", "乙"], recode={"甲": "丙"})
    school.change(schema_of("M", code=recoded, name="text"), student)
    assert [row["major"] for row in school.read("S")] == ["丙", "乙"]
    with engine.connect() as connection:
        keys = connection.scalars(text("SELECT _key FROM test_m ORDER BY _id"))
        assert list(keys) == ["丙", "乙"]


def test_rounds_that_are_over_keep_their_forms(engine):
    first = award(sort="enum")
    school = School(engine, first)
    with engine.begin() as connection:
        add_round(connection, 2, "test", "2024")
    over = Scope(1, 2)
    school.store("A", {"number": "1", "sort": "甲"})
    school.store("A", {"number": "1", "sort": "乙"}, scope=over)
    with engine.begin() as connection:
        connection.execute(
            update(Round).where(Round.id == 2).values(state=RoundState.CLOSED)
        )
    recoded = field_of("enum", enum=["丙"], recode={"甲": "丙"})
    made = school.change(award(kind=was(recoded, "sort")))
    assert all(one.risk is Risk.SAFE for one in made.operations)
    assert school.read("A") == [{"number": "1", "kind": "丙"}]
    with engine.connect() as connection:
        assert connection.scalar(select(Round.edition).where(Round.id == 2)) == "2024@1"
    archived = school.catalogue.edition("test", "2024@1").get("A")
    with engine.begin() as connection:
        store = RowStore(connection, school.catalogue)
        [stored] = store.iterate_rows(archived, over)
        assert stored.row == {"number": "1", "sort": "乙"}


def test_a_form_with_rows_of_an_open_round_stays(engine):
    school = School(engine, award(amount="money"), schema_of("B", number="code"))
    school.store("B", {"number": "1"})
    made = school.plan(award(amount="money"))
    [refused] = made.refused
    assert "第 1 轮" in refused.why
    with pytest.raises(Refused, match="没有做任何改动"):
        apply(engine, school.wanted, made.hash)


def test_names_that_look_like_a_rename_are_not_guessed(engine):
    school = School(engine, award(amount=field_of("money", title="金额")))
    school.store("A", {"number": "1", "amount": Decimal("1.00")})
    made = school.plan(award(total=field_of("money", title="金额")))
    assert find(made, OperationKind.RETIRE_FIELD).risk is Risk.LOSSY
    assert '"x-was": ["amount"]' in find(made, OperationKind.ADD_FIELD).summary


def test_a_plan_is_refused_once_what_it_spoils_has_changed(engine):
    school = School(engine, award(sort="enum"))
    school.store("A", {"number": "1", "sort": "甲"})
    made = school.plan(award(sort=field_of("enum", enum=["乙"])))
    school.store("A", {"number": "2", "sort": "甲"})
    accept = {one.id: "按通知" for one in made.operations}
    with pytest.raises(Refused, match="schemas plan"):
        apply(engine, school.wanted, made.hash, accept)


def test_circles_of_earlier_names_are_refused(engine):
    school = School(engine, award(one="text", two="text"))
    made = school.plan(award(one=was(field_of(), "two"), two=was(field_of(), "one")))
    assert any("圈" in one.why for one in made.refused)


def stage_row(engine, form, **values):
    """An import of one row that waits for review."""
    with engine.begin() as connection:
        user_id = connection.execute(
            insert(User).values(username="filler", name="填报员", password_hash="-")
        ).inserted_primary_key[0]
        job_id = connection.execute(
            insert(ImportJob).values(
                unit_id=1,
                round_id=1,
                actor_id=user_id,
                form_name=form.full_name,
                form_fingerprint=form.fingerprint,
                state=ImportState.STAGED,
                file_token="t",
                file_name="f.xlsx",
                file_hash="h",
                fields=list(values),
                columns=list(values),
            )
        ).inserted_primary_key[0]
        connection.execute(
            insert(StagedRow).values(import_id=job_id, row_number=2, values=values)
        )
    return job_id


def test_what_is_computed_is_computed_anew(engine):
    school = School(engine, award(count="integer"))
    school.store("A", {"number": "1", "count": 3})
    twice = field_of("integer", computed="total * 2")
    school.change(award(total=was(field_of("integer"), "count"), twice=twice))
    assert school.read("A") == [{"number": "1", "total": 3, "twice": 6}]


def test_what_is_computed_is_no_loss(engine):
    twice = field_of("integer", computed="count * 2")
    school = School(engine, award(count="integer", twice=twice))
    school.store("A", {"number": "1", "count": 3, "twice": 6})
    made = school.change(award(count="integer"))
    assert find(made, OperationKind.RETIRE_FIELD).risk is Risk.SAFE


def test_rows_that_wait_for_review_follow(engine):
    school = School(engine, award(sort="enum", size="text"))
    form = school.catalogue.get("test/A")
    stage_row(engine, form, number="1", sort="甲", size="12")
    recoded = field_of("enum", enum=["丙", "乙"], recode={"甲": "丙"})
    school.change(award(kind=was(recoded, "sort"), size="integer"))
    with engine.connect() as connection:
        [job] = connection.execute(select(ImportJob.__table__)).all()
        [row] = connection.execute(select(StagedRow.__table__)).all()
    assert row.values == {"number": "1", "kind": "丙", "size": 12}
    assert job.columns == ["number", "kind", "size"]
    assert job.form_fingerprint == school.catalogue.get("test/A").fingerprint
    assert (row.level, row.key) == ("", "1")


def read_staged(engine):
    with engine.connect() as connection:
        [job] = connection.execute(select(ImportJob.__table__)).all()
        rows = connection.execute(
            select(StagedRow.__table__).order_by(StagedRow.row_number)
        ).all()
    return job, rows


def test_rows_that_wait_for_review_get_computed_values(engine):
    rate = schema_of("R", year="code", rate="integer")
    school = School(engine, award(amount="money", note="text"), rate)
    school.store("R", {"year": "1", "rate": 3}, {"year": "2", "rate": 4})
    # The file gave no amount: the row that it met does.
    school.store("A", {"number": "2", "amount": Decimal("500.00")})
    form = school.catalogue.get("test/A")
    import_id = stage_row(engine, form, number="1", amount="44000.00", note="一")
    with engine.begin() as connection:
        connection.execute(
            insert(StagedRow).values(
                import_id=import_id,
                row_number=3,
                values={"number": "2", "note": "二"},
                fields=["number", "note"],
                target_id=connection.scalar(text("SELECT _id FROM test_a")),
            )
        )
    after = award(
        amount=field_of("money", digits=4) | {"x-from": "amount / 10000"},
        rates=field_of("integer") | {"x-from": "sum('R', 'rate') if amount > 0 else 0"},
        short=field_of("text") | {"x-from": "left(note, 1)"},
    )
    school.change(after, rate)
    job, [added, met] = read_staged(engine)
    assert added.values == {
        "number": "1", "amount": "4.4000", "rates": 7, "short": "一",
    }  # fmt: skip
    assert met.values == {"number": "2", "short": "二"}
    assert {*job.fields} == {"number", "amount", "rates", "short"}
    assert school.read("A")[0]["rates"] == 7


def test_what_nobody_could_read_is_not_taken_for_the_new_unit(engine):
    school = School(engine, award(amount="integer"))
    form = school.catalogue.get("test/A")
    import_id = stage_row(engine, form, number="1")
    with engine.begin() as connection:
        connection.execute(
            update(StagedRow)
            .where(StagedRow.import_id == import_id)
            .values(cells={"amount": "44.5"}, level="error")
        )
    school.change(
        award(amount=field_of("money", digits=4) | {"x-from": "amount / 10000"})
    )
    _, [row] = read_staged(engine)
    assert (row.level, row.cells) == ("error", {"amount": "改表以前填的：44.5"})
