"""What an installation stands on: its database made ready, its forms loaded.

Server, worker and commands begin here. The forms are loaded once before a server forks;
`app.services.keeping` loads them anew when they change.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache

from sqlalchemy import Engine, insert, select

from app.config import Config, load_secret
from app.errors import NotFound, Refused
from app.models import Role, Round, RoundState, Unit, User
from app.models.base import now_utc
from app.permissions import Actor, Grant
from app.services.passwords import hash_password, make_one_time_password
from app.services.recording import begin_log
from app.services.rejudging import Tell, rejudge_forms
from app.services.schema_changes import find_last_good, initialise
from app.services.schema_files import complete_files, load_published
from app.services.standing_rounds import keep_standing_rounds
from app.services.workshop import Workshop, open_workshop
from app.storage.engine import begin_reading, open_engine
from app.storage.generations import read_generation
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.loading import load_catalogue
from form_schemas.spec import FormSpec

#: The account in whose name commands act; nobody can log in with it.
CONSOLE = "console"


def open_database(config: Config) -> Engine:
    """The installation's database, whose audit log is sealed with its secret."""
    return open_engine(config.engine_url, load_secret(config))


@lru_cache(maxsize=4)
def load_forms(config: Config) -> Catalogue:
    """The forms in use, which the database holds.

    A broken file's last good version serves in its place, and so does the version in
    use of a file whose changes were not applied yet.
    """
    engine = open_database(config)
    try:
        return load_published(engine, config.forms_folder)
    finally:
        engine.dispose()


def load_files(config: Config) -> Catalogue:
    """The forms as their files say, applied or not: what is planned for."""
    engine = open_database(config)
    try:
        folder = config.forms_folder
        complete_files(engine, folder)
        return load_catalogue(folder, last_good=find_last_good(engine))
    finally:
        engine.dispose()


def prepare_database(
    config: Config, tell: Tell = lambda form, rows: None
) -> tuple[str, ...]:
    """Make the database ready; gives the forms whose changes were not applied yet.

    Args:
        tell: called while rows are judged anew, as their form's file has changed.
    """
    engine = open_database(config)
    try:
        forms = load_forms(config)
        pending = (*forms.held, *initialise(engine, forms))
        begin_log(engine)
        if not pending:
            with engine.begin() as connection:
                keep_standing_rounds(connection, forms)
        if read_generation(engine) != forms.generation:
            # There was nothing in the database yet, or files have other labels.
            load_forms.cache_clear()
        rejudge_forms(engine, forms, tell)
        return pending
    finally:
        engine.dispose()


def open_installation(config: Config, tell: Tell = lambda form, rows: None) -> Workshop:
    """Everything a worker or a command needs; the database is made ready first."""
    prepare_database(config, tell)
    engine = open_database(config)
    return open_workshop(config, engine, load_forms(config))


def find_scope(
    engine: Engine, form: FormSpec, unit: str | None, round_name: str | None
) -> Scope:
    """The unit and round that a command names, or the only ones there are.

    Args:
        unit: its code, name or id.
        round_name: its title or id; None: the newest open one of the form's edition.
    """
    return Scope(_find_unit(engine, form, unit), _find_round(engine, form, round_name))


def find_reporting_scope(
    engine: Engine,
    catalogue: Catalogue,
    unit: str | None,
    round_name: str | None,
    forms: Sequence[FormSpec] = (),
) -> tuple[Scope, Edition]:
    """The unit and round that a command names, where no form has to be named.

    Args:
        unit: its code, name or id; None: the only one.
        round_name: its title or id; None: the newest open one of what the unit reports.
        forms: what the round has to be of; empty: of any collection of the unit.
    """
    wanted = frozenset(form.collection for form in forms)
    with begin_reading(engine) as connection:
        units = connection.execute(
            select(Unit.id, Unit.code, Unit.name, Unit.collections).order_by(Unit.id)
        ).all()
        rounds = connection.execute(
            select(Round.__table__).order_by(Round.id.desc())
        ).all()
    found_unit = _pick_unit(units, unit, wanted)
    collections = wanted or {*found_unit.collections}
    fitting = [r for r in rounds if r.collection in collections]
    found = _pick_round(fitting, round_name)
    edition = catalogue.edition(found.collection, found.edition)
    return Scope(found_unit.id, found.id), edition


