"""Random edits of schema files over random rows: applied or refused, never lost."""

from copy import deepcopy
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, text

from app.errors import Refused
from app.services.schema_changes import apply, initialise, plan
from app.storage.records import Scope
from app.storage.rows import RowStore
from tests.support.applied import as_applied
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, read_schemas, schema_of
from tests.support.lending import get_engine
from tests.support.places import add_round, add_units
from tests.support.schema_acts import add, change, drop, rename

SCOPE = Scope(1, 1)
SORTS = ["甲", "乙", "丙"]
KINDS = ["text", "integer", "money", "date", "enum", "multi_enum", "boolean"]
TYPED = ["name", "sort", "amount", "count"]


def first_forms():
    return {
        code: schema_of(
            code,
            number=field_of("code", maxLength=20),
            name=field_of(maxLength=20),
            sort=field_of("enum", enum=SORTS),
            amount="money",
            count="integer",
        )
        for code in ("A", "B")
    }


# Edits: each is a function of the files by code.

codes = st.sampled_from(["A", "B"])
typed = st.sampled_from(TYPED)


def _renaming(code, name):
    return lambda forms: rename(forms[code], name, f"{name}_new")


def _renaming_unsaid(code, name):
    def edit(forms):
        rename(forms[code], name, f"{name}_new")
        del forms[code]["properties"][f"{name}_new"]["x-was"]

    return edit


def _dropping(code, name):
    return lambda forms: drop(forms[code], name)


def _retyping(code, name, kind):
    def edit(forms):
        forms[code]["properties"][name] = {**field_of(kind), "title": name}

    return edit


def _recoding(code, recode):
    def edit(forms):
        change(forms[code], "sort", **{"x-recode": recode})

    return edit


def _optioning(code, options):
    return lambda forms: change(forms[code], "sort", enum=options)


def _limiting(code, length):
    return lambda forms: change(forms[code], "name", maxLength=length)


def _bounding(code, most):
    return lambda forms: change(forms[code], "count", maximum=most)


def _computing(code, expression):
    return lambda forms: change(forms[code], "amount", **{"x-from": expression})


def _moving(name):
    def edit(forms):
        declared = forms["A"]["properties"].pop(name)
        moved = {**declared, "x-was": [f"A.{name}"], "title": f"{name}_a"}
        forms["B"]["properties"][f"{name}_a"] = moved

    return edit


def _keying(code, names):
    def edit(forms):
        forms[code]["x-form"]["key"] = names

    return edit


def _uniting(code, name):
    def edit(forms):
        forms[code]["x-unique"] = [[name]]

    return edit


def _adding(code, kind):
    return lambda forms: add(forms[code], "added", kind)


def _recoding_form():
    def edit(forms):
        schema = forms.pop("A")
        schema["x-form"] |= {"code": "C", "was": ["A"]}
        forms["C"] = schema

    return edit


edits = st.one_of(
    st.builds(_renaming, codes, typed),
    st.builds(_renaming_unsaid, codes, typed),
    st.builds(_dropping, codes, typed),
    st.builds(_retyping, codes, typed, st.sampled_from(KINDS)),
    st.builds(
        _recoding,
        codes,
        st.dictionaries(
            st.sampled_from(SORTS), st.sampled_from([*SORTS, None]), min_size=1
        ),
    ),
    st.builds(
        _optioning,
        codes,
        st.lists(st.sampled_from([*SORTS, "丁"]), min_size=1, unique=True),
    ),
    st.builds(_limiting, codes, st.integers(1, 30)),
    st.builds(_bounding, codes, st.integers(0, 50)),
    st.builds(
        _computing, codes, st.sampled_from(["amount / 100", "count * 2", "price"])
    ),
    st.builds(_moving, typed),
    st.builds(_keying, codes, st.sampled_from([["name"], ["number", "sort"]])),
    st.builds(_uniting, codes, typed),
    st.builds(_adding, codes, st.sampled_from(KINDS)),
    st.builds(_recoding_form),
)

