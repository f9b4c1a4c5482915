"""Keeps an edition as it was for the rounds that are over.

They open and export as they were filed: the edition is remembered under the number of
its archive (2024@1), on the same tables, and these rounds point to it.
"""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Table, func, insert, select, update

from app.models import (
    CheckFinding,
    CheckResult,
    FormDeclaration,
    ImportJob,
    Round,
    RoundState,
)
from app.models.base import now_utc
from app.services.schema_changes.applied import Applied, AppliedForm
from form_schemas.catalogue import ARCHIVED
from form_schemas.loading import ArchivedEdition
from form_schemas.settings import COLLECTION_FILE

_DECLARED = FormDeclaration.__table__
_ROUND = Round.__table__
#: What names the forms of a round with their edition.
_NAMING: tuple[Table, ...] = (
    CheckResult.__table__,
    CheckFinding.__table__,
    ImportJob.__table__,
)


def archive_edition(
    connection: Connection,
    edition: tuple[str, str],
    settings: Mapping[str, object],
    applied: Applied,
) -> str | None:
    """Keep an edition as it was applied; gives its archive, None if nobody needs it."""
    closed = _find_closed(connection, edition)
    own = [
        one for one in applied.values() if one.edition == edition and not one.is_retired
    ]
    if not closed or not own:
        return None
    collection, year = edition
    archive = f"{year}{ARCHIVED}{_find_number(applied, edition)}"
    now = now_utc()
    rows = [_copy(one, f"{collection}/{archive}/{one.code}", now) for one in own]
    rows.append(
        _copy_settings(f"{collection}/{archive}/{COLLECTION_FILE}", settings, now)
    )
    connection.execute(insert(_DECLARED), rows)
    connection.execute(
        update(_ROUND).where(_ROUND.c.id.in_(closed)).values(edition=archive)
    )
    for table in _NAMING:
        _rename(connection, table, edition, archive, closed)
    return archive


def load_archived(connection: Connection) -> dict[str, ArchivedEdition]:
    """The archived editions, by name."""
    c = _DECLARED.c
    found = connection.execute(
        select(c.form_name, c.source).where(c.form_name.like(f"%{ARCHIVED}%"))
    )
    texts: dict[str, dict[str, str]] = {}
    for name, source in found:
        edition, _, code = name.rpartition("/")
        texts.setdefault(edition, {})[code] = source
    return {
        name: ArchivedEdition(
            {code: text for code, text in own.items() if code != COLLECTION_FILE},
            json.loads(own.get(COLLECTION_FILE, "{}")),
        )
        for name, own in texts.items()
    }


def _find_closed(connection: Connection, edition: tuple[str, str]) -> Sequence[int]:
    return connection.scalars(
        select(_ROUND.c.id).where(
            _ROUND.c.collection == edition[0],
            _ROUND.c.edition == edition[1],
            _ROUND.c.state == RoundState.CLOSED,
        )
    ).all()


def _find_number(applied: Applied, edition: tuple[str, str]) -> int:
    collection, year = edition
    numbers = [
        int(one.edition[1].partition(ARCHIVED)[2])
        for one in applied.values()
        if one.is_archived
        and one.edition[0] == collection
        and one.edition[1].partition(ARCHIVED)[0] == year
    ]
    return max(numbers, default=0) + 1


def _copy(one: AppliedForm, name: str, now) -> dict[str, object]:
    return {
        "form_name": name,
        "table_name": one.table_name,
        "declaration": one.declaration,
        "fingerprint": one.fingerprint,
        "judged_by": one.fingerprint,
        "source": one.source,
        "is_retired": False,
        "applied_at": now,
    }


def _copy_settings(name: str, settings: Mapping[str, object], now) -> dict[str, object]:
    return {
        "form_name": name,
        "table_name": "",
        "declaration": {},
        "fingerprint": "",
        "judged_by": "",
        "source": json.dumps(dict(settings), ensure_ascii=False),
        # No form: whoever looks for those in use passes it over.
        "is_retired": True,
        "applied_at": now,
    }


def _rename(
    connection: Connection,
    table: Table,
    edition: tuple[str, str],
    archive: str,
    round_ids: Sequence[int],
) -> None:
    """Have what was noted of the rounds name the archive."""
    former, since = f"{'/'.join(edition)}/", f"{edition[0]}/{archive}/"
    connection.execute(
        update(table)
        .where(table.c.round_id.in_(round_ids), table.c.form_name.startswith(former))
        .values(form_name=func.replace(table.c.form_name, former, since))
    )
