"""How templates are read."""

from flask import Flask
from jinja2 import StrictUndefined


def prepare_templates(app: Flask) -> None:
    # A name that a page misspells fails in its test, not silently before a filler.
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
