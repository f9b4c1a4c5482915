"""What was guessed when a form was drafted from a workbook: kept with the draft until
somebody strikes it out, one after the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from app.models import SchemaDraftFile
from app.permissions import Actor
from app.services.designing.drafts import open_own
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from validators.drafting.notes import Note

_FILE = SchemaDraftFile.__table__
#: Stands for all notes of a file.
ALL = 0


@dataclass(frozen=True)
class DraftNote:
    """One guess; its id counts from 1 within the file and stays."""

    id: int
    place: str
    label: str
    text: str
    field_id: str
    #: how the field is computed, where a formula could be read for sure
    computed: str


def keep_notes(
    workshop: Workshop, actor: Actor, draft_id: int, file: str, notes: Sequence[Note]
) -> None:
    """Keep what was guessed of a file that the draft has."""
    told = [
        {
            "id": number,
            "place": note.place,
            "label": note.label,
            "text": note.text,
            "field": note.field_id or "",
            "computed": note.computed,
        }
        for number, note in enumerate(notes, 1)
    ]
    with workshop.engine.begin() as connection:
        open_own(connection, actor, draft_id)
        _write(connection, draft_id, file, told)


def list_notes(engine: Engine, draft_id: int, file: str) -> tuple[DraftNote, ...]:
    """What nobody struck out yet."""
    with begin_reading(engine) as connection:
        return tuple(map(_build, _read(connection, draft_id, file)))


def dismiss_note(
    workshop: Workshop, actor: Actor, draft_id: int, file: str, note_id: int
) -> None:
    """Strike a note out, or all of them (0); one that is gone already is no fault."""
    with workshop.engine.begin() as connection:
        open_own(connection, actor, draft_id)
        left = [
            one
            for one in _read(connection, draft_id, file)
            if note_id not in (ALL, one["id"])
        ]
        _write(connection, draft_id, file, left)


def move_notes(
    workshop: Workshop, actor: Actor, draft_id: int, file: str, to: str
) -> None:
    """Let the notes follow a form to another code."""
    with workshop.engine.begin() as connection:
        open_own(connection, actor, draft_id)
        held = _read(connection, draft_id, file)
        if held:
            _write(connection, draft_id, to, held)
            _write(connection, draft_id, file, [])


def _read(
    connection: Connection, draft_id: int, file: str
) -> Sequence[Mapping[str, Any]]:
    place = (_FILE.c.draft_id == draft_id, _FILE.c.file == file)
    return connection.scalar(select(_FILE.c.notes).where(*place)) or ()


def _write(
    connection: Connection,
    draft_id: int,
    file: str,
    notes: Sequence[Mapping[str, Any]],
) -> None:
    place = (_FILE.c.draft_id == draft_id, _FILE.c.file == file)
    connection.execute(update(_FILE).where(*place).values(notes=list(notes) or None))


def _build(told: Mapping[str, Any]) -> DraftNote:
    return DraftNote(
        int(told["id"]),
        told["place"],
        told["label"],
        told["text"],
        told["field"],
        told["computed"],
    )
