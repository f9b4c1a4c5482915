"""Files uploaded for a field: what they are by content, whether the form takes them,
and who may fetch them.

The name's ending and the browser's word prove nothing: each type is recognised in the
bytes, and both have to agree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path, PurePosixPath, PureWindowsPath

from sqlalchemy import Engine

from app.errors import NotFound, TooLarge, WrongFile
from app.policy import Action
from app.services.file_types import (
    TYPES,
    advise,
    ending_of,
    find_fault,
    normal_ending,
)
from app.services.pictures import IMAGE_FORMATS, check_picture, read_whole_picture
from app.services.workplaces import Workplace
from app.storage.engine import begin_reading
from app.storage.files import FileOwner, FileStore, find_file, keep_file
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS, FieldKind
from form_schemas.spec import FormSpec

_MIB = 1024 * 1024
_DEFAULT_TYPES: Mapping[FieldKind, tuple[str, ...]] = {
    FieldKind.FILE: ("pdf", "jpg", "png", "doc", "docx", "xls", "xlsx", "zip"),
    FieldKind.IMAGE: ("jpg", "png"),
}
#: What a text may show.
_PICTURES = ("jpg", "png", "gif")


@dataclass(frozen=True)
class Upload:
    """A file that was stored for a field."""

    token: str
    name: str
    size: int


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
    item = get_file_field(place, form, field_id)
    shown = clean_name(name)
    check_file(item, source, shown, size_limit_mb)
    media_type = TYPES[ending_of(shown)].media_type
    owner = FileOwner(place.unit_id, place.actor.user_id, form.full_name, field_id)
    with engine.begin() as connection:
        token = keep_file(connection, store, source, shown, media_type, owner)
    return Upload(token, shown, source.stat().st_size)


def get_file_field(place: Workplace, form: FormSpec, field_id: str) -> FieldSpec:
    """The field that the person may send files for.

    Raises:
        WrongFile: the person may not enter rows of the form.
        NotFound: the field takes no files.
    """
    obstacle = place.find_obstacle(form)
    if obstacle:
        raise WrongFile(obstacle)
    item = form.by_id.get(field_id)
    if item is None or item.is_given or not _takes_files(item):
        raise NotFound("本表没有这个附件栏。")
    return item


def _takes_files(item: FieldSpec) -> bool:
    """Whether files belong to the field: its values, or pictures of its text."""
    return item.value_kind in FILE_KINDS or item.is_rich


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


def check_announced(item: FieldSpec, name: str, size: int, size_limit_mb: int) -> None:
    """As `check_file`, by the name and size of what is about to be sent."""
    limit, taken = _bounds(item, size_limit_mb)
    _check_said(item.label, taken, clean_name(name), size, limit)


def check_file(item: FieldSpec, source: Path, name: str, size_limit_mb: int) -> None:
    """Raise WrongFile or TooLarge where the field does not take the file."""
    limit, taken = _bounds(item, size_limit_mb)
    _check_content(item.label, taken, source, name, limit)
    if ending_of(name) in IMAGE_FORMATS:
        check_picture(item, source, name, ending_of(name))


def _bounds(item: FieldSpec, size_limit_mb: int) -> tuple[Decimal, Sequence[str]]:
    """How large a file may be, and of which types."""
    limit = min(item.max_size_mb or Decimal(size_limit_mb), Decimal(size_limit_mb))
    return limit, item.accept or _DEFAULT_TYPES.get(item.value_kind, _PICTURES)


def check_announced_attachment(name: str, size: int, size_limit_mb: int) -> None:
    """As `check_attachment`, by the name and size of what is about to be sent."""
    taken = _DEFAULT_TYPES[FieldKind.FILE]
    _check_said("附件", taken, clean_name(name), size, Decimal(size_limit_mb))


def check_text_picture(source: Path, name: str, size_limit_mb: int) -> str:
    """The media type of a picture in a text that belongs to no field.

    Raises:
        WrongFile, TooLarge: it is none that a text may show.
    """
    _check_content("图片", _PICTURES, source, name, Decimal(size_limit_mb))
    read_whole_picture(source, name, ending_of(name))
    return TYPES[ending_of(name)].media_type


def check_attachment(source: Path, name: str, size_limit_mb: int) -> str:
    """The media type of a file that belongs to no field.

    Raises:
        WrongFile, TooLarge: it is none that people exchange.
    """
    taken = _DEFAULT_TYPES[FieldKind.FILE]
    _check_content("附件", taken, source, name, Decimal(size_limit_mb))
    return TYPES[ending_of(name)].media_type


def _check_content(
    label: str, taken: Sequence[str], source: Path, name: str, limit: Decimal
) -> None:
    size = source.stat().st_size
    _check_said(label, taken, name, size, limit)
    fault = find_fault(source, ending_of(name))
    if fault:
        raise WrongFile(f"“{name}”的内容不是 {ending_of(name)} 文件，{fault}。")


def _check_said(
    label: str, taken: Sequence[str], name: str, size: int, limit: Decimal
) -> None:
    """What its name and size say, before there is any content."""
    if size >= limit * _MIB:
        shown = f"{limit.normalize():f}"
        raise TooLarge(
            f"“{name}”有 {size / _MIB:.1f} MB，“{label}”的文件要小于 {shown} MB。"
            f"{_how_to_shrink(name)}"
        )
    ending = ending_of(name)
    if ending not in {normal_ending(one) for one in taken}:
        raise WrongFile(f"“{label}”只收 {'、'.join(taken)} 文件。{advise(name, taken)}")
    if not size:
        raise WrongFile(f"“{name}”是空的，请换一个文件。")


def _how_to_shrink(name: str) -> str:
    if ending_of(name) in IMAGE_FORMATS:
        return "请用看图软件缩小像素，或另存为质量低一些的 jpg 再传。"
    return "请在 Word 等软件里“压缩图片”后另存，或拆成几个文件再传。"


def clean_name(name: str) -> str:
    """The file's own name without folders and characters that could mislead."""
    last = PurePosixPath(PureWindowsPath(name).name).name
    shown = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*')
    stem, dot, ending = shown.strip().rpartition(".")
    return f"{stem[:150]}{dot}{ending[:20]}" or "文件"
