"""What a browser does in a trial: signs in, asks for pages, and waits for them."""

import re
from collections.abc import Callable
from statistics import median

from benchmarks.clock import timed

_TIMES = 5
TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


def measure(act: Callable[[], object]) -> float:
    """Seconds; the first time fills a server's caches."""
    act()
    times = []
    for _ in range(_TIMES):
        with timed() as timer:
            act()
        times.append(timer.seconds)
    return median(times)


def sign_in(app, name: str, password: str):
    """A client of somebody who has signed in."""
    client = app.test_client()
    token = TOKEN.search(client.get("/login").text).group(1)
    sent = {"username": name, "password": password, "csrf_token": token}
    answer = client.post("/login", data=sent)
    if answer.status_code != 302:
        raise RuntimeError(f"{name}: {answer.status_code}")
    return client


def ask(client, address: str) -> str:
    """The page of an address."""
    answer = client.get(address)
    if answer.status_code != 200:
        raise RuntimeError(f"{address}: {answer.status_code}")
    return answer.text
