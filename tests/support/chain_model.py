"""What the chain of reviews has to do, in plain Python: a model to hold it against.

Every act answers whether it is allowed, and then does it to the model. Nothing here
knows the database, or how the services do it.
"""

from dataclasses import dataclass, field

LEADS = ("filler", "both")
FORM_STEPS = {"department": ("head", "both"), "compliance": ("office",)}
WHOLE_STEPS = {"leadership": "leader", "city": "city", "province": "province"}
EDITABLE = ("draft", "returned")

#: What people type, beside the name that is the key.
FIELDS = {"1": ("count", "remark"), "2": ("count",), "3": ("money", "remark")}
#: A field, and what a return of it unlocks.
_UNLOCKS = {"count": {"count", "twice"}, "twice": {"count", "twice"}}


@dataclass
class Line:
    """A row."""

    name: str
    values: dict
    by_supplier: bool = False

    @property
    def content(self):
        filled = {key: value for key, value in self.values.items() if value is not None}
        return (self.name, *sorted(filled.items()))


@dataclass
class Entry:
    """A decision."""

    kind: str
    actor: str
    step: str = ""
    content: object = None
    before: tuple = ()
    #: threads that it changed, each with how it stood
    threads: list = field(default_factory=list)
    #: those whom the act asks told something
    is_answered: bool = False
    edits: int = 0
    is_of_supplier: bool = False
    is_whole: bool = False
    undone: bool = False


class Rows(dict):
    """Rows by id, with when each came and went."""

    def __init__(self):
        super().__init__()
        self.log = []

    def __setitem__(self, row_id, line):
        if row_id not in self:
            self.log.append(("came", row_id))
        super().__setitem__(row_id, line)

    def __delitem__(self, row_id):
        self.log.append(("went", row_id))
        super().__delitem__(row_id)


@dataclass
class Asked:
    """A thread that unlocks."""

    step: str
    row_id: int | None
    field_id: str
    #: what it names, as it was when it came back
    then: object
    is_of_supplier: bool = False
    state: str = "open"

    @property
    def is_open(self):
        return self.state != "closed"


def restore_threads(stood):
    """Have threads stand as they stood."""
    for one, state, then in stood:
        one.state, one.then = state, then


