"""The Jinja environment of the fragments: every value escaped, no unknown names."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("renderers", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, **names: object) -> Markup:
    """A template of renderers/templates with its one dataclass, as safe HTML."""
    return Markup(_environment().get_template(template).render(**names))
