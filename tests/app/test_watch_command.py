"""`schemas watch` as a real process, with files that are really changed."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from io import BytesIO

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from form_schemas.folders import SCHEMAS_FOLDER

pytestmark = pytest.mark.long

_WAIT_SECONDS = 60


class Watcher:
    """The running command, and what it has said."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "schemas", "watch", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.lines = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def wait_for(self, words, after=0):
        """The first line with the words; lines before `after` do not count."""
        end = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < end:
            for number, line in enumerate(self.lines[after:], after):
                if words in line:
                    return number
            assert self.process.poll() is None, self.lines
            time.sleep(0.05)
        raise AssertionError((words, self.lines[after:]))

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(_WAIT_SECONDS)


@pytest.fixture
def folder(tmp_path):
    """An edition of its own to write in."""
    folder = tmp_path / "group" / "2014"
    shutil.copytree(SCHEMAS_FOLDER / "group" / "2014", folder)
    return folder


@pytest.fixture
def watch():
    started = []

    def start(*arguments):
        started.append(Watcher(*map(str, arguments)))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait()
        one.process.stdout.close()


def change(path, old, new):
    """Save the file as editors do: written aside, and put in its place."""
    text = path.read_text("utf-8")
    assert old in text
    aside = path.with_suffix(".tmp")
    aside.write_text(text.replace(old, new, 1), "utf-8")
    aside.replace(path)


def test_faults_are_told_as_they_come_and_go(folder, watch):
    watcher = watch(folder)
    at = watcher.wait_for("现有 0 处错误")
    path = folder / "G1.json"
    change(path, '"required"', '"reqired"')
    at = watcher.wait_for("现有", at + 1)
    found = [one for one in watcher.lines if "group/2014/G1.json:" in one]
    line = path.read_text("utf-8").split('"reqired"')[0].count("\n") + 1
    assert re.fullmatch(rf"group/2014/G1\.json:{line}:3 #/reqired：.*", found[0])
    change(path, '"reqired"', '"required"')
    at = watcher.wait_for("已改好：group/2014/G1.json", at + 1)
    watcher.wait_for("现有 0 处错误", at)


def test_a_file_that_is_no_json_is_shown_where_it_breaks(folder, watch):
    watcher = watch(folder.parent.parent)
    at = watcher.wait_for("现有 0 处错误")
    (folder / "G1.json").write_text('{\n  "title": \n}', "utf-8")
    watcher.wait_for("group/2014/G1.json:3:1 #：", at + 1)


def test_editions_that_are_made_and_go_are_followed(folder, watch):
    watcher = watch(folder.parent.parent)
    at = watcher.wait_for("现有 0 处错误")
    made = folder.parent / "2015"
    made.mkdir()
    (made / "X1.json").write_text("{", "utf-8")
    (made / "collection.json").write_text("{}", "utf-8")
    at = watcher.wait_for("group/2015/X1.json:1:2", at + 1)
    shutil.rmtree(made)
    at = watcher.wait_for("已改好：group/2015/X1.json:1:2", at + 1)
    watcher.wait_for("现有 0 处错误", at)


def test_for_an_editor_all_faults_are_listed_each_time(folder, watch):
    watcher = watch(folder, "--full")
    at = watcher.wait_for("现有 0 处错误")
    (folder / "G1.json").write_text("{", "utf-8")
    at = watcher.wait_for("检查完毕", at + 1)
    (folder / "G2.json").write_text("[", "utf-8")
    begin = watcher.wait_for("开始检查", at + 1)
    end = watcher.wait_for("检查完毕", begin)
    told = "\n".join(watcher.lines[begin:end])
    assert "group/2014/G1.json:1:2 #：" in told
    assert "group/2014/G2.json:1:2 #：" in told


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to(folder, watch, number):
    watcher = watch(folder)
    watcher.wait_for("现有")
    assert watcher.stop(number) == 0
    assert watcher.lines[-1] == "已停止。"


