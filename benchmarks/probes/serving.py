"""Requests a second that gunicorn answers: the portal's home page, or an empty one."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from threading import Thread

_HOST = "127.0.0.1"
_SECONDS, _CONNECTIONS = 5, 16
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")


def portal(url: str) -> dict[str, float]:
    """The home page, kept by each process, over a nation's database."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "TIANBAO_DATA_FOLDER": folder,
            "TIANBAO_DATABASE_URL": url,
            "TIANBAO_PORTAL_CACHE_SECONDS": "60",
        }
        return _measure("app.wsgi:app", "/portal/", settings)


def empty() -> dict[str, float]:
    return _measure("benchmarks.probes.empty_site:app", "/", {})


def _measure(app: str, path: str, settings: dict[str, str]) -> dict[str, float]:
    with _serve(app, settings) as port:
        _wait(port, path)
        # Each process makes the page once.
        _ask(port, path, 0.5)
        program = shutil.which("wrk")
        if program is None:
            return {"rate": _ask(port, path, _SECONDS), "is_wrk": 0}
        return {"rate": _run_wrk(program, port, path), "is_wrk": 1}


@contextmanager
def _serve(app: str, settings: dict[str, str]) -> Iterator[int]:
    """gunicorn as in production, with a process a core."""
    with socket.socket() as found:
        found.bind((_HOST, 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--bind", f"{_HOST}:{port}"]
    command += ["--workers", str(os.cpu_count()), "--log-level", "warning", app]
    server = subprocess.Popen(command, env={**os.environ, **settings})
    try:
        yield port
    finally:
        server.terminate()
        server.wait(30)


def _wait(port: int, path: str) -> None:
    for _ in range(600):
        try:
            _get(HTTPConnection(_HOST, port, timeout=20), path)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not start")


def _get(connection: HTTPConnection, path: str) -> None:
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}")


def _run_wrk(program: str, port: int, path: str) -> float:
    address = f"http://{_HOST}:{port}{path}"
    command = [program, "-t2", f"-c{_CONNECTIONS}", f"-d{_SECONDS}s", address]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in told:
        raise RuntimeError(told)
    found = _RATE.search(told)
    assert found is not None, told
    return float(found[1])


def _ask(port: int, path: str, seconds: float) -> float:
    """Ask from some threads, where wrk is missing: a slower client than that."""
    counts = []

    def run() -> None:
        done, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            _get(HTTPConnection(_HOST, port, timeout=20), path)
            done += 1
        counts.append(done)

    threads = [Thread(target=run) for _ in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds
