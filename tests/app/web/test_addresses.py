"""Numbers in addresses that no key of the database can be."""

import pytest

# PostgreSQL alone refuses what does not fit into a key.
pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.mark.parametrize(
    "url",
    [
        "/imports/3000000000",
        "/exports/3000000000/file",
        "/circulars/3000000000",
        "/area/3000000000",
        "/admin/units?under=3000000000",
        "/forms/?at=3000000000-3000000000",
    ],
)
def test_a_number_that_no_key_can_be_is_not_found(administrator, url):
    assert administrator.get(url).status_code in (200, 302, 404)
