"""Proving the audit log: whatever is done to the tables behind its back is found."""

import threading

import pytest
from sqlalchemy import delete, insert, select, text, update

from app.errors import BadRequest
from app.models import AuditAction, AuditEntry, AuditHead, Base, RowChange
from app.services.audit_chain import find_end, read_anchor, show_anchor, verify
from app.storage.audit import AuditRecord, record
from app.storage.change_digests import describe_changes
from app.storage.engine import open_engine

_ENTRY = AuditEntry.__table__
_HEAD = AuditHead.__table__
_CHANGE = RowChange.__table__
SECRET = "the secret of an installation"
LENGTH = 7


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, lend):
    with lend(request.param, _fill) as url:
        yield url


def _fill(engine):
    Base.metadata.create_all(engine)
    sealing = open_engine(engine.url, SECRET)
    for number in range(LENGTH):
        write(sealing, number)
    sealing.dispose()


@pytest.fixture
def engine(database_url):
    engine = open_engine(database_url, SECRET)
    yield engine
    engine.dispose()


def write(engine, number, **details):
    with engine.begin() as connection:
        record(
            connection,
            AuditRecord(
                AuditAction.ROWS_SAVED,
                actor_id=5,
                unit_id=2,
                round_id=3,
                form_name="talent/2024/0.1.5",
                subject=f"第 {number} 次",
                details={"rows": number, **details},
            ),
        )


def tamper(engine, *statements):
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)


def entry(number):
    return _ENTRY.c.id == number


def first_wrong(engine, anchor=None):
    verdict = verify(engine, anchor)
    return verdict.faults[0].number if verdict.faults else None


def test_an_untouched_chain_is_intact(engine):
    verdict = verify(engine)
    assert verdict.is_intact
    assert (verdict.entries, verdict.head) == (LENGTH, find_end(engine))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "'2020-01-01 00:00:00'"),
        ("actor_id", "6"),
        ("actor_id", "NULL"),
        ("action", "'login'"),
        ("action", "'no such act'"),
        ("unit_id", "9"),
        ("round_id", "NULL"),
        ("form_name", "'talent/2024/0.1.6'"),
        ("subject", "'别的'"),
        ("details", "'{\"rows\"\\:4}'"),
        ("previous", f"'{'0' * 64}'"),
        ("previous", "''"),
        ("seal", f"'{'0' * 64}'"),
    ],
)
def test_an_edited_column_is_found(engine, column, value):
    tamper(engine, text(f"UPDATE audit_entries SET {column} = {value} WHERE id = 4"))
    assert first_wrong(engine) == 4


def test_an_unreadable_moment_is_a_fault_and_no_crash(engine):
    if engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL stores no such values")
    tamper(engine, text("UPDATE audit_entries SET at = 'never' WHERE id = 2"))
    tamper(engine, text("UPDATE audit_entries SET details = '{' WHERE id = 4"))
    assert [fault.number for fault in verify(engine).faults] == [2, 4]


def test_a_changed_number_is_found(engine):
    tamper(engine, update(_ENTRY).where(entry(4)).values(id=40))
    assert first_wrong(engine) == 4


@pytest.mark.parametrize("number", [1, 4])
def test_a_deleted_entry_is_found(engine, number):
    tamper(engine, delete(_ENTRY).where(entry(number)))
    assert first_wrong(engine) == number


def test_a_deleted_entry_is_found_though_the_later_ones_moved_up(engine):
    later = [
        update(_ENTRY).where(entry(number)).values(id=number - 1)
        for number in range(5, LENGTH + 1)
    ]
    tamper(engine, delete(_ENTRY).where(entry(4)), *later)
    assert first_wrong(engine) == 4


def test_a_cut_tail_is_found(engine):
    tamper(engine, delete(_ENTRY).where(_ENTRY.c.id > 5))
    verdict = verify(engine)
    assert [fault.number for fault in verdict.faults] == [6]
    assert "第 6–7 条没有了" in verdict.faults[0].message


def test_a_cut_tail_is_found_after_more_was_written(engine):
    tamper(engine, delete(_ENTRY).where(_ENTRY.c.id > 5))
    write(engine, 8)
    assert first_wrong(engine) == 6


@pytest.mark.parametrize(
    "values", [{"count": 5}, {"last": "0" * 64}, {"seal": "0" * 64}, {"seal": "改"}]
)
def test_an_edited_head_is_found_and_people_go_on_working(engine, values):
    tamper(engine, update(_HEAD).values(**values))
    assert first_wrong(engine) == LENGTH + 1
    write(engine, 8)
    assert first_wrong(engine) == LENGTH + 1


def test_a_head_that_fits_a_cut_tail_cannot_be_forged(engine):
    with engine.connect() as connection:
        seal = connection.scalar(select(_ENTRY.c.seal).where(entry(5)))
    tamper(
        engine,
        delete(_ENTRY).where(_ENTRY.c.id > 5),
        update(_HEAD).values(count=5, last=seal),
    )
    assert first_wrong(engine) == 6
    write(engine, 8)
    assert first_wrong(engine) == 6


