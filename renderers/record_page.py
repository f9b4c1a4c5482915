"""The page of one row: groups of fields, last period beside, problems at the field.

`build_record_page` gathers all that the template places; it needs no database and no
request. Record forms have one such page, rows forms one for each row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache

from markupsafe import Markup

from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldGroup, FieldSpec, PlacedField
from form_schemas.settings import WarningReason
from form_schemas.spec import FormSpec
from renderers.bindings import SPELLINGS, WIDTHS, Control, control_of, is_figure
from renderers.display import edit, mask, show, show_change
from renderers.environment import render
from renderers.inputs import Text, input_id, make_inputs
from renderers.last_values import show_last_value
from renderers.live import describe_form, to_data_block
from renderers.problems import (
    NO_NOTES,
    Notes,
    ProblemView,
    problem_to_json,
    view_problem,
)
from renderers.record_views import (
    FieldView,
    FileView,
    GroupView,
    Link,
    RecordPage,
    view_table,
)
from renderers.returned import NOTHING_RETURNED, Returned
from renderers.urls import PageUrls
from validators.compiling import Env
from validators.conversion import display
from validators.report import Problem
from validators.rules import (
    hidden_fields,
    required_fields,
)

__all__ = [
    "FileView",
    "Link",
    "RecordPage",
    "build_record_page",
    "page_groups",
    "render_record_block",
    "render_record_page",
    "render_record_rail",
]

#: Controls that consist of several elements: a label cannot point at one of them.
_COMPOSED = frozenset({Control.SEGMENTS, Control.TICKS})
#: Controls that need the room of the columns for last period and change.
_BROAD = frozenset({Control.AREA, Control.TICKS, Control.PICKER, Control.UPLOAD})
#: Hanzi that the column of figures has no room for.
_LONG = 11


def build_record_page(
    form: FormSpec,
    catalogue: Catalogue,
    row: Mapping[str, object],
    *,
    urls: PageUrls,
    problems: Sequence[Problem] = (),
    previous: Mapping[str, object] | None = None,
    row_id: int | None = None,
    version: int | None = None,
    read_only: bool = False,
    env: Env | None = None,
    texts: Mapping[str, Text] | None = None,
    meanings: Mapping[str, str] | None = None,
    files: Mapping[str, FileView] | None = None,
    unmasked: bool = False,
    current: str = "本年",
    links: Sequence[Link] = (),
    notice: str = "",
    notes: Notes = NO_NOTES,
    reasons: Sequence[WarningReason] = (),
    returned: Returned = NOTHING_RETURNED,
    prefix: str = "",
    title: str = "",
) -> RecordPage:
    """Gather the page of one row.

    Args:
        row: values by field id, as stored or as checked.
        previous: last period's row; without it there is no column for it.
        env: what expressions ask besides the row; without it no field is hidden.
        texts: what was typed and could not be stored; stands in for the row's values.
        meanings: field id -> name of the row that a reference picks.
        files: token -> stored file.
        unmasked: show personal data in full.
        current: head of the column of values, e.g. 本年（2024-08-31）.
        notice: one message of the page on top, e.g. that a post was saved.
        notes: what was written about the row's warnings.
        reasons: those that warnings may pass for; without any none is asked for.
        returned: which fields are open, and what is asked about them.
        prefix: keeps its ids apart from those of other forms on the page.
        title: stands instead of the form's own.
    """
    builder = _Builder(
        form=form,
        catalogue=catalogue,
        row=row,
        urls=urls,
        problems=tuple(view_problem(form, problem, notes) for problem in problems),
        previous=previous,
        read_only=read_only or form.is_derived,
        texts=texts or {},
        meanings=meanings or {},
        files=files or {},
        unmasked=unmasked,
        hidden=hidden_fields(form, row, env) if env else frozenset(),
        required=_find_required(form, row, env),
        row_id=row_id,
        returned=returned,
        prefix=prefix,
        title=title or form.title,
    )
    seen = builder.problems
    shown = {item.id for group in form.groups for item in group.fields}
    return RecordPage(
        title=builder.title,
        groups=builder.view_groups(),
        other_problems=tuple(p for p in seen if p.field_id not in shown),
        errors=tuple(p for p in seen if p.style == "error"),
        warnings=tuple(p for p in seen if p.style == "warn"),
        urls=urls,
        data=to_data_block(
            {
                **describe_form(form, env),
                "problems": [problem_to_json(form, p, notes) for p in problems],
                "reasons": [asdict(reason) for reason in reasons],
            }
        ),
        row_id=row_id,
        version=version,
        read_only=builder.read_only,
        compares=previous is not None,
        is_personal=any(item.sensitive for item in form.fields),
        unmasked=unmasked,
        current=current,
        previous="上年",
        links=tuple(links),
        notice=notice,
        reasons=tuple(reasons),
        asked=returned.questions(row_id, ""),
        is_narrow=returned.is_narrow,
        frozen="" if builder.read_only else returned.tell_frozen(row_id),
        prefix=prefix,
    )


def render_record_page(page: RecordPage) -> Markup:
    """The page as a fragment for the frame's content block."""
    return render("record_page.html", page=page)


