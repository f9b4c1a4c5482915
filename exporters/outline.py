"""Read a blank form as a workbook shows it: all sheets, merges, lists, formats.

The way of a file is that of an import: the gate says what it is and whether it is safe,
then a child process with limits opens it (`outline_parts`). Nothing is guessed here.
"""

from pathlib import Path

from exporters.exchange import OutlineRequest
from exporters.gate import Limits, open_package, sniff
from exporters.outline_own import strip_own
from exporters.reading_child import ReadingChild
from exporters.refusals import Reason, RefusedFile
from validators.drafting.outline import Outline


def read_outline(path: Path, limits: Limits | None = None) -> Outline:
    """Read the outline of an xlsx workbook.

    Raises:
        RefusedFile: it is none, it is unsafe, or it cannot be read.
    """
    limits = limits or Limits()
    if sniff(path, limits) == "text":
        raise RefusedFile(Reason.NOT_XLSX, found="csv 或纯文本文件")
    package = open_package(path, limits)
    with ReadingChild(OutlineRequest(path, limits, package)) as child:
        return strip_own(child.outline())
