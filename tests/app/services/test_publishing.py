"""Publishing forms: the database first, then the files; and the way back."""

import json
import threading

import pytest
from sqlalchemy import select, update

from app.errors import Forbidden, Refused, StaleForms
from app.models import (
    AuditAction,
    AuditEntry,
    PublicationState,
    Round,
    RoundState,
    SchemaPublication,
)
from app.permissions import Actor
from app.services.installation import load_forms, prepare_database
from app.services.keeping import CatalogueKeeper
from app.services.publications import find_publication, list_publications
from app.services.publishing import (
    Consent,
    publish,
    read_publishable,
    read_reverse,
    revert,
)
from app.services.schema_changes import plan
from app.services.schema_files import complete_files, load_published, read_texts
from app.storage.engine import begin_reading
from app.storage.generations import (
    hold_generation,
    raise_generation,
    read_generation,
)
from app.storage.rows import RowStore
from app.storage.schema import begin_schema_change
from tests.support.forms import field_of, schema_of
from tests.support.places import add_round
from tests.support.publishing import (
    SCOPE,
    agree,
    file_of,
    find_administrator,
    install_small,
    major,
    open_small,
    publish_change,
    read_change,
    student,
    write_edition,
    write_form,
)


@pytest.fixture
def config(database_url, tmp_path):
    return install_small(database_url, tmp_path)


@pytest.fixture
def folder(config):
    return config.forms_folder


@pytest.fixture
def open_workshop(config):
    """Open the installation as one more process would."""
    opened = []

    def open_one():
        opened.append(open_small(config))
        return opened[-1]

    yield open_one
    for one in opened:
        one.engine.dispose()


@pytest.fixture
def workshop(open_workshop):
    return open_workshop()


@pytest.fixture
def actor(workshop):
    return find_administrator(workshop.engine)


def labels_of(catalogue, name="test/M"):
    return [field.label for field in catalogue.get(name).fields]


def test_a_publication_changes_database_files_and_generation(workshop, actor, folder):
    before = read_generation(workshop.engine)
    done = publish_change(workshop, actor, M=major(founded="date"))
    assert read_generation(workshop.engine) == done.generation == before + 1
    assert done.state is PublicationState.WRITTEN
    text = (folder / file_of("M")).read_text("utf-8")
    assert text == write_form(major(founded="date"))
    assert done.texts_before == {file_of("M"): write_form(major())}
    assert done.texts_after == {file_of("M"): text}
    assert (done.actor_id, done.reason) == (actor.user_id, "部里更正")
    assert plan(workshop.engine, CatalogueKeeper(workshop).get().catalogue).is_empty


