"""The nation that is measured has as many years as it is asked for."""

from sqlalchemy import func, select

from app.config import Config
from app.models import Round, UnitRound
from app.services.schema_changes import initialise
from app.services.workshop import open_workshop
from app.storage.engine import open_engine
from benchmarks.nation import fill_nation
from form_schemas.loading import load_catalogue

YEARS = 4


def test_a_nation_reports_in_each_of_its_years(tmp_path):
    catalogue, engine = load_catalogue(), open_engine(f"sqlite:///{tmp_path}/n.sqlite")
    initialise(engine, catalogue)
    workshop = open_workshop(Config(data_folder=tmp_path), engine, catalogue)
    fill_nation(workshop, catalogue.newest["group"], 6, YEARS)
    with engine.connect() as connection:
        found = connection.execute(
            select(UnitRound.round_id, func.count())
            .join(Round, Round.id == UnitRound.round_id)
            .where(~Round.is_standing)
            .group_by(UnitRound.round_id)
        ).all()
    engine.dispose()
    assert len(found) == YEARS
    assert all(units > 1 for _, units in found)
