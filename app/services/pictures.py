"""Pictures of fields: whether one is large and fine enough, and what to do where not.

Cameras write a resolution into a picture that says nothing of what they took. Whether
it prints well is a matter of its pixels; `set_resolution` writes the number anew and
leaves them as they are.
"""

import io
import struct
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from app.errors import CoarsePicture, WrongFile
from form_schemas.field_spec import FieldSpec

#: About a page at 600 dpi; more pixels are a picture that nobody took.
MOST_PIXELS = 50_000_000
IMAGE_FORMATS: Mapping[str, str] = {"jpg": "JPEG", "png": "PNG", "gif": "GIF"}
#: What the library raises where a picture is broken.
UNREADABLE = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    ZeroDivisionError,
    struct.error,
)
_CM_PER_INCH = 2.54
_START, _END, _SCAN = b"\xff\xd8", b"\xff\xd9", 0xDA
_JFIF, _EXIF = 0xE0, 0xE1
_INCHES = 1
#: EXIF: width, height, unit of the resolution; 2 there means inches
_EXIF_TAGS = {0x011A: 0, 0x011B: 0, 0x0128: 2}


@dataclass(frozen=True)
class PictureFacts:
    width: int
    height: int
    #: 0: the file does not say
    dpi: float

    @property
    def is_flood(self) -> bool:
        return self.width * self.height > MOST_PIXELS


def read_picture(path: Path, image_format: str) -> PictureFacts | None:
    """Size and resolution; None where it is no such image, or a broken one.

    Of a picture with too many pixels none is decoded.
    """
    try:
        with warnings.catch_warnings():
            # What it warns of in what people send is no fault of ours.
            warnings.simplefilter("ignore", UserWarning)
            # It only warns of a picture between its limit and twice that.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=[image_format]) as image:
                dpi = image.info.get("dpi", (0, 0))
                facts = PictureFacts(*image.size, float(min(dpi)))
                if not facts.is_flood:
                    _require_whole(image, path)
                return facts
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return PictureFacts(MOST_PIXELS, MOST_PIXELS, 0)
    except UNREADABLE:
        return None


def read_whole_picture(source: Path, name: str, ending: str) -> PictureFacts:
    """Size and resolution of a picture that can be shown.

    Raises:
        WrongFile: it has too many pixels.
    """
    facts = read_picture(source, IMAGE_FORMATS[ending])
    if facts is None or facts.is_flood:
        most = MOST_PIXELS // 10_000
        raise WrongFile(
            f"“{name}”的像素太多（最多 {most} 万），请用看图软件缩小后再传。"
        )
    return facts


def check_picture(item: FieldSpec, source: Path, name: str, ending: str) -> None:
    """Raise WrongFile where the picture is too small, too large or too coarse."""
    facts = read_whole_picture(source, name, ending)
    if item.min_width_px and facts.width < item.min_width_px:
        raise WrongFile(
            f"“{name}”宽 {facts.width} 像素，“{item.label}”至少要 "
            f"{item.min_width_px} 像素。放大不会更清楚：请找相机或手机里的原图，"
            "不要用聊天软件转发过的、截屏的图。"
        )
    # Files keep dots per metre: 300 dpi comes back as 299.9994.
    if item.min_dpi and round(facts.dpi) < item.min_dpi:
        raise _make_coarse(item, facts, name, ending)


def set_resolution(source: Path, dpi: int) -> None:
    """Write the resolution of a jpg anew; no pixel is touched.

    Raises:
        WrongFile: it is no jpg that can be read.
    """
    content = source.read_bytes()
    segments = list(_list_segments(content))
    if not segments:
        raise WrongFile("这张照片读不出来，请换一张。")
    kept = bytearray(content)
    for kind, start, end in segments:
        if kind == _EXIF and content[start : start + 6] == b"Exif\0\0":
            _set_in_exif(kept, start + 6, end, dpi)
    for kind, start, end in segments:
        if (
            kind == _JFIF
            and content[start : start + 5] == b"JFIF\0"
            and end > start + 11
        ):
            kept[start + 7 : start + 12] = struct.pack(">BHH", _INCHES, dpi, dpi)
            break
    else:
        # Where only EXIF is there, the JFIF header has to come before it.
        header = b"JFIF\0\1\2" + struct.pack(">BHHBB", _INCHES, dpi, dpi, 0, 0)
        kept[2:2] = b"\xff\xe0" + struct.pack(">H", len(header) + 2) + header
    source.write_bytes(kept)


def _make_coarse(
    item: FieldSpec, facts: PictureFacts, name: str, ending: str
) -> WrongFile:
    said = f"写着 {round(facts.dpi)} dpi" if facts.dpi else "没有写明分辨率"
    wide, high = (
        f"{side / item.min_dpi * _CM_PER_INCH:.1f}"
        for side in (facts.width, facts.height)
    )
    sentence = (
        f"“{name}”里{said}，“{item.label}”至少要 {item.min_dpi} dpi。它有 "
        f"{facts.width}×{facts.height} 像素，按 {item.min_dpi} dpi 能印 "
        f"{wide}×{high} 厘米"
    )
    by_hand = (
        f"用看图或修图软件打开，在“图像大小”里把分辨率设为 {item.min_dpi}，"
        "不要勾选“重新采样”，保存后再传"
    )
    if ending != "jpg":
        return WrongFile(f"{sentence}，像素够用：{by_hand}。")
    return CoarsePicture(
        f"{sentence}，像素够用，不必重拍：请点“替我标为 {item.min_dpi} dpi”"
        f"（像素不变）；没有这个按钮时，{by_hand}。",
        item.min_dpi,
    )


def _require_whole(image: Image.Image, path: Path) -> None:
    """Raise OSError where the end is missing, or pixels cannot be read.

    A jpg is read at an eighth of its size, which still goes through all of it. One of
    many scans is not: each costs as much as the whole picture.
    """
    if image.format != "JPEG":
        image.verify()
        return
    content = path.read_bytes()
    segments = list(_list_segments(content))
    if not segments or content.find(_END, segments[-1][2]) < 0:
        raise OSError("no end of the picture")
    if "progressive" not in image.info:
        image.draft("RGB", (1, 1))
        image.load()


def _list_segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Kind, start and end of the contents of a jpg's segments before its pixels."""
    if not content.startswith(_START):
        return
    at = len(_START)
    while at + 4 <= len(content) and content[at] == 0xFF:
        kind = content[at + 1]
        if kind == 0xFF:
            at += 1
            continue
        (length,) = struct.unpack_from(">H", content, at + 2)
        end = at + 2 + length
        if length < 2 or end > len(content):
            return
        yield kind, at + 4, end
        if kind == _SCAN:
            return
        at = end


def _set_in_exif(content: bytearray, start: int, end: int, dpi: int) -> None:
    """Change the resolution where EXIF has one; nothing grows or moves."""
    block = io.BytesIO(content[start:end]).getvalue()
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None:
        return
    try:
        (first,) = struct.unpack_from(f"{order}I", block, 4)
        (count,) = struct.unpack_from(f"{order}H", block, first)
        for number in range(count):
            at = first + 2 + number * 12
            tag, _, _, value = struct.unpack_from(f"{order}HHII", block, at)
            unit = _EXIF_TAGS.get(tag)
            if unit:
                struct.pack_into(f"{order}H", content, start + at + 8, unit)
            elif unit == 0 and value + 8 <= len(block):
                struct.pack_into(f"{order}II", content, start + value, dpi, 1)
    except struct.error:
        # What cannot be read stays as it is: the header before it counts.
        return
