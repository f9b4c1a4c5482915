"""Small copies of pictures that people sent, for pages where many are looked at."""

import io
from pathlib import Path

from PIL import Image, ImageOps

from app.services.decoding import BROKEN, open_to_draw

#: Types of files that browsers show as pictures.
PICTURE_TYPES = frozenset({"image/jpeg", "image/png", "image/gif"})
_BOX = (480, 320)


def draw_small(path: Path) -> bytes | None:
    """A jpg of at most 480 × 320 pixels; None where nothing can be drawn of it.

    What a camera wrote beside the pixels (places, for one) does not come along.
    """
    try:
        with open_to_draw(path) as image:
            if image is None:
                return None
            # A jpg is decoded at a fraction of its size where that will do.
            image.draft("RGB", _BOX)
            small = ImageOps.exif_transpose(image)
            small.thumbnail(_BOX)
            return _encode(small)
    except BROKEN:
        return None


def _encode(image: Image.Image) -> bytes:
    seen = image.convert("RGBA")
    paper = Image.new("RGB", seen.size, "white")
    paper.paste(seen, mask=seen)
    stream = io.BytesIO()
    paper.save(stream, "JPEG", quality=80)
    return stream.getvalue()
