"""Random acts of all sorts of people at a few forms, held against a model.

Each rule asks the model whether an act is allowed, tries it on the real thing, and both
have to agree; then whatever can be read has to be as the model says.
"""

from itertools import count

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from sqlalchemy import insert, select

from app.errors import AppError
from app.models import (
    CellThread,
    Contribution,
    Filing,
    ImportJob,
    ImportState,
    JobState,
    Role,
    StagedAction,
    StagedRow,
    UnitRound,
)
from app.models.base import now_utc
from app.permissions import Actor
from app.services.chain.deciding import approve
from app.services.chain.emptying import (
    close_form,
    declare_empty,
    reopen_form,
    retract_empty,
)
from app.services.chain.figures import approve_figures, view_figures
from app.services.chain.handing import hand_back, hand_over, take_back
from app.services.chain.questions import Named
from app.services.chain.returning import return_form
from app.services.chain.submitting import submit, withdraw
from app.services.chain.threads import answer
from app.services.chain.undoing import undo
from app.services.chain.whole import (
    approve_whole,
    hand_in,
    return_whole,
    withdraw_whole,
)
from app.services.entering import Entry, save_rows
from app.services.passing import delete_rows as delete_staged
from app.services.passing import pass_rows
from app.services.staging import Selection
from app.services.taking_back import take_back as take_back_import
from app.storage.content import hash_content
from app.storage.engine import begin_reading
from app.storage.filing_gate import FilingGate
from app.storage.records import Scope
from app.storage.rows import RowStore
from tests.support.chain import LEAD, School
from tests.support.chain_model import (
    FIELDS,
    FORM_STEPS,
    LEADS,
    WHOLE_STEPS,
    FormModel,
    Line,
    restore_threads,
)

ACTORS = (
    "filler",
    "supplier",
    "head",
    "both",
    "office",
    "leader",
    "city",
    "province",
)
CODES = ("1", "2", "3")
NAMES = ("甲", "乙", "丙", "丁")
_RIGHT = "whoever may"

codes = st.sampled_from(CODES)
names = st.sampled_from(NAMES)
numbers = st.sampled_from((1, 2, 3, -1, 101))
places = st.integers(0, 3)
people = st.sampled_from((_RIGHT, _RIGHT, _RIGHT, *ACTORS))
typists = st.sampled_from(("filler", "filler", "supplier", "both", *ACTORS))


