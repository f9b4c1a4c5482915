"""An import is taken back under the names and values that its form has since."""

import pytest
from openpyxl import Workbook

from app.errors import Refused
from app.jobs import Worker
from app.services.import_orders import Order, start_import
from app.services.keeping import CatalogueKeeper
from app.services.passing import pass_rows
from app.services.publishing import Consent, publish
from app.services.schema_changes import plan
from app.services.taking_back import take_back
from app.storage.engine import begin_reading
from app.storage.rows import RowStore
from tests.support.forms import field_of
from tests.support.publishing import (
    SCOPE,
    config_of,
    find_administrator,
    install_forms,
    major,
    open_small,
    read_change,
    student,
    write_edition,
)


class Office:
    """One unit that imports majors while their form changes."""

    def __init__(self, workshop, folder):
        self.workshop, self.folder = workshop, folder
        self.actor = find_administrator(workshop.engine)

    def send(self, *rows):
        """Import rows as somebody uploads them, and let them pass."""
        book = Workbook()
        form = self.workshop.catalogue.get("test/M")
        book.active.append([form.by_id[name].label for name in rows[0]])
        for row in rows:
            book.active.append(list(row.values()))
        path = self.folder / "majors.xlsx"
        book.save(path)
        order = Order(form, SCOPE, self.actor.user_id, path, path.name)
        import_id = start_import(self.workshop, order).import_id
        worker = Worker(self.workshop)
        while worker.run_next():
            pass
        pass_rows(self.workshop, None, import_id, reason="已核实")
        return import_id

    def publish(self, **schemas):
        candidate = read_change(self.workshop, **schemas)
        made = plan(self.workshop.engine, candidate.catalogue)
        accept = {one.id: "按通知" for one in made.open}
        consent = Consent(made.hash, accept, "部里更正")
        publish(self.workshop, self.actor, candidate, consent)
        self.workshop = CatalogueKeeper(self.workshop).get()

    def take_back(self, import_id):
        return take_back(self.workshop, None, import_id, "填错了表")

    def rows(self, code="M"):
        form = self.workshop.catalogue.get(f"test/{code}")
        with begin_reading(self.workshop.engine) as connection:
            found = RowStore(connection, self.workshop.catalogue)
            return [
                {k: v for k, v in one.row.items() if v is not None}
                for one in found.iterate_rows(form, SCOPE)
            ]


def sorted_majors(**more):
    return major(sort=field_of("enum", enum=["甲", "乙"]), **more)


@pytest.fixture
def office(database_url, tmp_path):
    folder = tmp_path / "schemas"
    write_edition(folder, sorted_majors(), student())
    install_forms(database_url, folder)
    workshop = open_small(config_of(database_url, folder, tmp_path / "data"))
    office = Office(workshop, tmp_path)
    office.send({"code": "1", "name": "云", "sort": "甲"})
    yield office
    workshop.engine.dispose()


def renamed(**more):
    schema = sorted_majors(**more)
    fields = schema["properties"]
    fields["title"] = {**fields.pop("name"), "x-was": ["name"]}
    return schema


def test_a_field_that_was_renamed_since_is_as_it_was_before(office):
    import_id = office.send(
        {"code": "1", "name": "海", "sort": "乙"}, {"code": "2", "name": "山"}
    )
    recoded = renamed()
    recoded["properties"]["kind"] = field_of(
        "enum", "类别", enum=["丙", "丁"], was=["sort"], recode={"甲": "丙", "乙": "丁"}
    )
    del recoded["properties"]["sort"]
    office.publish(M=renamed())
    office.publish(M=recoded)
    assert [row["title"] for row in office.rows()] == ["海", "山"]
    undone = office.take_back(import_id)
    assert (undone.added, undone.updated) == (1, 1)
    assert office.rows() == [{"code": "1", "title": "云", "kind": "丙"}]


def test_a_form_that_has_another_code_since_gets_its_rows_back(office):
    import_id = office.send({"code": "1", "name": "海", "sort": "甲"})
    moved = renamed()
    moved["x-form"] |= {"code": "N", "was": ["M"]}
    office.publish(M=None, N=moved)
    assert office.take_back(import_id).updated == 1
    assert office.rows("N") == [{"code": "1", "title": "云", "sort": "甲"}]


def test_an_import_after_the_change_knows_the_new_names(office):
    office.publish(M=renamed())
    import_id = office.send({"code": "1", "title": "海", "sort": "甲"})
    office.take_back(import_id)
    assert office.rows() == [{"code": "1", "title": "云", "sort": "甲"}]


def test_values_that_were_converted_by_an_expression_stay(office):
    import_id = office.send({"code": "1", "name": "海", "sort": "甲"})
    schema = sorted_majors()
    schema["properties"]["name"] |= {"x-from": "left(name, 1)"}
    office.publish(M=schema)
    before = office.rows()
    with pytest.raises(Refused, match="换算"):
        office.take_back(import_id)
    assert office.rows() == before
