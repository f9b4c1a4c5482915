"""Measures time and memory of a probe and of the processes it starts."""

import gc
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_SECONDS = 0.02
_MIB = 1024


@dataclass
class Timer:
    """Seconds that a block took, once it is over."""

    seconds: float = 0.0
    #: of processor time, with that of children that have ended
    cpu: float = 0.0


@contextmanager
def timed() -> Iterator[Timer]:
    timer = Timer()
    gc.collect()
    # What a probe prepared is no part of what it measures: the collector shall not
    # look through it again and again.
    gc.freeze()
    start, cpu = time.perf_counter(), _cpu()
    try:
        yield timer
    finally:
        timer.seconds = time.perf_counter() - start
        timer.cpu = _cpu() - cpu


@dataclass
class Memory:
    """Peaks in MiB, once the block is over."""

    own: float = 0.0
    #: the largest of the children
    child: float = 0.0


@contextmanager
def watched() -> Iterator[Memory]:
    """Watch the peak memory of this process and of its children.

    The kernel's own figure for children is of no use: a child starts with the peak of
    the process that it was forked from.
    """
    memory, over = Memory(), threading.Event()

    def watch() -> None:
        while not over.wait(_SAMPLE_SECONDS):
            for pid in _children():
                memory.child = max(memory.child, _peak(pid))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield memory
    finally:
        over.set()
        watcher.join()
        memory.own = _peak(os.getpid())


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def peak_of(pid: int) -> float:
    """Peak memory of a running process in MiB."""
    return _peak(pid)


def _children() -> list[int]:
    children: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        try:
            children += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return children


def _peak(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / _MIB
    return 0.0