def get_console_user(engine: Engine) -> int:
    """The id of the account that stands for the command line in the history."""
    table = User.__table__
    with engine.begin() as connection:
        found = connection.scalar(select(table.c.id).where(table.c.username == CONSOLE))
        if found is not None:
            return found
        return connection.execute(
            insert(table).values(
                username=CONSOLE,
                name="命令行",
                password_hash=hash_password(make_one_time_password()),
                must_change_password=True,
                is_active=False,
                created_at=now_utc(),
            )
        ).inserted_primary_key[0]


def get_console_actor(engine: Engine) -> Actor:
    """The command line as an actor: whoever may run it administrates the machine."""
    grants = (Grant(Role.ADMINISTRATOR, unit_id=0),)
    return Actor(get_console_user(engine), CONSOLE, "命令行", grants)


def _pick_unit(units, name: str | None, collections: Collection[str]):
    if name is not None:
        found = [u for u in units if name in (u.code, u.name, str(u.id))]
        if not found:
            known = "、".join(u.code for u in units[:10]) or "还没有单位"
            raise NotFound(f"没有单位“{name}”。已有：{known}。")
        return found[0]
    found = [u for u in units if not collections or {*u.collections} & {*collections}]
    if len(found) != 1:
        codes = "、".join(u.code for u in found[:10]) or "一个也没有"
        raise Refused(f"请用 --unit 指明单位；能选的有：{codes}。")
    return found[0]


def _pick_round(rounds, name: str | None):
    known = "；".join(f"{r.id}（{r.collection}，{r.title}）" for r in rounds[:10])
    if name is not None:
        found = [r for r in rounds if name in (r.title, str(r.id))]
        if not found:
            raise NotFound(f"这个单位没有填报轮次“{name}”。已有：{known or '还没有'}。")
        return found[0]
    open_ones = [r for r in rounds if r.state is RoundState.OPEN]
    if not open_ones:
        raise Refused(f"没有开放的填报轮次，请用 --round 指明。已有：{known or '无'}。")
    if len({r.collection for r in open_ones}) > 1:
        raise Refused(f"开放的轮次不止一个，请用 --round 指明：{known}。")
    return open_ones[0]


def _find_unit(engine: Engine, form: FormSpec, unit: str | None) -> int:
    with begin_reading(engine) as connection:
        units = connection.execute(
            select(Unit.id, Unit.code, Unit.name, Unit.collections).order_by(Unit.id)
        ).all()
    if unit is not None:
        found = [u for u in units if unit in (u.code, u.name, str(u.id))]
        if not found:
            known = "、".join(u.code for u in units[:10]) or "还没有单位"
            raise NotFound(f"没有单位“{unit}”。已有：{known}。")
        return found[0].id
    found = [u for u in units if form.collection in u.collections]
    if len(found) != 1:
        codes = "、".join(u.code for u in found) or "一个也没有"
        raise Refused(f"请用 --unit 指明单位；报送 {form.collection} 的有：{codes}。")
    return found[0].id


def _find_round(engine: Engine, form: FormSpec, name: str | None) -> int:
    with begin_reading(engine) as connection:
        rounds = connection.execute(
            select(Round.id, Round.title, Round.state)
            .where(Round.collection == form.collection, Round.edition == form.edition)
            .order_by(Round.id.desc())
        ).all()
    if name is not None:
        found = [r for r in rounds if name in (r.title, str(r.id))]
        if not found:
            known = "、".join(f"{r.id}（{r.title}）" for r in rounds) or "还没有"
            raise NotFound(f"{form.name} 没有填报轮次“{name}”。已有：{known}。")
        return found[0].id
    open_ones = [r for r in rounds if r.state is RoundState.OPEN]
    if not open_ones:
        raise Refused(f"{form.collection} {form.edition} 版没有开放的填报轮次。")
    return open_ones[0].id
