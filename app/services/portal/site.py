"""The portal of an installation: which collection has one, and when it is looked at."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine

from app.models.base import now_utc
from app.services.workshop import Workshop
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.portal import Portal
from form_schemas.spec import FormSpec


@dataclass(frozen=True, eq=False)
class Site:
    """A portal, as it is today."""

    engine: Engine
    catalogue: Catalogue
    edition: Edition
    portal: Portal
    today: date

    def form(self, code: str) -> FormSpec:
        return self.edition.by_code[code]


def find_site(workshop: Workshop) -> Site | None:
    """The portal of the first collection that declares one."""
    for edition in workshop.catalogue.newest.values():
        if edition.portal is not None:
            today = now_utc().astimezone().date()
            engine, catalogue = workshop.engine, workshop.catalogue
            return Site(engine, catalogue, edition, edition.portal, today)
    return None
