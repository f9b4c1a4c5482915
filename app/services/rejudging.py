"""Judges the stored rows of forms whose files say something new about what is right.

`_level` of a row is what the checks found when it was stored. Once a changed file is in
use, every row of its form is judged anew, batch by batch in transactions of their own;
that a form is done is noted last, so that whoever is interrupted begins it again. Then
the rounds that are open are checked, which tells people what they have to mend.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, select, update

from app.models import FormDeclaration, Round
from app.services.check_orders import order_checks
from app.services.contexts import make_context
from app.services.rechecking import recheck_batch
from app.storage.binding import bind
from app.storage.engine import begin_reading
from app.storage.records import Scope
from app.storage.rows import RowStore
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec

_DECLARED = FormDeclaration.__table__
_ROUND = Round.__table__

#: Called with a form and how many of its rows were judged so far.
Tell = Callable[[FormSpec, int], None]


@dataclass(frozen=True)
class Rejudged:
    """What was judged anew."""

    #: forms that have rows
    forms: int = 0
    rows: int = 0


def rejudge_forms(
    engine: Engine, catalogue: Catalogue, tell: Tell = lambda form, rows: None
) -> Rejudged:
    """Judge anew the rows of all forms whose file changed since they were judged.

    Args:
        catalogue: the forms in use; a file that waits for `apply` changes nothing yet.
    """
    forms = rows = 0
    for form in _find_changed(engine, catalogue):
        done = 0
        scopes = _find_scopes(engine, catalogue, form)
        for scope in scopes:
            for count in _rejudge(engine, catalogue, form, scope):
                done += count
                tell(form, done)
        _note(engine, form, scopes)
        forms, rows = forms + bool(done), rows + done
    return Rejudged(forms, rows)


def _find_changed(engine: Engine, catalogue: Catalogue) -> list[FormSpec]:
    with begin_reading(engine) as connection:
        judged = dict(
            map(
                tuple,
                connection.execute(
                    select(_DECLARED.c.form_name, _DECLARED.c.fingerprint).where(
                        _DECLARED.c.judged_by != _DECLARED.c.fingerprint
                    )
                ),
            )
        )
    return [
        form
        for form in catalogue.all_forms
        if judged.get(form.full_name) == form.fingerprint
    ]


def _find_scopes(
    engine: Engine, catalogue: Catalogue, form: FormSpec
) -> tuple[Scope, ...]:
    """Units and rounds of the form's edition that have rows of it."""
    table = bind(catalogue, form).table
    with begin_reading(engine) as connection:
        found = connection.execute(
            select(table.c._unit_id, table.c._round_id)
            .distinct()
            .join(_ROUND, _ROUND.c.id == table.c._round_id)
            .where(
                _ROUND.c.collection == form.collection,
                _ROUND.c.edition == form.edition,
            )
        )
        return tuple(Scope(*record) for record in found)


def _rejudge(
    engine: Engine, catalogue: Catalogue, form: FormSpec, scope: Scope
) -> Iterator[int]:
    last: int | None = 0
    while last is not None:
        with engine.begin() as connection:
            context = make_context(
                connection, RowStore(connection, catalogue), form, scope
            )
            batch = recheck_batch(
                connection, catalogue, form, scope, context, after=last
            )
        last = batch.last
        if batch.rows:
            yield batch.rows


def _note(engine: Engine, form: FormSpec, scopes: Sequence[Scope]) -> None:
    with engine.begin() as connection:
        if not form.is_derived:
            order_checks(connection, form, scopes)
        connection.execute(
            update(_DECLARED)
            .where(
                _DECLARED.c.form_name == form.full_name,
                _DECLARED.c.fingerprint == form.fingerprint,
            )
            .values(judged_by=form.fingerprint)
        )
