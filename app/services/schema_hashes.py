"""Tells whether two catalogues say the same, and notes which one is in use."""

import json
from hashlib import sha256

from sqlalchemy import Connection

from app.storage.generations import find_catalogue_hash, raise_generation
from form_schemas.catalogue import Catalogue


def hash_catalogue(catalogue: Catalogue) -> str:
    """A digest of what all files say.

    Editions as they were (`2024@1`) change nothing of what is in use.
    """
    editions = [one for one in catalogue.editions if not one.is_archived]
    told = [
        [
            one.name,
            json.dumps(one.settings, ensure_ascii=False, sort_keys=True),
            sorted((form.full_name, form.fingerprint) for form in one.forms),
        ]
        for one in editions
    ]
    return sha256(json.dumps(told).encode()).hexdigest()


def follow_files(
    connection: Connection, catalogue: Catalogue, *, refreshed: bool = False
) -> None:
    """Begin a generation where files changed in what needs no plan: labels, settings.

    A server that starts takes such files as they are; the others follow it.

    Args:
        refreshed: whether texts were kept anew, which may be such that the hash passes
            over: rounds that are over point to an archive of the former ones since.
    """
    found = hash_catalogue(catalogue)
    if refreshed or found != find_catalogue_hash(connection):
        raise_generation(connection, found)
