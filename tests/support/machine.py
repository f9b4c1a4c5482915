"""What the machine has to bring: a browser and LibreOffice.

A test that needs a thing which is missing is skipped on a person's machine and fails
where CI=true, so that CI never passes by looking away.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

# The first has no windows to manage and takes half the processor time.
_CHROMIUM_NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
)
_OFFICE_NAMES = ("soffice", "libreoffice")

CHROMIUM_ARGUMENTS = (
    # Tests may run as root and in containers, where the sandbox cannot start.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def get_chromium() -> str:
    return _get_program("Chromium", _CHROMIUM_NAMES)


def get_office() -> str:
    return _get_program("LibreOffice", _OFFICE_NAMES)


def get_node() -> str:
    """Node of the machine, or the one the virtual environment brings."""
    return _get_program("Node", ("node", str(Path(sys.executable).parent / "node")))


def convert_with_office(source: Path, file_type: str, folder: Path) -> Path:
    """Open `source` in LibreOffice and save it as `file_type` (xlsx, csv, pdf)."""
    return convert_all_with_office([source], file_type, folder)[0]


def convert_all_with_office(
    sources: Sequence[Path], file_type: str, folder: Path, timeout: float = 180
) -> list[Path]:
    """Convert many files in one run of LibreOffice."""
    # An own profile: LibreOffice refuses a second process on the same one.
    profile = folder / "libreoffice-profile"
    command = [
        get_office(),
        f"-env:UserInstallation={profile.resolve().as_uri()}",
        "--headless",
        "--convert-to",
        file_type,
        "--outdir",
        str(folder),
        *map(str, sources),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    targets = [folder / f"{source.stem}.{file_type}" for source in sources]
    for source, target in zip(sources, targets, strict=True):
        # LibreOffice exits with 0 even if it could not load the file.
        assert target.exists(), f"{source.name}: {done.stdout}{done.stderr}"
    return targets


def _get_program(title: str, names: tuple[str, ...]) -> str:
    path = next(filter(None, map(shutil.which, names)), None)
    if path:
        return path
    message = f"{title} is not installed: `make machine` installs it or says why not"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
