"""The page around a form that `schemas watch` draws.

It is not the website's frame: nobody is logged in, and no menu leads anywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from app.services.previewing import Preview
from form_schemas.spec import Shape
from renderers.urls import PageUrls

_FRAME = """<!doctype html><html lang="zh-Hans"><head><meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>{title}</title><link rel="icon" href="data:," />
<link rel="stylesheet" href="/static/vendor/bootstrap.min.css" />
<link rel="stylesheet" href="/static/forms/css/tianbao.css" />
<link rel="stylesheet" href="/static/css/app.css" />
<script type="module" src="/static/js/watch_preview.js"></script></head>
<body data-version="{version}"><header class="topbar"><a class="brand" href="/">
<span class="brand-mark" aria-hidden="true">填</span>
<span class="brand-name">预览</span></a></header>
<main id="main" class="page {main_class}"><div class="page-head"><div>
<div class="title">{heading}</div>
<div class="facts-line"><span>{file}</span></div></div>
<div class="actions">{actions}</div></div>{tabs}{notices}{drawn}</main></body></html>
"""
_TABS = (("grid", "表格"), ("page", "一行的页面"))


@dataclass(frozen=True)
class Shown:
    """What is drawn at the moment."""

    #: grows with every save
    version: int = 0
    #: talent/2024/1.2.1.json
    file: str = ""
    #: as it is, or as it was before it had faults; None: it never could be drawn
    preview: Preview | None = None
    faults: tuple[str, ...] = ()


def list_urls() -> PageUrls:
    """Where the drawn form's scripts go; nothing is saved."""
    return PageUrls(page="/", save="", check="/check", options="/options")


def frame(shown: Shown, tab: str, drawn: str) -> str:
    """The whole page; `drawn` is the form as `preview_drawing` draws it."""
    form = None if shown.preview is None else shown.preview.form
    title = f"{form.code} {form.title}" if form else "预览"
    heading = f"<h1>{escape(title)}</h1>"
    is_filled = form is not None and not form.is_derived
    return _FRAME.format(
        title=escape(title),
        version=shown.version,
        main_class="tool" if drawn and tab == "grid" else "",
        heading=heading,
        file=escape(shown.file),
        actions='<a class="btn" href="/template.xlsx">模板</a>' if is_filled else "",
        tabs="".join(_write_tabs(shown, tab)),
        notices="".join(_write_notices(shown)),
        drawn=drawn,
    )


def _write_tabs(shown: Shown, tab: str) -> Iterator[str]:
    form = None if shown.preview is None else shown.preview.form
    if form is None or form.is_derived or form.shape is not Shape.ROWS:
        return
    yield '<nav class="tabs mb-3" aria-label="预览">'
    for name, title in _TABS:
        here = ' aria-current="page"' if name == tab else ""
        yield f'<a href="/{name}"{here}>{title}</a>'
    yield "</nav>"


def _write_notices(shown: Shown) -> Iterator[str]:
    if shown.version == 0:
        yield _notice("info", "<div>保存一个表单文件，这里就画出来。</div>")
    if shown.faults:
        is_drawn = shown.preview is not None
        told = "下面画的是上一个好的版本" if is_drawn else "改正以后才画得出来"
        lines = "".join(f"<div>{escape(fault)}</div>" for fault in shown.faults)
        yield _notice("error", f"<div>文件有错，{told}。</div>{lines}")
    elif shown.preview is not None:
        told = "填什么都不会保存，规则和自动计算照样判断；引用的是编造的例子。"
        yield _notice("info", f"<div>{told}</div>")


def _notice(kind: str, content: str) -> str:
    sign = f'<i class="i i-{kind}" aria-hidden="true"></i>'
    return f'<div class="notice is-{kind} mb-3">{sign}<div>{content}</div></div>'
