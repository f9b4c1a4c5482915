"""Makes the sealed package of a unit's round from one state of the data.

Personal data are in full: it is what the unit reports. Who makes one needs the right
to report, and every package stands in the list of exports and in the audit log.
"""

import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, Row, select

from app.models import (
    CellThread,
    Decision,
    Department,
    Filing,
    Round,
    StoredFile,
    ThreadMessage,
    Unit,
    UnitRound,
    User,
)
from app.models.base import now_utc
from app.services.derived_forms import refresh_forms
from app.services.sealed.contents import (
    DECISIONS,
    FORMAT,
    MANIFEST,
    SEAL,
    hash_bytes,
    make_code,
    name_issuer,
    seal_manifest,
    write_json,
    write_line,
)
from app.services.workshop import Workshop
from app.storage.audit import find_head
from app.storage.content import combine, hash_row, iterate_content
from app.storage.engine import begin_reading, begin_snapshot, get_audit_key
from app.storage.expression_rows import find_edition
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.unit_forms import find_forms
from exporters.package import file_name
from exporters.workbook import export_fields, write_xlsx
from form_schemas.catalogue import Edition
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import FormSpec

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Sealed:
    """A finished package."""

    name: str
    rows: int
    #: SHA-256 of its manifest, and the short form that people compare
    digest: str
    code: str


def write_sealed(
    workshop: Workshop,
    scope: Scope,
    maker_id: int,
    path: Path,
    progress: Callable[[int], None] = lambda forms: None,
) -> Sealed:
    """Write the sealed package of a unit's round.

    Args:
        maker_id: the account that has it made.
        progress: called with the number of forms done.
    """
    _refresh(workshop, scope)
    with (
        begin_snapshot(workshop.engine) as connection,
        tempfile.TemporaryDirectory(prefix="tianbao-sealed-") as folder,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package,
    ):
        writing = _Writing(workshop, connection, scope, package, Path(folder))
        return writing.write(maker_id, progress)


def _refresh(workshop: Workshop, scope: Scope) -> None:
    """Have the package hold what is computed as it is now."""
    with begin_reading(workshop.engine) as connection:
        edition = find_edition(connection, workshop.catalogue, scope.round_id)
        forms = () if edition is None else find_forms(connection, edition, scope)
    if forms:
        refresh_forms(workshop.engine, workshop.catalogue, forms, scope)


