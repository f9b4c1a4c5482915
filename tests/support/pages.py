"""Serves rendered pages to a browser and keeps their rows in memory.

It speaks the save protocol over real conversion, steps and rules, sends the real CSP,
and holds no database: what is tested with it is the page.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import SplitResult, parse_qs, urlsplit

from form_schemas.catalogue import Catalogue, Edition
from form_schemas.codelists import load_codelists
from form_schemas.rule_spec import Level
from form_schemas.spec import FormSpec
from renderers.grid_page import build_grid_page, read_query, render_grid_page
from renderers.problems import problem_to_json
from renderers.record_page import FileView, build_record_page, render_record_page
from renderers.urls import PageUrls
from tests.support.forms import read_schemas, schema_of
from validators.compiling import Env
from validators.conversion import RawRow, convert_row, display
from validators.report import Code, Problem
from validators.rules import (
    broken_rules,
    evaluate_steps,
    required_fields,
)

ROOT = Path(__file__).parents[2]
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_STATIC = {
    "/static/forms/": ROOT / "renderers/static",
    "/vendor/": ROOT / "node_modules/bootstrap/dist/css",
}
_TYPES = {".css": "text/css", ".js": "text/javascript"}
_FRAME = """<!doctype html><html lang="zh-Hans"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - 填报</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/vendor/bootstrap.min.css">
<link rel="stylesheet" href="/static/forms/css/tianbao.css"></head><body>
<a class="skip" href="#main">跳到正文</a>
<header class="topbar"><a class="brand" href="/"><span class="brand-mark"
 aria-hidden="true">填</span>填报</a></header>
