"""Starting the server as `make run` does, until it says that it is ready."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.clock import peak_of, timed

_LONGEST_SECONDS = 60
_COMMAND = "from app.cli import main; main()"


def server() -> dict[str, float]:
    """Start twice: the first time makes all tables, the second finds them."""
    with tempfile.TemporaryDirectory(prefix="tianbao-bench-") as folder:
        first = _start(folder)
        again = _start(folder)
    return {"first": first["seconds"], "again": again["seconds"], "mb": again["mb"]}


def _start(data_folder: str) -> dict[str, float]:
    port = _find_port()
    environment = {
        **os.environ,
        "TIANBAO_DATA_FOLDER": data_folder,
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    with timed() as timer:
        process = subprocess.Popen(
            [sys.executable, "-c", _COMMAND, "serve", "--port", str(port)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _wait(port, process)
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        peak = max(map(peak_of, [process.pid, *map(int, children.split())]))
    finally:
        process.terminate()
        process.wait(_LONGEST_SECONDS)
    return {"seconds": timer.seconds, "mb": peak}


def _wait(port: int, process: subprocess.Popen) -> None:
    end = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.02)
    raise RuntimeError("the server did not become ready")


def _find_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