class _Writing:
    """One package on its way."""

    def __init__(
        self,
        workshop: Workshop,
        connection: Connection,
        scope: Scope,
        package: zipfile.ZipFile,
        folder: Path,
    ) -> None:
        self.workshop = workshop
        self.catalogue = workshop.catalogue
        self.connection = connection
        self.scope = scope
        self.package = package
        self.folder = folder
        self.parts: list[dict[str, object]] = []
        self.files: set[str] = set()

    def write(self, maker_id: int, progress: Callable[[int], None]) -> Sealed:
        unit = self._get(Unit, self.scope.unit_id)
        found = self._get(Round, self.scope.round_id)
        edition = self.catalogue.edition(found.collection, found.edition)
        forms = []
        filings = self._find_filings()
        held = find_forms(self.connection, edition, self.scope)
        for done, form in enumerate(held, 1):
            forms.append(self._write_form(form, filings.get(form.code)))
            progress(done)
        self._write_files()
        self._write_part(DECISIONS, write_json(self._describe_decisions()))
        key = get_audit_key(self.connection)
        manifest = write_json(
            {
                "format": FORMAT,
                "issuer": name_issuer(key),
                "made_at": now_utc().isoformat(timespec="seconds"),
                "made_by": self._get(User, maker_id).name,
                "unit": {"code": unit.code, "name": unit.name},
                **_describe_round(found, edition),
                **self._describe_state(),
                "forms": forms,
                "parts": self.parts,
            }
        )
        return self._seal(key, manifest, unit, found, sum(f["rows"] for f in forms))

    def _seal(self, key, manifest: bytes, unit: Row, found: Row, rows: int) -> Sealed:
        digest = hash_bytes(manifest)
        head = find_head(self.connection)
        seal = {
            "manifest": digest,
            "seal": seal_manifest(key, manifest),
            "audit": "" if head is None else f"{head[0].count}:{head[0].last}",
        }
        self.package.writestr(MANIFEST, manifest)
        self.package.writestr(SEAL, write_json(seal))
        name = f"{unit.name} {found.title}（上报包）.zip".replace("/", "／")
        return Sealed(name, rows, digest, make_code(digest))

    def _write_form(self, form: FormSpec, filing: Row | None) -> dict[str, object]:
        workbook, data = f"forms/{file_name(form, 'xlsx')}", f"data/{form.code}.jsonl"
        hashes = self._write_data(form, data)
        self._write_workbook(form, workbook)
        is_empty = filing is not None and filing.is_empty
        return {
            "code": form.code,
            "title": form.title,
            "schema": form.fingerprint,
            "state": "draft" if filing is None else filing.state.value,
            "step": "" if filing is None else filing.step,
            "is_empty": is_empty,
            "is_closed": filing is not None and filing.is_closed,
            "rows": len(hashes),
            "content_hash": combine("empty" if is_empty else "rows", hashes),
            "workbook": workbook,
            "data": data,
        }

    def _write_data(self, form: FormSpec, name: str) -> list[str]:
        """Write the rows as lines; gives their hashes."""
        fields = [f.id for f in form.fields if f.value_kind in FILE_KINDS]
        path, hashes = self.folder / "data", []
        content = iterate_content(
            self.connection, self.catalogue, form, self.scope, form.fields
        )
        with path.open("wb") as stream:
            for cells in content:
                hashes.append(hash_row(cells))
                stream.write(write_line(cells))
                for field_id in fields:
                    self._note_files(cells[field_id])
        self._take(name, path)
        return hashes

    def _note_files(self, value: object) -> None:
        if isinstance(value, str):
            self.files.add(value)
        elif value:
            self.files.update(value)

    def _write_workbook(self, form: FormSpec, name: str) -> None:
        store = RowStore(self.connection, self.catalogue)
        fields = export_fields(form, self.catalogue)
        rows = store.iterate(form, self.scope, fields=fields)
        path = self.folder / "workbook.xlsx"
        write_xlsx(form, self.catalogue, rows, path, mask=None)
        self._take(name, path)
        path.unlink()

    def _write_files(self) -> None:
        """The files that rows name, each once."""
        table = StoredFile.__table__
        found = self.connection.execute(
            select(table.c.sha256, table.c.token).where(
                table.c.unit_id == self.scope.unit_id, table.c.form_name.is_not(None)
            )
        )
        tokens = dict(map(tuple, found))
        for digest in sorted(self.files & tokens.keys()):
            with self.workshop.files.open_path(tokens[digest]) as path:
                self._take(f"files/{digest}", path)

    def _take(self, name: str, path: Path) -> None:
        digest, size = sha256(), 0
        with path.open("rb") as source, self.package.open(name, "w") as part:
            while piece := source.read(_CHUNK):
                digest.update(piece)
                size += len(piece)
                part.write(piece)
        self.parts.append({"name": name, "size": size, "sha256": digest.hexdigest()})

    def _write_part(self, name: str, content: bytes) -> None:
        self.package.writestr(name, content)
        self.parts.append(
            {"name": name, "size": len(content), "sha256": hash_bytes(content)}
        )

    # What the database knows of the round.

    def _get(self, model, row_id: int) -> Row:
        table = model.__table__
        wanted = select(table).where(table.c.id == row_id)
        return self.connection.execute(wanted).one()

    def _in_round(self, table):
        return (
            table.c.unit_id == self.scope.unit_id,
            table.c.round_id == self.scope.round_id,
        )

    def _find_filings(self) -> dict[str, Row]:
        table = Filing.__table__
        found = self.connection.execute(select(table).where(*self._in_round(table)))
        return {filing.form_code: filing for filing in found}

    def _describe_state(self) -> dict[str, object]:
        table = UnitRound.__table__
        found = self.connection.execute(
            select(table).where(*self._in_round(table))
        ).first()
        if found is None:
            return {"state": "draft", "step": ""}
        return {"state": found.state.value, "step": found.step}

    def _describe_decisions(self) -> dict[str, object]:
        return {
            "decisions": list(self._list_decisions()),
            "threads": list(self._list_threads()),
        }

    def _list_decisions(self) -> Iterator[dict[str, object]]:
        table = Decision.__table__
        found = self.connection.execute(
            select(
                table,
                Filing.form_code,
                User.name.label("actor"),
                Department.name.label("department"),
            )
            .join(User, User.id == table.c.actor_id)
            .outerjoin(Filing, Filing.id == table.c.filing_id)
            .outerjoin(Department, Department.id == table.c.department_id)
            .where(*self._in_round(table))
            .order_by(table.c.id)
        )
        for one in found:
            yield {
                "number": one.id,
                "form": one.form_code,
                "department": one.department,
                "kind": one.kind.value,
                "step": one.step,
                "actor": one.actor,
                "at": one.at.isoformat(),
                "remark": one.remark,
                "content_hash": one.content_hash,
                "undoes": one.undoes_id,
                "details": one.details,
            }

    def _list_threads(self) -> Iterator[dict[str, object]]:
        table, said = CellThread.__table__, ThreadMessage.__table__
        found = self.connection.execute(
            select(table).where(*self._in_round(table)).order_by(table.c.id)
        ).all()
        messages = self.connection.execute(
            select(said, User.name.label("actor"))
            .join(User, User.id == said.c.actor_id)
            .join(table, table.c.id == said.c.thread_id)
            .where(*self._in_round(table))
            .order_by(said.c.id)
        ).all()
        for one in found:
            own = [m for m in messages if m.thread_id == one.id]
            yield {
                "form": one.form_code,
                "row": one.row_key,
                "field": one.field_id,
                "step": one.step,
                "state": one.state.value,
                "messages": _describe_messages(own),
            }


def _describe_messages(messages: Sequence[Row]) -> list[dict[str, object]]:
    return [
        {
            "actor": said.actor,
            "at": said.at.isoformat(),
            "reason": said.reason,
            "text": said.text,
        }
        for said in messages
    ]


def _describe_round(found: Row, edition: Edition) -> dict[str, object]:
    return {
        "collection": found.collection,
        "edition": found.edition,
        "collection_title": edition.title,
        "round": {"title": found.title, "periods": found.periods},
    }
