/** What a record page does with the server's answers: versions, conflicts, old drafts. */
import { compare, showConflict } from "./conflict.js";
import { Drafts } from "./drafts.js";
import { make } from "./elements.js";
import { styleOf } from "./problems.js";
import { showTime } from "./status.js";
import { isSame } from "./values.js";

/** The kind of problem that a refused file is: it stays until another one is chosen. */
export const REFUSED = "upload";
/** The page has one row. */
export const KEY = "record";

export class RecordAnswers {
  constructor(record) {
    this.record = record;
  }

  /** The server's answer to a save. */
  take(answer, sent) {
    if (answer.status === "conflict") return this.resolve(answer, sent);
    if (answer.message && !answer.isStored) {
      this.record.tell("error", "这一行没有存", answer.message);
    }
    if (answer.isStored) {
      this.settleAddress(answer);
      this.adopt(answer, sent);
    }
    // A preview stores nothing, but knows what follows from what was typed.
    if (answer.status === "tried") this.adopt(answer, { cells: {} });
    return this.takeProblems(answer);
  }

  /** What the server says of the row as it is stored now. */
  takeProblems({ problems }) {
    const found = (problems ?? []).map((problem) => ({ kind: problem.kind ?? problem.code, ...problem }));
    // Of a file that was refused the answer to a save of other fields knows nothing.
    this.record.problems = [...this.record.problems.filter(({ kind }) => kind === REFUSED), ...found];
    this.record.judged = this.record.readAll();
    this.record.refresh();
  }

  /** A row that is stored has a number, a version and an address of its own. */
  settleAddress({ id, version }) {
    const { rowPage, drafts } = this.record.root.dataset;
    if (this.record.id === null && rowPage) {
      const address = rowPage.replace("{id}", id);
      history.replaceState(null, "", address);
      this.record.form.action = address;
      this.record.saving.drafts.write([]);
      this.record.saving.drafts = new Drafts(drafts, address);
    }
    this.record.id = id;
    this.record.version = version;
    const field = this.record.form.elements._version ?? make("input", { type: "hidden", name: "_version" });
    field.value = version;
    this.record.form.append(field);
  }

  /** Take over how the server writes the values, except where somebody types. */
  adopt(answer, sent) {
    const faulty = new Set((answer.problems ?? []).filter((p) => styleOf(p) === "error").map((p) => p.field));
    const waiting = this.record.saving.pending.get(KEY)?.cells ?? {};
    for (const [id, text] of Object.entries({ ...answer.cells, ...answer.computed })) {
      if (!this.record.spec.fields[id] || !this.record.lines.has(id)) continue;
      if (this.record.given[id] !== undefined) {
        this.record.showGiven(id, text ?? "");
        continue;
      }
      const isBusy = id in waiting || this.record.controls.elements(id).includes(document.activeElement);
      if (!isBusy && !faulty.has(id) && id in sent.cells) this.record.controls.write(id, text ?? "");
      if (!faulty.has(id)) this.record.stored[id] = id in sent.cells || !isBusy ? this.record.controls.read(id) : text;
    }
    for (const [id, text] of Object.entries(sent.cells)) {
      if (!(id in (answer.cells ?? {}))) this.record.stored[id] = text;
    }
    for (const [id, text] of Object.entries(answer.meanings ?? {})) this.record.showMeaning(id, text);
    const isHidden = new Set(answer.hidden ?? []);
    if (answer.hidden) for (const [id, line] of this.record.lines) line.hidden = isHidden.has(id);
  }

  resolve(answer, sent) {
    const box = this.record.root.querySelector("[data-conflict]");
    const mine = { ...sent.cells, ...this.record.saving.pending.get(KEY)?.cells };
    const conflict = { fields: this.record.spec.fields, base: { ...this.record.stored, ...sent.base }, mine, theirs: answer.current };
    const choose = (cells) => {
      this.record.saving.drop(KEY);
      this.record.version = answer.version;
      this.overwrite({ ...answer.current, ...cells });
      const changed = Object.keys(cells).filter((id) => !isSame(this.record.spec.fields[id], cells[id], answer.current[id]));
      this.record.stored = { ...this.record.stored, ...answer.current };
      if (changed.length) {
        this.record.saving.note(KEY, this.record, Object.fromEntries(changed.map((id) => [id, cells[id]])), answer.current);
        this.record.saving.schedule(0);
      }
      this.record.refresh();
    };
    const { open, merged } = compare(this.record.spec.fields, conflict);
    if (!open.length) {
      choose(mine);
      if (merged.length) this.record.tell("info", "已与别人的修改合并", "您改的和对方改的不是同样的字段，都保留了。");
      return;
    }
    showConflict(box, {
      ...conflict,
      place: "这一行",
      takesFocus: true,
      onChoose: choose,
      onGiveUp: () => choose({}),
    });
  }

  overwrite(texts) {
    for (const id of this.record.typed()) if (id in texts) this.record.controls.write(id, texts[id] ?? "");
    this.record.problems = [];
  }

  /** Nothing can be entered any more: show what an earlier visit could not store. */
  tellLeft(draft) {
    const row = draft?.rows?.find(({ key, id }) => key === KEY && (id ?? null) === this.record.id);
    const { fields } = this.record.spec;
    const left = Object.entries(row?.cells ?? {}).filter(([id]) => fields[id] && !fields[id].sensitive);
    if (!left.length) return;
    const told = left.map(([id, text]) => `“${fields[id].label}”填的是“${Array.isArray(text) ? text.join("、") : text}”`);
    this.record.tell("warn", `上次有 ${left.length} 处没有存上`, `${showTime(draft.at)} 填的${told.join("，")}。现在不能填报，这些还记在这台电脑的浏览器里；延期或退回后打开本页会自动补存。`);
  }

  /** Bring back what an earlier visit could not store. */
  restore() {
    const draft = this.record.saving.drafts.read();
    const row = draft?.rows?.find(({ key, id }) => key === KEY && (id ?? null) === this.record.id);
    if (!row) return;
    const cells = Object.fromEntries(
      Object.entries(row.cells).filter(([id]) => this.record.spec.fields[id] && this.record.lines.has(id)),
    );
    const ids = Object.keys(cells).filter((id) => !isSame(this.record.spec.fields[id], cells[id], this.record.stored[id]));
    if (!ids.length) return this.record.saving.drafts.write([]);
    for (const id of ids) this.record.controls.write(id, cells[id]);
    const changed = Object.fromEntries(ids.map((id) => [id, cells[id]]));
    this.record.saving.note(KEY, { id: this.record.id, version: row.version }, changed, row.base ?? {});
    const labels = ids.map((id) => `“${this.record.spec.fields[id].label}”`).join("、");
    this.record.tell("info", `已找回上次没有存的 ${ids.length} 处`, `${showTime(draft.at)} 填的 ${labels}，现在自动补存，请看一下对不对。`);
  }
}
