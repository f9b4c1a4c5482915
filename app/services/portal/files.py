"""Files of the portal: anybody fetches what a public row shows, and nothing else."""

from sqlalchemy import Connection, Engine, Row, select

from app.errors import NotFound
from app.models import Unit
from app.permissions import Actor, Place, can
from app.policy import Action
from app.services.files import is_of_form
from app.services.portal.rich_text import find_tokens
from app.services.portal.site import Site
from app.storage.engine import begin_reading
from app.storage.files import find_file
from app.storage.public_rows import Conditions, PublicRound, find_rows, list_rounds
from form_schemas.catalogue import Catalogue
from form_schemas.portal import PortalColumn

_GONE = "没有这个文件，或者它所在的文章已经撤下。"


def get_public_file(site: Site, token: str) -> Row:
    """What is known of a file that a public row shows.

    Raises:
        NotFound: no public row shows it, or there is none.
    """
    with begin_reading(site.engine) as connection:
        found = find_file(connection, token)
        if found is None or found.form_name is None:
            raise NotFound(_GONE)
        rounds = list_rounds(connection, site.catalogue, site.edition.collection)
        for column in site.portal.columns:
            if _shows(connection, site, column, rounds, found):
                return found
    raise NotFound(_GONE)


def get_seen_file(
    engine: Engine, catalogue: Catalogue, actor: Actor, token: str
) -> Row:
    """What is known of a file whose form and unit the person sees, public or not.

    Articles name their pictures by the addresses that the public will have.

    Raises:
        NotFound: there is none, or the person does not see it.
    """
    with begin_reading(engine) as connection:
        found = find_file(connection, token)
        form = None if found is None else catalogue.find(found.form_name or "")
        if found is None or form is None:
            raise NotFound(_GONE)
        path = connection.scalar(select(Unit.path).where(Unit.id == found.unit_id))
    place = Place(found.unit_id, form.departments, unit_path=path or "")
    if not can(actor, Action.VIEW_ROWS, place):
        raise NotFound(_GONE)
    return found


def _shows(
    connection: Connection,
    site: Site,
    column: PortalColumn,
    rounds: tuple[PublicRound, ...],
    file: Row,
) -> bool:
    """Whether a public row of the column holds the file, by itself or in its text."""
    source = column.source
    if source is None:
        return False
    where = tuple(one for one in (source.where, column.where) if one is not None)
    own = is_of_form(file.form_name, site.form(source.form))
    body = source.body if _is_of_text(site.catalogue, file) else ""
    if own or body:
        names = (*filter(None, [source.image, body]), *source.files)
        held = _search(connection, site, source.form, rounds, where, names, file)
        if any(
            file.token in find_tokens(str(row.values.get(body) or ""))
            or any(_holds(row.values.get(name), file.token) for name in names)
            for row in held
        ):
            return True
    return _shows_picture(connection, site, column, rounds, where, file)


def _is_of_text(catalogue: Catalogue, file: Row) -> bool:
    """Whether it was sent as a picture of an article.

    Nobody publishes another file by naming it there.
    """
    form = catalogue.find(file.form_name)
    return form is not None and any(
        item.is_rich and file.field_id in (item.id, *item.was) for item in form.fields
    )


def _shows_picture(connection, site, column, rounds, where, file) -> bool:
    """Whether it is a picture in the other form, of a row that is public."""
    source = column.source
    told = source.pictures
    if told is None or not is_of_form(file.form_name, site.form(told.form)):
        return False
    names = (told.field, told.image)
    reference = site.form(told.form).by_id[told.field].reference
    for row in _search(connection, site, told.form, rounds, (), names, file):
        if not _holds(row.values[told.image], file.token):
            continue
        at = [one for one in rounds if one.id == row.round_id]
        wanted = Conditions(where, unit_id=row.unit_id)
        owners = find_rows(
            connection,
            site.catalogue,
            site.form(source.form),
            at,
            wanted,
            (reference.field,),
            site.today,
        )
        if any(
            owner.values[reference.field] == row.values[told.field] for owner in owners
        ):
            return True
    return False


def _search(connection, site, code, rounds, where, names, file):
    """Rows that name the file's token anywhere."""
    fields = tuple(dict.fromkeys(names))
    wanted = Conditions(where, search=file.token, fields=fields)
    return find_rows(
        connection, site.catalogue, site.form(code), rounds, wanted, fields, site.today
    )


def _holds(value: object, token: str) -> bool:
    return token in value if isinstance(value, tuple) else value == token
