"""Commands that stay: the server, and workers."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import click
from gunicorn.app.base import BaseApplication
from gunicorn.util import import_app

from app.cli.console import open_console, tell, tell_rejudging
from app.config import PREFIX, Config, load_config
from app.jobs import Worker, start_thread
from app.services.demo import describe_accounts, prepare_demo
from app.services.demo_nation.filling import describe_nation_accounts
from app.services.installation import load_forms, open_database, prepare_database
from app.services.keeping import KEEPER
from form_schemas.catalogue import Catalogue

_STOP_SECONDS = 20


@click.command()
@click.option("--demo", is_flag=True, help="空的数据库先填上演示单位、账号和数据。")
@click.option("--host", default="127.0.0.1", show_default=True, help="监听的地址。")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    envvar="PORT",
    default=8000,
    show_default=True,
    help="监听的端口，也可用环境变量 PORT。",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="线程数。",
)
def serve(demo: bool, host: str, port: int, threads: int) -> None:
    """启动网站：建好数据库，打印网址，随后一直运行。Ctrl+C 停止。"""
    config = load_config()
    if demo:
        # The process that serves reads its settings from the environment.
        os.environ[f"{PREFIX}DEMO"] = "true"
        config = replace(config, demo=True)
    pending = prepare_database(config, tell_rejudging())
    for name in pending:
        tell(f"{name} 的表单文件有改动，还没有用到数据库上：请执行 schemas plan。")
    for broken in load_forms(config).broken:
        tell(f"{broken.full_name} 有错，暂不使用：{broken.faults[0].message}")
    if config.demo:
        _prepare_demo(config)
    _Server(config, f"{host}:{port}", threads).run()


@click.command()
@click.option("--once", is_flag=True, help="做完排队的任务就退出。")
def worker(once: bool) -> None:
    """运行后台任务（导入、导出、打包、检查、发邮件、到期提醒）；可以同时开几个。"""
    _, workshop = open_console()
    runner = Worker(workshop)
    if once:
        runner.do_chores()
        while runner.run_next():
            pass
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    tell(f"后台任务 {runner.name} 已启动。")
    runner.run_forever(stop)


class _Server(BaseApplication):
    """gunicorn with our settings; the worker loads `app.wsgi:app`."""

    def __init__(self, config: Config, bind: str, threads: int) -> None:
        self._config = config
        self._bind = bind
        self._threads = threads
        self._stop: threading.Event | None = None
        self._thread: threading.Thread | None = None
        super().__init__()

    def load_config(self) -> None:
        folder = "/dev/shm" if os.path.isdir("/dev/shm") else None
        settings = {
            "bind": self._bind,
            # One process: SQLite has one writer, and the memory of one catalogue is
            # enough. Production runs `gunicorn app.wsgi:app` with as many as it likes.
            "workers": 1,
            "worker_class": "gthread",
            "threads": self._threads,
            "timeout": 120,
            "graceful_timeout": _STOP_SECONDS,
            "keepalive": 5,
            "backlog": 256,
            "limit_request_line": 8190,
            "limit_request_fields": 100,
            "limit_request_field_size": 8190,
            "worker_tmp_dir": folder,
            "loglevel": "warning",
            "post_worker_init": self._begin,
            "worker_exit": self._end,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self):
        return import_app("app.wsgi:app")

    def _begin(self, worker) -> None:
        if self._config.embedded_worker:
            # The application's own, so that a process holds the forms once.
            keeper = worker.wsgi.extensions[KEEPER]
            self._thread, self._stop = start_thread(keeper.get(), keeper)
        tell(f"填报已启动：http://{self._bind}")
        if self._config.demo:
            _tell_accounts(load_forms(self._config))
            _fill_demo()

    def _end(self, _server: object, _worker: object) -> None:
        if self._stop is not None and self._thread is not None:
            self._stop.set()
            self._thread.join(_STOP_SECONDS / 2)


def _prepare_demo(config: Config) -> None:
    engine = open_database(config)
    try:
        prepare_demo(engine, load_forms(config), with_last_round=True)
    finally:
        # No connection may live on in the process that gunicorn forks.
        engine.dispose()


def _tell_accounts(catalogue: Catalogue) -> None:
    tell("演示账号（用户名　姓名　密码）：")
    for account in describe_accounts(catalogue):
        tell("　".join(account))
    if nation := describe_nation_accounts(catalogue):
        tell("全国平台的演示账号，数据造好后可用（用户名　账号类型　密码）：")
        for account in nation:
            tell("　".join(account))


def _fill_demo() -> None:
    """Make the demo rows beside the server, which answers meanwhile."""
    subprocess.Popen(
        [sys.executable, "-m", "app.cli", "demo"],
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
