"""Servers as they are started in production: processes of their own."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from socket import socket

_PATIENCE = 60


@contextmanager
def serve(config, log):
    """A server over an installation; gives its address.

    Args:
        log: where it writes what it says.
    """
    port = _find_port()
    settings = list_settings(config)
    command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port)]
    with log.open("wb") as told:
        process = subprocess.Popen(
            command, env={**os.environ, **settings}, stdout=told, stderr=told
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process, log)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def list_settings(config):
    """The environment in which commands find an installation."""
    return {
        "TIANBAO_DATABASE_URL": config.database_url,
        "TIANBAO_DATA_FOLDER": str(config.data_folder),
        "TIANBAO_SCHEMA_FOLDER": config.schema_folder,
        "TIANBAO_SECRET_KEY": config.secret_key,
    }


def _find_port():
    with socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _wait_for(address, process, log):
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, log.read_text("utf-8")
            time.sleep(0.2)
    raise AssertionError(log.read_text("utf-8"))
