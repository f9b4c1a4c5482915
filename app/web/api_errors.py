"""Errors of the addresses for programs (`/api/`): problem details as RFC 9457 has them.

`app.web.errors` finds the words, which are those of the pages.
"""

import json

from flask import Response, request

PREFIX = "/api/"
_PROBLEM = "application/problem+json; charset=utf-8"


def is_api() -> bool:
    """Whether the request is a program's rather than a person's."""
    return request.path.startswith(PREFIX)


def make_problem(
    status: int, title: str, detail: str, suggestions: tuple[str, ...] = ()
) -> Response:
    """The answer to a request that was not carried out."""
    problem: dict[str, object] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
    }
    if suggestions:
        problem["suggestions"] = suggestions
    body = json.dumps(problem, ensure_ascii=False)
    return Response(body, status, content_type=_PROBLEM)
