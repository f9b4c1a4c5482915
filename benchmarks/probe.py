"""Runs one probe in a process of its own: `python -m benchmarks.probe NAME ARGUMENTS`.

A probe is a function `module:function` below `benchmarks.probes` that returns numbers.
What it prepares is not timed; it times what it measures by itself.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

_ROOT = Path(__file__).parent.parent
#: A probe that takes longer has lost its way.
_LONGEST_SECONDS = 1800


class ProbeFailedError(Exception):
    """A probe ended with an error; it says what the probe printed."""


def run_probe(name: str, arguments: Mapping[str, object]) -> dict[str, float]:
    """Run a probe in a fresh process and give its numbers."""
    command = [sys.executable, "-m", "benchmarks.probe", name, json.dumps(arguments)]
    try:
        done = subprocess.run(
            command,
            cwd=_ROOT,
            env={**os.environ, "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            timeout=_LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise ProbeFailedError(f"{name}: over {_LONGEST_SECONDS} s") from error
    if done.returncode:
        raise ProbeFailedError(f"{name}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    module_name, _, function_name = sys.argv[1].partition(":")
    module = import_module(f"benchmarks.probes.{module_name}")
    numbers = getattr(module, function_name)(**json.loads(sys.argv[2]))
    print(json.dumps(numbers), flush=True)


if __name__ == "__main__":
    main()
