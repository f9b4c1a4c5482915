"""What a grid page's address asks for, read and written."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from form_schemas.spec import FormSpec

PAGE_SIZES = (20, 50, 100)
USUAL_SIZE = 50
LEVELS = ("error", "warning")
#: carried forward from the last round, and not touched since
INHERITED = "inherited"
STATES = (*LEVELS, INHERITED)


@dataclass(frozen=True)
class GridQuery:
    """What the page's address asks for: `?q=…&f-<field>=…&state=…&sort=…&page=…`."""

    search: str = ""
    #: field id and the text chosen
    filters: tuple[tuple[str, str], ...] = ()
    #: "error" or "warning": only rows with such problems; or those `INHERITED`
    state: str = ""
    #: field id, with "-" before it for descending
    sort: str = ""
    page: int = 1
    size: int = USUAL_SIZE

    @property
    def is_narrowed(self) -> bool:
        return bool(self.search or self.filters or self.state)

    def to_text(self) -> str:
        """The query as it stands in an address."""
        named = {
            "q": self.search,
            **{f"f-{field_id}": text for field_id, text in self.filters},
            "state": self.state,
            "sort": self.sort,
            "page": "" if self.page == 1 else self.page,
            "size": "" if self.size == USUAL_SIZE else self.size,
        }
        return urlencode({name: value for name, value in named.items() if value})


def read_query(form: FormSpec, arguments: Mapping[str, str]) -> GridQuery:
    """The query of an address; unknown fields and strange numbers are left out."""
    chosen = ((f"f-{field.id}", field.id) for field in form.fields)
    filters = tuple(
        (field_id, arguments[name]) for name, field_id in chosen if arguments.get(name)
    )
    sort = arguments.get("sort", "")
    size = _read_number(arguments.get("size"), USUAL_SIZE)
    return GridQuery(
        search=arguments.get("q", "").strip(),
        filters=filters,
        state=arguments.get("state", "") if arguments.get("state") in STATES else "",
        sort=sort if sort.removeprefix("-") in form.by_id else "",
        page=max(1, _read_number(arguments.get("page"), 1)),
        size=size if size in PAGE_SIZES else USUAL_SIZE,
    )


def _read_number(text: str | None, default: int) -> int:
    return (
        int(text)
        if text and text.isascii() and text.isdigit() and len(text) < 9
        else default
    )
