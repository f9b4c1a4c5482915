"""What every view works with: settings, database, catalogue and the file store."""

from dataclasses import dataclass, replace

from flask import Flask, current_app, g
from flask.typing import ResponseReturnValue

from app.config import Config
from app.services.keeping import CatalogueKeeper
from app.services.workshop import Workshop
from app.storage.files import FileStore
from form_schemas.catalogue import Catalogue

_KEY = "tianbao.server"
_KEEPER = "tianbao.keeper"

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
    app.extensions[_KEEPER] = CatalogueKeeper(server.workshop)


def get_keeper(app: Flask) -> CatalogueKeeper:
    """What gives the forms in use; a worker beside the server shares it."""
    return app.extensions[_KEEPER]


def get_server() -> Server:
    """The server with the forms in use: the same ones to the end of a request."""
    if "server" not in g:
        server: Server = current_app.extensions[_KEY]
        workshop = get_keeper(current_app).get()
        g.server = replace(server, workshop=workshop)
    return g.server
