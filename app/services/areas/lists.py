"""Units of an area from a workbook: new ones, and changes of those that are there.

A line a unit. Nothing is done unless every line is right; confirmed, the lines are
judged anew and all done in one transaction, as with lists of accounts.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import Engine, Row, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import BadRequest, Refused
from app.models import Membership, User
from app.permissions import Actor, require
from app.policy import Action
from app.services.account_kinds import KnownType, list_types
from app.services.areas.changing import (
    rename_within,
    set_open_within,
    set_rights_within,
    sign_out,
)
from app.services.areas.list_columns import GUIDE, make_columns
from app.services.areas.list_judging import LineJudge, read_kind, read_people
from app.services.areas.list_lines import (
    NAME,
    Deed,
    Entry,
    UnitReport,
    describe_line,
    read_deed,
)
from app.services.areas.making import Initial, MadeAccount, make_initials, write_unit
from app.services.areas.views import list_new_kinds, list_parents
from app.services.unit_tree import KIND_NAMES
from app.services.units import lock_tree
from app.storage.engine import begin_reading
from exporters.entry_list import ListColumn, ListRow, read_list, write_list
from exporters.gate import Limits
from exporters.list_marking import ListMark, write_marked
from exporters.refusals import RefusedFile, describe_refusal
from form_schemas.catalogue import Catalogue

LINES_MAX = 500


@dataclass(frozen=True)
class Registrar:
    """Who reads and carries out such lists, for whom."""

    engine: Engine
    catalogue: Catalogue
    actor: Actor
    #: whether phone numbers make initial passwords here
    takes_phones: bool = False

    @property
    def titles(self) -> tuple[str, ...]:
        return tuple(column.title for column in self._columns)

    def write_template(self, stream: IO[bytes]) -> None:
        """Write the workbook to fill in."""
        require(self.actor, Action.MANAGE_AREA)
        kinds = list_new_kinds(self.engine, self.catalogue, self.actor)
        parents = dict.fromkeys(
            one.name
            for kind in kinds
            for one in list_parents(self.engine, self.actor, kind)
        )
        offered = tuple(KIND_NAMES[kind] for kind in kinds), tuple(parents)
        columns = make_columns(self.catalogue, *offered, takes_phones=self.takes_phones)
        write_list(stream, "单位", columns, guide=GUIDE)

    def read(self, path: Path, limits: Limits) -> UnitReport:
        """Read and judge a workbook; changes nothing.

        Raises:
            BadRequest: the file cannot be read as such a list.
        """
        require(self.actor, Action.MANAGE_AREA)
        try:
            rows = read_list(path, self._columns, limits, LINES_MAX)
        except RefusedFile as refused:
            raise BadRequest(describe_refusal(refused.refusal)) from refused
        return self.judge(rows)

    def judge(self, rows: Sequence[ListRow]) -> UnitReport:
        """Everything that is wrong with the lines, or what they ask for."""
        require(self.actor, Action.MANAGE_AREA)
        with begin_reading(self.engine) as connection, Session(connection) as session:
            entries = self._judge(session, rows)
            faults = [fault for entry in entries for fault in entry.faults]
            if faults:
                faults.sort(key=lambda fault: fault.row)
                return UnitReport((), tuple(faults), len(rows), tuple(rows))
            lines = tuple(map(describe_line, entries))
            return UnitReport(lines, (), len(rows), tuple(rows))

    def write_marked(self, rows: Sequence[ListRow], stream: IO[bytes]) -> None:
        """Write lines that were read, with what is wrong with each."""
        marks = [
            ListMark(fault.row, fault.column, fault.message)
            for fault in self.judge(rows).faults
        ]
        write_marked(stream, "单位", self._columns, rows, marks)

    def carry_out(self, rows: Sequence[ListRow]) -> tuple[MadeAccount, ...]:
        """Do all that a confirmed list asks for, or nothing.

        Raises:
            Refused: a line is not right any more; upload the file again to see which.
        """
        require(self.actor, Action.MANAGE_AREA)
        if not 0 < len(rows) <= LINES_MAX:
            raise BadRequest(f"一次最多办 {LINES_MAX} 行，请分成几份。")
        # Before the transaction: even quick hashes take a while together.
        initials = [self._make_initials(Entry(row)) for row in rows]
        try:
            with Session(self.engine) as session, session.begin():
                lock_tree(session.connection())
                entries = self._judge(session, rows)
                if any(entry.faults for entry in entries):
                    message = "名单里有的行现在不对了，请重新上传文件，看是哪一行。"
                    raise Refused(message)
                _take_locks(session, entries)
                made = [
                    account
                    for entry, first in zip(entries, initials, strict=True)
                    for account in self._do(session, entry, first)
                ]
                return tuple(made)
        except IntegrityError as error:
            raise Refused("有的单位刚刚由别人建好了，请重新上传文件。") from error

    @property
    def _columns(self) -> tuple[ListColumn, ...]:
        return make_columns(self.catalogue, takes_phones=self.takes_phones)

    def _judge(self, session: Session, rows: Sequence[ListRow]) -> list[Entry]:
        given = session.connection(), self.catalogue, self.actor
        return LineJudge(*given, self.takes_phones).judge(rows)

    def _make_initials(self, entry: Entry) -> dict[str, Initial]:
        if not read_deed(entry) or entry.deed is not Deed.ADD:
            return {}
        kind = read_kind(self.catalogue, entry)
        types: tuple[KnownType, ...] = ()
        if kind is not None:
            types = tuple(
                one for one in list_types(self.catalogue) if one.type.find_in(kind)
            )
        people = read_people(self.catalogue, entry)
        return make_initials(types, people, takes_phones=self.takes_phones)

    def _do(
        self, session: Session, entry: Entry, initials: Mapping[str, Initial]
    ) -> tuple[MadeAccount, ...]:
        if entry.deed is Deed.ADD:
            assert entry.judged is not None
            return write_unit(session, entry.judged, initials, self.actor)[1]
        unit = entry.unit
        assert unit is not None
        if entry.deed is Deed.RENAME:
            name = entry.text(NAME)
            given = (session, self.catalogue, self.actor, unit.id)
            rename_within(*given, name, unit.code)
        elif entry.deed is Deed.RIGHTS:
            for user in _find_users(session, unit, self.catalogue):
                given = (session, self.catalogue, self.actor, unit)
                set_rights_within(*given, user, entry.rights)
        else:
            is_open = entry.deed is Deed.OPEN
            set_open_within(session, self.actor, unit.id, is_open)
        return ()


def make_template(registrar: Registrar) -> bytes:
    """The workbook to fill in, as a file."""
    stream = io.BytesIO()
    registrar.write_template(stream)
    return stream.getvalue()


def _take_locks(session: Session, entries: Sequence[Entry]) -> None:
    """Hold the accounts that change before the first entry of the log is written.

    Whoever is at work at the same time waits for the log with his account held. Held
    whole, as a new name is a new key: what refers to an account keeps its key.
    """
    ids = [entry.unit.id for entry in entries if entry.unit is not None]
    session.execute(
        select(User.id)
        .where(User.memberships.any(Membership.unit_id.in_(ids)))
        .order_by(User.id)
        .with_for_update()
    ).all()
    for entry in entries:
        if entry.deed is Deed.CLOSE and entry.unit is not None:
            sign_out(session.connection(), entry.unit.path)


def _find_users(session: Session, unit: Row, catalogue: Catalogue) -> list[User]:
    """The accounts of a unit for which something can be switched on."""
    ids = [one.id for one in list_types(catalogue) if one.may_grant_in(unit.kind)]
    found = session.scalars(
        select(User).where(
            User.account_type.in_(ids), User.memberships.any(unit_id=unit.id)
        )
    )
    return list(found)
