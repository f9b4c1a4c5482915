"""The application for a WSGI server: `gunicorn app.wsgi:app`."""

from app.config import load_config
from app.factory import create_app
from app.services.installation import load_forms

_config = load_config()
app = create_app(_config, catalogue=load_forms(_config))
