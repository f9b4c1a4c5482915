"""Opens pictures that people sent, to draw smaller ones of them.

A small file may hold a great many pixels, and a jpg may come in a thousand scans: each
of them costs as much as the whole picture. What would cost too much is not opened.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from app.services.pictures import IMAGE_FORMATS, MOST_PIXELS, UNREADABLE

#: Of what is decoded whole, however small the copy: a hundred megabytes or two.
_MOST_WHOLE = 16_000_000
#: Of a jpg in scans, which is held whole as well; cameras write ten scans.
_MOST_SCANNED = 25_000_000
#: Pixels of all scans together: some seconds.
_MOST_WORK = 250_000_000
_SCAN_MARK = b"\xff\xda"

#: What the library raises at a picture that is broken, or what a camera wrote of it.
BROKEN = (*UNREADABLE, KeyError, IndexError, OverflowError, AttributeError)


@contextmanager
def open_to_draw(path: Path) -> Iterator[Image.Image | None]:
    """The picture, not decoded yet; None: it would cost too much, or is none."""
    with warnings.catch_warnings():
        # What it warns of in what people send is no fault of ours.
        warnings.simplefilter("ignore")
        try:
            image = Image.open(path, formats=tuple(IMAGE_FORMATS.values()))
        except BROKEN:
            yield None
            return
        with image:
            yield image if _is_cheap(image, path) else None


def _is_cheap(image: Image.Image, path: Path) -> bool:
    pixels = image.width * image.height
    if image.format != "JPEG":
        return pixels <= _MOST_WHOLE
    if not image.info.get("progressive"):
        # It is decoded at a fraction of its size where that will do.
        return pixels <= MOST_PIXELS
    scans = path.read_bytes().count(_SCAN_MARK)
    return pixels <= _MOST_SCANNED and pixels * scans <= _MOST_WORK
