"""What the portal keeps while visitors ask for more than it can."""

from app.services.portal.keeping import Kept


def test_what_is_asked_for_again_and_again_is_made_once():
    kept, made = Kept(), []
    for number in range(2000):
        kept.get("asked by all", 600, lambda: made.append("once"))
        kept.get(number, 600, lambda: made.append("each"))
    assert made.count("once") == 1
    assert made.count("each") == 2000