def test_a_missing_head_is_found_even_after_more_was_written(engine):
    tamper(engine, delete(_ENTRY).where(_ENTRY.c.id > 5), delete(_HEAD))
    assert first_wrong(engine) == 6
    write(engine, 8)
    assert first_wrong(engine) == 6


def test_an_empty_log_is_a_fault(engine):
    tamper(engine, delete(_ENTRY), delete(_HEAD))
    assert first_wrong(engine) == 1


@pytest.mark.parametrize("number", [0, LENGTH + 1])
def test_an_inserted_entry_is_found(engine, number):
    with engine.connect() as connection:
        copied = dict(
            connection.execute(select(_ENTRY).where(entry(4))).mappings().one()
        )
    tamper(engine, insert(_ENTRY).values(**{**copied, "id": number}))
    assert first_wrong(engine) == number
    write(engine, 8)
    assert first_wrong(engine) == number


def test_two_entries_that_changed_places_are_found(engine):
    tamper(
        engine,
        update(_ENTRY).where(entry(3)).values(id=100),
        update(_ENTRY).where(entry(5)).values(id=3),
        update(_ENTRY).where(entry(100)).values(id=5),
    )
    assert [fault.number for fault in verify(engine).faults] == [3, 4, 5, 6]


def test_entries_sealed_with_another_secret_are_found(engine, database_url):
    other = open_engine(database_url, "somebody else's secret")
    write(other, 8)
    other.dispose()
    assert first_wrong(engine) == LENGTH + 1


def test_an_anchor_finds_a_chain_that_was_put_back_as_it_once_was(engine):
    with engine.connect() as connection:
        old_head = dict(connection.execute(select(_HEAD)).mappings().one())
    write(engine, 8)
    anchor = find_end(engine)
    assert verify(engine, anchor).is_intact
    tamper(
        engine,
        delete(_ENTRY).where(_ENTRY.c.id > LENGTH),
        update(_HEAD).values(**old_head),
    )
    assert verify(engine).is_intact
    assert first_wrong(engine, anchor) == LENGTH + 1
    write(engine, 9)
    assert first_wrong(engine, anchor) == LENGTH + 1


def test_an_anchor_is_read_as_it_is_printed(engine):
    assert read_anchor(f" {show_anchor(find_end(engine))}\n") == find_end(engine)


@pytest.mark.parametrize(
    "written", ["", "7", "7:abc", "x:" + "0" * 64, "7:" + "z" * 64]
)
def test_what_is_no_anchor_is_refused(written):
    with pytest.raises(BadRequest, match="锚点写作"):
        read_anchor(written)


def test_a_chain_may_grow_while_it_is_walked(engine):
    stop = threading.Event()

    def go_on():
        while not stop.is_set():
            write(engine, 9)

    writer = threading.Thread(target=go_on)
    writer.start()
    verdicts = [verify(engine) for _ in range(10)]
    stop.set()
    writer.join(timeout=60)
    assert all(verdict.is_intact for verdict in verdicts)
    assert verify(engine).entries > LENGTH


@pytest.fixture
def history(engine):
    """An entry that names three changes of rows."""
    with engine.begin() as connection:
        ids = [
            connection.execute(
                insert(_CHANGE).values(
                    table_name="talent_0_1_5",
                    unit_id=2,
                    round_id=3,
                    row_id=row_id,
                    action="update",
                    actor_id=5,
                    before={"name": "甲"},
                    after={"name": "乙", "age": row_id},
                )
            ).inserted_primary_key[0]
            for row_id in (10, 11, 12)
        ]
        record(
            connection,
            AuditRecord(
                AuditAction.ROWS_SAVED,
                actor_id=5,
                details=describe_changes(connection, ids),
            ),
        )
    return ids


def test_untouched_changes_of_rows_agree_with_their_entry(engine, history):
    assert verify(engine, with_changes=True).is_intact


@pytest.mark.parametrize(
    "values",
    [
        {"actor_id": 6},
        {"after": {"name": "乙", "age": 99}},
        {"before": None},
        {"row_id": 13},
        {"action": "insert"},
        {"reason": "别的理由"},
    ],
)
def test_an_edited_change_of_a_row_is_found(engine, history, values):
    tamper(engine, update(_CHANGE).where(_CHANGE.c.id == history[1]).values(**values))
    assert verify(engine).is_intact
    faults = verify(engine, with_changes=True).faults
    assert [fault.number for fault in faults] == [LENGTH + 1]


def test_a_deleted_change_of_a_row_is_found(engine, history):
    tamper(engine, delete(_CHANGE).where(_CHANGE.c.id == history[2]))
    (fault,) = verify(engine, with_changes=True).faults
    assert "当时 3 条，现在 2 条" in fault.message
