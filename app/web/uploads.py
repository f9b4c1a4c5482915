"""A file that came with a request, as a path for those who read it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from werkzeug.datastructures import FileStorage


@contextmanager
def received(sent: FileStorage) -> Iterator[Path]:
    """The file in a folder of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tianbao-upload-") as folder:
        # A name of ours: the sender's is only ever shown.
        path = Path(folder) / "upload"
        sent.save(path)
        yield path