<main id="main" class="page {main}"><div class="page-head"><div><div class="title">
<span class="code">{code}</span><h1>{title}</h1></div></div></div>
{content}</main></body></html>"""

ENV = Env(
    today=date(2024, 9, 10),
    period_start=date(2023, 9, 1),
    period_end=date(2024, 8, 31),
    ref=lambda row, field_id, column: None,
)


@dataclass
class Stored:
    """One row in memory."""

    id: int
    version: int
    row: dict[str, object]
    is_inherited: bool = False


@dataclass
class PageServer:
    """One form with its rows; tests look into them and change them."""

    form: FormSpec
    catalogue: Catalogue
    rows: dict[int, Stored] = field(default_factory=dict)
    previous: dict[str, object] | None = None
    #: of the rows of a grid, by row id
    previous_rows: dict[int, dict[str, object]] | None = None
    options: tuple[tuple[str, str], ...] = ()
    #: answer for saves instead of storing: an HTTP status
    refusal: int = 0
    saves: list[dict] = field(default_factory=list)
    posts: list[dict[str, list[str]]] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    refused_deletes: dict[int, str] = field(default_factory=dict)
    #: of the file that comes in pieces
    uploaded: bytes = b""
    #: so many pieces are lost on their way
    breaks: int = 0
    #: whether the file is a photo of too low a resolution
    is_coarse: bool = False
    url: str = ""

    def add(self, **row: object) -> Stored:
        stored = Stored(len(self.rows) + 1, 1, dict(row))
        self.rows[stored.id] = stored
        return stored

    @property
    def urls(self) -> PageUrls:
        return PageUrls(
            page="/grid" if self.form.shape.value == "rows" else "/record",
            save="/save",
            options="/options",
            delete="/delete",
            check="/check",
            upload="/upload",
            pieces="/uploads/",
            file="/files/{token}",
            row="/rows/{id}",
            new_row="/rows/new",
            login="/login",
            csrf_token="token",
            draft_scope="u1",
            choice_scope="u1:form",
            reveal="/reveal",
        )

    def render_grid(self, arguments: Mapping[str, str]) -> str:
        query = read_query(self.form, arguments)
        rows = list(self.rows.values())
        start = (query.page - 1) * query.size
        page = build_grid_page(
            self.form,
            self.catalogue,
            rows[start : start + query.size],
            query,
            len(rows),
            urls=self.urls,
            problems={s.id: p for s in rows if (p := self.judge(s.row))},
            env=ENV,
            previous=self.previous_rows,
        )
        return self.frame(render_grid_page(page), "tool")

    def render_record(self, stored: Stored | None) -> str:
        row = evaluate_steps(self.form, stored.row if stored else {}, ENV)
        page = build_record_page(
            self.form,
            self.catalogue,
            row,
            urls=self.urls,
            problems=[p for p in self.judge(row) if p.code is not Code.REQUIRED],
            previous=self.previous,
            row_id=stored.id if stored else None,
            version=stored.version if stored else None,
            env=ENV,
            files={"t1": FileView("t1", "证书.pdf", "/files/t1")},
        )
        return self.frame(render_record_page(page), "")

    def frame(self, content: str, main: str) -> str:
        return _FRAME.format(
            title=self.form.title, code=self.form.code, content=content, main=main
        )

    def judge(self, row: Mapping[str, object]) -> list[Problem]:
        evaluated = evaluate_steps(self.form, row, ENV)
        missing = [
            Problem(None, item.id, Code.REQUIRED, Level.ERROR)
            for item in required_fields(self.form, evaluated, ENV)
            if evaluated.get(item.id) is None
        ]
        broken = [
            Problem(None, rule.fields[0], Code.RULE, rule.level, {"rule": rule.id})
            for rule in broken_rules(self.form, evaluated, ENV)
        ]
        return missing + broken

    def save(self, sent: Mapping[str, object], keep: bool = True) -> dict:
        stored = self.rows.get(sent["id"]) if sent["id"] is not None else None
        if stored and sent["version"] != stored.version:
            return {
                "key": sent["key"],
                "id": stored.id,
                "version": stored.version,
                "status": "conflict",
                "current": self.show(stored.row),
                "problems": [],
            }
        values, faults = convert_row(
            self.form, RawRow(1, sent["cells"]), self.catalogue.codelists
        )
        row = {**(stored.row if stored else {}), **values}
        wrong = {fault.field_id for fault in faults}
        problems = [*faults, *(p for p in self.judge(row) if p.field_id not in wrong)]
        answer = {
            "key": sent["key"],
            "problems": [problem_to_json(self.form, p) for p in problems],
        }
        if faults:
            return {
                **answer,
                "id": sent["id"],
                "version": sent["version"],
                "status": "faulty",
            }
        row = evaluate_steps(self.form, row, ENV)
        if keep and stored:
            stored.row, stored.version = row, stored.version + 1
        elif keep:
            stored = self.add(**row)
        return {
            **answer,
            "id": stored.id if stored else None,
            "version": stored.version if stored else None,
            "status": "saved",
            "cells": self.show(row),
        }

    def show(self, row: Mapping[str, object]) -> dict[str, str]:
        return {
            item.id: display(item, row.get(item.id), self.catalogue.codelists)
            for item in self.form.fields
        }

    def find_options(self, text: str) -> dict:
        found = [
            {"value": value, "label": label}
            for value, label in self.options
            if text in value or text in label
        ]
        return {"options": found[:10], "more": len(found) > 10}


@contextmanager
def serve(pages: PageServer) -> Iterator[PageServer]:
    """Run the server on a free port until the block ends."""
    handler = type("Handler", (_Handler,), {"pages": pages})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    pages.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield pages
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    pages: PageServer
    headers: Message

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        arguments = {name: v[0] for name, v in parse_qs(address.query).items()}
        for prefix, folder in _STATIC.items():
            if address.path.startswith(prefix):
                path = folder / address.path.removeprefix(prefix)
                return self._send(path.read_bytes(), _TYPES[path.suffix])
        if address.path == "/uploads/1":
            return self._send_json({"received": len(self.pages.uploaded)})
        if address.path == "/options":
            return self._send_json(self.pages.find_options(arguments.get("q", "")))
        if address.path.startswith("/rows/"):
            number = address.path.rpartition("/")[2]
            stored = self.pages.rows.get(int(number) if number.isdigit() else 0)
            return self._send_page(self.pages.render_record(stored))
        if address.path == "/record":
            first = next(iter(self.pages.rows.values()), None)
            return self._send_page(self.pages.render_record(first))
        return self._send_page(self.pages.render_grid(arguments))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path in ("/save", "/check"):
            if self.pages.refusal:
                return self._send_json({"message": "不行"}, self.pages.refusal)
            sent = json.loads(body)
            self.pages.saves.append(sent)
            keep = self.path == "/save"
            rows = [self.pages.save(row, keep) for row in sent["rows"]]
            return self._send_json({"rows": rows, "saved_at": "2024-09-06T10:42:07"})
        if self.path == "/delete":
            return self._delete(json.loads(body))
        if self.path.startswith("/uploads/"):
            return self._take_upload(urlsplit(self.path), body)
        self.pages.posts.append(_read_multipart(body, self.headers["Content-Type"]))
        return self._send_page("<!doctype html><title>ok</title><p>posted</p>")

    def _take_upload(self, address: SplitResult, body: bytes) -> None:
        act = address.path.rpartition("/")[2]
        if act == "send" and self.pages.breaks:
            # As where a connection breaks: nothing answers.
            self.pages.breaks -= 1
            return self.connection.close()
        if act == "send":
            content = body.partition(b'filename="piece"')[2].partition(b"\r\n\r\n")[2]
            self.pages.uploaded += content.rpartition(b"\r\n--")[0]
            return self._send_json({"received": len(self.pages.uploaded)})
        if act == "finish":
            return self._finish_upload(json.loads(body))
        if act == "drop":
            self.pages.uploaded = b""
            return self._send_json({})
        urls = {act: f"/uploads/1/{act}" for act in ("send", "finish", "drop")}
        received = len(self.pages.uploaded)
        self._send_json(
            {"url": "/uploads/1", "received": received, "piece": 4, "urls": urls}
        )

    def _finish_upload(self, sent: dict) -> None:
        if self.pages.is_coarse and not sent["set_dpi"]:
            return self._send_json({"message": "写着 72 dpi", "dpi": 300}, 422)
        self._send_json({"token": "t9", "name": "新.pdf", "url": "/files/t9"})

    def _delete(self, sent: dict) -> None:
        ids = [row["id"] for row in sent["rows"]]
        refused = {
            i: self.pages.refused_deletes[i]
            for i in ids
            if i in self.pages.refused_deletes
        }
        for row_id in ids:
            if row_id not in refused:
                self.pages.rows.pop(row_id)
        self._send_json(
            {
                "deleted": [i for i in ids if i not in refused],
                "refused": [{"id": i, "message": m} for i, m in refused.items()],
            }
        )

    def _send_json(self, content: object, status: int = 200) -> None:
        self._send(json.dumps(content).encode(), "application/json", status)

    def _send_page(self, content: str) -> None:
        self._send(content.encode(), "text/html; charset=utf-8")

    def _send(self, content: bytes, content_type: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Security-Policy", CSP)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        pass


def _read_multipart(body: bytes, content_type: str) -> dict[str, list[str]]:
    boundary = content_type.partition("boundary=")[2].encode()
    found: dict[str, list[str]] = {}
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = head.partition(b'name="')[2].partition(b'"')[0].decode()
        found.setdefault(name, []).append(value[:-2].decode())
    return found


def catalogue_of(
    fields: Mapping[str, dict], **words: object
) -> tuple[FormSpec, Catalogue]:
    """A form made of `field_of` declarations, in a catalogue of its own.

    `words` are `rules`, `required`, `layout`, or words of `x-form` such as `shape`.
    """
    schema = schema_of(**fields)
    for name in ("required", "rules", "layout"):
        if name in words:
            schema[name if name == "required" else f"x-{name}"] = words.pop(name)
    schema["x-form"] |= words
    if words.get("shape") == "record":
        del schema["x-form"]["key"]
    reading = read_schemas(schema)
    assert not reading.faults, [str(fault) for fault in reading.faults]
    [form] = reading.forms
    edition = Edition("test", "2024", {}, (form,))
    return form, Catalogue((edition,), load_codelists(), ())
