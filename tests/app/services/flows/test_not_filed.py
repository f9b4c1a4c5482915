"""Forms whose rows travel have no part in what a unit hands in as a whole."""

from app.services.chain.views import view_whole
from app.services.offers import find_offer
from app.services.whole_reviews import list_whole
from app.services.workplaces import open_workplace

TRAVELLING = {"G7.1", "G7.2", "G7.3", "G8"}


def test_nothing_of_them_is_missing(region):
    actor, catalogue = region.actor("group"), region.workshop.catalogue
    scope = region.scope("group", "G7.1")
    view = view_whole(region.workshop, actor, scope)
    missing = {form.code for form in view.missing}
    assert missing
    assert not missing & TRAVELLING
    offer = find_offer(
        region.engine,
        catalogue,
        actor,
        unit_id=scope.unit_id,
        round_id=scope.round_id,
    )
    place = open_workplace(region.engine, catalogue, actor, offer)
    listed = {one.form.code for one in list_whole(region.workshop, place, "")}
    assert "G7.1" in {form.code for form in place.forms}
    assert not listed & TRAVELLING
