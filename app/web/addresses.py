"""What may stand in addresses."""

from werkzeug.routing import IntegerConverter, Map

#: Browsers hold whole numbers exactly up to here; so do both databases.
LARGEST_ID = 2**53


class IdConverter(IntegerConverter):
    """The id of a row: `/imports/<id:import_id>`; nothing else is found."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, min=1, max=LARGEST_ID)
