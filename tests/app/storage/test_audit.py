"""The audit log: entries in a chain, whoever writes at the same time."""

import threading
from pathlib import Path

from sqlalchemy import func, select

from app.models.audit import AuditAction, AuditEntry, AuditHead
from app.storage.audit import AuditRecord, find_head, record, seal_entry, seal_head
from app.storage.engine import get_audit_key, open_engine

APP = Path(__file__).parents[3] / "app"
_ENTRY = AuditEntry.__table__


def write(connection, subject="张三", **details):
    record(
        connection,
        AuditRecord(AuditAction.LOGIN, 1, subject=subject, details=details),
    )


def read(connection):
    return connection.execute(select(_ENTRY).order_by(_ENTRY.c.id)).mappings().all()


def test_an_entry_reads_back_as_it_was_sealed(engine):
    with engine.begin() as connection:
        write(connection, "张\0三", rows=[1, 2], counts={10: 1, 9: 2}, empty=None)
    with engine.connect() as connection:
        (entry,) = read(connection)
        assert entry["subject"] == "张三"
        assert entry["details"]["counts"] == {"10": 1, "9": 2}
        assert entry["seal"] == seal_entry(get_audit_key(connection), entry)


def test_each_entry_holds_the_seal_before_it_and_the_head_the_last(engine):
    for number in range(3):
        with engine.begin() as connection:
            write(connection, str(number))
    with engine.connect() as connection:
        entries = read(connection)
        head, seal = find_head(connection)
        key = get_audit_key(connection)
    seals = [entry["seal"] for entry in entries]
    assert [entry["id"] for entry in entries] == [1, 2, 3]
    assert [entry["previous"] for entry in entries] == ["", *seals[:-1]]
    assert (head.count, head.last) == (3, seals[-1])
    assert seal == seal_head(key, head)


def test_what_is_rolled_back_leaves_no_entry_and_no_gap(engine):
    with engine.connect() as connection, connection.begin() as transaction:
        write(connection, "never happened")
        transaction.rollback()
    with engine.begin() as connection:
        write(connection, "happened")
    with engine.connect() as connection:
        assert [(e["id"], e["subject"]) for e in read(connection)] == [(1, "happened")]


def test_writers_at_once_make_one_chain(engine):
    writers, each = 8, 15
    barrier = threading.Barrier(writers)

    def work(writer):
        barrier.wait()
        for number in range(each):
            with engine.begin() as connection:
                write(connection, f"{writer}-{number}")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    with engine.connect() as connection:
        entries = read(connection)
        heads = connection.scalar(select(func.count()).select_from(AuditHead))
        head, _ = find_head(connection)
    assert [entry["id"] for entry in entries] == [*range(1, writers * each + 1)]
    seals = [entry["seal"] for entry in entries]
    assert [entry["previous"] for entry in entries] == ["", *seals[:-1]]
    assert (heads, head.count, head.last) == (1, writers * each, seals[-1])


def test_another_secret_seals_otherwise(database_url):
    keys = set()
    for secret in ("", "one secret", "another secret"):
        engine = open_engine(database_url, secret)
        with engine.connect() as connection:
            keys.add(bytes(get_audit_key(connection)))
            assert "secret" not in repr(connection.get_execution_options())
        engine.dispose()
    assert len(keys) == 3


def test_all_of_the_application_opens_the_database_with_its_secret():
    opening = {
        path.relative_to(APP).as_posix()
        for path in APP.rglob("*.py")
        if "open_engine(" in path.read_text(encoding="utf-8")
    }
    assert opening == {"storage/engine.py", "services/installation.py"}