@pytest.fixture
def drawn(folder, watch):
    """A watcher with a preview, and its address."""
    watcher = watch(folder, "--preview", "0")
    line = watcher.lines[watcher.wait_for("预览：http://127.0.0.1:")]
    watcher.wait_for("现有 0 处错误")
    return watcher, line.partition("：")[2].rstrip("/")


def fetch(address, **options):
    request = urllib.request.Request(address, **options)
    with urllib.request.urlopen(request, timeout=_WAIT_SECONDS) as answer:
        return answer.read()


def save(watcher, path, old, new):
    at = len(watcher.lines)
    change(path, old, new)
    watcher.wait_for("检查完毕", at)


def test_the_form_saved_last_is_drawn(folder, drawn):
    watcher, url = drawn
    assert "保存一个表单文件" in fetch(f"{url}/").decode()
    schema = json.loads((folder / "G2.json").read_text("utf-8"))
    first = json.loads((folder / "G1.json").read_text("utf-8"))
    save(watcher, folder / "G2.json", schema["title"], "改过名字的表")
    page = fetch(f"{url}/").decode()
    assert "改过名字的表" in page
    for path in re.findall(r'(?:src|href)="(/static/[^"?]+)', page):
        assert fetch(url + path)
    template = load_workbook(BytesIO(fetch(f"{url}/template.xlsx")))
    labels = [one["title"] for one in schema["properties"].values()]
    texts = {str(c.value).lstrip("*") for row in template.worksheets[0] for c in row}
    assert texts & set(labels)
    save(watcher, folder / "G1.json", first["title"], "另一张表")
    assert "另一张表" in fetch(f"{url}/page").decode()
    assert json.loads(fetch(f"{url}/version")) == {"version": 2}


def test_a_faulty_file_is_drawn_as_it_was_with_what_is_wrong(folder, drawn):
    watcher, url = drawn
    schema = json.loads((folder / "G2.json").read_text("utf-8"))
    save(watcher, folder / "G2.json", schema["title"], "改过名字的表")
    save(watcher, folder / "G2.json", '"required"', '"reqired"')
    page = fetch(f"{url}/").decode()
    assert "改过名字的表" in page
    assert "上一个好的版本" in page
    assert "group/2014/G2.json:" in page


def test_what_is_typed_is_judged_and_options_are_offered(folder, drawn):
    watcher, url = drawn
    schema = json.loads((folder / "G2.json").read_text("utf-8"))
    save(watcher, folder / "G2.json", schema["title"], "改过名字的表")
    body = json.dumps({"rows": [{"key": "r", "id": None, "cells": {}}]}).encode()
    (row,) = json.loads(fetch(f"{url}/check", data=body))["rows"]
    assert (row["key"], row["status"]) == ("r", "tried")
    for nonsense in (b"{", b"[]", b'{"rows": [1]}'):
        with pytest.raises(urllib.error.HTTPError, match="400"):
            fetch(f"{url}/check", data=nonsense)


def test_only_this_machine_and_only_its_own_files_are_served(drawn):
    _, url = drawn
    for path in ("/static/../__init__.py", "/static/forms/../../pyproject.toml", "/x"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            fetch(url + path)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetch(f"{url}/", headers={"Host": "elsewhere.example"})


def test_a_port_in_use_is_said(folder, watch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        watcher = watch(folder, "--preview", taken.getsockname()[1])
        assert watcher.process.wait(_WAIT_SECONDS) == 3
    assert any("用不了" in line for line in watcher.lines)


def test_a_browser_draws_anew_what_is_saved(folder, drawn, browser):
    watcher, url = drawn
    path = folder / "G2.json"
    schema = json.loads(path.read_text("utf-8"))
    save(watcher, path, schema["title"], "改过名字的表")
    page, wrong = browser.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{url}/page")
    expect(page).to_have_title("G2 改过名字的表", timeout=30_000)
    save(watcher, path, "改过名字的表", "又改了名字")
    expect(page).to_have_title("G2 又改了名字", timeout=30_000)
    save(watcher, path, '"required"', '"reqired"')
    expect(page.locator(".notice.is-error")).to_contain_text("reqired", timeout=30_000)
    assert not wrong
    page.close()
