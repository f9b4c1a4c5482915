"""Workbooks of a booklet: all of its forms in one, or one for each member of its lists.

What comes back is imported by the same imports as any file: of the whole workbook one
for each sheet with rows, of members' files one for each list they belong to.
"""

import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.errors import AppError, Refused
from app.models import AuditAction
from app.policy import Action
from app.services.booklet_seals import Sealer, is_member_book, require_own_row
from app.services.booklets import forms_of
from app.services.desks import Desk
from app.services.import_orders import Order, start_import
from app.services.recording import record_at_desk
from app.services.workplaces import Workplace
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from app.storage.records import Query, Scope, StoredRow
from app.storage.rows import RowStore
from exporters.gate import Limits, list_sheets, open_package
from exporters.header import is_importable
from exporters.layout import name_sheet, sheet_layout, sheet_title
from exporters.member_book import (
    MemberBooks,
    Texts,
    read_returned,
    read_stamp_of,
    write_merged,
)
from exporters.package import write_one_workbook
from exporters.refusals import RefusedFile, describe_refusal
from exporters.scan import scan_sheet
from exporters.workbook import export_fields
from form_schemas.booklets import Booklet
from form_schemas.spec import FormSpec, Shape
from renderers.display import mask

#: Members that get a workbook at once, and files that come back at once.
MOST_MEMBERS = 500
MOST_FILES = 60
_CHUNK = 2000


@dataclass(frozen=True)
class Receipt:
    """What became of one file."""

    file_name: str
    #: what was found in it, or why nothing was taken
    text: str
    is_taken: bool = True
    #: the import it went to
    import_id: int | None = None


def list_typed(place: Workplace, booklet: Booklet) -> tuple[FormSpec, ...]:
    """The forms of a booklet into which somebody types, in its order."""
    forms = forms_of(place, booklet)
    return tuple(form for form in forms if any(map(is_importable, form.fields)))


def list_members(place: Workplace, booklet: Booklet) -> tuple[FormSpec, ...]:
    """The lists of a booklet whose rows have a name: each is a member to hand out."""
    return tuple(
        form
        for form in list_typed(place, booklet)
        if form.shape is Shape.ROWS
        and form.title_field is not None
        and form.key
        # A tick is a row, too, and nobody to hand anything out to.
        and form.by_id[form.title_field].codes is None
    )


def write_book(
    workshop: Workshop,
    secret: str,
    place: Workplace,
    booklet: Booklet,
    target: Path | BinaryIO,
) -> None:
    """Write all forms with what is filled in into one workbook, a sheet a form."""
    forms, catalogue = list_typed(place, booklet), workshop.catalogue
    with begin_reading(workshop.engine) as connection:
        store = RowStore(connection, catalogue)

        def rows_of(form: FormSpec):
            scope = _scope(place, form, Action.EXPORT_ROWS)
            fields = export_fields(form, catalogue)
            return store.iterate(form, scope, Query(), fields=fields, chunk=_CHUNK)

        stamp = _open_sealer(secret, place).seal_book(forms)
        write_one_workbook(
            forms, catalogue, target, rows_of=rows_of, mask=mask, stamp=stamp
        )
    _tell_fetched(workshop, place, forms)


def write_member_zip(
    workshop: Workshop,
    secret: str,
    place: Workplace,
    booklet: Booklet,
    target: Path | BinaryIO,
) -> int:
    """Write a workbook for each member of the booklet's lists; gives how many.

    Raises:
        Refused: there are none, or more than can be made at once.
    """
    rows = {
        form: _read_rows(workshop, place, form) for form in list_members(place, booklet)
    }
    count = sum(map(len, rows.values()))
    if not count:
        raise Refused("名单里还没有成员。请先在名单里添加，或从上期名单选。")
    if count > MOST_MEMBERS:
        raise Refused(
            f"名单里有 {count} 个成员，一次最多发 {MOST_MEMBERS} 份。"
            "请用整份工作簿，或分表导出。"
        )
    sealer = _open_sealer(secret, place)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as package:
        for form, members in rows.items():
            if members:
                books = MemberBooks(form, workshop.catalogue, mask)
                _write_members(books, sealer, form, members, package)
    _tell_fetched(workshop, place, [form for form, found in rows.items() if found])
    return count


def take_files(
    workshop: Workshop,
    secret: str,
    place: Workplace,
    booklet: Booklet,
    files: Sequence[tuple[str, Path]],
) -> tuple[Receipt, ...]:
    """Import the files that came back, whole workbooks and members' ones.

    Args:
        files: names as their owners call them, and where they lie.
    """
    if len(files) > MOST_FILES:
        raise Refused(f"一次最多传 {MOST_FILES} 份，请分几次传。")
    merging = _Merging(workshop, secret, place, booklet)
    receipts = [merging.take(name, path) for name, path in files]
    ids = merging.start()
    return tuple(
        receipt if form is None else _tie(receipt, ids[form])
        for receipt, form in receipts
    )


