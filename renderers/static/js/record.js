/** A record page: live values, problems at their field, saved as one goes. */
import { watchPickers } from "./combobox.js";
import { Controls } from "./controls.js";
import { Drafts } from "./drafts.js";
import { isComposing, makeNotice } from "./elements.js";
import { Explaining } from "./explaining.js";
import { follow, liveKinds } from "./live.js";
import { Overview } from "./overview.js";
import { watchRail } from "./rail.js";
import { KEY, RecordAnswers, REFUSED } from "./record_answers.js";
import { Saving } from "./saving.js";
import { showStatus } from "./status.js";
import { watchRichTexts } from "./rich_text.js";
import { watchUploads } from "./upload.js";
import { groupDigits, showChange, showFigure } from "./values.js";

/** Rules that look beyond the row: a page of many rows leaves them to a check. */
const ASKS = { wider: true };

class Record {
  constructor(root) {
    this.root = root;
    this.prefix = root.dataset.prefix ?? "";
    this.spec = JSON.parse(root.querySelector("[data-form-data]").textContent);
    this.form = root.querySelector("[data-form]");
    this.lines = new Map([...root.querySelectorAll("[data-line]")].map((line) => [line.dataset.line, line]));
    this.controls = new Controls(this.form, this.spec.fields);
    this.given = Object.fromEntries(
      [...root.querySelectorAll("[data-given]")].map((output) => [output.dataset.given, output.dataset.value]),
    );
    this.id = root.dataset.row ? Number(root.dataset.row) : null;
    this.version = root.dataset.version ? Number(root.dataset.version) : null;
    this.overview = new Overview(this);
    this.answers = new RecordAnswers(this);
    this.problems = this.spec.problems;
    this.liveKinds = liveKinds(this.spec);
    this.status = root.querySelector("[data-status]");
    // Until somebody asks for a check, empty fields are no list of reproaches.
    this.isComplete = false;
    watchRail(root);
    this.readOnly = "readOnly" in root.dataset;
    if (this.readOnly) this.answers.tellLeft(new Drafts(root.dataset.drafts, root.dataset.page).read());
    else this.start();
  }

  start() {
    const { save, check, csrf, drafts, page, options, upload, pieces, login } = this.root.dataset;
    this.saving = new Saving({
      url: save || check,
      tries: !save,
      csrf,
      drafts: new Drafts(drafts, page),
      asks: ASKS,
      onAnswer: (key, answer, sent) => this.answers.take(answer, sent),
      onStatus: (status) => {
        showStatus(this.status, status, login);
        if (status.state === "refused") this.tellRefused(status);
        this.announce("saving", { ...status, login });
      },
    });
    for (const id of this.typed()) {
      if (this.spec.fields[id].figure) this.controls.write(id, this.controls.read(id));
    }
    this.stored = this.readAll();
    /** the texts that the server's problems are about */
    this.judged = this.stored;
    this.explaining = new Explaining(this);
    watchPickers(this.form, { url: options, fields: this.spec.fields, find: () => this });
    watchUploads(this.form, {
      url: pieces,
      csrf,
      onStored: (field) => this.change(field),
      onRefused: (field, message) => this.addProblem({ field, message, level: "error", kind: REFUSED }),
    });
    watchRichTexts(this.form, {
      url: upload,
      csrf,
      onRefused: (field, message) => this.addProblem({ field, message, level: "error", kind: REFUSED }),
    });
    this.listen();
    this.answers.restore();
    this.refresh();
  }

  listen() {
    this.form.addEventListener("input", (event) => this.change(event.target.name));
    this.form.addEventListener("change", (event) => this.settle(event.target));
    this.form.addEventListener("picked", (event) => this.name(event.target.name, event.detail));
    this.form.addEventListener("keydown", (event) => this.onKey(event));
    this.form.addEventListener("submit", (event) => this.submit(event));
    this.root.addEventListener("click", (event) => this.follow(event));
  }

  /** Tell a page that holds several records. */
  announce(name, detail) {
    this.root.dispatchEvent(new CustomEvent(`record:${name}`, { bubbles: true, detail }));
  }

  /** The text of a field, as pickers ask for it. */
  read(id) {
    const text = this.given[id] ?? this.controls.read(id);
    return Array.isArray(text) ? text.join("、") : text;
  }

  typed() {
    return Object.keys(this.spec.fields).filter((id) => this.lines.has(id) && this.controls.elements(id).length);
  }

  readAll() {
    return { ...this.given, ...Object.fromEntries(this.typed().map((id) => [id, this.controls.read(id)])) };
  }

  /** A control's text changed. */
  change(id) {
    if (!this.spec.fields[id]) return;
    const text = this.controls.read(id);
    // What the server said of the old text no longer holds.
    this.problems = this.problems.filter((p) => p.field !== id || this.liveKinds.has(p.kind));
    this.noteFirst();
    this.saving.note(KEY, this, { [id]: text }, { [id]: this.stored[id] ?? "" });
    this.refresh();
  }

  /** What a new row's page came with is sent along with what is typed. */
  noteFirst() {
    if (this.id !== null || this.saving.isUnsaved(KEY)) return;
    const came = this.typed().filter((id) => this.stored[id]?.length);
    for (const id of came) this.saving.note(KEY, this, { [id]: this.stored[id] }, { [id]: "" });
  }

  settle(control) {
    const field = this.spec.fields[control.name];
    if (field?.figure) control.value = groupDigits(control.value);
    if (control.type === "checkbox" || control.type === "radio") this.change(control.name);
  }

  /** Show what a picked value stands for. */
  name(id, { value, label }) {
    this.showMeaning(id, label === value ? "" : label);
  }

  showMeaning(id, text) {
    const place = this.lines.get(id)?.querySelector("[data-meaning]");
    if (!place) return;
    place.textContent = text;
    place.hidden = !text;
  }

  refresh() {
    const texts = this.readAll();
    const { hidden, computed, required, broken } = follow(this.spec, texts);
    for (const [id, isHidden] of hidden) this.lines.get(id)?.toggleAttribute("hidden", isHidden);
    for (const [id, value] of computed) this.showGiven(id, value ?? "");
    for (const [id, isNeeded] of required) this.markRequired(id, isNeeded);
    this.showChanges();
    this.overview.show(broken);
  }

  showGiven(id, value) {
    const output = this.root.querySelector(`[data-given="${CSS.escape(id)}"]`);
    if (!output) return;
    const text = Array.isArray(value) ? value.join("、") : value === true ? "是" : value === false ? "否" : String(value);
    output.textContent = this.spec.fields[id].figure ? showFigure(text) : text;
    this.given[id] = text;
  }

  markRequired(id, isNeeded) {
    const line = this.lines.get(id);
    line?.querySelector("label, .label").classList.toggle("req", isNeeded);
    for (const control of this.controls.elements(id)) {
      if (control.matches("input:not([type=checkbox], [type=radio], [type=file]), select, textarea")) {
        control.setAttribute("aria-required", String(isNeeded));
      }
    }
  }

  showChanges() {
    for (const [id, line] of this.lines) {
      const last = line.querySelector("[data-last]");
      if (!last) continue;
      const text = this.given[id] ?? this.controls.read(id);
      line.querySelector("[data-diff]").textContent = showChange(this.spec.fields[id], text, last.dataset.last);
    }
  }

  addProblem(problem) {
    this.problems = [...this.problems.filter(({ field, kind }) => field !== problem.field || kind !== problem.kind), problem];
    this.refresh();
  }

  tell(style, title, text) {
    this.root.querySelector("[data-notices]").replaceChildren(makeNotice(style, title, text));
  }

  /** What is typed can be stored no more: it stays here, and it is said so. */
  tellRefused({ message, count }) {
    this.tell("error", `有 ${count} 处没有存`, `${message || "服务器没有接受。"}您填的没有丢，还在本页上，也记在这台电脑的浏览器里；能再填时打开本页会自动补存。`);
  }

  /** Enter goes to the next field, as in a workbook; it never hands anything in. */
  onKey(event) {
    if (event.key !== "Enter" || isComposing(event) || event.defaultPrevented) return;
    if (!event.target.matches("input:not([type=file]), select")) return;
    event.preventDefault();
    const stops = [...this.form.querySelectorAll("input:not([type=hidden]), select, textarea, button")].filter(
      (stop) => stop.offsetParent && !stop.disabled && stop.tabIndex >= 0,
    );
    stops[stops.indexOf(event.target) + (event.shiftKey ? -1 : 1)]?.focus();
  }

  async submit(event) {
    const action = event.submitter?.value ?? "save";
    // Handing in is a plain post, once everything is stored.
    if (action === "submit") {
      if (this.saving.count()) {
        event.preventDefault();
        await this.saving.saveNow(true);
        if (!this.saving.count()) event.submitter.click();
        else this.showFirst();
      }
      return;
    }
    event.preventDefault();
    if (action !== "check") this.noteFirst();
    if (action === "check") await this.check();
    else await this.saving.saveNow(true);
    if (action === "check") this.showFirst();
  }

  async check() {
    try {
      const rows = [{ key: KEY, id: this.id, version: this.version, cells: this.typedCells() }];
      const { rows: answers } = await this.saving.post(this.root.dataset.check, { rows, ...ASKS });
      this.answers.takeProblems(answers[0]);
      if (!this.shown.length) this.tell("good", "没有发现问题", "这张表现在可以提交。");
    } catch (error) {
      this.saving.putBack(error);
    }
  }

  /** What was changed; all that was typed where nothing is stored yet. */
  typedCells() {
    const waiting = this.saving.pending.get(KEY)?.cells ?? {};
    return this.id === null ? Object.fromEntries(this.typed().map((id) => [id, this.controls.read(id)])) : waiting;
  }

  showFirst() {
    this.isComplete = true;
    this.refresh();
    this.root.querySelector("[data-problem-summary]")?.focus();
  }

  /** Links to fields put the focus into the control. */
  follow(event) {
    const start = `#f-${this.prefix}`;
    const target = event.target.closest('a[href^="#f-"]');
    if (!target?.getAttribute("href").startsWith(start)) return;
    event.preventDefault();
    const id = target.getAttribute("href").slice(start.length);
    this.lines.get(id)?.scrollIntoView({ block: "center" });
    this.controls.focus(id);
  }
}

/** The records of the page, in their order. */
export const records = [...document.querySelectorAll("[data-record]")].map((root) => new Record(root));
