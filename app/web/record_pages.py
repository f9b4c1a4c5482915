"""A record, or one row, as a page draws it: values, problems, last period, files.

Alone on its page it is framed by `form_pages`; booklets put several on one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from flask import url_for

from app.services import files
from app.services.continuity import find_last_rows
from app.services.desks import CheckedRow, Desk
from app.services.disclosing import may_disclose
from app.services.entering import Outcome
from app.services.periods import name_period
from app.services.wider_rules import judge_wider
from app.web.form_urls import BACK, list_urls, url_of_reveal, url_of_row
from app.web.notes import Warned, view_notes
from app.web.server import get_server
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import FormSpec, Period
from renderers.record_page import FileView, Link, RecordPage, build_record_page
from renderers.returned import Returned


@dataclass(frozen=True)
class Drawn:
    """A row's page, and what of it is open."""

    page: RecordPage
    returned: Returned


def make_record(
    desk: Desk,
    row: CheckedRow | None,
    returned: Returned,
    *,
    preset: Mapping[str, object] | None = None,
    texts: Mapping[str, object] | None = None,
    outcome: Outcome | None = None,
    unmasked: bool = False,
    links: Sequence[Link] = (),
    prefix: str = "",
    title: str = "",
    compares: bool = False,
    back: str = "",
) -> Drawn:
    """Gather the page of a record or row, of a new one where `row` is None.

    Args:
        returned: which fields the chain of reviews leaves open.
        preset: values of a new row.
        texts: what was typed and could not be stored.
        unmasked: show personal data in full.
        prefix: keeps its ids apart from those of other forms on the page.
        title: stands instead of the form's own.
        compares: whether there is a column for last period's values, known or not.
        back: the page to come back to once it was saved without a script.
    """
    form, row_id = desk.form, row.stored.id if row else None
    values = row.stored.row if row else {**_defaults(form), **(preset or {})}
    (previous,) = find_last_rows(desk, [values])
    found, wider = outcome or row, judge_wider(desk, row.stored) if row else None
    judged = [one for one in (found, wider) if one is not None]
    problems = tuple(problem for one in judged for problem in one.problems)
    confirmed = {mark: why for one in judged for mark, why in one.confirmed.items()}
    (notes,) = view_notes(desk, [Warned(values, problems, confirmed)])
    frozen = desk.find_frozen([row.stored] if row else [])
    returned = replace(returned, frozen=frozen)
    urls = list_urls(desk, url_of_row(form, row_id))
    page = build_record_page(
        form,
        desk.catalogue,
        values,
        urls=replace(
            urls,
            post=f"{urls.post}&{urlencode({BACK: back})}" if back else urls.post,
            reveal=url_of_reveal(form, row_id) if row and may_disclose(desk) else "",
        ),
        problems=problems,
        previous={} if compares and previous is None else previous,
        row_id=row_id,
        version=row.stored.version if row else None,
        read_only=bool(desk.find_row_obstacle(row.stored if row else None)),
        env=desk.env(),
        texts=texts,
        meanings=desk.name_references(values),
        files=_view_files(desk, values),
        unmasked=unmasked,
        current=_head_of_period(desk),
        links=links,
        notice=outcome.message if outcome else "",
        notes=notes,
        reasons=desk.place.edition.reasons,
        returned=returned,
        prefix=prefix,
        title=title,
    )
    return Drawn(page, returned)


def _defaults(form: FormSpec) -> dict[str, object]:
    return {f.id: f.default for f in form.typed_fields if f.default is not None}


def _view_files(desk: Desk, row: Mapping[str, object]) -> dict[str, FileView]:
    names = name_files(desk, [row])
    address = {"collection": desk.form.collection, "code": desk.form.code}
    return {
        token: FileView(token, name, url_for("forms.fetch", token=token, **address))
        for token, name in names.items()
    }


def name_files(desk: Desk, rows: list[Mapping[str, object]]) -> dict[str, str]:
    tokens: list[str] = []
    for item in desk.form.fields:
        if item.value_kind in FILE_KINDS:
            for row in rows:
                value = row.get(item.id) or ()
                tokens += value if isinstance(value, tuple) else (str(value),)
    if not tokens:
        return {}
    return files.name_files(get_server().engine, tuple(tokens))


def _head_of_period(desk: Desk) -> str:
    return (
        f"本年（{show_period(desk)}）"
        if desk.form.period is Period.SNAPSHOT
        else "本年"
    )


def show_period(desk: Desk) -> str:
    return name_period(desk.form, *desk.place.period_of(desk.form))
