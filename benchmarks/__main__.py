"""`make bench`: measure everything, print the table, keep it in results.md."""

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import psycopg

from benchmarks.data import iterate_students, save_rows, write_workbook
from benchmarks.measures import Line, Numbers, Stock, Trial, list_trials
from benchmarks.probe import ProbeFailedError, run_probe
from benchmarks.report import Result, write_report
from tests.support.postgres import create_database, run_server

_RESULTS = Path(__file__).parent / "results.md"
_DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


def main() -> None:
    """Read the command line and run what it asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each probe")
    parser.add_argument("--only", nargs="+", default=[], help="names of trials")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--list", action="store_true", help="list the trials")
    options = parser.parse_args()
    if options.list:
        print("\n".join(trial.name for trial in list_trials(_no_stock())))
        return
    with _make_stock(options.quick, options.only) as stock:
        trials = [
            trial
            for trial in list_trials(stock)
            if not options.only or any(trial.name.startswith(n) for n in options.only)
        ]
        results = [r for trial in trials for r in _run(trial, options.runs)]
        facts = [
            f"{stock.rows:,} rows of 30 columns, medians of {options.runs} runs, "
            "floor and product alternately, each run in a fresh process"
        ]
        report = write_report(results, facts)
    print(report)
    if not options.quick and not options.only:
        _RESULTS.write_text(report, "utf-8")


def _run(trial: Trial, runs: int) -> list[Result]:
    found: defaultdict[str, list[Mapping[str, float]]] = defaultdict(list)
    for number in range(1 if trial.once else runs):
        for name, call in trial.calls.items():
            print(f"{trial.name} {number + 1}: {call.probe}", flush=True)
            try:
                found[name].append(run_probe(call.probe, call.arguments))
            except ProbeFailedError as error:
                print(error, flush=True)
                return [Result(line, failure=str(error)) for line in trial.lines]
    return [_judge(line, found) for line in trial.lines]


def _judge(line: Line, found: Mapping[str, Sequence[Mapping[str, float]]]) -> Result:
    count = len(next(iter(found.values())))
    runs: list[Numbers] = [
        {name: many[n] for name, many in found.items()} for n in range(count)
    ]
    values = [line.value(numbers) for numbers in runs]
    floor = None if line.floor is None else median(map(line.floor, runs))
    return Result(line, median(values), floor, (min(values), max(values)))


@contextmanager
def _make_stock(quick: bool, only: Sequence[str]) -> Iterator[Stock]:
    rows, table_rows = (10_000, 100_000) if quick else (100_000, 1_000_000)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        students = list(iterate_students(rows))
        save_rows(students, folder / "rows")
        write_workbook(students, folder / "students.xlsx")
        write_workbook(students[: rows // 5], folder / "small.xlsx")
        server = stack.enter_context(run_server())
        _make_durable(server)
        urls = {}
        if not only or any(name.startswith("grid") for name in only):
            urls = {
                "SQLite": f"sqlite:///{folder}/grid.sqlite",
                "PostgreSQL": stack.enter_context(create_database(server)),
            }
        rounds = {}
        if not only or any(name.startswith("round") for name in only):
            rounds = _make_rounds(stack, folder, server, 0.1 if quick else 1)
        provinces = {}
        if not only or any(name.startswith("province") for name in only):
            provinces = _make_provinces(stack, folder, server, 20 if quick else 200)
        teaching = {}
        counted = ("derive", "statistics")
        if not only or any(name.startswith(counted) for name in only):
            teaching = _make_teaching(stack, folder, server)
        years = {}
        if not only or any(name.startswith("change") for name in only):
            years = _make_years(stack, folder, server, 10 if quick else 1)
        nations = {}
        if not only or any(name.startswith("nation") for name in only):
            nations = _make_nations(stack, folder, server, 60 if quick else 600)
        for url in urls.values():
            print(f"filling {table_rows:,} rows", flush=True)
            arguments = {
                "url": url,
                "rows": str(folder / "rows"),
                "count": table_rows,
            }
            run_probe("filling:fill", arguments)
        yield Stock(
            rows=rows,
            small_rows=rows // 5,
            table_rows=table_rows,
            rows_file=str(folder / "rows"),
            workbook=str(folder / "students.xlsx"),
            small_workbook=str(folder / "small.xlsx"),
            target=str(folder / "export.xlsx"),
            server=server,
            table_urls=urls,
            round_urls=rounds,
            province_urls=provinces,
            teaching_urls=teaching,
            years_urls=years,
            nation_urls=nations,
        )


def _make_rounds(
    stack: ExitStack, folder: Path, server: str, share: float
) -> dict[str, str]:
    """A school's round in the real forms, on both databases."""
    print("inventing a school's round", flush=True)
    rows = str(folder / "round")
    run_probe("rounds:invent", {"rows": rows, "share": share})
    urls = {
        "SQLite": f"sqlite:///{folder}/round.sqlite",
        "PostgreSQL": stack.enter_context(create_database(server)),
    }
    for url in urls.values():
        run_probe("rounds:fill", {"url": url, "rows": rows})
    return urls


def _make_provinces(
    stack: ExitStack, folder: Path, server: str, schools: int
) -> dict[str, str]:
    """A province with its schools' rounds, on both databases."""
    urls = {
        "SQLite": f"sqlite:///{folder}/province.sqlite",
        "PostgreSQL": stack.enter_context(create_database(server)),
    }
    for name, url in urls.items():
        print(f"inventing a province of {schools} schools, {name}", flush=True)
        run_probe("province:fill", {"url": url, "schools": schools})
    return urls


def _make_teaching(stack: ExitStack, folder: Path, server: str) -> dict[str, str]:
    """A school with its teaching and its internships, on both databases."""
    urls = {
        "SQLite": f"sqlite:///{folder}/teaching.sqlite",
        "PostgreSQL": stack.enter_context(create_database(server)),
    }
    for name, url in urls.items():
        print(f"inventing a school's teaching, {name}", flush=True)
        run_probe("deriving:fill", {"url": url})
    return urls


def _make_years(
    stack: ExitStack, folder: Path, server: str, part: int
) -> dict[str, str]:
    """Five rounds of all forms, on both databases."""
    urls = {
        "SQLite": f"sqlite:///{folder}/years.sqlite",
        "PostgreSQL": stack.enter_context(create_database(server)),
    }
    for name, url in urls.items():
        print(f"filling five rounds of all forms, {name}", flush=True)
        counts = {"rows": 5_000_000 // part, "largest": 1_000_000 // part}
        run_probe("changing:fill", {"url": url, **counts})
    return urls


def _make_nations(
    stack: ExitStack, folder: Path, server: str, units: int
) -> dict[str, str]:
    """A nation whose groups report for ten years, on both databases."""
    urls = {
        "SQLite": f"sqlite:///{folder}/nation.sqlite",
        "PostgreSQL": stack.enter_context(create_database(server)),
    }
    for name, url in urls.items():
        print(f"inventing a nation of {units} groups, {name}", flush=True)
        run_probe("nation:fill", {"url": url, "units": units, "years": 10})
    return urls


def _no_stock() -> Stock:
    return Stock(0, 0, 0, "", "", "", "", "", {}, {}, {}, {}, {}, {})


def _make_durable(server: str) -> None:
    """Tests trade safety for speed; what is measured here must not."""
    with psycopg.connect(server, autocommit=True) as connection:
        for setting in _DURABLE:
            connection.execute(f"ALTER SYSTEM SET {setting} = on")
        connection.execute("SELECT pg_reload_conf()")


if __name__ == "__main__":
    main()