def test_only_the_changed_file_is_written(workshop, actor, folder):
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*/*/*.json")}
    publish_change(workshop, actor, M=major(founded="date"))
    touched = [p.name for p, at in before.items() if p.stat().st_mtime_ns != at]
    assert touched == ["M.json"]
    assert [
        p.name for p in (folder / "test/2024").iterdir() if p.suffix == ".tmp"
    ] == []


def test_a_form_may_come_and_go(workshop, actor, folder):
    done = publish_change(workshop, actor, S=None)
    assert not (folder / file_of("S")).exists()
    assert done.texts_after == {file_of("S"): None}
    renewed = CatalogueKeeper(workshop).get()
    assert renewed.catalogue.find("test/S") is None
    publish_change(renewed, actor, S=student())
    assert CatalogueKeeper(workshop).get().catalogue.find("test/S") is not None


def test_a_new_edition_comes_as_a_whole_and_goes_as_a_whole(workshop, actor, folder):
    write_edition(folder, major(), student(), year="2025")
    name = file_of("M", "2025")
    texts = {name: write_form(major(founded="date"), "2025")}
    candidate = read_publishable(workshop, texts, read_texts(folder, texts))
    done = publish(workshop, actor, candidate, agree(workshop, candidate))
    assert set(done.files) == {
        file_of("M", "2025"),
        file_of("S", "2025"),
        "test/2025/collection.json",
    }
    renewed = CatalogueKeeper(workshop).get()
    assert [ed.year for ed in renewed.catalogue.editions] == ["2024", "2025"]
    back = read_reverse(renewed, done.id)
    revert(renewed, actor, done.id, agree(renewed, back))
    assert not list((folder / "test" / "2025").glob("*.json"))
    renewed = CatalogueKeeper(renewed).get()
    assert [ed.year for ed in renewed.catalogue.editions] == ["2024"]


def test_it_is_told_to_the_audit_log(workshop, actor):
    done = publish_change(workshop, actor, M=major(founded="date"))
    table = AuditEntry.__table__
    with begin_reading(workshop.engine) as connection:
        told = connection.execute(
            select(table).where(table.c.action == AuditAction.SCHEMA_PUBLISHED)
        ).one()
    assert (told.actor_id, told.subject) == (actor.user_id, "test/2024")
    assert told.details["publication"] == done.id
    assert told.details["files"] == [file_of("M")]


def test_only_administrators_publish(workshop):
    candidate = read_change(workshop, M=major(founded="date"))
    nobody = Actor(1, "nobody", "某人", ())
    with pytest.raises(Forbidden):
        publish(workshop, nobody, candidate, agree(workshop, candidate))


# The history.


def test_the_history_has_the_newest_first(workshop, actor):
    first = publish_change(workshop, actor, M=major(founded="date"))
    renewed = CatalogueKeeper(workshop).get()
    second = publish_change(renewed, actor, S=student(grade="text"))
    listed = list_publications(workshop.engine)
    assert [one.id for one in listed] == [second.id, first.id]
    assert list_publications(workshop.engine, edition="test/2023") == ()
    assert find_publication(workshop.engine, second.id + 1) is None


def test_a_publication_is_taken_back(workshop, actor, folder):
    before = read_texts(folder, [file_of("M"), file_of("S")])
    done = publish_change(workshop, actor, M=major(founded="date"))
    renewed = CatalogueKeeper(workshop).get()
    candidate = read_reverse(renewed, done.id)
    back = revert(renewed, actor, done.id, agree(renewed, candidate, "弄错了"))
    assert read_texts(folder, before) == before
    assert find_publication(workshop.engine, done.id).reverted_by == back.id
    assert labels_of(CatalogueKeeper(workshop).get().catalogue) == ["code", "name"]


def test_nothing_is_taken_back_twice(workshop, actor):
    done = publish_change(workshop, actor, M=major(founded="date"))
    renewed = CatalogueKeeper(workshop).get()
    candidate = read_reverse(renewed, done.id)
    revert(renewed, actor, done.id, agree(renewed, candidate))
    renewed = CatalogueKeeper(workshop).get()
    with pytest.raises(Refused, match="不用再撤销"):
        read_reverse(renewed, done.id)


def test_what_was_changed_since_is_not_taken_back(workshop, actor):
    done = publish_change(workshop, actor, M=major(founded="date"))
    renewed = CatalogueKeeper(workshop).get()
    publish_change(renewed, actor, M=major(founded="date", leader="text"))
    with pytest.raises(Refused, match=r"test/2024/M\.json"):
        read_reverse(CatalogueKeeper(workshop).get(), done.id)


# What stands in the way.


def test_two_administrators_do_not_publish_over_each_other(open_workshop, actor):
    one, other = open_workshop(), open_workshop()
    first = read_change(one, M=major(founded="date"))
    second = read_change(other, M=major(leader="text"))
    agreed = agree(other, second)
    publish(one, actor, first, agree(one, first))
    with pytest.raises(Refused, match="别人刚刚发布了表单"):
        publish(other, actor, second, agreed)
    with pytest.raises(Refused, match=r"test/2024/M\.json"):
        read_publishable(CatalogueKeeper(other).get(), second.texts, second.bases)
    assert labels_of(CatalogueKeeper(other).get().catalogue)[-1] == "founded"


def test_of_two_at_the_same_moment_one_is_refused(open_workshop, actor):
    answers = []
    barrier = threading.Barrier(2)

    def publish_one(shop, field):
        candidate = read_change(shop, M=major(**{field: "text"}))
        agreed = agree(shop, candidate)
        barrier.wait(30)
        try:
            publish(shop, actor, candidate, agreed)
            answers.append("published")
        except Refused:
            answers.append("refused")

    shops = {"leader": open_workshop(), "founder": open_workshop()}
    threads = [
        threading.Thread(target=publish_one, args=(shop, field))
        for field, shop in shops.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == ["published", "refused"]
    assert len(list_publications(shops["leader"].engine)) == 1


def test_a_file_edited_meanwhile_is_not_overwritten(workshop, actor, folder):
    candidate = read_change(workshop, M=major(founded="date"))
    agreed = agree(workshop, candidate)
    text = write_form(major(leader="text"))
    (folder / file_of("M")).write_text(text, "utf-8")
    with pytest.raises(Refused, match="又被改过"):
        publish(workshop, actor, candidate, agreed)
    assert (folder / file_of("M")).read_text("utf-8") == text
    assert list_publications(workshop.engine) == ()


def test_a_neighbouring_file_that_was_not_applied_is_named(workshop, folder):
    (folder / file_of("S")).write_text(write_form(student(grade="text")), "utf-8")
    with pytest.raises(Refused, match=r"test/2024/S\.json"):
        read_change(workshop, M=major(founded="date"))


@pytest.mark.parametrize(
    "name", ["../M.json", "test/2024/../M.json", "M.json", "test/2024/M.txt", "/a/b/c"]
)
def test_nothing_is_written_elsewhere(workshop, name):
    with pytest.raises(Exception, match="不能放表单文件"):
        read_publishable(workshop, {name: "{}"}, {name: None})


def test_files_with_faults_are_not_published(workshop, folder):
    broken = write_form(major(founded="date")).replace('"key"', '"keys"')
    texts = {file_of("M"): broken}
    with pytest.raises(Refused, match=r"test/2024/M\.json"):
        read_publishable(workshop, texts, read_texts(folder, texts))


def test_a_derivation_that_no_database_answers_is_not_published(workshop):
    listed = schema_of("T", code=field_of("code", maxLength=20), number="code")
    listed["x-form"] |= {"kind": "auto"}
    join = {"table": "S", "as": "s", "on": "s.number != code", "first": "s.amount"}
    columns = {"code": "code", "number": "s.number"}
    listed["x-derive"] = {"from": "M", "join": [join], "columns": columns}
    with pytest.raises(Refused, match=r"test/2024/T\.json#/x-derive/join/0"):
        read_change(workshop, T=listed)


def test_another_plan_is_not_carried_out(workshop, actor, folder):
    candidate = read_change(workshop, M=major(founded="date"))
    with pytest.raises(Refused):
        publish(workshop, actor, candidate, Consent("0123456789abcdef"))
    assert (folder / file_of("M")).read_text("utf-8") == write_form(major())


def test_a_folder_that_cannot_be_written_is_told_before(workshop, actor, folder):
    candidate = read_change(workshop, M=major(founded="date"))
    agreed = agree(workshop, candidate)
    home = folder / "test" / "2024"
    aside = folder / "aside"
    home.rename(aside)
    # Root may write anywhere, save where no folder can be.
    (folder / "test" / "2024").write_text("")
    try:
        with pytest.raises(Refused, match="TIANBAO_SCHEMA_FOLDER"):
            publish(workshop, actor, candidate, agreed)
    finally:
        (folder / "test" / "2024").unlink()
        aside.rename(home)
    assert list_publications(workshop.engine) == ()


# Other processes.


@pytest.fixture
def unwritten(workshop, actor, folder):
    """A publication with a file that the folder does not take; gives what is there."""
    publish_change(workshop, actor, M=major(founded="date"))
    in_the_way = folder / "test/2026"
    in_the_way.write_text("no folder")
    with begin_schema_change(workshop.engine) as connection:
        connection.execute(
            update(SchemaPublication).values(
                state=PublicationState.COMMITTED,
                texts_after={"test/2026/N.json": "{}"},
            )
        )
    return in_the_way


def test_forms_serve_though_their_files_cannot_be_written(
    workshop, folder, unwritten, capsys
):
    in_use = load_published(workshop.engine, folder)
    assert in_use.get("test/M").by_id.keys() >= {"founded"}
    assert "schema files cannot be written" in capsys.readouterr().out
    [kept] = list_publications(workshop.engine)
    assert kept.state is PublicationState.COMMITTED


def test_nothing_is_planned_over_files_that_could_not_be_written(
    workshop, folder, unwritten
):
    with pytest.raises(Refused, match="第 1 次发布的表单文件还写不进"):
        read_change(workshop, M=major(closed="date"))
    unwritten.unlink()
    complete_files(workshop.engine, folder)
    assert (folder / "test/2026/N.json").read_text() == "{}"
    [kept] = list_publications(workshop.engine)
    assert kept.state is PublicationState.WRITTEN


def test_reasons_are_refused_rather_than_cut(workshop, actor):
    candidate = read_change(workshop, M=major(founded="date"))
    consent = agree(workshop, candidate, reason="长" * 2001)
    with pytest.raises(Refused, match="最多 2000 个字"):
        publish(workshop, actor, candidate, consent)
    assert list_publications(workshop.engine) == ()


def test_another_process_takes_the_new_forms(open_workshop, actor):
    one, keeper = open_workshop(), CatalogueKeeper(open_workshop())
    old = keeper.get()
    publish_change(one, actor, M=major(founded="date"))
    renewed = keeper.get()
    assert renewed is not old
    assert labels_of(renewed.catalogue)[-1] == "founded"
    assert keeper.get() is renewed
    assert labels_of(old.catalogue)[-1] == "name"


def test_many_threads_load_the_forms_once(open_workshop, actor):
    one, keeper = open_workshop(), CatalogueKeeper(open_workshop())
    publish_change(one, actor, M=major(founded="date"))
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(keeper.get())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 8
    assert len({id(workshop) for workshop in found}) == 1


def test_rows_are_not_written_with_older_forms(open_workshop, actor):
    one, other = open_workshop(), open_workshop()
    publish_change(one, actor, M=major(founded="date"))
    with pytest.raises(StaleForms), other.engine.begin():
        pytest.fail("the transaction began")
    renewed = CatalogueKeeper(other).get()
    with renewed.engine.begin() as connection:
        store = RowStore(connection, renewed.catalogue)
        form = renewed.catalogue.get("test/M")
        store.upsert_many(form, SCOPE, [{"code": "1"}], None)
        assert store.count(form, SCOPE) == 1


def test_a_text_keeps_its_formatting(workshop, actor, folder):
    path = folder / file_of("M")
    odd = json.dumps(json.loads(write_form(major())), ensure_ascii=False, indent=7)
    texts = {file_of("M"): odd}
    candidate = read_publishable(workshop, texts, read_texts(folder, texts))
    publish(workshop, actor, candidate, agree(workshop, candidate))
    assert path.read_text("utf-8") == odd


def test_labels_that_a_starting_server_takes_reach_the_others(
    open_workshop, config, folder
):
    keeper = CatalogueKeeper(open_workshop())
    assert labels_of(keeper.get().catalogue)[-1] == "name"
    renamed = major(name=field_of("text", "专业名称"))
    (folder / file_of("M")).write_text(write_form(renamed), "utf-8")
    prepare_database(config)
    assert labels_of(keeper.get().catalogue)[-1] == "专业名称"


def test_rounds_that_are_over_stay_when_only_a_description_changed(
    open_workshop, config, folder
):
    """No rule and no label: the start that archives their forms has to load them."""
    prepare_database(config)
    workshop = open_workshop()
    keeper = CatalogueKeeper(open_workshop())
    with workshop.engine.begin() as connection:
        add_round(connection, 20, "test", "2024")
        over = update(Round).where(Round.id == 20).values(state=RoundState.CLOSED)
        connection.execute(over)
    told = json.loads(write_form(major())) | {"description": "照新的口径填。"}
    (folder / file_of("M")).write_text(json.dumps(told, ensure_ascii=False), "utf-8")
    load_forms.cache_clear()
    prepare_database(config)
    with begin_reading(workshop.engine) as connection:
        edition = connection.scalar(select(Round.edition).where(Round.id == 20))
    assert edition == "2024@1"
    for catalogue in (load_forms(config), keeper.get().catalogue):
        assert catalogue.edition("test", edition).get("M").description == ""
        assert catalogue.get("test/M").description == "照新的口径填。"


def test_a_start_without_changes_leaves_the_others_alone(open_workshop, config):
    prepare_database(config)
    before = read_generation(open_workshop().engine)
    prepare_database(config)
    assert read_generation(open_workshop().engine) == before


def test_files_that_are_not_those_in_use_are_told_in_the_log(
    open_workshop, actor, capsys
):
    one, keeper = open_workshop(), CatalogueKeeper(open_workshop())
    publish_change(one, actor, M=major(founded="date"))
    keeper.get()
    assert "not those in use" not in capsys.readouterr().out
    with begin_schema_change(one.engine) as connection:
        hold_generation(connection)
        raise_generation(connection, "of another folder")
    keeper.get()
    assert "not those in use" in capsys.readouterr().out
