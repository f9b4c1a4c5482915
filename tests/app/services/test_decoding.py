"""Pictures that cost more than they look, where copies are drawn of them."""

import random

import pytest
from PIL import Image

from app.services.anthologies.print_copies import write_print_copy
from app.services.decoding import open_to_draw
from app.services.thumbnails import draw_small
from tests.support.hostile_files import list_hostile


def _opens(path):
    with open_to_draw(path) as image:
        return image is not None


def _photo(path, side=640, **options):
    Image.effect_noise((side, side), 40).convert("RGB").save(path, "JPEG", **options)
    return path


@pytest.mark.parametrize(
    ("mode", "kind", "side", "opened"),
    [
        ("RGB", "PNG", 3900, True),
        ("RGBA", "PNG", 5000, False),
        ("P", "GIF", 5000, False),
        # A jpg is decoded at a fraction of its size.
        ("L", "JPEG", 7000, True),
        ("L", "JPEG", 7100, False),
    ],
)
def test_what_is_decoded_whole_is_small(tmp_path, mode, kind, side, opened):
    path = tmp_path / "picture"
    Image.new(mode, (side, side)).save(path, kind)
    assert _opens(path) is opened
    assert (draw_small(path) is not None) is opened


def test_a_jpg_of_a_thousand_scans_is_not_opened(tmp_path):
    path = _photo(tmp_path / "photo", progressive=True)
    assert _opens(path)
    content = path.read_bytes()
    last = content.rindex(b"\xff\xda")
    path.write_bytes(content[:last] + content[last:-2] * 1000 + content[-2:])
    assert not _opens(path)
    assert draw_small(path) is None
    assert write_print_copy(path, tmp_path / "copy") is None


def test_hostile_pictures_fail_no_copy(tmp_path):
    """Those of the uploads, and photos whose heads were mangled."""
    path = tmp_path / "picture"
    exif = Image.Exif()
    exif[0x0112], exif[0x011A] = 6, 72.0
    photo = _photo(path, 200, exif=exif, progressive=True).read_bytes()
    mangled, chance = [], random.Random(7)
    for _ in range(80):
        content = bytearray(photo)
        for _ in range(4):
            content[chance.randrange(2, 400)] = chance.randrange(256)
        mangled.append(bytes(content))
    hostile = [one.content for one in list_hostile() if len(one.content) < 100_000]
    for content in (*mangled, *hostile):
        path.write_bytes(content)
        draw_small(path)
        write_print_copy(path, tmp_path / "copy")
    path.write_bytes(photo)
    assert draw_small(path)
    assert write_print_copy(path, tmp_path / "copy").width == 200
