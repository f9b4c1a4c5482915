"""Whether the server is ready: asked by whoever starts or watches it."""

from flask import Blueprint, jsonify

from app.services.readiness import find_obstacle
from app.web.server import Answer, get_server

health = Blueprint("health", __name__)


@health.get("/healthz")
def is_ready() -> Answer:
    server = get_server()
    obstacle = find_obstacle(server.engine)
    if obstacle:
        return jsonify(status="unavailable", reason=obstacle), 503
    return jsonify(status="ok", forms=len(server.catalogue.forms))
