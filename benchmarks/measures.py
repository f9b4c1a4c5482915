"""What is measured, what bounds it, and beside which floor.

A trial is a set of probes that run alternately, so that a busy machine slows all of
them alike; its lines compare the medians.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Numbers = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Call:
    """A probe and what it is called with."""

    probe: str
    arguments: Mapping[str, object]


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    title: str
    #: from the medians of the trial's probes
    value: Callable[[Numbers], float]
    unit: str
    #: the most the value, or its ratio to the floor, may be; None: shown only
    budget: float | None = None
    floor: Callable[[Numbers], float] | None = None


@dataclass(frozen=True)
class Trial:
    """Probes that belong together."""

    name: str
    calls: Mapping[str, Call]
    lines: tuple[Line, ...]
    #: slow ones run once
    once: bool = False


@dataclass(frozen=True)
class Stock:
    """The files and databases that probes use."""

    rows: int
    small_rows: int
    table_rows: int
    rows_file: str
    workbook: str
    small_workbook: str
    target: str
    server: str
    table_urls: Mapping[str, str]
    #: a school's round in the real forms, by database
    round_urls: Mapping[str, str]
    #: a province of schools, by database
    province_urls: Mapping[str, str]
    #: a school with its teaching and its internships, by database
    teaching_urls: Mapping[str, str]
    #: five rounds of all forms, by database
    years_urls: Mapping[str, str]
    #: a nation of groups with ten years of reports, by database
    nation_urls: Mapping[str, str]


DATABASES = ("SQLite", "PostgreSQL")


def list_trials(stock: Stock) -> tuple[Trial, ...]:
    """All trials; the order is that of the table."""
    return (
        *(_import(stock, name) for name in DATABASES),
        _peer(stock),
        _export(stock),
        *(_export_of_table(stock, name) for name in DATABASES),
        _checks(stock),
        _rules(stock),
        *(_round(stock, name) for name in DATABASES),
        *(_grid(stock, name) for name in DATABASES),
        *(_province(stock, name) for name in DATABASES),
        *(_derive(stock, name) for name in DATABASES),
        *(_count(stock, name) for name in DATABASES),
        *(_change(stock, name) for name in DATABASES),
        *(_nation(stock, name) for name in DATABASES),
        _serving(stock),
        _record(),
        _typing(),
        _start(),
    )


def _pick(probe: str, key: str) -> Callable[[Numbers], float]:
    return lambda numbers: numbers[probe][key]


def _server(stock: Stock, database: str) -> str | None:
    return stock.server if database == "PostgreSQL" else None


def _import(stock: Stock, database: str) -> Trial:
    server = _server(stock, database)
    full = {"workbook": stock.workbook, "rows": stock.rows, "server": server}
    small = {
        "workbook": stock.small_workbook,
        "rows": stock.small_rows,
        "server": server,
    }
    floor = _pick("bare", "seconds")
    return Trial(
        f"import-{database.lower()}",
        {
            "bare": Call("reading:bare", {"workbook": stock.workbook}),
            "full": Call("importing:full", full),
            "small": Call("importing:full", small),
            "load": Call("storing:bare", {"rows": stock.rows_file, "server": server}),
        },
        (
            Line(
                f"import to staged rows, {database}",
                _pick("full", "seconds"),
                "s",
                1.6,
                floor,
            ),
            Line(
                f"… processor time of both processes, {database}",
                _pick("full", "cpu"),
                "s",
                None,
                _pick("bare", "cpu"),
            ),
            Line(
                f"staged to formal, {database}",
                _pick("full", "pass_seconds"),
                "s",
                None,
                floor,
            ),
            Line(
                f"… beside the driver's bare load of the same rows, {database}",
                _pick("full", "pass_seconds"),
                "s",
                2.5,
                _pick("load", "seconds"),
            ),
            Line(
                f"import: peak of the reading child, {database}",
                _pick("full", "child_mb"),
                "MiB",
                400,
            ),
            Line(
                f"import: peak of the worker, {database}",
                _pick("full", "worker_mb"),
                "MiB",
                300,
            ),
            Line(
                f"… against {stock.small_rows:,} rows, {database}",
                _pick("full", "worker_mb"),
                "MiB",
                1.25,
                _pick("small", "worker_mb"),
            ),
        ),
    )


def _peer(stock: Stock) -> Trial:
    arguments = {"workbook": stock.workbook, "rows": stock.rows}
    return Trial(
        "peer",
        {
            "bare": Call("reading:bare", {"workbook": stock.workbook}),
            "peer": Call("peer:full", arguments),
        },
        (
            Line(
                "peer: django-import-export, SQLite, no checks of rows",
                _pick("peer", "seconds"),
                "s",
                None,
                _pick("bare", "seconds"),
            ),
            Line("peer: its peak of memory", _pick("peer", "mb"), "MiB"),
        ),
        once=True,
    )


def _export(stock: Stock) -> Trial:
    arguments = {"rows": stock.rows_file, "target": stock.target}
    return Trial(
        "export",
        {
            "bare": Call("exporting:bare", arguments),
            "full": Call("exporting:full", arguments),
        },
        (
            Line(
                "export with formats and drop-downs",
                _pick("full", "seconds"),
                "s",
                1.3,
                _pick("bare", "seconds"),
            ),
        ),
    )


def _export_of_table(stock: Stock, database: str) -> Trial:
    server = _server(stock, database)

    def call(count: int) -> Call:
        arguments = {"count": count, "target": stock.target, "server": server}
        return Call("exporting:from_database", arguments)

    return Trial(
        f"export-{database.lower()}",
        {"full": call(stock.rows), "small": call(stock.small_rows)},
        (
            Line(
                f"… from the table, {database}",
                _pick("full", "seconds"),
                "s",
            ),
            Line(
                f"export: peak of the worker, {database}",
                _pick("full", "worker_mb"),
                "MiB",
                300,
            ),
            Line(
                f"… against {stock.small_rows:,} rows, {database}",
                _pick("full", "worker_mb"),
                "MiB",
                1.25,
                _pick("small", "worker_mb"),
            ),
        ),
    )


def _checks(stock: Stock) -> Trial:
    arguments = {"rows": stock.rows_file}
    floor = _pick("bare", "seconds")
    return Trial(
        "checks",
        {
            "bare": Call("checking:bare", arguments),
            "schema": Call("checking:schema", arguments),
            "full": Call("checking:full", arguments),
        },
        (
            Line(
                "checks of the schema file",
                _pick("schema", "seconds"),
                "s",
                1.5,
                floor,
            ),
            Line(
                "… with formats, rules, keys and references",
                _pick("full", "seconds"),
                "s",
                None,
                floor,
            ),
        ),
    )


def _rules(stock: Stock) -> Trial:
    return Trial(
        "rules",
        {"all": Call("judging:rules", {"rows": stock.rows_file})},
        (
            Line(
                "row rules of a form of 30 fields, processor time a rule and row",
                lambda numbers: numbers["all"]["each"] * 1_000_000,
                "µs",
                0.5,
            ),
        ),
    )


def _round(stock: Stock, database: str) -> Trial:
    arguments = {"url": stock.round_urls.get(database, "")}
    return Trial(
        f"round-{database.lower()}",
        {"check": Call("rounds:check", arguments)},
        (
            Line(
                f"check of a school's round, 125,000 rows, {database}",
                _pick("check", "seconds"),
                "s",
                5,
            ),
            Line(f"… processor time, {database}", _pick("check", "cpu"), "s"),
            Line(
                f"… in a fresh process, {database}",
                _pick("check", "first"),
                "s",
            ),
            Line(f"… peak of memory, {database}", _pick("check", "mb"), "MiB"),
        ),
    )


def _grid(stock: Stock, database: str) -> Trial:
    arguments = {"url": stock.table_urls.get(database, "")}
    return Trial(
        f"grid-{database.lower()}",
        {"page": Call("paging:first_page", arguments)},
        (
            Line(
                f"first page of a grid, {stock.table_rows:,} rows, {database}",
                lambda numbers: numbers["page"]["seconds"] * 1000,
                "ms",
                150,
            ),
            Line(
                "… drawing 50 × 30 inputs",
                lambda numbers: numbers["page"]["drawing"] * 1000,
                "ms",
                20,
            ),
        ),
    )


#: Figure of the probe -> what it is of.
_PAGES = {
    "clerk": "workbench of a clerk",
    "head": "workbench of a department's head",
    "office": "workbench of the quality office",
    "forms": "list of forms",
    "matrix": "matrix of a school, 90 forms",
    "province": "workbench of a province, 200 schools",
    "units": "list of schools",
    "search": "… searched",
    "school": "matrix of one of its schools",
    "places": "list of 1,000 workplaces, searched",
    "export": "export of the province's progress",
    "notices": "list of notices",
    "audit": "search in 100,000 entries of the audit log",
}


def _province(stock: Stock, database: str) -> Trial:
    def read(key: str) -> Callable[[Numbers], float]:
        return lambda numbers: numbers["pages"][key] * 1000

    arguments = {"url": stock.province_urls.get(database, "")}
    budget = 300 if database == "SQLite" else None
    return Trial(
        f"province-{database.lower()}",
        {"pages": Call("province:pages", arguments)},
        (
            *(
                Line(f"{title}, {database}", read(key), "ms", budget)
                for key, title in _PAGES.items()
            ),
            Line(f"menu of workplaces, {database}", read("menu"), "ms"),
        ),
    )


def _derive(stock: Stock, database: str) -> Trial:
    arguments = {"url": stock.teaching_urls.get(database, "")}
    return Trial(
        f"derive-{database.lower()}",
        {"forms": Call("deriving:derive", arguments)},
        (
            Line(
                f"all derived forms of a school of 30,000, {database}",
                _pick("forms", "whole"),
                "s",
                2,
            ),
            Line(
                f"… again, nothing changed, {database}",
                lambda numbers: numbers["forms"]["nothing"] * 1000,
                "ms",
            ),
            Line(
                f"a derived form after one changed row, the slowest, {database}",
                lambda numbers: numbers["forms"]["slowest"] * 1000,
                "ms",
                100,
            ),
        ),
    )


def _change(stock: Stock, database: str) -> Trial:
    arguments = {"url": stock.years_urls.get(database, "")}
    return Trial(
        f"change-{database.lower()}",
        {
            "plan": Call("changing:make_plan", arguments),
            "column": Call("changing:add_column", arguments),
        },
        (
            Line(
                f"plan over all forms and 5,000,000 stored rows, {database}",
                _pick("plan", "seconds"),
                "s",
                10,
            ),
            Line(
                f"a column added to a table of 1,000,000 rows, {database}",
                _pick("column", "seconds"),
                "s",
                2,
            ),
        ),
    )


def _count(stock: Stock, database: str) -> Trial:
    arguments = {"url": stock.teaching_urls.get(database, "")}
    return Trial(
        f"statistics-{database.lower()}",
        {"pages": Call("counting:pages", arguments)},
        (
            Line(
                f"statistics of a school of 30,000, the slowest section, {database}",
                lambda numbers: numbers["pages"]["slowest"] * 1000,
                "ms",
                300,
            ),
        ),
    )


#: Figure of the probe -> what it is of, and the most milliseconds.
_NATION = {
    "home": ("home page of the portal, 600 groups × 10 years", 50),
    "directory": ("… directory of groups", 50),
    "kept_home": ("… home page, kept", 50),
    "kept_directory": ("… directory, kept", 50),
    "public": ("… statistics, 12,000 members a year, the slowest page", 300),
    "office": ("… statistics of the nation, the slowest page", 300),
}


def _nation(stock: Stock, database: str) -> Trial:
    def read(key: str) -> Callable[[Numbers], float]:
        return lambda numbers: numbers["pages"][key] * 1000

    arguments = {"url": stock.nation_urls.get(database, "")}
    return Trial(
        f"nation-{database.lower()}",
        {"pages": Call("nation:pages", arguments)},
        tuple(
            Line(f"{title}, {database}", read(key), "ms", budget)
            for key, (title, budget) in _NATION.items()
        ),
    )


def _serving(stock: Stock) -> Trial:
    """Named so that it gets a nation's database as well."""
    arguments = {"url": stock.nation_urls.get("SQLite", "")}
    return Trial(
        "nation-serving",
        {
            "portal": Call("serving:portal", arguments),
            "empty": Call("serving:empty", {}),
        },
        (
            Line(
                "requests of the kept home page, gunicorn, a process a core",
                _pick("portal", "rate"),
                "/s",
            ),
            Line("… of Flask's empty page", _pick("empty", "rate"), "/s"),
        ),
    )


def _record() -> Trial:
    return Trial(
        "record",
        {"page": Call("paging:record_page", {})},
        (
            Line(
                "drawing a record page of 40 fields",
                lambda numbers: numbers["page"]["seconds"] * 1000,
                "ms",
                30,
            ),
        ),
    )


def _typing() -> Trial:
    return Trial(
        "typing",
        {"page": Call("keystrokes:record_page", {})},
        (
            Line(
                "a keystroke in a record page of 40 fields",
                _pick("page", "milliseconds"),
                "ms",
                16,
            ),
            Line("… the slowest of twenty", _pick("page", "slowest"), "ms"),
        ),
    )


def _start() -> Trial:
    return Trial(
        "start",
        {"server": Call("starting:server", {})},
        (
            Line("start of the server, 234 forms", _pick("server", "again"), "s", 3),
            Line("… the first, which makes all tables", _pick("server", "first"), "s"),
            Line("server: peak once it is ready", _pick("server", "mb"), "MiB", 300),
        ),
    )