class ChainMachine(RuleBasedStateMachine):
    """One school, from its first row to the province's approval and back."""

    #: the database, set by whoever runs it
    workshop = None
    _schools = count(1)

    def __init__(self):
        super().__init__()
        self.school = School(self.workshop, f"s{next(self._schools)}")
        self.people = {
            name: getattr(self.school, name) for name in ACTORS if name != "both"
        }
        self.people["both"] = self._make_both()
        self.forms = {code: FormModel(code) for code in CODES}
        self.whole_state, self.whole_step = "draft", ""
        self.whole_log = []
        self.decisions = ()
        #: imports that passed, as the model undoes them
        self.passed = {}

    def _make_both(self):
        """A filler of the lead who heads it as well."""
        first = self.school.add_person("both", Role.FILLER, LEAD)
        second = self.school.add_person("both-too", Role.DEPARTMENT_HEAD, LEAD)
        grants = first.grants + second.grants
        return Actor(first.user_id, first.username, first.name, grants)

    # Rows.

    @rule(code=codes, actor=typists, name=names, number=numbers)
    def add_on_page(self, code, actor, name, number):
        form = self.forms[code]
        line = Line(name, self._values(code, number), actor == "supplier")
        allowed = form.may_add(actor) and not self._find_id(form, name)
        saved = self._save(actor, code, [self._type(line)])
        self._agree(allowed, saved is not None)
        if allowed:
            form.rows[saved[0].id] = line
            form.touch(actor)

    @rule(code=codes, actor=typists, place=places, number=numbers, other=st.booleans())
    def edit_on_page(self, code, actor, place, number, other):
        form = self.forms[code]
        row_id = self._pick(form, place)
        if row_id is None:
            return
        field_id = FIELDS[code][-1 if other else 0]
        allowed = form.may_change(actor, row_id, field_id)
        cells = {field_id: str(number)}
        saved = self._save(actor, code, [(row_id, cells)])
        old = form.rows[row_id].values.get(field_id)
        new = self._typed(field_id, number)
        if new == old:
            # Nothing to change, nothing to refuse but to who may not enter at all.
            allowed = form.may_enter(actor) and form.sees(actor, row_id)
        self._agree(allowed, saved is not None)
        if allowed and new != old:
            self._set(form.rows[row_id], code, field_id, number)
            form.touch(actor)

    @rule(code=codes, actor=typists, name=names, place=places, number=numbers)
    def paste_in_grid(self, code, actor, name, place, number):
        """A block of a changed row and a new one: each is judged by itself."""
        form = self.forms[code]
        row_id = self._pick(form, place)
        field_id = FIELDS[code][0]
        line = Line(name, self._values(code, number), actor == "supplier")
        may_add = form.may_add(actor) and not self._find_id(form, name)
        entries = [self._type(line)]
        may_edit = False
        if row_id is not None:
            entries.insert(0, (row_id, {field_id: str(number)}))
            may_edit = form.may_change(actor, row_id, field_id)
            same = self._typed(field_id, number) == form.rows[row_id].values[field_id]
            if same:
                may_edit = form.may_enter(actor) and form.sees(actor, row_id)
        saved = self._save_each(actor, code, entries)
        self._agree(may_add, saved[-1] is not None)
        if row_id is not None:
            self._agree(may_edit, saved[0] is not None)
        if may_edit and not same:
            self._set(form.rows[row_id], code, field_id, number)
            form.touch(actor)
        if may_add:
            form.rows[saved[-1].id] = line
            form.touch(actor)

    @rule(code=codes, actor=typists, place=places)
    def delete_on_page(self, code, actor, place):
        form = self.forms[code]
        row_id = self._pick(form, place)
        if row_id is None:
            return
        allowed = form.may_delete(actor, row_id)
        done = self._try(lambda: self._delete(actor, code, row_id))
        self._agree(allowed, bool(done))
        if allowed:
            del form.rows[row_id]
            form.touch(actor)

    @rule(code=codes, by_supplier=st.booleans(), name=names, number=numbers)
    def load_many(self, code, by_supplier, name, number):
        """The command line, a job: straight into the store."""
        form = self.forms[code]
        actor = "supplier" if by_supplier and form.is_shared else "filler"
        line = Line(name, self._values(code, number), actor == "supplier")
        known = self._find_id(form, name)
        allowed = form.may_load(actor) and (known is None or form.sees(actor, known))
        done = self._try(lambda: self._load(actor, code, line))
        self._agree(allowed, done is not None)
        if allowed:
            self._merge(form, known, line, actor)

    @precondition(lambda self: self._find_held())
    @rule(which=places, place=places, number=numbers, way=places)
    def touch_what_is_held(self, which, place, number, way):
        """Forms that were handed in or returned, by every path."""
        held = self._find_held()
        code = held[which % len(held)]
        if way == 0:
            self.delete_on_page(code, "filler", place)
        elif way == 1:
            self.edit_on_page(code, "filler", place, number, number > 1)
        elif way == 2:
            self.paste_in_grid(code, "both", NAMES[place], place, number)
        else:
            self.load_many(code, False, NAMES[place], number)

    # Imports.

    @rule(code=codes, by_supplier=st.booleans(), name=names, number=numbers)
    def stage(self, code, by_supplier, name, number):
        form = self.forms[code]
        actor = "supplier" if by_supplier and form.is_shared else "filler"
        line = Line(name, self._values(code, number), actor == "supplier")
        job_id = self._try(lambda: self._stage(actor, code, line))
        self._agree(form.may_load(actor), job_id is not None)
        if job_id is not None:
            form.pending[job_id] = (actor, actor == "supplier", line)

    @rule(code=codes)
    def pass_import(self, code):
        form = self.forms[code]
        if not form.pending:
            return
        job_id = next(iter(form.pending))
        actor, by_supplier, line = form.pending[job_id]
        known = self._find_id(form, line.name)
        allowed = form.may_load(actor) and (known is None or form.sees(actor, known))
        if known is not None:
            # The row was not there, or another, when the import was checked.
            allowed = allowed and True
        done = self._try(lambda: pass_rows(self.workshop, None, job_id, reason="核实"))
        self._agree(allowed, done is not None)
        if allowed:
            del form.pending[job_id]
            was = None if known is None else form.rows[known]
            row_id = self._merge(form, known, line, actor)
            self.passed[code] = (job_id, row_id, was, form.edits, by_supplier)

    @rule(code=codes)
    def drop_import(self, code):
        form = self.forms[code]
        if form.pending:
            job_id = next(iter(form.pending))
            actor = form.pending.pop(job_id)[0]
            person = self.people[actor]
            delete_staged(self.workshop, person, job_id, Selection())

    @rule(code=codes, actor=st.sampled_from(("filler", "both", "office", "leader")))
    def take_import_back(self, code, actor):
        form = self.forms[code]
        if code not in self.passed:
            return
        job_id, row_id, was, edits, by_supplier = self.passed[code]
        if edits != form.edits:
            return
        allowed = actor in LEADS and not by_supplier
        allowed = allowed and form.may_load("filler")
        changed = was is None or was.content != form.rows[row_id].content
        person = self.people[actor]
        done = self._try(lambda: take_back_import(self.workshop, person, job_id))
        self._agree(allowed and changed, done is not None)
        if done is not None:
            if was is None:
                del form.rows[row_id]
            else:
                form.rows[row_id] = was
            form.touch(actor)
            del self.passed[code]

    # One form.

    @rule(code=codes, actor=people)
    def submit(self, code, actor):
        form = self.forms[code]
        actor = self._right(actor, "filler")
        allowed = actor in LEADS and form.is_working() and form.is_ready()
        self._act(allowed, submit, actor, code)
        if allowed:
            form.submit(actor)

    @rule(code=codes, actor=people)
    def withdraw(self, code, actor):
        form = self.forms[code]
        actor = self._right(actor, "filler")
        last = form.last_move
        allowed = (
            actor in LEADS
            and form.is_under_review
            and last.kind == "submit"
            and self._is_collecting()
        )
        self._act(allowed, withdraw, actor, code)
        if allowed:
            form.restore(last)

    @rule(code=codes, actor=people, is_seen=st.sampled_from((True, True, True, False)))
    def approve(self, code, actor, is_seen):
        form = self.forms[code]
        actor = self._right(actor, FORM_STEPS.get(form.step, ("head",))[0])
        filing = self.school.filing(code)
        seen = (filing.content_hash if filing and is_seen else None) or "0" * 64
        allowed = (
            is_seen and form.state == "submitted" and form.may_review(actor, form.step)
        )
        self._act(allowed, approve, actor, code, seen)
        if allowed:
            form.approve(actor)

    @rule(
        code=codes,
        actor=people,
        place=places,
        sort=st.sampled_from(["cell", "row", "form"]),
    )
    def give_back(self, code, actor, place, sort):
        form = self.forms[code]
        step = form.step if form.state == "submitted" else "compliance"
        actor = self._right(actor, FORM_STEPS[step][0])
        named = self._name(form, place, sort)
        allowed = (
            form.is_under_review
            and form.may_review(actor, step)
            and self._is_collecting()
        )
        self._act(allowed, return_form, actor, code, [named])
        if allowed:
            form.give_back(actor, step, named.row_id, named.field_id)

    @rule(code=codes, actor=people)
    def undo(self, code, actor):
        form = self.forms[code]
        last = form.effective[-1] if form.effective else None
        if last is None or last.is_whole or last.kind == "other":
            return
        actor = self._right(actor, last.actor)
        allowed = form.may_undo(actor, last) and self._is_collecting()
        decision = self._find_decision(form, last)
        person = self.people[actor]
        done = self._try(lambda: (undo(self.workshop, person, decision.id), True))
        self._agree(allowed, done is not None)
        if allowed and last.kind == "figures":
            last.undone = True
        elif allowed:
            form.restore(last)

    @precondition(lambda self: any(form.threads for form in self.forms.values()))
    @rule(code=codes, actor=people, place=places)
    def answer(self, code, actor, place):
        """Say what is the matter with something that came back."""
        form = self.forms[code]
        if not form.threads:
            return
        asked = form.threads[place % len(form.threads)]
        actor = self._right(actor, "filler")
        thread_id = self._find_thread_ids(code)[place % len(form.threads)]
        person = self.people[actor]
        done = self._try(lambda: (answer(self.workshop, person, thread_id, "如此"),))
        allowed = form.may_answer(actor, asked)
        self._agree(allowed, done is not None)
        if allowed:
            form.answer(actor, asked)

    @rule(actor=people, no_rows=st.booleans())
    def hand_over(self, actor, no_rows):
        form = self.forms["1"]
        actor = self._right(actor, "supplier")
        own = [line for line in form.rows.values() if line.by_supplier]
        staged = any(by_supplier for _, by_supplier, _ in form.pending.values())
        allowed = (
            actor == "supplier"
            and form.is_working()
            and form.part != "handed"
            and (not own if no_rows else bool(own))
            and all(map(form.is_sound, own))
            and not staged
        )
        self._act(
            allowed, hand_over, actor, "1", self.school.supplier_id, no_rows=no_rows
        )
        if allowed:
            form.part = "handed"
            form.note("other", actor)

    @rule(actor=people, act=st.sampled_from(("take_back", "hand_back")))
    def unhand(self, actor, act):
        form = self.forms["1"]
        is_own = act == "take_back"
        actor = self._right(actor, "supplier" if is_own else "filler")
        allowed = form.is_working() and form.part == "handed"
        allowed = allowed and (actor == "supplier" if is_own else actor in LEADS)
        args = [] if is_own else [[Named(reason="scope")]]
        act_of = take_back if is_own else hand_back
        self._act(allowed, act_of, actor, "1", self.school.supplier_id, *args)
        if allowed:
            form.part = "open" if is_own else "returned"
            form.note("other", actor)

    @rule(code=codes, actor=people, confirmed=st.sampled_from((True, True, False)))
    def declare_empty(self, code, actor, confirmed):
        form = self.forms[code]
        actor = self._right(actor, "filler")
        allowed = (
            confirmed
            and actor in LEADS
            and form.is_working()
            and not form.is_empty
            and not form.rows
            and not form.pending
        )
        self._act(allowed, declare_empty, actor, code, confirmed=confirmed)
        if allowed:
            form.is_empty = True
            form.note("other", actor)

    @rule(code=codes, actor=people)
    def retract_empty(self, code, actor):
        form = self.forms[code]
        actor = self._right(actor, "filler")
        allowed = actor in LEADS and form.is_working() and form.is_empty
        self._act(allowed, retract_empty, actor, code)
        if allowed:
            form.is_empty = False
            form.note("other", actor)

    @rule(code=codes, actor=people, confirmed=st.sampled_from((True, True, False)))
    def close(self, code, actor, confirmed):
        form = self.forms[code]
        actor = self._right(actor, "office")
        allowed = (
            confirmed
            and code == "2"
            and actor in (*LEADS, "office")
            and form.is_working()
            and not (form.is_empty or form.rows or form.pending)
        )
        self._act(allowed, close_form, actor, code, confirmed=confirmed)
        if allowed:
            form.note("other", actor)
            form.is_closed, form.state, form.step = True, "draft", ""

    @rule(code=codes, actor=people)
    def reopen(self, code, actor):
        form = self.forms[code]
        actor = self._right(actor, "office")
        allowed = (
            form.is_closed and actor in (*LEADS, "office") and self._is_collecting()
        )
        self._act(allowed, reopen_form, actor, code)
        if allowed:
            form.note("other", actor)
            form.is_closed = False

    @rule(actor=people, is_seen=st.sampled_from((True, True, False)))
    def approve_figures(self, actor, is_seen):
        form = self.forms["3"]
        actor = self._right(actor, "leader")
        view = view_figures(
            self.workshop, self.people["office"], self.school.scope, self._form("3")
        )
        allowed = (
            is_seen and actor == "leader" and form.is_working() and bool(form.rows)
        )
        allowed = allowed and not form.is_empty
        seen = view.figures_hash if is_seen else "0" * 64
        self._act(allowed, approve_figures, actor, "3", seen)
        if allowed:
            form.note("figures", actor, content=form.figures)

    # The round as a whole.

    @precondition(lambda self: self.is_near_the_end)
    @rule(actor=people)
    def hand_in(self, actor):
        actor = self._right(actor, "office")
        allowed = (
            actor == "office"
            and self._is_collecting()
            and all(f.is_closed or f.state == "approved" for f in self.forms.values())
        )
        self._act_whole(allowed, hand_in, actor)
        if allowed:
            content = self._whole_content()
            self._note_whole("submit", actor, content=content)
            self._move_whole(self._find_whole_next(content))

    @precondition(lambda self: self.is_near_the_end)
    @rule(actor=people)
    def withdraw_whole(self, actor):
        actor = self._right(actor, "office")
        last = self._last_whole()
        allowed = (
            actor == "office" and not self._is_collecting() and last["kind"] == "submit"
        )
        self._act_whole(allowed, withdraw_whole, actor)
        if allowed:
            self._restore_whole(last)

    @precondition(lambda self: self.is_near_the_end)
    @rule(actor=people)
    def approve_whole(self, actor):
        actor = self._right(actor, WHOLE_STEPS.get(self.whole_step, "leader"))
        unit_round = self._unit_round()
        seen = (unit_round and unit_round.content_hash) or "0" * 64
        step = self.whole_step
        allowed = self.whole_state == "submitted" and actor == WHOLE_STEPS[step]
        self._act_whole(allowed, approve_whole, actor, seen)
        if allowed:
            content = self._whole_content()
            forms = self.forms.values()
            threads = [stood for form in forms for stood in form.close_threads(step)]
            known = {"step": step, "content": content, "threads": threads}
            self._note_whole("approve", actor, **known)
            self._move_whole(self._find_whole_next(content, after=step))

    @precondition(lambda self: self.is_near_the_end)
    @rule(
        actor=people, code=codes, place=places, sort=st.sampled_from(("cell", "form"))
    )
    def return_whole(self, actor, code, place, sort):
        form = self.forms[code]
        step = self.whole_step or "province"
        actor = self._right(actor, WHOLE_STEPS[step])
        named = self._name(form, place, sort)
        allowed = not self._is_collecting() and actor == WHOLE_STEPS[step]
        self._act_whole(allowed, return_whole, actor, {self._form(code): [named]})
        if allowed:
            self._note_whole("return", actor, step=step, code=code)
            form.give_back(actor, step, named.row_id, named.field_id, is_whole=True)
            self.whole_state, self.whole_step = "returned", ""

    @precondition(lambda self: self.is_near_the_end)
    @rule(actor=people)
    def undo_whole(self, actor):
        last = self._last_whole()
        if last is None:
            return
        actor = self._right(actor, last["actor"])
        allowed = actor == last["actor"]
        if last["kind"] == "return":
            form = self.forms[last["code"]]
            entry = form.effective[-1]
            allowed = allowed and entry.is_whole and form.is_untouched(entry)
        decisions = self.school.decisions()
        undone = {one.undoes_id for one in decisions}
        # Of two approvals the later one may have been taken back already.
        decision = [
            one
            for one in decisions
            if one.filing_id is None
            and one.kind == last["kind"]
            and one.id not in undone
        ][-1]
        person = self.people[actor]
        done = self._try(lambda: (undo(self.workshop, person, decision.id), True))
        self._agree(allowed, done is not None)
        if allowed:
            if last["kind"] == "return":
                self.forms[last["code"]].restore(entry)
            self._restore_whole(last)

    @initialize(acts=st.lists(st.tuples(codes, places), max_size=24))
    def begin(self, acts):
        """Somewhere in the middle: else few rounds would ever come to their end."""
        for code, place in acts:
            if place == 0 and self.forms[code].is_under_review:
                self.return_something(code, place, "cell")
            else:
                self.go_on(code)

    @rule(code=codes, place=places, sort=st.sampled_from(("cell", "row", "form")))
    def return_something(self, code, place, sort):
        """Whoever may returns a form, or the round with it."""
        form = self.forms[code]
        if not form.is_under_review and not form.is_closed:
            self.go_on(code)
        elif self._is_collecting():
            self.give_back(code, _RIGHT, place, sort)
        else:
            self.return_whole(_RIGHT, code, place, sort)

    @rule(code=codes)
    def go_on(self, code):
        """Somebody does what has to be done next."""
        form = self.forms[code]
        faulty = [i for i, line in form.rows.items() if not form.is_sound(line)]
        if self.whole_state == "submitted":
            self.approve_whole(_RIGHT)
        elif form.is_closed or form.state == "approved":
            self.hand_in("office")
        elif form.state == "submitted":
            self.approve(code, _RIGHT, True)
        elif form.state == "returned" and form.log[-1].edits == form.edits:
            self._mend(code)
        elif form.pending:
            self.drop_import(code)
        elif len(form.rows) < 2 and form.may_add("filler"):
            free = [name for name in NAMES if not self._find_id(form, name)]
            self.add_on_page(code, "filler", free[0], 1)
        elif faulty:
            self.edit_on_page(
                code, "filler", sorted(form.rows).index(faulty[0]), 2, False
            )
        elif form.is_shared and form.part != "handed":
            own = [line for line in form.rows.values() if line.by_supplier]
            self.hand_over("supplier", not own)
        elif any(map(form.is_unmet, form.threads)):
            self._answer_all(code)
        elif form.code == "3" and form.rows and not form.has_approved_figures():
            self.approve_figures("leader", True)
        else:
            self.submit(code, "filler")

    def _mend(self, code):
        """Change a returned form here and there, returned there or not."""
        form = self.forms[code]
        for place in range(len(form.rows)):
            number = 3 if place else 2
            self.edit_on_page(code, "filler", place, number, False)
        self.delete_on_page(code, "filler", len(form.rows) - 1)
        self.load_many(code, False, "丁", 1)
        if form.log[-1].edits == form.edits:
            self._answer_all(code)
            self.submit(code, "filler")

    def _answer_all(self, code):
        for place in range(len(self.forms[code].threads)):
            self.answer(code, "filler", place)

    @rule(code=codes)
    def go_on_again(self, code):
        self.go_on(code)

    @rule(code=codes)
    def go_on_and_on(self, code):
        for _ in range(3):
            self.go_on(code)

    @property
    def is_near_the_end(self):
        forms = self.forms.values()
        done = sum(form.is_closed or form.state == "approved" for form in forms)
        return done > 1 or bool(self.whole_log)

    # What has to hold after every step.

    @invariant()
    def all_is_as_the_model_says(self):
        filings = {
            one.form_code: one
            for one in self.school.ask(
                select(Filing.__table__).where(Filing.unit_id == self.school.unit_id)
            )
        }
        for code, form in self.forms.items():
            found = filings.get(code)
            real = ("draft", "", False, False)
            if found is not None:
                real = (found.state, found.step, found.is_empty, found.is_closed)
            assert real == (form.state, form.step, form.is_empty, form.is_closed)
            assert self._read_rows(code) == {
                row_id: line.content for row_id, line in form.rows.items()
            }
        unit_round = self._unit_round()
        if unit_round is not None:
            whole = (unit_round.state, unit_round.step)
            assert whole == (self.whole_state, self.whole_step)
        self._check_hashes(filings)
        self._check_part()

    @invariant()
    def decisions_only_grow(self):
        found = tuple(map(tuple, self.school.decisions()))
        assert found[: len(self.decisions)] == self.decisions
        self.decisions = found

    def _check_hashes(self, filings):
        with begin_reading(self.workshop.engine) as connection:
            for code, form in self.forms.items():
                if form.is_under_review:
                    now = hash_content(
                        connection,
                        self.workshop.catalogue,
                        self._form(code),
                        self.school.scope,
                        is_empty=form.is_empty,
                    )
                    assert filings[code].content_hash == now

    def _check_part(self):
        found = self.school.ask_one(
            select(Contribution.__table__)
            .join(Filing.__table__, Filing.id == Contribution.filing_id)
            .where(Filing.unit_id == self.school.unit_id)
        )
        assert ("open" if found is None else found.state) == self.forms["1"].part

    # Helpers: trying.

    def _try(self, act):
        """What came of an act; None: it was refused."""
        try:
            return act()
        except AppError:
            return None

    def _agree(self, allowed, done):
        assert allowed == done, f"the model says {allowed}, what was done says {done}"

    def _act(self, allowed, act, actor, code, *args, **options):
        person, form = self.people[actor], self._form(code)
        done = self._try(
            lambda: act(
                self.workshop, person, self.school.scope, form, *args, **options
            )
        )
        self._agree(allowed, done is not None)

    def _act_whole(self, allowed, act, actor, *args):
        person = self.people[actor]
        done = self._try(lambda: act(self.workshop, person, self.school.scope, *args))
        self._agree(allowed, done is not None)

    def _find_held(self):
        return [code for code, form in self.forms.items() if form.state != "draft"]

    def _right(self, actor, who):
        return who if actor == _RIGHT else actor

    def _is_collecting(self):
        return self.whole_state in ("draft", "returned")

    # Helpers: rows.

    def _form(self, code):
        return self.school.form(code)

    def _values(self, code, number):
        first = FIELDS[code][0]
        values = {first: self._typed(first, number)}
        if code == "1":
            values["twice"] = number * 2
        return values

    def _typed(self, field_id, number):
        return str(number) if field_id == "remark" else number

    def _set(self, line, code, field_id, number):
        values = {**line.values, field_id: self._typed(field_id, number)}
        if code == "1" and field_id == "count":
            values["twice"] = number * 2
        line.values = values

    def _type(self, line):
        """A new row as a page sends it."""
        cells = {k: str(v) for k, v in line.values.items() if k != "twice"}
        return None, {"name": line.name, **cells}

    def _pick(self, form, place):
        ids = sorted(form.rows)
        return ids[place % len(ids)] if ids else None

    def _find_id(self, form, name):
        found = (i for i, line in form.rows.items() if line.name == name)
        return next(found, None)

    def _name(self, form, place, sort):
        row_id = None if sort == "form" else self._pick(form, place)
        field_id = FIELDS[form.code][0] if sort == "cell" and row_id else ""
        return Named(row_id, field_id, "wrong")

    def _save(self, actor, code, entries):
        saved = self._save_each(actor, code, entries)
        return None if None in saved else saved

    def _save_each(self, actor, code, entries):
        """What came of each entry; None for one that was refused."""
        versions = {
            row_id: row.version for row_id, row in self.school.rows(code).items()
        }
        wanted = [
            Entry(str(number), row_id, versions.get(row_id), cells)
            for number, (row_id, cells) in enumerate(entries)
        ]
        desk = self.school.desk(self.people[actor], code)
        outcomes = self._try(lambda: save_rows(desk, wanted))
        if outcomes is None:
            return [None] * len(entries)
        return [one if one.status == "saved" else None for one in outcomes]

    def _delete(self, actor, code, row_id):
        return self.school.delete(code, row_id, self.people[actor]).deleted

    def _scope(self, actor):
        own = self.school.supplier_id if actor == "supplier" else None
        return Scope(self.school.unit_id, self.school.round_id, own)

    def _load(self, actor, code, line):
        with self.workshop.engine.begin() as connection:
            return RowStore(connection, self.workshop.catalogue).upsert_many(
                self._form(code),
                self._scope(actor),
                [{"name": line.name, **line.values}],
                self.people[actor].user_id,
            )

    def _merge(self, form, known, line, actor):
        """A loaded row: added, or written over the one of its name."""
        if known is not None:
            old = form.rows[known]
            values = {**old.values, **line.values}
            if values != old.values:
                form.rows[known] = Line(old.name, values, old.by_supplier)
                form.touch(actor)
            return known
        rows = self.school.rows(form.code)
        row_id = next(i for i, row in rows.items() if row.row["name"] == line.name)
        form.rows[row_id] = line
        form.touch(actor)
        return row_id

    def _stage(self, actor, code, line):
        """An import as it is once its file was read."""
        form, scope = self._form(code), self._scope(actor)
        values = {"name": line.name, **line.values}
        if "money" in values:
            values["money"] = f"{values['money']}.00"
        with self.workshop.engine.begin() as connection:
            FilingGate(connection).require_load(form, scope)
            job_id = connection.execute(
                insert(ImportJob.__table__).values(
                    unit_id=scope.unit_id,
                    round_id=scope.round_id,
                    department_id=scope.department_id,
                    actor_id=self.people[actor].user_id,
                    form_name=form.full_name,
                    form_fingerprint=form.fingerprint,
                    state=ImportState.STAGED,
                    job_state=JobState.DONE,
                    file_token="t",
                    file_name="a.xlsx",
                    file_hash="0" * 64,
                    fields=[*values],
                    created_at=now_utc(),
                )
            ).inserted_primary_key[0]
            connection.execute(
                insert(StagedRow.__table__).values(
                    import_id=job_id,
                    row_number=2,
                    key=line.name,
                    values=values,
                    action=StagedAction.ADD,
                )
            )
            return job_id

    def _read_rows(self, code):
        rows = {}
        for row_id, stored in self.school.rows(code).items():
            filled = {k: v for k, v in stored.row.items() if v is not None}
            name = filled.pop("name")
            rows[row_id] = (name, *sorted(filled.items()))
        return rows

    # Helpers: decisions, and the round as a whole.

    def _find_decision(self, form, entry):
        filing_id = self.school.filing(form.code).id
        kinds = {"figures": "approve_figures"}
        kind = kinds.get(entry.kind, entry.kind)
        found = [
            one
            for one in self.school.decisions()
            if one.filing_id == filing_id and one.kind == kind
        ]
        undone = {one.undoes_id for one in self.school.decisions()}
        return [one for one in found if one.id not in undone][-1]

    def _find_thread_ids(self, code):
        """Those that came with returns, in the order of the model's."""
        table = CellThread.__table__
        found = self.school.ask(
            select(table.c.id)
            .where(
                table.c.unit_id == self.school.unit_id,
                table.c.form_code == code,
                table.c.unlocks,
            )
            .order_by(table.c.id)
        )
        return [one.id for one in found]

    def _unit_round(self):
        return self.school.ask_one(
            select(UnitRound.__table__).where(UnitRound.unit_id == self.school.unit_id)
        )

    def _whole_content(self):
        return tuple(
            "closed" if form.is_closed else form.content for form in self.forms.values()
        )

    def _note_whole(self, kind, actor, **known):
        before = (self.whole_state, self.whole_step)
        entry = {"kind": kind, "actor": actor, "before": before, "step": ""}
        self.whole_log.append({**entry, **known})

    def _last_whole(self):
        return self.whole_log[-1] if self.whole_log else None

    def _restore_whole(self, entry):
        # What was undone is as if it had never been.
        self.whole_log.remove(entry)
        self.whole_state, self.whole_step = entry["before"]
        if entry["kind"] == "approve":
            restore_threads(entry["threads"])

    def _move_whole(self, step):
        self.whole_step = step
        self.whole_state = "submitted" if step else "approved"

    def _find_whole_next(self, content, after=""):
        approved = set()
        for entry in self.whole_log:
            if entry["kind"] == "approve" and entry["content"] == content:
                approved.add(entry["step"])
            if entry["kind"] == "return":
                approved.discard(entry["step"])
        order = list(WHOLE_STEPS)
        rest = order[order.index(after) + 1 :] if after else order
        return next((step for step in rest if step not in approved), "")
