"""Packages: the templates, or the data, of several forms in one file.

A zip holds a workbook (or csv) a form, an xlsx a sheet a form; who asks chooses.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Connection

from app.errors import BadRequest
from app.storage.records import Scope
from app.storage.rows import RowStore
from exporters.package import (
    WriteTemplate,
    write_export_zip,
    write_one_workbook,
    write_template_zip,
)
from exporters.workbook import Chunks, Mask, export_fields
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec

#: Format of a package -> the ending of its file.
PACKAGE_ENDINGS = {"zip": "zip", "csv": "zip", "xlsx": "xlsx"}

Progress = Callable[[int], None]


def write_template_package(
    catalogue: Catalogue,
    forms: Sequence[FormSpec],
    path: Path,
    file_format: str,
    progress: Progress | None = None,
    write: WriteTemplate | None = None,
) -> None:
    """Write the templates of forms into one file.

    Args:
        write: writes a template that is a file of its own.
    """
    _require_format(file_format)
    if file_format == "xlsx":
        write_one_workbook(forms, catalogue, path, progress=progress)
    else:
        write_template_zip(forms, catalogue, path, progress, write)


def write_data_package(
    connection: Connection,
    catalogue: Catalogue,
    forms: Sequence[FormSpec],
    scope: Scope,
    path: Path,
    file_format: str,
    mask: Mask | None,
    progress: Progress | None = None,
) -> int:
    """Write the rows of forms into one file; gives their number."""
    _require_format(file_format)
    store = RowStore(connection, catalogue)

    def rows_of(form: FormSpec) -> Chunks:
        return store.iterate(form, scope, fields=export_fields(form, catalogue))

    if file_format == "xlsx":
        return write_one_workbook(
            forms, catalogue, path, rows_of=rows_of, mask=mask, progress=progress
        )
    return write_export_zip(
        forms,
        catalogue,
        rows_of,
        path,
        file_type="csv" if file_format == "csv" else "xlsx",
        mask=mask,
        progress=progress,
    )


def _require_format(file_format: str) -> None:
    if file_format not in PACKAGE_ENDINGS:
        raise BadRequest(f"不支持打包为 {file_format}，请选 zip、xlsx 或 csv。")
