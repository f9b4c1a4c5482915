"""What the template of a record page places: the page, its groups, its fields."""

from dataclasses import dataclass, field

from markupsafe import Markup

from form_schemas.settings import WarningReason
from renderers.problems import ProblemView, count_style
from renderers.returned import Asked
from renderers.urls import PageUrls


@dataclass(frozen=True)
class FileView:
    """A stored file by its token."""

    token: str
    name: str
    url: str = ""


@dataclass(frozen=True)
class FieldView:
    """One line of the page."""

    id: str
    label: str
    #: parts (其中) stand indented under the whole
    depth: int
    required: bool
    hidden: bool
    #: the control, or the value where nothing is typed
    control: Markup
    #: filled in by the engine
    given: bool
    figure: bool
    #: whether the label belongs to a group of controls
    composed: bool
    broad: bool
    upload: bool
    #: behind the control; empty where the group's head says it
    unit: str
    hint: str
    #: the value as text that scripts compute with, where nothing is typed
    value: str
    #: what the value stands for: the name of a code or of a row picked
    meaning: str
    #: last period's value, the figure it was, and how much changed
    last: str
    last_figure: str
    change: str
    problems: tuple[ProblemView, ...] = ()
    files: tuple[FileView, ...] = ()
    #: why it cannot be changed now though others can
    locked: str = ""
    #: what reviewers ask about it
    asked: tuple[Asked, ...] = ()

    @property
    def warnings(self) -> tuple[ProblemView, ...]:
        """The problems that a reason is asked, or was given, for."""
        return tuple(problem for problem in self.problems if problem.takes_reason)

    @property
    def style(self) -> str:
        """The worst problem's class."""
        styles = [problem.style for problem in self.problems]
        if self.asked:
            styles.append("back")
        return next((s for s in ("error", "back", "warn", "info") if s in styles), "")


@dataclass(frozen=True)
class GroupView:
    """A panel of fields, and its place on the rail."""

    number: int
    title: str
    unit: str
    fields: tuple[FieldView, ...]
    #: required fields that are shown, and how many of them hold a value
    needed: int
    filled: int

    @property
    def has_figures(self) -> bool:
        return any(item.figure for item in self.fields)

    @property
    def errors(self) -> int:
        return sum(count_style(item.problems, "error") for item in self.fields)


@dataclass(frozen=True)
class Link:
    """A quiet link in the foot bar, such as the previous form."""

    label: str
    url: str


@dataclass(frozen=True)
class RecordPage:
    """All the template places."""

    title: str
    groups: tuple[GroupView, ...]
    #: problems of the whole row, which no field shows
    other_problems: tuple[ProblemView, ...]
    errors: tuple[ProblemView, ...]
    warnings: tuple[ProblemView, ...]
    urls: PageUrls
    #: what the page's script reads
    data: Markup
    row_id: int | None
    version: int | None
    read_only: bool
    #: whether last period's values have a column
    compares: bool
    #: whether any field holds personal data, and whether it is shown in full
    is_personal: bool
    unmasked: bool
    #: heads of the columns of values
    current: str
    previous: str
    links: tuple[Link, ...] = field(default=())
    notice: str = ""
    #: for which a warning may pass
    reasons: tuple[WarningReason, ...] = ()
    #: what reviewers ask about the row as a whole
    asked: tuple[Asked, ...] = ()
    #: whether only returned fields may change
    is_narrow: bool = False
    #: why a link locks the row, and what helps
    frozen: str = ""
    #: in ids, before those of fields and groups: a page may hold several forms
    prefix: str = ""

    @property
    def open_fields(self) -> int:
        """Required fields that hold nothing yet."""
        return sum(group.needed - group.filled for group in self.groups)
