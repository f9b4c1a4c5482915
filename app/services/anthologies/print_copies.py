"""Copies of pictures for print: as large as they are printed, without what cameras add.

The originals stay as they are and go into the package; a book of two hundred cases
with their originals would be gigabytes.
"""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from app.services.decoding import BROKEN, open_to_draw

DPI = 300
#: 15 by 10 cm at this resolution
_WIDEST, _HIGHEST = 1772, 1181
_QUALITY = 88


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
        with open_to_draw(source) as image:
            return None if image is None else _write(image, target)
    except BROKEN:
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
