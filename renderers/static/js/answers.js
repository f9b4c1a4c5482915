/** What a grid does with the server's answers: versions, marks, conflicts, old drafts. */
import { compare, showConflict } from "./conflict.js";
import { linkState, listProblems, markRow, openNote } from "./notes.js";
import { styleOf, worst } from "./problems.js";
import { showTime } from "./status.js";
import { groupDigits, isSame, showFigure } from "./values.js";

export class Answers {
  constructor(grid) {
    this.grid = grid;
    this.conflicts = [];
  }

  take(key, answer, sent) {
    const row = this.grid.findRow(key);
    if (!row) return;
    if (answer.status === "conflict") {
      this.grid.showState(row, "conflict");
      this.conflicts.push({ key, answer, sent });
      this.resolveNext();
      return;
    }
    if (answer.isStored) this.adopt(row, answer, sent);
    if (answer.status === "tried") this.showGiven(row, answer.cells);
    if (answer.last) this.grid.last.take(row, answer.last);
    const problems = answer.problems ?? [];
    markRow(row, problems);
    this.listProblems();
    if (document.activeElement?.closest("tr") === row) openNote(document.activeElement, this.grid.frame);
    if (this.grid.saving.isUnsaved(key) && answer.isStored) this.grid.showState(row, "unsaved");
    else if (answer.isStored || answer.status === "tried") {
      const style = worst(problems);
      this.grid.showState(row, ["error", "warn"].includes(style) ? style : "saved");
      if (answer.isStored) linkState(row, problems);
    }
    else {
      this.grid.showState(row, "error");
      if (answer.message) this.grid.tell("error", `${this.grid.place(row)}没有存`, answer.message);
    }
  }

  listProblems() {
    const box = this.grid.root.querySelector("[data-problem-summary]");
    listProblems(box, [...this.grid.body.rows], (row, field) => `${this.grid.place(row)} ${this.grid.spec.fields[field].label}`);
  }

  adopt(row, answer, sent) {
    const isNew = !row.dataset.id;
    row.dataset.id = answer.id;
    row.dataset.version = answer.version;
    row.classList.remove("new");
    if (isNew) this.linkRow(row, answer.id);
    const faulty = new Set((answer.problems ?? []).filter((p) => styleOf(p) === "error").map((p) => p.field));
    const waiting = this.grid.saving.pending.get(row.dataset.row)?.cells ?? {};
    const texts = { ...sent.cells };
    for (const [field, text] of Object.entries({ ...answer.cells, ...answer.computed })) {
      const cell = this.grid.findCell(row, field);
      if (!cell || !("value" in cell) || faulty.has(field)) continue;
      texts[field] = text ?? "";
      if (field in waiting || (cell === document.activeElement && !cell.readOnly)) continue;
      this.grid.fill(cell, Array.isArray(text) ? text.join("、") : String(text ?? ""));
      if (this.grid.spec.fields[field].given && this.grid.spec.fields[field].figure) cell.value = showFigure(cell.value);
    }
    this.grid.stored.set(row.dataset.row, texts);
    this.grid.followRow(row);
  }

  /** What the engine fills in, of a row that is not stored. */
  showGiven(row, cells) {
    for (const [field, text] of Object.entries(cells ?? {})) {
      const cell = this.grid.findCell(row, field);
      if (!cell || !("value" in cell) || !this.grid.spec.fields[field].given) continue;
      cell.value = this.grid.spec.fields[field].figure ? showFigure(text) : text;
    }
  }

  /** A row that is stored has a page of its own. */
  linkRow(row, id) {
    const pattern = this.grid.root.dataset.rowPage;
    this.grid.root.dataset.total = Number(this.grid.root.dataset.total) + 1;
    this.grid.root.querySelector("[data-total-shown]").textContent = groupDigits(this.grid.root.dataset.total);
    if (!pattern) return;
    const address = pattern.replace("{id}", id);
    const place = row.querySelector(".row-head > span");
    const link = document.createElement("a");
    link.href = address;
    link.textContent = place.textContent;
    place.replaceChildren(link);
    for (const file of row.querySelectorAll("a[data-upload]")) file.href = `${address}#f-${file.dataset.field}`;
  }

  resolveNext() {
    const box = this.grid.root.querySelector("[data-conflict]");
    if (!box.hidden || !this.conflicts.length) return;
    const { key, answer, sent } = this.conflicts.shift();
    const row = this.grid.findRow(key);
    const mine = { ...sent.cells, ...this.grid.saving.pending.get(key)?.cells };
    const conflict = {
      fields: this.grid.spec.fields,
      base: { ...this.grid.stored.get(key), ...sent.base },
      mine,
      theirs: answer.current,
    };
    const choose = (cells) => {
      this.grid.saving.drop(key);
      row.dataset.version = answer.version;
      this.settleConflict(row, answer.current, cells);
      this.resolveNext();
    };
    const { open, merged } = compare(this.grid.spec.fields, conflict);
    if (!open.length) {
      choose(mine);
      if (merged.length) this.grid.tell("info", `${this.grid.place(row)}已与别人的修改合并`, "您改的和对方改的不是同样的格子，都保留了。");
      return;
    }
    showConflict(box, { ...conflict, place: this.grid.place(row), onChoose: choose, onGiveUp: () => choose({}) });
  }

  settleConflict(row, theirs, cells) {
    const key = row.dataset.row;
    this.grid.stored.set(key, { ...theirs });
    const changed = {};
    for (const [field, text] of Object.entries({ ...theirs, ...cells })) {
      const cell = this.grid.findCell(row, field);
      if (!cell || !("value" in cell)) continue;
      this.grid.fill(cell, Array.isArray(text) ? text.join("、") : String(text ?? ""));
      if (field in cells && !isSame(this.grid.spec.fields[field], text, theirs[field])) changed[field] = text;
    }
    markRow(row, []);
    if (Object.keys(changed).length) {
      this.grid.saving.note(key, this.grid.identify(row), changed, theirs);
      this.grid.saving.schedule(0);
    }
    this.grid.showState(row, Object.keys(changed).length ? "unsaved" : "saved");
    this.grid.followRow(row);
  }

  /** Bring back rows that an earlier visit could not store. */
  restore() {
    const draft = this.grid.saving.drafts.read();
    let count = 0;
    for (const { key, id, version, cells, base } of draft?.rows ?? []) {
      const row = id === null ? this.grid.addRow() : this.grid.findRow(`r${id}`);
      const name = row?.dataset.row ?? key;
      const kept = Object.entries(cells).filter(([field]) => this.grid.spec.fields[field]);
      const changed = {};
      for (const [field, text] of kept) {
        const cell = this.grid.findCell(row, field);
        if (cell && isSame(this.grid.spec.fields[field], cell.value, text)) continue;
        if (cell) {
          this.grid.remember(row, field, base?.[field] ?? cell.value);
          this.grid.fill(cell, String(text));
        }
        changed[field] = text;
      }
      count += Object.keys(changed).length;
      if (!Object.keys(changed).length) continue;
      this.grid.saving.note(name, { id, version }, changed, base ?? {});
      if (row) this.grid.showState(row, id === null ? "new" : "unsaved");
    }
    if (count) this.grid.tell("info", `已找回上次没有存的 ${count} 格`, `${showTime(draft.at)} 填的，现在自动补存，请看一下对不对。`);
    else if (draft) this.grid.saving.drafts.write([]);
  }
}
