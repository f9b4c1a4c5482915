"""Reading a workbook: the bare library."""

from python_calamine import CalamineWorkbook

from benchmarks.clock import timed


def bare(workbook: str) -> dict[str, float]:
    """Everything python-calamine does to give the cells of the sheet."""
    with timed() as timer:
        book = CalamineWorkbook.from_path(workbook)
        rows = book.get_sheet_by_index(0).to_python()
    return {"seconds": timer.seconds, "cpu": timer.cpu, "rows": len(rows) - 1}
