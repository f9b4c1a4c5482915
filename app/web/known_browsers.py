"""Browsers in which somebody proved to be whose account it is: a cookie tells them."""

from flask import Response, request

from app.services.devices import DAYS, find_device, get_login, remember_device
from app.web.server import get_server
from app.web.visit import device_cookie_name


def read_device() -> str:
    """The cookie of the browser that asks."""
    return request.cookies.get(device_cookie_name(get_server().config), "")


def remember_browser(response: Response, user_id: int) -> None:
    """Know the browser again, so that others' guesses keep nobody out of it."""
    server, cookie = get_server(), read_device()
    login = get_login(server.engine, user_id)
    if find_device(server.secret, login, cookie):
        return
    response.set_cookie(
        device_cookie_name(server.config),
        remember_device(server.secret, login, cookie),
        max_age=DAYS * 86400,
        secure=server.config.is_production,
        httponly=True,
        samesite="Lax",
    )
