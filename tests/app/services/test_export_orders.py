"""What an export that waits for a worker keeps of the rows asked for."""

from decimal import Decimal

import pytest

from app.services.export_orders import query_from_json, query_to_json
from app.storage.records import Filter, FilterOp, Query, Sort
from tests.support.forms import form_of, schema_of


@pytest.mark.parametrize(
    "query",
    [
        Query(),
        Query(search="张", level="error"),
        Query(ids=(3, 5)),
        Query(
            filters=(Filter("area", FilterOp.AT_LEAST, Decimal("1.50")),),
            level="warning",
            sort=Sort("area", descending=True),
        ),
    ],
)
def test_a_query_survives_being_kept(query):
    form = form_of(schema_of(area="decimal"))
    assert query_from_json(form, query_to_json(form, query)) == query
