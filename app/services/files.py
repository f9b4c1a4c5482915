"""Files uploaded for a field: what they are by content, whether the form takes them,
and who may fetch them.

The name's ending and the browser's word prove nothing: each type is recognised in the
bytes, and both have to agree.
"""

import struct
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path, PurePosixPath, PureWindowsPath

from PIL import Image, UnidentifiedImageError
from sqlalchemy import Engine

from app.errors import BadRequest, NotFound, TooLarge
from app.permissions import Action
from app.services.workplaces import Workplace
from app.storage.engine import begin_reading
from app.storage.files import FileOwner, FileStore, find_file, keep_file
from form_schemas.kinds import FILE_KINDS, FieldKind
from form_schemas.spec import FieldSpec, FormSpec

_MIB = 1024 * 1024
_HEAD = 8
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
#: Entries of an archive; Office files have some dozens.
_MOST_ENTRIES = 10_000
#: About a page at 600 dpi; more pixels are a picture that nobody took.
_MOST_PIXELS = 50_000_000
_DEFAULT_TYPES: Mapping[FieldKind, tuple[str, ...]] = {
    FieldKind.FILE: ("pdf", "jpg", "png", "doc", "docx", "xls", "xlsx", "zip"),
    FieldKind.IMAGE: ("jpg", "png"),
}


class WrongFile(BadRequest):
    """The file is not one that the field takes."""

    status = 422


@dataclass(frozen=True)
class Upload:
    """A file that was stored for a field."""

    token: str
    name: str
    size: int


@dataclass(frozen=True)
class FileType:
    media_type: str
    #: whether the content is of this type
    recognise: Callable[[Path], bool]


def upload_file(
    engine: Engine,
    store: FileStore,
    place: Workplace,
    form: FormSpec,
    field_id: str,
    source: Path,
    name: str,
    *,
    size_limit_mb: int,
) -> Upload:
    """Check a file and keep it for a field of a form.

    Raises:
        WrongFile, TooLarge: the field does not take it; the sentence says why.
        Forbidden: the person may not enter rows of the form.
    """
    obstacle = place.find_obstacle(form)
    if obstacle:
        raise WrongFile(obstacle)
    item = form.by_id.get(field_id)
    if item is None or item.value_kind not in FILE_KINDS or item.is_given:
        raise NotFound("本表没有这个附件栏。")
    shown = clean_name(name)
    check_file(item, source, shown, size_limit_mb)
    media_type = TYPES[_ending(shown)].media_type
    owner = FileOwner(place.unit_id, place.actor.user_id, form.full_name, field_id)
    with engine.begin() as connection:
        token = keep_file(connection, store, source, shown, media_type, owner)
    return Upload(token, shown, source.stat().st_size)


def get_field_file(engine: Engine, place: Workplace, form: FormSpec, token: str):
    """What is known of a file of the form, if the person may see its rows."""
    place.get_form(form.code, Action.VIEW_ROWS)
    with begin_reading(engine) as connection:
        found = find_file(connection, token)
    if (
        found is None
        or found.unit_id != place.unit_id
        or not is_of_form(found.form_name, form)
    ):
        raise NotFound("没有这个文件，可能已被删除。")
    return found


def is_of_form(name: str | None, form: FormSpec) -> bool:
    """Whether a form's full name is this form's, whatever the edition.

    Rows that are carried into a later edition keep their files.
    """
    collection, _, rest = (name or "").partition("/")
    return (collection, rest.partition("/")[2]) == (form.collection, form.code)


def name_files(engine: Engine, tokens: tuple[str, ...]) -> dict[str, str]:
    """Token -> name, of those that are known."""
    with begin_reading(engine) as connection:
        found = (find_file(connection, token) for token in tokens)
        return {file.token: file.name for file in found if file is not None}


def check_file(item: FieldSpec, source: Path, name: str, size_limit_mb: int) -> None:
    """Raise WrongFile or TooLarge where the field does not take the file."""
    limit = min(item.max_size_mb or Decimal(size_limit_mb), Decimal(size_limit_mb))
    taken = item.accept or _DEFAULT_TYPES[item.value_kind]
    _check_content(item.label, taken, source, name, limit)
    if _ending(name) in _IMAGE_FORMATS:
        _check_image(item, source, name)


def check_attachment(source: Path, name: str, size_limit_mb: int) -> str:
    """The media type of a file that belongs to no field.

    Raises:
        WrongFile, TooLarge: it is none that people exchange.
    """
    taken = _DEFAULT_TYPES[FieldKind.FILE]
    _check_content("附件", taken, source, name, Decimal(size_limit_mb))
    return TYPES[_ending(name)].media_type


