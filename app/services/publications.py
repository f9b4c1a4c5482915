"""The history of publications: what changed, by whom, why, and how to take it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, Row, Select, func, select

from app.errors import NotFound
from app.models import PublicationState, SchemaPublication, User
from app.services.schema_files import Texts
from app.storage.engine import begin_reading

_PUBLICATION = SchemaPublication.__table__
_SIZE = 50


@dataclass(frozen=True)
class Publication:
    """One change of the forms in use."""

    id: int
    at: datetime
    #: None: the command line
    actor_id: int | None
    actor_name: str
    reason: str
    #: the generation that began with it
    generation: int
    plan_hash: str
    #: as `schema_changes.operations.to_plain` writes them
    operations: Sequence[Mapping[str, object]]
    #: id of an operation -> why its loss was accepted
    accepted: Mapping[str, str]
    #: path below the folder of schemas -> text, None where there was no file
    texts_before: Texts
    #: the same paths -> text, None where the file went
    texts_after: Texts
    state: PublicationState
    #: copy of the database made before; empty: none
    backup: str
    #: the publication that took this one back
    reverted_by: int | None

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(self.texts_after)

    @property
    def editions(self) -> tuple[str, ...]:
        """`talent/2024` and so on."""
        return tuple(dict.fromkeys(name.rpartition("/")[0] for name in self.files))

    @property
    def is_reverted(self) -> bool:
        return self.reverted_by is not None


def list_publications(
    engine: Engine, page: int = 1, size: int = _SIZE, edition: str | None = None
) -> tuple[Publication, ...]:
    """The newest first.

    Args:
        edition: `talent/2024`: only those that changed it.
    """
    wanted = _select().order_by(_PUBLICATION.c.id.desc())
    if edition is None:
        wanted = wanted.limit(size).offset((page - 1) * size)
    with begin_reading(engine) as connection:
        found = [_build(one) for one in connection.execute(wanted)]
    if edition is None:
        return tuple(found)
    # There are a few dozen in a year, and their files stand in JSON.
    own = [one for one in found if edition in one.editions]
    return tuple(own[(page - 1) * size : page * size])


def find_publication(engine: Engine, publication_id: int) -> Publication | None:
    with begin_reading(engine) as connection:
        return load_publication(connection, publication_id)


def get_publication(engine: Engine, publication_id: int) -> Publication:
    """As `find_publication`; NotFound where there is none."""
    found = find_publication(engine, publication_id)
    if found is None:
        raise NotFound(f"没有第 {publication_id} 次发布。")
    return found


def get_by_generation(engine: Engine, generation: int) -> Publication:
    """The publication that a generation of the forms began with.

    Raises:
        NotFound: there is none.
    """
    wanted = _select().where(_PUBLICATION.c.generation == generation)
    with begin_reading(engine) as connection:
        found = connection.execute(wanted).first()
    if found is None:
        raise NotFound("没有这次发布。")
    return _build(found)


def find_last(engine: Engine) -> Publication:
    """The last publication that was not taken back.

    Raises:
        NotFound: there is none.
    """
    standing = _PUBLICATION.c.reverted_by.is_(None)
    wanted = _select().where(standing).order_by(_PUBLICATION.c.id.desc()).limit(1)
    with begin_reading(engine) as connection:
        found = connection.execute(wanted).first()
    if found is None:
        raise NotFound("没有可以撤销的发布。")
    return _build(found)


def load_publication(connection: Connection, publication_id: int) -> Publication | None:
    """As `find_publication`, within a transaction."""
    wanted = _select().where(_PUBLICATION.c.id == publication_id)
    found = connection.execute(wanted).first()
    return None if found is None else _build(found)


def make_reverse_texts(publication: Publication) -> tuple[Texts, Texts]:
    """Texts that take a publication back, and the bases they suppose.

    Where a file was changed since, publishing them is refused.
    """
    return publication.texts_before, publication.texts_after


def _select() -> Select:
    return select(
        _PUBLICATION, func.coalesce(User.name, "命令行").label("actor_name")
    ).outerjoin(User, User.id == _PUBLICATION.c.actor_id)


def _build(found: Row) -> Publication:
    return Publication(
        found.id,
        found.at,
        found.actor_id,
        found.actor_name,
        found.reason,
        found.generation,
        found.plan_hash,
        tuple(found.operations),
        found.accepted,
        found.texts_before,
        found.texts_after,
        found.state,
        found.backup,
        found.reverted_by,
    )
