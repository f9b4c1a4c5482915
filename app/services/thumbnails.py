"""Small copies of pictures that people sent, for pages where many are looked at."""

import io
import warnings
from pathlib import Path

from PIL import Image, ImageOps

from app.services.pictures import IMAGE_FORMATS, MOST_PIXELS, UNREADABLE

#: Types of files that browsers show as pictures.
PICTURE_TYPES = frozenset({"image/jpeg", "image/png", "image/gif"})
_BOX = (480, 320)


def draw_small(path: Path) -> bytes | None:
    """A jpg of at most 480 × 320 pixels; None where nothing can be drawn of it.

    What a camera wrote beside the pixels (places, for one) does not come along.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            with Image.open(path, formats=tuple(IMAGE_FORMATS.values())) as image:
                if image.width * image.height > MOST_PIXELS:
                    return None
                # A jpg is decoded at a fraction of its size where that will do.
                image.draft("RGB", _BOX)
                small = ImageOps.exif_transpose(image)
                small.thumbnail(_BOX)
                return _encode(small)
    except UNREADABLE:
        return None


def _encode(image: Image.Image) -> bytes:
    seen = image.convert("RGBA")
    paper = Image.new("RGB", seen.size, "white")
    paper.paste(seen, mask=seen)
    stream = io.BytesIO()
    paper.save(stream, "JPEG", quality=80)
    return stream.getvalue()
