"""Files that come with a request: as a path for those who read them, or kept for a
field.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from werkzeug.datastructures import FileStorage

from app.services.desks import Desk
from app.services.files import Upload, upload_file
from app.web.server import get_server


@contextmanager
def received(sent: FileStorage) -> Iterator[Path]:
    """The file in a folder of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tianbao-upload-") as folder:
        # A name of ours: the sender's is only ever shown.
        path = Path(folder) / "upload"
        sent.save(path)
        yield path


def keep_field_file(desk: Desk, field_id: str, sent: FileStorage) -> Upload:
    """Check a file and keep it for a field.

    Raises:
        WrongFile, TooLarge: the field does not take it.
    """
    server = get_server()
    with received(sent) as path:
        return upload_file(
            server.engine,
            server.files,
            desk.place,
            desk.form,
            field_id,
            path,
            sent.filename or "",
            size_limit_mb=server.config.max_upload_mb,
        )
