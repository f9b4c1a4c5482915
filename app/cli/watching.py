"""The command that judges schema files whenever they are saved, and draws them.

For those who edit the files themselves; the designer's pages do the same for others.
"""

import signal
import threading
from datetime import datetime
from pathlib import Path

import click

from app.cli.console import fail, tell
from app.cli.linting import judge_edition, list_editions
from app.cli.preview_server import PreviewServer
from app.config import load_config
from app.services.watching import News, Watch

_EVERY_SECONDS = 0.5


@click.command("watch")
@click.argument("path", type=click.Path(exists=True, path_type=Path), required=False)
@click.option(
    "--preview",
    "port",
    type=click.IntRange(0, 65535),
    help="同时在本机这个端口上画出刚保存的表：页面、表格、模板；0 由系统选一个端口。",
)
@click.option("--full", is_flag=True, help="每次都列出全部错误，给编辑器的任务用。")
def watch(path: Path | None, port: int | None, full: bool) -> None:
    """守着 PATH（一个文件、一版或全部），表单文件一保存就重新检查。

    随时打印新出现和已改好的错误，写法同 schemas lint。Ctrl+C 停止。
    """
    chosen = (path or load_config().forms_folder).resolve()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = None if port is None else _open_preview(port)
    keeper = Watch(lambda: _list_existing(chosen), judge_edition)
    tell(f"守着 {path or chosen}，保存后自动检查。Ctrl+C 停止。")
    try:
        while not stop.is_set():
            _look(keeper, server, full=full)
            stop.wait(_EVERY_SECONDS)
    finally:
        if server is not None:
            server.close()
    tell("已停止。")


def _look(keeper: Watch, server: PreviewServer | None, *, full: bool) -> None:
    if not keeper.find_changed():
        return
    # An editor's task takes what stands between these two lines.
    tell(f"[{_now()}] 开始检查")
    come = gone = 0
    for news in keeper.look(server.draw if server else lambda path: None):
        come, gone = come + len(news.come), gone + len(news.gone)
        if not full:
            _print(news)
        if server is not None:
            server.tell(news)
    if full:
        for fault in keeper.faults:
            click.echo(str(fault))
    hints = sum(one.fault.is_hint for one in keeper.faults)
    also = f"、{hints} 处提醒" if hints else ""
    told = f"新出现 {come} 处，改好 {gone} 处" if come or gone else "没有变化"
    errors = len(keeper.faults) - hints
    tell(f"[{_now()}] 检查完毕：现有 {errors} 处错误{also}，{told}。")


def _print(news: News) -> None:
    for one in news.gone:
        click.echo(f"已改好：{one}")
    for one in news.come:
        click.echo(str(one))


def _open_preview(port: int) -> PreviewServer:
    try:
        server = PreviewServer(port)
    except OSError as error:
        fail(f"端口 {port} 用不了：{error.strerror}。请换一个。")
    tell(f"预览：{server.url}")
    return server


def _list_existing(path: Path) -> tuple[Path, ...]:
    """The editions there are now: one may be made, or go, while one watches."""
    return list_editions(path) if path.exists() else ()


def _now() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")
