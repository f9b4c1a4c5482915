"""A region whose cases are chosen for a book of two to three."""

from dataclasses import replace

from tests.support.travelling import Region, get_group_catalogue

BOOK = ("group", "cases")
LEAST, MOST = 2, 3


def small_books(catalogue=None):
    """The catalogue of groups with a book that a few rows fill."""
    whole = catalogue or get_group_catalogue()
    [edition] = whole.editions
    told = [
        {**one, "least": LEAST, "most": MOST} for one in edition.settings["anthologies"]
    ]
    changed = replace(edition, settings={**edition.settings, "anthologies": told})
    return replace(whole, editions=(changed,))


class Cases(Region):
    """Cases on their way into the book."""

    def recommend(self, title, unit="east", **fields):
        """A case that a province recommends; gives its id."""
        row = {
            "unit_name": f"{unit} 的申报单位",
            "case_title": title,
            "summary": f"{title}的摘要。",
            "case_document": self.file(unit, "G7.1", "case_document"),
            "allow_publish": True,
            **fields,
        }
        row_id = self.add(unit, "G7.1", **row)
        self.move(unit, "G7.1", row_id, "send_province")
        return row_id

    def choose(self, *titles, unit="east"):
        """Cases that stand in the book; gives their ids."""
        ids = [self.recommend(title, unit) for title in titles]
        for row_id in ids:
            self.move("nation", "G7.1", row_id, "choose")
        return ids

    def version(self, row_id):
        return self._version("G7.1", row_id)
