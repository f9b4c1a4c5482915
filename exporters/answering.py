"""What the child processes that open a file have in common: their limits, their pipes.

A crafted file must not hurt the server: one of 5 KB can make a workbook library ask for
gigabytes. The limits below end the child then, and nothing else. `child` and
`outline_child` are such processes; they speak `exchange`.
"""

import gc
import os
import pickle
import resource
import sys
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from exporters.exchange import Failed
from exporters.gate import Limits
from exporters.refusals import RefusedFile

#: Gives the messages for a request; may read further ones of the parent.
Answer = Callable[[Any, BinaryIO], Iterator[object]]


def answer_request(answer: Answer) -> None:
    """Read one request from the standard input, write its answers, and end."""
    ours, theirs = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # Whatever a library prints must not come between the messages.
    os.dup2(2, 1)
    request = pickle.load(ours)
    _limit(request.limits)
    # Rows hold no circles; looking for some would take a tenth of the time.
    gc.disable()
    try:
        for message in answer(request, ours):
            pickle.dump(message, theirs, pickle.HIGHEST_PROTOCOL)
            theirs.flush()
    except RefusedFile as refused:
        pickle.dump(Failed(refused.refusal), theirs)
        theirs.flush()


def _limit(limits: Limits) -> None:
    memory, seconds = limits.child_memory_bytes, limits.child_seconds
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
