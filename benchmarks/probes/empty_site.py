"""Flask's empty page, which pages of the portal are measured beside."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def home() -> str:
    return ""
