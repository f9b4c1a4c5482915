"""Resolution of photos: written anew, and nothing else of the file."""

import io

import pytest
from PIL import Image

from app.errors import WrongFile
from app.services.pictures import read_picture, set_resolution

_X, _Y, _UNIT = 0x011A, 0x011B, 0x0128


def _photo(path, *, exif_dpi=None, order="<", jfif=True, **options):
    image = Image.effect_noise((640, 480), 40).convert("RGB")
    if exif_dpi:
        exif = Image.Exif()
        exif.endian = order
        exif[_X], exif[_Y], exif[_UNIT] = exif_dpi, exif_dpi, 3
        options["exif"] = exif
    image.save(path, "JPEG", **options)
    if not jfif:
        content = path.read_bytes()
        length = int.from_bytes(content[4:6], "big")
        path.write_bytes(content[:2] + content[4 + length :])
    return path


def _pixels(path):
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        return image.tobytes()


@pytest.mark.parametrize(
    "options",
    [
        {"dpi": (72, 72)},
        {},
        {"dpi": (72, 72), "exif_dpi": 72.0},
        {"dpi": (72, 72), "exif_dpi": 72.0, "order": ">"},
        {"exif_dpi": 72.0, "jfif": False},
        {"jfif": False},
        {"dpi": (72, 72), "progressive": True},
    ],
)
def test_the_resolution_is_written_and_the_pixels_stay(tmp_path, options):
    photo = _photo(tmp_path / "photo", **options)
    before = _pixels(photo)
    set_resolution(photo, 300)
    assert _pixels(photo) == before
    facts = read_picture(photo, "JPEG")
    assert (facts.width, facts.height, round(facts.dpi)) == (640, 480, 300)
    with Image.open(photo) as image:
        exif = image.getexif()
        assert {exif[tag] for tag in (_X, _Y) if tag in exif} <= {300}
        assert exif.get(_UNIT, 2) == 2


def test_what_is_no_photo_gets_no_resolution(tmp_path):
    path = tmp_path / "photo"
    path.write_bytes(b"GIF89a")
    with pytest.raises(WrongFile):
        set_resolution(path, 300)
