"""The process that reads one file, as its parent holds it.

It runs `child`, or `outline_child` for an outline.
"""

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from exporters.exchange import Block, Done, Failed, Head, OutlineRequest, Plan, Request
from exporters.refusals import Reason, RefusedFile
from validators.drafting.outline import Outline

_ROOT = Path(__file__).parent.parent
_MODULES = {Request: "exporters.child", OutlineRequest: "exporters.outline_child"}


class ChildDiedError(RefusedFile):
    """The child ended without an answer: a limit, or a crash of its library."""

    def __init__(self) -> None:
        super().__init__(Reason.DAMAGED, found="读取时出错")


class ReadingChild:
    """The reading process of one file."""

    def __init__(self, request: Request | OutlineRequest) -> None:
        self._request = request

    def __enter__(self) -> "ReadingChild":
        path = os.pathsep.join(
            [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        )
        self._process = subprocess.Popen(
            [sys.executable, "-m", _MODULES[type(self._request)]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        )
        # The limit on processor time ends a busy child; this one ends a stuck one.
        seconds = self._request.limits.child_seconds * 4
        self._watchdog = threading.Timer(seconds, self._process.kill)
        self._watchdog.daemon = True
        self._watchdog.start()
        self.send(self._request)
        return self

    def __exit__(self, *_: object) -> None:
        self._watchdog.cancel()
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                pipe.close()
        self._process.wait()

    def send(self, message: Request | OutlineRequest | Plan) -> None:
        with suppress(BrokenPipeError):
            pickle.dump(message, self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()

    def head(self) -> Head:
        answer = self._receive()
        assert isinstance(answer, Head)
        return answer

    def outline(self) -> Outline:
        answer = self._receive()
        assert isinstance(answer, Outline)
        return answer

    def answers(self) -> Iterator[Block | Done]:
        while True:
            answer = self._receive()
            yield answer
            if isinstance(answer, Done):
                return

    def _receive(self) -> object:
        try:
            answer = pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError) as error:
            raise ChildDiedError from error
        if isinstance(answer, Failed):
            raise RefusedFile(answer.refusal.reason, **answer.refusal.details)
        return answer
