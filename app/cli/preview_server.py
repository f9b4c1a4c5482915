"""Serves the preview of the form that was saved last, on this machine only.

Nothing is stored and nobody logs in: it draws files that lie on the same machine.
"""

import json
import sys
import threading
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from app.cli.preview_page import Shown, frame, list_urls
from app.errors import AppError
from app.services.preview_drawing import draw_grid, draw_page, tell_tried
from app.services.previewing import Preview, write_preview_template
from app.services.watching import News
from app.storage.files import MEDIA_TYPES, XLSX_TYPE
from form_schemas.catalogue import Catalogue
from form_schemas.codelists import load_codelists
from form_schemas.edition_files import load_edition
from form_schemas.fault_places import PlacedFault, place_faults
from form_schemas.settings import COLLECTION_FILE
from form_schemas.spec import FormSpec, Shape

_HOST = "127.0.0.1"
_APP = Path(__file__).parent.parent
#: Prefix of addresses -> folder.
_STATIC = {
    "/static/forms/": _APP.parent / "renderers" / "static",
    "/static/": _APP / "static",
}
_BODY_LIMIT = 1024 * 1024
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; form-action 'none'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}
_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


class PreviewServer:
    """The server and what it draws, which may change while it answers."""

    def __init__(self, port: int) -> None:
        self.shown = Shown()
        self._good: dict[str, Preview] = {}
        handler = partial(_Handler, self)
        self._server = _Server((_HOST, port), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def host(self) -> str:
        return f"{_HOST}:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/"

    def draw(self, path: Path) -> None:
        """Draw the form of a file that was saved; settings alone draw nothing new."""
        if path.name == COLLECTION_FILE:
            return
        folder = path.parent
        file = f"{folder.parent.name}/{folder.name}/{path.name}"
        # This takes a fraction of the time that judging the edition takes.
        found = load_edition(folder)
        self._keep(Catalogue((found.edition,), load_codelists()), file)
        own = (fault for fault in found.faults if fault.file == file)
        self._show(file, place_faults(own, folder.parent.parent))

    def tell(self, news: News) -> None:
        """Show what is wrong with the drawn form, now that it was judged."""
        file = self.shown.file
        if file.startswith(f"{news.edition}/"):
            self._show(file, [one for one in news.faults if one.fault.file == file])

    def _show(self, file: str, faults: Iterable[PlacedFault]) -> None:
        shown = Shown(
            self.shown.version, file, self._good.get(file), tuple(map(str, faults))
        )
        if shown != self.shown:
            self.shown = replace(shown, version=shown.version + 1)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _keep(self, catalogue: Catalogue, file: str) -> None:
        (edition,) = catalogue.editions
        form = edition.by_code.get(Path(file).stem)
        if form is not None:
            self._good[file] = Preview(catalogue, form)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that draws anew does not wait for the answers it asked for."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    """One request; the base class calls `do_GET` and `do_POST`."""

    protocol_version = "HTTP/1.1"

    def __init__(self, server: PreviewServer, *args: object) -> None:
        self._preview_server = server
        # The base class answers at once.
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if not self._is_ours():
            return
        views = {
            "/": self._show_usual,
            "/page": self._show_page,
            "/grid": self._show_grid,
            "/template.xlsx": self._send_template,
            "/options": self._list_options,
            "/version": self._tell_version,
        }
        if address.path in views:
            views[address.path](parse_qs(address.query))
        else:
            self._send_static(address.path)

    def do_POST(self) -> None:
        if not self._is_ours():
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _BODY_LIMIT:
            return self._send(413, "text/plain", b"")
        body = self.rfile.read(int(length))
        if urlsplit(self.path).path != "/check":
            return self._send(404, "text/plain", b"")
        return self._check(body)

    def log_message(self, *_: object) -> None:
        """Faults are what the terminal is for."""

    # Views.

    def _show_usual(self, query: dict[str, list[str]]) -> None:
        preview = self._preview_server.shown.preview
        is_grid = preview is not None and preview.form.shape is Shape.ROWS
        (self._show_grid if is_grid else self._show_page)(query)

    def _show_page(self, query: dict[str, list[str]]) -> None:
        shown = self._preview_server.shown
        drawn = ""
        if shown.preview is not None and not shown.preview.form.is_derived:
            has_example = query.get("example") == ["1"]
            drawn = draw_page(shown.preview, list_urls(), has_example=has_example)
        self._send_html(frame(shown, "page", drawn))

    def _show_grid(self, _query: dict[str, list[str]]) -> None:
        shown = self._preview_server.shown
        if shown.preview is None or shown.preview.form.shape is not Shape.ROWS:
            return self._send_html(frame(shown, "grid", ""))
        drawn = draw_grid(shown.preview, list_urls(), has_example=True)
        return self._send_html(frame(shown, "grid", drawn))

    def _send_template(self, _query: dict[str, list[str]]) -> None:
        form = self._find_form()
        if form is None or form.is_derived:
            return self._send(404, "text/plain", b"")
        stream = BytesIO()
        preview = self._preview_server.shown.preview
        assert preview is not None
        write_preview_template(preview.catalogue, form, stream)
        name = quote(f"{form.code} {form.title}（预览）.xlsx", safe="")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
        return self._send(200, XLSX_TYPE, stream.getvalue(), headers)

    def _list_options(self, query: dict[str, list[str]]) -> None:
        preview = self._preview_server.shown.preview
        field, text = query.get("field", [""])[0], query.get("q", [""])[0]
        page = query.get("page", ["1"])[0]
        try:
            if preview is None:
                return self._send(404, "text/plain", b"")
            number = int(page) if page.isdigit() else 1
            found = preview.find_options(field, text, max(1, number))
        except AppError as error:
            return self._send_json({"message": error.message}, error.status)
        options = [
            {"value": one.value, "label": one.label, "hint": one.hint}
            for one in found.options
        ]
        return self._send_json({"options": options, "more": found.more})

    def _check(self, body: bytes) -> None:
        preview = self._preview_server.shown.preview
        rows = _read_rows(body)
        if preview is None or rows is None:
            return self._send_json({"message": "请求的内容不正确。"}, 400)
        answers = [
            {"key": row.get("key")}
            | tell_tried(preview, preview.try_row(_cells_of(row), _sample_of(row)))
            for row in rows
        ]
        return self._send_json({"rows": answers})

    def _tell_version(self, _query: dict[str, list[str]]) -> None:
        self._send_json({"version": self._preview_server.shown.version})

    def _send_static(self, path: str) -> None:
        for prefix, folder in _STATIC.items():
            if path.startswith(prefix):
                file = (folder / path.removeprefix(prefix)).resolve()
                if file.is_file() and file.is_relative_to(folder.resolve()):
                    suffix = file.suffix.removeprefix(".")
                    kind = _TYPES.get(suffix) or MEDIA_TYPES.get(suffix, "text/plain")
                    return self._send(200, kind, file.read_bytes())
        return self._send(404, "text/plain", b"")

    # What is sent.

    def _find_form(self) -> FormSpec | None:
        preview = self._preview_server.shown.preview
        return None if preview is None else preview.form

    def _is_ours(self) -> bool:
        """Refuse what another website makes a browser send to this machine."""
        host = self.headers.get("Host", "")
        port = self._preview_server.host.partition(":")[2]
        if host in (f"{_HOST}:{port}", f"localhost:{port}"):
            return True
        self._send(403, "text/plain", b"")
        return False

    def _send_html(self, text: str) -> None:
        self._send(200, "text/html; charset=utf-8", text.encode())

    def _send_json(self, content: object, status: int = 200) -> None:
        text = json.dumps(content, ensure_ascii=False)
        self._send(status, "application/json", text.encode())

    def _send(
        self,
        status: int,
        content_type: str,
        body: bytes,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        told = {"Content-Type": content_type, "Content-Length": str(len(body))}
        for name, value in {**_HEADERS, **told, **(headers or {})}.items():
            self.send_header(name, value)
        if status >= 400:
            # The body of a refused request was not read.
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)


def _read_rows(body: bytes) -> list[dict] | None:
    """The rows that a page's script sent; None where they are none."""
    try:
        content = json.loads(body)
    except ValueError:
        return None
    rows = content.get("rows") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        return None
    return rows


def _cells_of(row: dict) -> dict[str, object]:
    cells = row.get("cells")
    return cells if isinstance(cells, dict) else {}


def _sample_of(row: dict) -> int | None:
    number = row.get("id")
    return number if isinstance(number, int) else None
