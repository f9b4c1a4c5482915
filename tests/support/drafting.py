"""Drafts made in tests, without the process that reads files in production."""

from pathlib import Path
from tempfile import TemporaryDirectory

from exporters.gate import Limits, open_package
from exporters.outline_own import strip_own
from exporters.outline_parts import read_parts
from exporters.template import build_template
from form_schemas.catalogue import Catalogue
from form_schemas.codelists import load_codelists
from form_schemas.spec import FormSpec
from validators.drafting.composing import Place
from validators.drafting.draft import DraftedForm, draft_form
from validators.drafting.outline import Outline

PLACE = Place("talent", "2024")


def read_here(path: Path) -> Outline:
    """The outline of a workbook, read in this process."""
    return strip_own(read_parts(open_package(path, Limits()), Limits()))


def outline_template(form: FormSpec, catalogue: Catalogue) -> Outline:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "template.xlsx"
        build_template(form, catalogue, rows=2).save(path)
        return read_here(path)


def draft(path: Path, sheet: str = "") -> DraftedForm:
    """A draft that no edition lends anything."""
    return draft_form(read_here(path), PLACE, (), load_codelists(), sheet)


def list_fields(drafted: DraftedForm) -> list[tuple[str, str, str, bool]]:
    """Label, kind, unit, required of all fields."""
    required = drafted.schema.get("required", ())
    return [
        (words["title"], words["x-kind"], words.get("x-unit", ""), field_id in required)
        for field_id, words in drafted.schema["properties"].items()
    ]


def find_field(drafted: DraftedForm, label: str) -> dict[str, object]:
    fields = drafted.schema["properties"].values()
    return next(words for words in fields if words["title"] == label)


def find_notes(drafted: DraftedForm, label: str) -> str:
    return "\n".join(note.text for note in drafted.notes if note.label == label)
