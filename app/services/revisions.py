"""What a publication left to do in a unit's round, cell by cell, as each one sees it.

Cells are those that checks found something in (`check_cells`), at fields and rules that
differ since; and cells that are empty because their former values could not be read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from app.services.check_cells import Choice, FindingView, list_findings
from app.services.check_reports import CheckReport, Seen, find_report
from app.services.publications import Publication
from app.services.row_names import name_row
from app.services.schema_changes.applied import load_applied
from app.services.schema_changes.planning import find_places
from app.services.touched_forms import TouchedForm, find_touched
from app.storage.columns import find_cells
from app.storage.engine import begin_reading
from app.storage.left_values import Left, LeftValue, Whose, iterate_left
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.rule_spec import Level
from form_schemas.spec import FormSpec
from validators.conversion import display
from validators.messages import mask

_LONGEST = 200
_AT_ONCE = 1000


@dataclass(frozen=True)
class RevisedCell:
    """One cell that somebody has to see to."""

    form: FormSpec
    #: None: the form as a whole
    row_id: int | None
    row_name: str
    field_id: str
    #: what stands there; of a cell that could not be read what stood there before
    value: str
    level: Level
    #: what is wrong, and what to do
    sentence: str
    #: whose row it is
    department_id: int | None = None
    #: whether somebody said why the warning may pass
    is_explained: bool = False
    #: whether the cell is empty, and the value the one that stood there before
    is_former: bool = False

    @property
    def label(self) -> str:
        item = self.form.by_id.get(self.field_id)
        return "" if item is None else item.label


@dataclass(frozen=True, eq=False)
class Revision:
    """A publication, as it concerns one unit's round and whoever looks."""

    publication: Publication
    scope: Scope
    #: the forms that the person sees, with whose rows
    seen: Seen
    forms: tuple[TouchedForm, ...]
    report: CheckReport
    #: cells whose former values could not be read
    left: tuple[RevisedCell, ...]

    @property
    def unchecked(self) -> tuple[FormSpec, ...]:
        """Forms that nobody checked since: what is wrong there is not known."""
        at = self.publication.at
        return tuple(
            one.form
            for one in self.report.forms
            if one.checked_at is None or one.checked_at < at
        )

    @property
    def touched(self) -> Mapping[str, tuple[Sequence[str], Sequence[str]]]:
        return {one.form.full_name: (one.fields, one.kinds) for one in self.forms}


def open_revision(
    engine: Engine,
    catalogue: Catalogue,
    publication: Publication,
    scope: Scope,
    seen: Seen,
) -> Revision:
    """What a publication left to do for whoever sees these forms there."""
    forms = tuple(
        one for one in find_touched(engine, catalogue, publication) if one.form in seen
    )
    own = {one.form: seen[one.form] for one in forms}
    report = find_report(engine, catalogue, scope, own)
    with begin_reading(engine) as connection:
        left = tuple(_list_left(connection, catalogue, publication, forms, scope, own))
    return Revision(publication, scope, own, forms, report, left)


def list_revised_cells(
    engine: Engine, catalogue: Catalogue, revision: Revision, page: int, size: int
) -> tuple[tuple[RevisedCell, ...], int]:
    """One page of cells, those that could not be read first, and how many there are."""
    start = (max(page, 1) - 1) * size
    left = revision.left[start : start + size]
    found, total = list_findings(
        engine,
        revision.scope,
        revision.seen,
        Choice(touched=revision.touched),
        size=size - len(left),
        skip=max(0, start - len(revision.left)),
    )
    cells = _add_values(engine, catalogue, revision.scope, found)
    return (*left, *cells), len(revision.left) + total


def iterate_revised_cells(
    engine: Engine, catalogue: Catalogue, revision: Revision
) -> Iterator[RevisedCell]:
    """All of them."""
    page = 1
    while True:
        cells, total = list_revised_cells(engine, catalogue, revision, page, _AT_ONCE)
        yield from cells
        if page * _AT_ONCE >= total:
            return
        page += 1


# Values that could not be read.


def _list_left(
    connection: Connection,
    catalogue: Catalogue,
    publication: Publication,
    forms: Sequence[TouchedForm],
    scope: Scope,
    seen: Seen,
) -> Iterator[RevisedCell]:
    places = find_places(load_applied(connection))
    for one in forms:
        whose = Whose(scope.unit_id, (scope.round_id,), seen[one.form])
        for field in one.left:
            left = Left(one.form, field.item, field.former, field.dropped)
            at = publication.at
            for value in iterate_left(connection, left, whose, at, places):
                yield _view_left(catalogue, value)


def _view_left(catalogue: Catalogue, found: LeftValue) -> RevisedCell:
    left = found.left
    text = _show(left.former, found.value, catalogue)
    return RevisedCell(
        left.form,
        found.row_id,
        name_row(left.form, found.key),
        left.item.id,
        text,
        Level.ERROR if left.item.required else Level.WARNING,
        f"“{left.item.label}”改表以前是“{text}”，换不成现在的样子，现在是空的。"
        "请重新填写；确实没有的，可以空着。",
        found.department_id,
        is_former=True,
    )


# Values that are there.


def _add_values(
    engine: Engine, catalogue: Catalogue, scope: Scope, found: Sequence[FindingView]
) -> Iterator[RevisedCell]:
    by_form: dict[FormSpec, list[FindingView]] = {}
    for one in found:
        if one.row_id is not None and one.field_id in one.form.by_id:
            by_form.setdefault(one.form, []).append(one)
    values = {}
    with begin_reading(engine) as connection:
        for form, own in by_form.items():
            ids = {one.row_id for one in own if one.row_id is not None}
            names = sorted({one.field_id for one in own})
            for row in find_cells(connection, catalogue, form, scope, ids, names):
                values[form, row.id] = row.cells
    for one in found:
        cells = values.get((one.form, one.row_id or 0), {})
        item = one.form.by_id.get(one.field_id)
        yield RevisedCell(
            one.form,
            one.row_id,
            one.row_name,
            one.field_id,
            "" if item is None else _show(item, cells.get(item.id), catalogue),
            one.level,
            one.sentence,
            one.department_id,
            one.is_explained,
        )


def _show(item: FieldSpec, value: object, catalogue: Catalogue) -> str:
    text = display(item, value, catalogue.codelists)
    if item.sensitive and text:
        return mask(text)
    return text[:_LONGEST]