rows = st.lists(
    st.fixed_dictionaries(
        {
            "number": st.sampled_from(["1", "2", "3", "4"]),
            "name": st.sampled_from([None, "12", "007", "云岭", "2024-01-31"]),
            "sort": st.sampled_from([None, *SORTS]),
            "amount": st.sampled_from([None, Decimal("1.25"), Decimal("300.00")]),
            "count": st.sampled_from([None, 0, 1, 40]),
        }
    ),
    max_size=4,
    unique_by=lambda row: row["number"],
)


def _fill(engine):
    initialise(engine, catalogue_of())
    with engine.begin() as connection:
        add_units(connection, 1)
        add_round(connection, 1, "test", "2024")


def write(engine, catalogue, values):
    with engine.begin() as connection:
        store = RowStore(connection, catalogue)
        for code, own in values.items():
            store.upsert_many(catalogue.get(f"test/{code}"), SCOPE, own, actor_id=1)


def read(engine, catalogue):
    with engine.begin() as connection:
        store = RowStore(connection, catalogue)
        return {
            form.code: [stored.row for stored in store.iterate_rows(form, SCOPE)]
            for form in catalogue.forms
        }


def read_columns(engine):
    """Table and column -> every stored cell; keys are the engine's own."""
    with engine.connect() as connection:
        found = {}
        for table in ("test_a", "test_b"):
            names = [c["name"] for c in inspect(connection).get_columns(table)]
            cells = connection.execute(text(f"SELECT * FROM {table} ORDER BY _id"))
            columns = zip(*cells, strict=True)
            found |= {
                (table, name): column
                for name, column in zip(names, columns, strict=False)
                if name not in ("_key", "_initials", "_level")
            }
        return found


def edit_forms(acts):
    """The files after some edits; an edit of what is no more there does nothing."""
    forms = first_forms()
    for act in acts:
        draft = deepcopy(forms)
        try:
            act(draft)
        except KeyError:
            continue
        forms = draft
    return forms


def check_edits(engine, values, acts):
    first = catalogue_of(*first_forms().values())
    initialise(engine, first)
    write(engine, first, values)
    before, columns = read(engine, first), read_columns(engine)
    edited = edit_forms(acts)
    if read_schemas(*edited.values()).faults:
        return
    wanted = catalogue_of(*edited.values())
    made = plan(engine, wanted)
    try:
        apply(engine, wanted, made.hash, {one.id: "试" for one in made.open})
    except Refused:
        assert read_columns(engine) == columns
        assert read(engine, first) == before
        return
    assert plan(engine, wanted).is_empty
    after = read_columns(engine)
    assert {place: after[place] for place in columns} == columns
    now = read(engine, as_applied(engine, wanted))
    assert len(now["B"]) == len(before["B"])
    again = plan(engine, first, back=True)
    assert again.refused == ()
    accept = {one.id: "试" for one in again.open}
    apply(engine, first, again.hash, accept, back=True)
    assert read(engine, as_applied(engine, first)) == before


_CHECKS = [
    HealthCheck.function_scoped_fixture,
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
]
_values = st.fixed_dictionaries({"A": rows, "B": rows})
_acts = st.lists(edits, min_size=1, max_size=4)


# Of four edits three or so make a plan; the others make no schema file, or none of
# another text. Together these cases plan more than 300 edits.
@settings(max_examples=100, deadline=None, suppress_health_check=_CHECKS)
@given(values=_values, acts=_acts)
def test_random_edits_are_applied_or_refused_on_sqlite(lend, values, acts):
    with lend("sqlite", _fill) as url:
        check_edits(get_engine(url), values, acts)


@settings(max_examples=30, deadline=None, suppress_health_check=_CHECKS)
@given(values=_values, acts=_acts)
def test_random_edits_are_applied_or_refused_on_postgres(lend, values, acts):
    with lend("postgresql", _fill) as url:
        check_edits(get_engine(url), values, acts)