def _check_content(
    label: str, taken: Sequence[str], source: Path, name: str, limit: Decimal
) -> None:
    size = source.stat().st_size
    if size >= limit * _MIB:
        shown = f"{limit.normalize():f}"
        raise TooLarge(
            f"“{name}”有 {size / _MIB:.1f} MB，“{label}”的文件要小于 {shown} MB。"
        )
    if not size:
        raise WrongFile(f"“{name}”是空的，请换一个文件。")
    ending = _ending(name)
    if ending not in {_ALIASES.get(one, one) for one in taken}:
        raise WrongFile(f"“{label}”只收 {'、'.join(taken)} 文件。")
    if not TYPES[ending].recognise(source):
        raise WrongFile(
            f"“{name}”的内容不是 {ending} 文件，可能改过后缀或已损坏，请换一个文件。"
        )


def clean_name(name: str) -> str:
    """The file's own name without folders and characters that could mislead."""
    last = PurePosixPath(PureWindowsPath(name).name).name
    shown = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*')
    stem, dot, ending = shown.strip().rpartition(".")
    return f"{stem[:150]}{dot}{ending[:20]}" or "文件"


def _ending(name: str) -> str:
    ending = name.rpartition(".")[2].lower()
    ending = _ALIASES.get(ending, ending)
    return ending if ending in TYPES else ""


def _starts_with(*heads: bytes) -> Callable[[Path], bool]:
    def recognise(path: Path) -> bool:
        with path.open("rb") as stream:
            return stream.read(_HEAD).startswith(heads)

    return recognise


def _is_ole(stream_names: tuple[str, ...]) -> Callable[[Path], bool]:
    """Whether it is a compound file with one of these streams: Word or Excel."""
    names = tuple(name.encode("utf-16-le") for name in stream_names)

    def recognise(path: Path) -> bool:
        content = path.read_bytes()
        return content.startswith(_OLE) and any(name in content for name in names)

    return recognise


def _is_archive(*needed: str) -> Callable[[Path], bool]:
    """Whether it is a sound zip file that holds these entries, and no macros."""

    def recognise(path: Path) -> bool:
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError):
            return False
        if len(names) > _MOST_ENTRIES:
            return False
        has_macros = any(name.lower().endswith("vbaproject.bin") for name in names)
        return set(needed) <= set(names) and not has_macros

    return recognise


def _is_image(image_format: str) -> Callable[[Path], bool]:
    def recognise(path: Path) -> bool:
        return _read_image(path, image_format) is not None

    return recognise


@dataclass(frozen=True)
class _ImageFacts:
    width: int
    height: int
    dpi: float


def _read_image(path: Path, image_format: str) -> _ImageFacts | None:
    """Size and resolution; None where it is no such image. No pixel is decoded."""
    try:
        with warnings.catch_warnings():
            # Pillow only warns of a picture between its limit and twice that.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=[image_format]) as image:
                dpi = image.info.get("dpi", (0, 0))
                facts = _ImageFacts(*image.size, float(min(dpi)))
                if facts.width * facts.height <= _MOST_PIXELS:
                    image.verify()
                return facts
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return _ImageFacts(_MOST_PIXELS, _MOST_PIXELS, 0)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, struct.error):
        return None


def _check_image(item: FieldSpec, source: Path, name: str) -> None:
    facts = _read_image(source, _IMAGE_FORMATS[_ending(name)])
    if facts is None or facts.width * facts.height > _MOST_PIXELS:
        raise WrongFile(f"“{name}”的像素太多，请缩小后再传。")
    if item.min_width_px and facts.width < item.min_width_px:
        raise WrongFile(
            f"“{name}”宽 {facts.width} 像素，“{item.label}”至少要 "
            f"{item.min_width_px} 像素，请换一张更大的。"
        )
    # Files keep dots per metre: 300 dpi comes back as 299.9994.
    if item.min_dpi and round(facts.dpi) < item.min_dpi:
        shown = f"{round(facts.dpi)} dpi" if facts.dpi else "没有写明的分辨率"
        raise WrongFile(
            f"“{name}”是 {shown}，“{item.label}”至少要 {item.min_dpi} dpi，请重新扫描。"
        )


_ALIASES = {"jpeg": "jpg"}
_IMAGE_FORMATS = {"jpg": "JPEG", "png": "PNG", "gif": "GIF"}
_OFFICE = "application/vnd.openxmlformats-officedocument"
_CONTENT_TYPES = "[Content_Types].xml"

TYPES: Mapping[str, FileType] = {
    "pdf": FileType("application/pdf", _starts_with(b"%PDF-")),
    "jpg": FileType("image/jpeg", _is_image("JPEG")),
    "png": FileType("image/png", _is_image("PNG")),
    "gif": FileType("image/gif", _is_image("GIF")),
    "doc": FileType("application/msword", _is_ole(("WordDocument",))),
    "xls": FileType("application/vnd.ms-excel", _is_ole(("Workbook", "Book"))),
    "docx": FileType(
        f"{_OFFICE}.wordprocessingml.document",
        _is_archive(_CONTENT_TYPES, "word/document.xml"),
    ),
    "xlsx": FileType(
        f"{_OFFICE}.spreadsheetml.sheet",
        _is_archive(_CONTENT_TYPES, "xl/workbook.xml"),
    ),
    "zip": FileType("application/zip", _is_archive()),
}
