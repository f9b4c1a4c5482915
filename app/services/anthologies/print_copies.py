"""Copies of pictures for print: as large as they are printed, without what cameras add.

The originals stay as they are and go into the package; a book of two hundred cases
with their originals would be gigabytes.
"""

import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from app.services.pictures import MOST_PIXELS

DPI = 300
#: 15 by 10 cm at this resolution
_WIDEST, _HIGHEST = 1772, 1181
_QUALITY = 88
_BROKEN = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    ZeroDivisionError,
    struct.error,
)


@dataclass(frozen=True)
class PrintCopy:
    width: int
    height: int


def write_print_copy(source: Path, target: Path) -> PrintCopy | None:
    """Write a jpg of the picture that fits a page; None: it cannot be read.

    It stands upright as the camera says, and says nothing else of what the camera
    knew, such as the place.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            with Image.open(source) as image:
                if image.width * image.height > MOST_PIXELS:
                    return None
                return _write(image, target)
    except _BROKEN:
        return None


def _write(image: Image.Image, target: Path) -> PrintCopy:
    # A jpg is read at a half, a quarter or an eighth where that is enough.
    image.draft("RGB", (_WIDEST, _WIDEST))
    upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((_WIDEST, _HIGHEST), Image.Resampling.LANCZOS)
    profile = image.info.get("icc_profile") if image.mode == "RGB" else None
    more = {"icc_profile": profile} if profile else {}
    clean = Image.new("RGB", upright.size)
    clean.paste(upright)
    clean.save(target, "JPEG", quality=_QUALITY, dpi=(DPI, DPI), **more)
    return PrintCopy(*clean.size)
