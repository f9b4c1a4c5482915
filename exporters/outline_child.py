"""The child process that outlines a workbook: `python -m exporters.outline_child`."""

from collections.abc import Iterator
from typing import BinaryIO

from exporters.answering import answer_request
from exporters.exchange import OutlineRequest
from exporters.outline_parts import read_parts


def answer(request: OutlineRequest, _ours: BinaryIO) -> Iterator[object]:
    yield read_parts(request.package, request.limits)


if __name__ == "__main__":
    answer_request(answer)