def render_record_block(page: RecordPage) -> Markup:
    """The same fields as a part of a page that holds several forms.

    Rail and foot bar are the whole page's.
    """
    return render("record_block.html", page=page)


def render_record_rail(page: RecordPage) -> Markup:
    """The links of such a part on the whole page's rail."""
    return render("record_rail.html", page=page)


@dataclass(frozen=True)
class _Builder:
    form: FormSpec
    catalogue: Catalogue
    row: Mapping[str, object]
    urls: PageUrls
    problems: tuple[ProblemView, ...]
    previous: Mapping[str, object] | None
    read_only: bool
    texts: Mapping[str, Text]
    meanings: Mapping[str, str]
    files: Mapping[str, FileView]
    unmasked: bool
    hidden: frozenset[str]
    required: frozenset[str]
    row_id: int | None
    returned: Returned
    prefix: str
    title: str

    def view_groups(self) -> tuple[GroupView, ...]:
        texts = {item.id: self._edit(item) for item in self.form.typed_fields}
        inputs = make_inputs(self.form, texts, self.prefix)
        return tuple(
            self._view_group(number, group, inputs)
            for number, group in enumerate(page_groups(self.form), 1)
        )

    def _view_group(self, number: int, group: FieldGroup, inputs: object) -> GroupView:
        unit = _shared_unit(self.form, group)
        views = tuple(self._view(placed, inputs, unit) for placed in group.fields)
        needed = [v for v in views if v.required and not v.hidden]
        return GroupView(
            number=number,
            title=group.title or self.title,
            unit=unit,
            fields=views,
            needed=len(needed),
            filled=sum(self._is_filled(view.id) for view in needed),
            table=group.table and view_table(group.table, views),
        )

    def _view(self, placed: PlacedField, inputs: object, group_unit: str) -> FieldView:
        item = self.form.by_id[placed.id]
        control = control_of(item)
        problems = tuple(p for p in self.problems if p.field_id == item.id)
        figure = is_figure(item)
        last = (self.previous or {}).get(item.id)
        lock = self.returned.find_lock(self.row_id, item.id)
        is_typed = not item.is_given and not self.read_only and not lock
        hint = item.description or (SPELLINGS[item.value_kind] if is_typed else "")
        return FieldView(
            id=item.id,
            label=item.label,
            depth=placed.depth,
            required=item.id in self.required and is_typed,
            hidden=item.id in self.hidden,
            control=self._control(item, inputs, problems) if is_typed else Markup(),
            given=not is_typed,
            figure=figure,
            composed=control in _COMPOSED or not is_typed,
            upload=control is Control.UPLOAD,
            broad=not figure and (control in _BROAD or _is_long(item)),
            unit="" if item.unit == group_unit else item.unit,
            hint=hint,
            meaning=self.meanings.get(item.id, "")
            if is_typed
            else self._read(item, self.row.get(item.id)),
            value="" if is_typed else self._plain(item),
            last=show_last_value(
                item, last, self.catalogue.codelists, unmasked=self.unmasked
            ),
            last_figure=str(last) if figure and last is not None else "",
            change=show_change(item, self.row.get(item.id), last) if figure else "",
            problems=problems,
            files=self._files(item),
            locked="" if item.is_given or self.read_only else lock,
            asked=self.returned.questions(self.row_id, item.id),
        )

    def _control(
        self, item: FieldSpec, inputs: object, problems: Sequence[ProblemView]
    ) -> Markup:
        attributes: dict[str, object] = {
            "class": self._class(item, problems),
            "aria_describedby": self._describing(item),
        }
        if any(problem.style == "error" for problem in problems):
            attributes["aria_invalid"] = "true"
        if control_of(item) in _COMPOSED:
            attributes["aria_labelledby"] = f"{input_id(item.id, self.prefix)}-l"
        if item.id in self.required:
            attributes["aria_required"] = "true"
        if control_of(item) is Control.TICKS:
            # A group of check boxes has no such attribute.
            attributes.pop("aria_required", None)
        return inputs[item.id](**attributes)  # type: ignore[index]

    def _class(self, item: FieldSpec, problems: Sequence[ProblemView]) -> str:
        base = "form-select" if control_of(item) is Control.SELECT else "form-control"
        bad = any(problem.style == "error" for problem in problems)
        return " ".join(filter(None, [base, is_figure(item) and "num", bad and "bad"]))

    def _describing(self, item: FieldSpec) -> str:
        start = input_id(item.id, self.prefix)
        parts = [f"{start}-e", f"{start}-h", f"{start}-m"]
        if self.previous is not None:
            parts.append(f"{start}-last")
        return " ".join(parts)

    def _edit(self, item: FieldSpec) -> Text:
        """The text that the control starts with."""
        if item.id in self.texts:
            return self.texts[item.id]
        value = self.row.get(item.id)
        if control_of(item) is Control.TICKS:
            return tuple(value) if isinstance(value, tuple) else ()
        if value is None:
            return ""
        text = edit(item, value, self.catalogue.codelists)
        return mask(item, text) if item.sensitive and not self.unmasked else text

    def _plain(self, item: FieldSpec) -> str:
        value = self.row.get(item.id)
        if value is None or control_of(item) is Control.UPLOAD:
            return ""
        text = display(item, value, self.catalogue.codelists)
        return mask(item, text) if item.sensitive and not self.unmasked else text

    def _read(self, item: FieldSpec, value: object) -> str:
        if control_of(item) is Control.UPLOAD:
            return ""
        text = show(item, value, self.catalogue.codelists)
        return mask(item, text) if item.sensitive and not self.unmasked else text

    def _files(self, item: FieldSpec) -> tuple[FileView, ...]:
        if control_of(item) is not Control.UPLOAD:
            return ()
        value = self.row.get(item.id) or ()
        tokens = value if isinstance(value, tuple) else (str(value),)
        return tuple(self._file(token) for token in tokens)

    def _file(self, token: str) -> FileView:
        known = self.files.get(token)
        return known or FileView(token, "已上传的文件", self.urls.file_page(token))

    def _is_filled(self, field_id: str) -> bool:
        return bool(self.texts.get(field_id)) or self.row.get(field_id) is not None


@lru_cache(maxsize=1024)
def page_groups(form: FormSpec) -> tuple[FieldGroup, ...]:
    """The form's groups; a form without any is one group of all its fields."""
    if form.groups:
        return form.groups
    places = tuple(PlacedField(item.id, 0) for item in form.fields)
    return (FieldGroup(form.title, places),)


def _shared_unit(form: FormSpec, group: FieldGroup) -> str:
    """The unit of all figures of a group, if there are several and all share it."""
    fields = [form.by_id[placed.id] for placed in group.fields]
    units = [item.unit for item in fields if is_figure(item)]
    return units[0] if len(units) > 1 and len(set(units)) == 1 else ""


def _is_long(item: FieldSpec) -> bool:
    """Whether texts of more than a dozen Hanzi are likely."""
    return WIDTHS[item.kind](item) >= _LONG


def _find_required(
    form: FormSpec, row: Mapping[str, object], env: Env | None
) -> frozenset[str]:
    if env is None:
        return frozenset(item.id for item in form.typed_fields if item.required)
    return frozenset(item.id for item in required_fields(form, row, env))
