"""What every view works with: settings, database, catalogue and the file store."""

from dataclasses import dataclass, replace

from flask import Flask, current_app, g
from flask.typing import ResponseReturnValue

from app.config import Config
from app.services.keeping import KEEPER, CatalogueKeeper
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
    app.extensions[KEEPER] = CatalogueKeeper(server.workshop)


def get_keeper(app: Flask) -> CatalogueKeeper:
    """What gives the forms in use."""
    return app.extensions[KEEPER]


def get_database():
    """Settings and engine that sessions are looked up with, before forms matter."""
    server: Server = current_app.extensions[_KEY]
    return server.config, get_keeper(current_app).engine


def get_server(generation: int | None = None) -> Server:
    """The server with the forms in use: the same ones to the end of a request.

    Args:
        generation: of the forms in use, where it was just read.
    """
    if "server" not in g:
        server: Server = current_app.extensions[_KEY]
        workshop = get_keeper(current_app).get(generation)
        g.server = replace(server, workshop=workshop)
    return g.server
