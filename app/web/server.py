"""What every view works with: settings, database, catalogue and the file store."""

from dataclasses import dataclass

from flask import Flask, current_app
from flask.typing import ResponseReturnValue

from app.config import Config
from app.services.workshop import Workshop
from app.storage.files import FileStore
from form_schemas.catalogue import Catalogue

_KEY = "tianbao.server"

#: What a view answers.
Answer = ResponseReturnValue


@dataclass(frozen=True, eq=False)
class Server:
    """One running installation."""

    config: Config
    workshop: Workshop
    #: signs what travels through browsers
    secret: str

    @property
    def engine(self):
        """The database; views only hand it on to services."""
        return self.workshop.engine

    @property
    def catalogue(self) -> Catalogue:
        return self.workshop.catalogue

    @property
    def files(self) -> FileStore:
        return self.workshop.files


def attach_server(app: Flask, server: Server) -> None:
    app.extensions[_KEY] = server


def get_server() -> Server:
    return current_app.extensions[_KEY]
