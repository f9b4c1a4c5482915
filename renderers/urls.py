"""Where a page's links and scripts go; `app.web` fills it in, templates read it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PageUrls:
    """Addresses of one page, with what its requests have to carry."""

    #: the page itself: the grid's queries go here
    page: str
    #: takes rows as JSON; empty: nothing is stored, rows are only checked
    save: str
    #: takes what the page's own form posts; empty: the page itself
    post: str = ""
    #: options of references and code lists, as JSON
    options: str = ""
    delete: str = ""
    #: as `save`, but nothing is stored
    check: str = ""
    #: take the reason for a warning of a stored row, and take it back
    explain: str = ""
    withdraw: str = ""
    #: takes one file (`file`) of one field (`field`), gives its token
    upload: str = ""
    #: begins to take a file in pieces
    pieces: str = ""
    #: a stored file; `{token}` stands for its token
    file: str = ""
    #: a row's own page; `{id}` stands for the row
    row: str = ""
    new_row: str = ""
    #: act on all rows that the page's query finds, a batch a request
    delete_all: str = ""
    fill_all: str = ""
    #: takes the query and ids of rows, gives a workbook
    export: str = ""
    #: hands the form in; absent where that happens elsewhere
    submit: str = ""
    #: where to go when the session has ended
    login: str = ""
    #: folder that serves renderers/static
    static: str = "/static/forms"
    csrf_token: str = ""
    #: whose drafts the browser keeps: one user, unit and round; empty keeps none
    draft_scope: str = ""
    #: whose choice of columns the browser keeps: one user and form; empty keeps none
    choice_scope: str = ""
    #: takes a reason, shows this page with personal data in full; empty where the
    #: person may not see it
    reveal: str = ""

    def row_page(self, row_id: object) -> str:
        return self.row.replace("{id}", str(row_id)) if self.row else ""

    def file_page(self, token: str) -> str:
        return self.file.replace("{token}", token) if self.file else ""
