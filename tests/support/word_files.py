"""Small Word documents for tests, as Word would write their text."""

import zipfile

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def write_docx(path, *lines, body=None):
    """A document of paragraphs, or of the markup of a body."""
    inner = body or "".join(f"<w:p><w:r><w:t>{t}</w:t></w:r></w:p>" for t in lines)
    text = f'<w:document xmlns:w="{_WORD}"><w:body>{inner}</w:body></w:document>'
    write_parts(path, {"[Content_Types].xml": "<Types/>", "word/document.xml": text})


def write_parts(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
