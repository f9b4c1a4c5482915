"""Many forms in one file: a zip of workbooks, or one workbook with a sheet a form.

A department gets all its templates, or all its data, at once. Whoever asks hands over
the rows of each form; nothing here knows where they come from.
"""

import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, BinaryIO

from openpyxl import Workbook

from exporters.layout import name_sheet, sheet_layout, sheet_title
from exporters.putting import put_value
from exporters.stamp import put_stamp
from exporters.template import (
    build_template,
    write_data_sheet,
    write_lists,
)
from exporters.workbook import Chunks, Mask, convert_chunks, write_csv, write_xlsx
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec

#: The rows of a form, in chunks of tuples in the order of `export_fields`.
RowsOf = Callable[[FormSpec], Chunks]
WriteTemplate = Callable[[FormSpec, IO[bytes]], None]
#: Called after each form with the number of forms done.
Progress = Callable[[int], None]


def write_template_zip(
    forms: Sequence[FormSpec],
    catalogue: Catalogue,
    target: Path | BinaryIO,
    progress: Progress | None = None,
    write: WriteTemplate | None = None,
) -> None:
    """Write the templates of forms into one zip.

    Args:
        write: writes one of them; the empty template of its edition if None.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as package:
        for done, form in enumerate(forms, 1):
            with package.open(file_name(form, "xlsx"), "w") as entry:
                if write is not None:
                    write(form, entry)
                else:
                    build_template(form, catalogue).save(entry)
            if progress:
                progress(done)


def write_export_zip(
    forms: Sequence[FormSpec],
    catalogue: Catalogue,
    rows_of: RowsOf,
    target: Path | BinaryIO,
    *,
    file_type: str = "xlsx",
    mask: Mask | None = None,
    progress: Progress | None = None,
) -> int:
    """Write the rows of forms into one zip, a file a form; gives the number of rows."""
    write = {"xlsx": write_xlsx, "csv": write_csv}[file_type]
    total = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package,
    ):
        for done, form in enumerate(forms, 1):
            # A workbook is written to a file of its own first: its writer seeks.
            path = Path(folder) / f"export.{file_type}"
            with path.open("w+b") as file:
                total += write(form, catalogue, rows_of(form), file, mask=mask)
            packed = zipfile.ZIP_STORED if file_type == "xlsx" else None
            package.write(path, file_name(form, file_type), packed)
            if progress:
                progress(done)
    return total


def write_one_workbook(
    forms: Sequence[FormSpec],
    catalogue: Catalogue,
    target: Path | BinaryIO,
    *,
    rows_of: RowsOf | None = None,
    mask: Mask | None = None,
    stamp: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> int:
    """Write one workbook with a sheet a form, empty or with rows.

    It is for reading and for filling in together. An import takes the sheet that is
    named after its form (`layout.name_sheet`), so each comes back from the same file.

    Args:
        stamp: what its hidden sheet says; it has none if None.
    """
    workbook = Workbook()
    workbook.remove(workbook.active)
    layouts = [sheet_layout(form, catalogue) for form in forms]
    titles = _titles(forms)
    sheets = [workbook.create_sheet(title) for title in titles]
    lists = dict.fromkeys(texts for layout in layouts for texts in layout.lists)
    ranges = write_lists(workbook, tuple(lists))
    total = 0
    for done, (form, layout, sheet) in enumerate(
        zip(forms, layouts, sheets, strict=True), 1
    ):
        write_data_sheet(sheet, layout, ranges)
        if rows_of is not None:
            rows = convert_chunks(form, catalogue, rows_of(form), mask)
            for number, row in enumerate(rows, layout.header_row + 1):
                total += 1
                for at, (column, value) in enumerate(
                    zip(layout.columns, row, strict=True), 1
                ):
                    put_value(sheet, number, at, value, column.number_format)
        if progress:
            progress(done)
    if stamp is not None:
        put_stamp(workbook, stamp.items())
    workbook.save(target)
    return total


def file_name(form: FormSpec, extension: str) -> str:
    """`0.1.5 在校生基础信息表.xlsx`, without signs that file systems refuse."""
    return f"{form.code} {sheet_title(form.title)}.{extension}"


def _titles(forms: Iterable[FormSpec]) -> list[str]:
    """Names of sheets, all different whatever was cut off."""
    titles: list[str] = []
    taken: set[str] = set()
    for form in forms:
        title = name_sheet(form)
        if title.lower() in taken:
            title = sheet_title(f"{form.code} {form.edition} {form.title}")
        taken.add(title.lower())
        titles.append(title)
    return titles
