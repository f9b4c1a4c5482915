"""Every back end knows every function of the language, or it is known to lack it."""

import pytest

from app.storage import expression_functions
from form_schemas.functions import FUNCTIONS
from tests.support.expressions import CASES, run_browser
from validators import generating

#: Looks at other rows, which a row or a page does not have.
_BEYOND_THE_ROW = {"is_unique"}
#: What the reader puts around a text that holds several values.
_READERS_OWN = {"split"}
_OF_ROWS = set(FUNCTIONS) - _BEYOND_THE_ROW


def test_no_back_end_lacks_a_function():
    with run_browser() as browser:
        known = {
            "python": set(generating.ROW_FUNCTIONS),
            "browser": set(browser.list_functions()),
            "sql": set(expression_functions.FUNCTIONS),
        }
    needed = dict.fromkeys(("python", "browser"), _OF_ROWS | _READERS_OWN)
    needed["sql"] = set(FUNCTIONS) | _READERS_OWN
    assert known == needed


@pytest.mark.parametrize("name", sorted(_OF_ROWS))
def test_every_function_has_a_case(name):
    assert any(f"{name}(" in text for text, _row, _expected in CASES["cases"])