@dataclass
class FormModel:
    """One form."""

    code: str
    state: str = "draft"
    step: str = ""
    is_empty: bool = False
    is_closed: bool = False
    part: str = "open"
    rows: Rows = field(default_factory=Rows)
    threads: list = field(default_factory=list)
    log: list = field(default_factory=list)
    #: import id -> (who staged it, whether it is the supplier's, lines)
    pending: dict = field(default_factory=dict)
    authors: set = field(default_factory=set)
    submitted_by: str = ""
    edits: int = 0

    # What is there.

    @property
    def is_shared(self):
        return self.code == "1"

    @property
    def content(self):
        lines = frozenset(line.content for line in self.rows.values())
        return (self.is_empty, lines)

    @property
    def figures(self):
        return frozenset(
            (line.name, line.values.get("money")) for line in self.rows.values()
        )

    @property
    def effective(self):
        return [entry for entry in self.log if not entry.undone]

    @property
    def last_move(self):
        moves = ("submit", "approve", "return")
        found = [entry for entry in self.effective if entry.kind in moves]
        return found[-1] if found else None

    @property
    def is_under_review(self):
        return self.state in ("submitted", "approved")

    @property
    def unlocked(self):
        return [one for one in self.threads if one.is_open]

    @property
    def is_narrow(self):
        is_whole = any(one.row_id is None for one in self.unlocked)
        return self.state == "returned" and not is_whole

    def find_approved(self):
        """The steps whose approval holds for the content."""
        steps = set()
        for entry in self.effective:
            if entry.kind == "approve" and entry.content == self.content:
                steps.add(entry.step)
            if entry.kind == "return":
                steps.discard(entry.step)
        return steps

    def find_next(self, after=""):
        order = list(FORM_STEPS)
        rest = order[order.index(after) + 1 :] if after else order
        approved = self.find_approved()
        return next((step for step in rest if step not in approved), "")

    # Who may.

    def may_enter(self, actor):
        """Whether the person may enter rows here at all now."""
        if actor not in LEADS and not (actor == "supplier" and self.is_shared):
            return False
        if self.is_closed or self.is_empty or self.is_under_review:
            return False
        return not (actor == "supplier" and self.part == "handed")

    def may_add(self, actor):
        """Whether one new row may come, as on a page."""
        gone, instead = self._find_replaced()
        has_place = len(gone) > len(instead)
        return self.may_enter(actor) and (not self.is_narrow or has_place)

    def may_load(self, actor):
        return self.may_enter(actor) and not self.is_narrow

    def _find_replaced(self):
        """Returned rows that were deleted, and those that came in their place."""
        named = {one.row_id for one in self.unlocked if not one.field_id}
        gone = [n for n, (how, i) in enumerate(self.rows.log) if how == "went"]
        gone = [n for n in gone if self.rows.log[n][1] in named]
        later = self.rows.log[gone[0] :] if gone else []
        came = [i for how, i in later if how == "came" and i in self.rows]
        return gone, came[: len(gone)]

    def sees(self, actor, row_id):
        return actor != "supplier" or self.rows[row_id].by_supplier

    def may_change(self, actor, row_id, name):
        if not self.may_enter(actor) or not self.sees(actor, row_id):
            return False
        touched = _UNLOCKS[name] if name == "count" and self.is_shared else {name}
        return not self.is_narrow or self._is_free(row_id, touched)

    def may_delete(self, actor, row_id):
        if not self.may_enter(actor) or not self.sees(actor, row_id):
            return False
        rows = {one.row_id for one in self.unlocked if not one.field_id}
        rows |= {*self._find_replaced()[1]}
        return not self.is_narrow or row_id in rows

    def _is_free(self, row_id, touched):
        own = [one for one in self.unlocked if one.row_id == row_id]
        if row_id in self._find_replaced()[1]:
            return True
        if any(not one.field_id for one in own):
            return True
        free = set().union(*(_UNLOCKS.get(o.field_id, {o.field_id}) for o in own))
        return touched <= free

    def is_working(self):
        """Whether people still work at it."""
        return not self.is_closed and self.state in EDITABLE

    def is_sound(self, line):
        """No error."""
        if not self.is_shared:
            return True
        count = line.values.get("count")
        return count is not None and count >= 0

    def is_ready(self):
        """Whether it can be handed in."""
        if not self.rows and not self.is_empty:
            return False
        if self.pending or (self.is_shared and self.part != "handed"):
            return False
        if self.is_shared and any(
            not self.is_sound(line) or line.values["count"] > 100
            for line in self.rows.values()
        ):
            return False
        if any(self.is_unmet(one) for one in self.threads):
            return False
        return self.code != "3" or not self.rows or self.has_approved_figures()

    def is_unmet(self, asked):
        """Whether what came back was neither mended nor answered."""
        is_gone = asked.row_id is not None and asked.row_id not in self.rows
        if asked.state != "open" or is_gone:
            return False
        return asked.then == self.look_at(asked.row_id, asked.field_id)

    def look_at(self, row_id, field_id):
        """What a question names, as it is."""
        if row_id is None:
            return self.content
        line = self.rows[row_id]
        return line.values.get(field_id) if field_id else line.content

    def may_answer(self, actor, asked):
        """Whether a person may answer; rows of the lead are none of a supplier's."""
        if not asked.is_open:
            return False
        if actor in LEADS:
            return True
        is_own = asked.row_id is None or asked.is_of_supplier
        return actor == "supplier" and self.is_shared and is_own

    def has_approved_figures(self):
        return any(
            entry.kind == "figures" and entry.content == self.figures
            for entry in self.effective
        )

    def may_review(self, actor, step):
        authors = self.authors | {self.submitted_by}
        authors |= {staged[0] for staged in self.pending.values()}
        return actor in FORM_STEPS.get(step, ()) and actor not in authors

    # What happens.

    def note(self, kind, actor, **known):
        before = (self.state, self.step, self.is_closed)
        entry = Entry(kind, actor, before=before, **known)
        entry.edits = self.edits
        self.log.append(entry)
        return entry

    def touch(self, actor):
        self.edits += 1
        self.authors.add(actor)

    def submit(self, actor):
        self.note("submit", actor, content=self.content)
        self.submitted_by = actor
        self.step = self.find_next()
        self.state = "submitted" if self.step else "approved"

    def approve(self, actor):
        step = self.step
        entry = self.note("approve", actor, step=step, content=self.content)
        self.step = self.find_next(after=step)
        self.state = "submitted" if self.step else "approved"
        entry.threads = self.close_threads(step)

    def give_back(self, actor, step, row_id, field_id, *, is_whole=False):
        entry = self.note("return", actor, step=step, is_whole=is_whole)
        self.state, self.step, self.is_closed = "returned", "", False
        same = [
            one
            for one in self.unlocked
            if (one.step, one.row_id, one.field_id) == (step, row_id, field_id)
        ]
        then = self.look_at(row_id, field_id)
        if same:
            (asked,) = same
            entry.threads = [(asked, asked.state, asked.then)]
            asked.state, asked.then = "open", then
            return
        is_of_supplier = row_id is not None and self.rows[row_id].by_supplier
        asked = Asked(step, row_id, field_id, then, is_of_supplier)
        entry.threads = [(asked, "closed", then)]
        self.threads.append(asked)

    def answer(self, actor, asked):
        asked.state = "answered"
        for entry in self.effective:
            is_about = any(one is asked for one, _, _ in entry.threads)
            if entry.kind == "return" and is_about and entry.actor != actor:
                entry.is_answered = True

    def close_threads(self, step):
        """Close what a step asked; gives what was open, with how it stood."""
        own = [one for one in self.unlocked if one.step == step]
        stood = [(one, one.state, one.then) for one in own]
        for one in own:
            one.state = "closed"
        return stood

    def restore(self, entry):
        """Undo the last decision."""
        entry.undone = True
        self.state, self.step, self.is_closed = entry.before
        restore_threads(entry.threads)

    def is_untouched(self, entry):
        """Whether nobody began to mend since a return, or answered."""
        return entry.edits == self.edits and not self.pending and not entry.is_answered

    def may_undo(self, actor, entry):
        """Whether its maker may take the last decision back."""
        if entry is None or entry.actor != actor:
            return False
        if entry.kind == "submit":
            return self.is_under_review
        if entry.kind == "approve":
            return self.may_review(actor, entry.step)
        if entry.kind == "return":
            return self.is_untouched(entry) and self.may_review(actor, entry.step)
        if entry.kind == "figures":
            return self.is_working()
        return False
