"""Extensions of the Flask application: made here, bound by the factory."""

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import Engine


class Database(SQLAlchemy):
    """The engine and one session a request, nothing more.

    Models are plain declarative classes (`app.models`), so that commands and workers
    use them without an application.
    """

    def attach(self, app: Flask, engine: Engine) -> None:
        """Use an opened engine: the server and its worker thread share one."""
        app.extensions["tianbao.engine"] = engine
        app.config["SQLALCHEMY_DATABASE_URI"] = engine.url
        self.init_app(app)

    def _make_engine(self, bind_key: str | None, options: dict, app: Flask) -> Engine:
        return app.extensions["tianbao.engine"]


# expire_on_commit: a page shows what it just saved without reading it again.
db = Database(session_options={"expire_on_commit": False}, add_models_to_shell=False)

#: Asks for the token with every change, in forms and in JSON alike.
csrf = CSRFProtect()
