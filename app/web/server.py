"""What every view works with: settings, database, catalogue and the file store."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app

from app.config import Config
from form_schemas.catalogue import Catalogue

_KEY = "tianbao.server"


@dataclass(frozen=True, eq=False)
class Server:
    """One running installation."""

    config: Config
    #: SQLAlchemy engine; views only hand it on to services
    engine: Any
    catalogue: Catalogue
    #: signs what travels through browsers
    secret: str
    #: object store of uploads
    files: Any


def attach_server(app: Flask, server: Server) -> None:
    app.extensions[_KEY] = server


def get_server() -> Server:
    return current_app.extensions[_KEY]