class _Merging:
    """Files of members, as they become one import for each list."""

    def __init__(
        self, workshop: Workshop, secret: str, place: Workplace, booklet: Booklet
    ) -> None:
        self._workshop, self._place = workshop, place
        self._sealer = _open_sealer(secret, place)
        self._forms = {form.full_name: form for form in list_typed(place, booklet)}
        self._rows: dict[FormSpec, list[Texts]] = {}
        self._files: dict[FormSpec, int] = {}

    def take(self, name: str, path: Path) -> tuple[Receipt, FormSpec | None]:
        """The receipt of a file, and the form that its rows wait for."""
        try:
            stamp = read_stamp_of(path, self._workshop.limits)
            whole = [] if is_member_book(stamp) else self._list_whole(path)
            if not whole:
                return self._take_member(name, path, stamp)
            sealed = self._sealer.list_sealed(stamp)
            whole = [form for form in whole if form.full_name in sealed]
            return self._start_whole(name, path, whole), None
        except RefusedFile as refused:
            told = describe_refusal(refused.refusal)
            return Receipt(name, told, is_taken=False), None
        except AppError as refusal:
            return Receipt(name, refusal.message, is_taken=False), None

    def start(self) -> dict[FormSpec, int]:
        """Order the imports of what was gathered; gives the import of each form."""
        return {form: self._start_merged(form) for form in self._rows}

    def _list_whole(self, path: Path) -> list[FormSpec]:
        """The forms that a file has sheets of."""
        sheets = list_sheets(path, self._workshop.limits)
        return [form for form in self._forms.values() if name_sheet(form) in sheets]

    def _take_member(
        self, name: str, path: Path, stamp: Mapping[str, str]
    ) -> tuple[Receipt, FormSpec]:
        form = self._find_form(stamp)
        self._sealer.require_seal(stamp)
        found = read_returned(
            path, form, self._workshop.catalogue, self._workshop.limits
        )
        require_own_row(found, stamp)
        self._desk(form).require_entry()
        texts = [row.texts for row in found.rows]
        self._rows.setdefault(form, []).extend(texts)
        self._files[form] = self._files.get(form, 0) + 1
        titles = [row.get(form.title_field or "", "") for row in texts]
        named = "、".join(filter(None, titles[:3]))
        text = f"{form.title}：{named or '没有写名称'}，{len(found.rows)} 行"
        return Receipt(name, text), form

    def _find_form(self, stamp: Mapping[str, str]) -> FormSpec:
        form = self._forms.get(stamp.get("form", ""))
        if form is None:
            raise Refused(
                "这不是本系统发出的成员模板，也不是整份工作簿。"
                "别的表格请到对应名单里用“导入”。"
            )
        return form

    def _start_whole(self, name: str, path: Path, forms: Sequence[FormSpec]) -> Receipt:
        """An import for each sheet with rows; none where one cannot be read."""
        told, refused = [], []
        first: int | None = None
        for form in [one for one in forms if _has_rows(path, one, self._workshop)]:
            try:
                import_id = self._order(form, path, name)
            except AppError as refusal:
                refused.append(f"{form.code} 没有导入：{refusal.message}")
            else:
                first = import_id if first is None else first
                told.append(form.code)
        if not told and not refused:
            return Receipt(name, "各表都是空的，没有可以导入的行。", is_taken=False)
        text = f"开始导入 {len(told)} 张表：{'、'.join(told)}。" if told else ""
        return Receipt(name, text + "".join(refused), bool(told), first)

    def _start_merged(self, form: FormSpec) -> int:
        with tempfile.TemporaryDirectory(prefix="tianbao-merged-") as folder:
            path = Path(folder) / "merged.xlsx"
            write_merged(form, self._workshop.catalogue, self._rows[form], path)
            name = f"{form.code} 合并 {self._files[form]} 份成员表.xlsx"
            return self._order(form, path, name)

    def _order(self, form: FormSpec, path: Path, name: str) -> int:
        self._desk(form).require_entry()
        scope = _scope(self._place, form, Action.IMPORT_ROWS)
        order = Order(form, scope, self._place.actor.user_id, path, name)
        return start_import(self._workshop, order).import_id

    def _desk(self, form: FormSpec) -> Desk:
        workshop = self._workshop
        self._place.get_form(form.code, Action.IMPORT_ROWS)
        return Desk(workshop.engine, workshop.catalogue, self._place, form)


def _tie(receipt: Receipt, import_id: int) -> Receipt:
    return Receipt(receipt.file_name, receipt.text, receipt.is_taken, import_id)


def _has_rows(path: Path, form: FormSpec, workshop: Workshop) -> bool:
    limits: Limits = workshop.limits
    package = open_package(path, limits, name_sheet(form))
    layout = sheet_layout(form, workshop.catalogue)
    return scan_sheet(package).rows > layout.header_row


def _read_rows(
    workshop: Workshop, place: Workplace, form: FormSpec
) -> tuple[StoredRow, ...]:
    with begin_reading(workshop.engine) as connection:
        store = RowStore(connection, workshop.catalogue)
        scope = _scope(place, form, Action.EXPORT_ROWS)
        return store.find_page(form, scope, Query(size=MOST_MEMBERS + 1)).rows


def _write_members(
    books: MemberBooks,
    sealer: Sealer,
    form: FormSpec,
    members: Sequence[StoredRow],
    package: zipfile.ZipFile,
) -> None:
    title = form.by_id[form.title_field or ""]
    for number, member in enumerate(members, 1):
        name = sheet_title(str(member.row.get(title.id) or "")) or str(number)
        stamp = sealer.seal_member(form, books.name(member.row))
        with package.open(f"{form.code} {number:03d} {name}.xlsx", "w") as entry:
            books.write(member.row, entry, stamp)


def _open_sealer(secret: str, place: Workplace) -> Sealer:
    return Sealer(secret, place.unit_id, place.round_id)


def _scope(place: Workplace, form: FormSpec, action: Action) -> Scope:
    department = place.department_for(form, action)
    return Scope(place.unit_id, place.round_id, department)


def _tell_fetched(
    workshop: Workshop, place: Workplace, forms: Sequence[FormSpec]
) -> None:
    with workshop.engine.begin() as connection:
        for form in forms:
            desk = Desk(workshop.engine, workshop.catalogue, place, form)
            details = {"format": "xlsx", "personal": False}
            record_at_desk(connection, desk, AuditAction.EXPORT_FETCHED, details)
