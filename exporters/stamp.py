"""The hidden sheet by which our own workbooks are known: form, edition, schema hash.

Whoever hands workbooks out adds what else they are known by.
"""

from collections.abc import Iterable, Mapping

from openpyxl import Workbook

from exporters.gate import STAMP_SHEET
from exporters.putting import put_text
from exporters.refusals import Reason, RefusedFile
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec

_FORM = "form"
_FINGERPRINT = "fingerprint"


def build_stamp(form: FormSpec) -> tuple[tuple[str, str], ...]:
    """The rows of the stamp sheet."""
    return (
        (_FORM, form.full_name),
        ("title", form.title),
        (_FINGERPRINT, form.fingerprint),
    )


def put_stamp(workbook: Workbook, pairs: Iterable[tuple[str, str]]) -> None:
    """Write what a workbook says of itself over what it said before."""
    if STAMP_SHEET not in workbook.sheetnames:
        workbook.create_sheet(STAMP_SHEET).sheet_state = "hidden"
    sheet = workbook[STAMP_SHEET]
    for at, pair in enumerate(pairs, 1):
        for column, text in enumerate(pair, 1):
            put_text(sheet, at, column, text)


def check_stamp(stamp: Mapping[str, str], form: FormSpec, catalogue: Catalogue) -> None:
    """Refuse a workbook that was made for another form or another edition.

    A changed schema of the same edition is no reason: its columns are matched by label.

    Raises:
        RefusedFile: the stamp names another form or edition.
    """
    stamped = stamp.get(_FORM, form.full_name)
    if stamped == form.full_name:
        return
    collection, _, rest = stamped.partition("/")
    edition, _, code = rest.partition("/")
    ours = f"{form.code} {form.title}"
    if (collection, code) == (form.collection, form.code):
        raise RefusedFile(
            Reason.OTHER_EDITION, form=ours, other=edition, edition=form.edition
        )
    other = catalogue.find(stamped)
    title = other.title if other else stamp.get("title", "")
    raise RefusedFile(Reason.OTHER_FORM, form=ours, other=f"{code} {title}".strip())
