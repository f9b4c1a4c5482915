"""What a move asks of whoever makes it: a small form of those fields alone."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from app.errors import Refused
from app.services.flows.items import Item
from form_schemas.field_spec import FieldGroup, PlacedField
from form_schemas.flows import Move
from form_schemas.spec import FormSpec
from validators.check import Stage, check_row
from validators.conversion import RawRow
from validators.messages import describe

Row = Mapping[str, object]


class NotFilled(Refused):
    """What the move asks for is not filled in, or wrong."""

    status = 422


@lru_cache(maxsize=256)
def make_asking_form(form: FormSpec, move: Move) -> FormSpec:
    """The fields that a move asks for, as a form that is typed into."""
    fields = tuple(
        replace(form.by_id[name], by_move=False, required=True) for name in move.asks
    )
    placed = tuple(PlacedField(field.id, 0) for field in fields)
    return replace(
        form,
        fields=fields,
        groups=(FieldGroup("", placed),),
        key=(),
        unique=(),
        title_field=None,
        rules=(),
        examples=(),
        steps=(),
        flow=None,
        flow_with=None,
    )


def read_answers(item: Item, move: Move, cells: Row) -> Row:
    """The values of what a move asks for.

    Raises:
        NotFilled: it says what is missing or wrong.
    """
    if not move.asks:
        return {}
    form = make_asking_form(item.form, move)
    own = {name: cells.get(name) for name in move.asks}
    checked = check_row(form, RawRow(None, own), item.context, Stage.DRAFT)
    if not checked.is_clean:
        told = [describe(form, one) for one in checked.problems if one.is_error]
        raise NotFilled(" ".join(told))
    return {name: checked.row.get(name) for name in move.asks}
