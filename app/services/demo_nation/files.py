"""Small documents and pictures for the demo's rows, made without any of anybody's."""

import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw
from sqlalchemy import Connection

from app.services.demo_nation.places import Place
from app.services.flows.creating import copy_value
from app.storage.files import FileOwner, FileStore, keep_file
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SIZE, _DPI = (960, 600), (300, 300)
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
#: Begins the headings of a text.
_HEADING = "# "
_PARTS = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/word/document.xml" ContentType='
        f'"{_DOCX}.main+xml"/></Types>'
    ),
    "_rels/.rels": (
        "<Relationships xmlns="
        '"http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/'
        '2006/relationships/officeDocument" Target="word/document.xml"/>'
        "</Relationships>"
    ),
}


class FileMaker:
    """Makes files for fields and keeps them as uploads are kept."""

    def __init__(
        self, connection: Connection, store: FileStore, random: Random
    ) -> None:
        self._connection = connection
        self._store = store
        self._random = random
        self._makers: Mapping[str, tuple[str, Callable[[Path, str], None]]] = {
            "docx": (_DOCX, _write_document),
            "jpg": ("image/jpeg", self._paint),
        }

    def make(
        self, kind: str, place: Place, form: FormSpec, field: FieldSpec, text: str
    ) -> str:
        """The token of a new file that tells of `text`."""
        owner = FileOwner(place.id, place.users[0], form.full_name, field.id)
        return self._keep(kind, owner, text, field.label)

    def make_paper(self, kind: str, place: Place, text: str) -> str:
        """The token of a new file that belongs to no form."""
        return self._keep(kind, FileOwner(place.id, place.users[0]), text, "附件")

    def copy(self, field: FieldSpec, value: object, owner: FileOwner) -> object:
        """A value as another row's field holds it, with files of its own."""
        return copy_value(self._connection, self._store, field, value, owner)

    def _keep(self, kind: str, owner: FileOwner, text: str, label: str) -> str:
        media_type, write = self._makers[kind]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "file"
            write(path, text)
            title = text.split("\n", 1)[0][:40] or label
            name = f"{title}.{kind}"
            return keep_file(
                self._connection, self._store, path, name, media_type, owner
            )

    def _paint(self, path: Path, _text: str) -> None:
        """A hall before hills under a sky, in colours of its own."""
        random, (width, height) = self._random, _SIZE
        tone = random.randint(0, 60)
        picture = Image.new("RGB", _SIZE, (196 - tone, 220 - tone // 2, 240))
        draw = ImageDraw.Draw(picture)
        for layer in range(3):
            base = 250 + 60 * layer
            ridge = [(x, base + random.randint(-45, 45)) for x in range(0, 1081, 120)]
            shade = (96 - 18 * layer, 148 - 14 * layer - tone, 150 - 30 * layer)
            draw.polygon([(0, height), *ridge, (width, height)], fill=shade)
        left, floor = random.randint(80, 320), height - 60
        wide, high = random.randint(320, 520), random.randint(150, 230)
        draw.rectangle((0, floor, width, height), fill=(188, 184, 172))
        wall = (228, 224 - tone // 2, 214 - tone)
        draw.rectangle((left, floor - high, left + wide, floor), fill=wall)
        roof = [(left - 24, floor - high), (left + wide + 24, floor - high)]
        draw.polygon([*roof, (left + wide // 2, floor - high - 90)], fill=(150, 78, 66))
        for x in range(left + 24, left + wide - 40, 64):
            for y in range(floor - high + 28, floor - 60, 64):
                draw.rectangle((x, y, x + 36, y + 36), fill=(108, 138, 158))
        picture.save(path, "JPEG", quality=80, dpi=_DPI)


def _write_document(path: Path, text: str) -> None:
    body = "".join(map(_write_paragraph, text.splitlines()))
    document = (
        f'<w:document xmlns:w="{_WORD}"><w:body>{body}<w:sectPr/></w:body></w:document>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in {**_PARTS, "word/document.xml": document}.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{part}')


def _write_paragraph(line: str) -> str:
    style = '<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>'
    is_heading = line.startswith(_HEADING)
    text = escape(line.removeprefix(_HEADING))
    run = f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'
    return f"<w:p>{style if is_heading else ''}{run}</w:p>"
