"""Orders of an anthology's files, each with what stood in the book then."""

from app.errors import Refused
from app.models import ExportKind
from app.permissions import Actor
from app.services.anthologies.contents import load_contents
from app.services.export_orders import ExportOrder, start_export
from app.services.workshop import Workshop
from app.storage.records import Scope

FORMATS = ("zip", "docx")


def order_file(
    workshop: Workshop,
    actor: Actor,
    collection: str,
    name: str,
    round_id: int | None,
    file_format: str,
) -> int:
    """Order a file of the person's book; gives the id of the export.

    Raises:
        Refused: nothing stands in the book.
        NotFound, Forbidden: as for `get_place`.
    """
    contents = load_contents(workshop, actor, collection, name, round_id)
    place = contents.place
    if not contents.count:
        raise Refused("书里还没有内容。请先选入，再导出。")
    details = {
        "anthology": name,
        "book": place.name,
        "rows": [[entry.row.stored.id, entry.title] for entry in contents.entries],
    }
    scope = Scope(place.unit_id, place.round.id)
    order = ExportOrder(
        ExportKind.ANTHOLOGY,
        (place.form,),
        scope,
        actor.user_id,
        file_format=file_format,
        details=details,
    )
    return start_export(workshop, order)
