/** A record page: live values, problems at their field, saved as one goes. */
import { watchPickers } from "./combobox.js";
import { compare, showConflict } from "./conflict.js";
import { Controls } from "./controls.js";
import { Drafts } from "./drafts.js";
import { isComposing, make, makeNotice } from "./elements.js";
import { follow, liveKinds } from "./live.js";
import { watchRail } from "./rail.js";
import { drawProblems, drawRail, drawSummary, styleOf } from "./problems.js";
import { Saving } from "./saving.js";
import { showStatus, showTime } from "./status.js";
import { watchUploads } from "./upload.js";
import { groupDigits, isSame, showChange, showFigure } from "./values.js";

const KEY = "record";

class Record {
  constructor(root) {
    this.root = root;
    this.spec = JSON.parse(root.querySelector("[data-form-data]").textContent);
    this.form = root.querySelector("[data-form]");
    this.lines = new Map([...root.querySelectorAll("[data-line]")].map((line) => [line.dataset.line, line]));
    this.controls = new Controls(this.form, this.spec.fields);
    this.given = Object.fromEntries(
      [...root.querySelectorAll("[data-given]")].map((output) => [output.dataset.given, output.dataset.value]),
    );
    this.id = root.dataset.row ? Number(root.dataset.row) : null;
    this.version = root.dataset.version ? Number(root.dataset.version) : null;
    this.problems = this.readProblems();
    this.liveKinds = liveKinds(this.spec);
    this.status = root.querySelector("[data-status]");
    // Until somebody asks for a check, empty fields are no list of reproaches.
    this.isComplete = false;
    watchRail(root);
    this.readOnly = "readOnly" in root.dataset;
    if (!this.readOnly) this.start();
  }

  start() {
    const { save, csrf, drafts, page, options, upload, login } = this.root.dataset;
    this.saving = new Saving({
      url: save,
      csrf,
      drafts: new Drafts(drafts, page),
      onAnswer: (key, answer, sent) => this.take(answer, sent),
      onStatus: (status) => showStatus(this.status, status, login),
    });
    for (const id of this.typed()) {
      if (this.spec.fields[id].figure) this.controls.write(id, this.controls.read(id));
    }
    this.stored = this.readAll();
    watchPickers(this.form, { url: options, fields: this.spec.fields });
    watchUploads(this.form, {
      url: upload,
      csrf,
      onStored: (field) => this.change(field),
      onRefused: (field, message) => this.addProblem({ field, message, level: "error", kind: "upload" }),
    });
    this.listen();
    this.restore();
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
    this.saving.note(KEY, this, { [id]: text }, { [id]: this.stored[id] ?? "" });
    this.refresh();
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
    this.showProblems(broken);
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

  showProblems(broken) {
    const live = broken.map(({ id, level, field, message }) => ({ field, level, message, kind: `rule:${id}` }));
    const others = this.problems.filter((problem) => !this.liveKinds.has(problem.kind));
    this.shown = [...others, ...live].filter((problem) => this.isDue(problem));
    for (const [id, line] of this.lines) {
      drawProblems(line, this.shown.filter((problem) => problem.field === id));
    }
    drawSummary(this.root.querySelector("[data-summary]"), this.shown, this.spec.fields);
    for (const style of ["error", "warn"]) this.showCount(style);
    const open = [...this.root.querySelectorAll("[data-group]")].map((group) => this.showRail(group));
    this.showOpen(open.reduce((sum, count) => sum + count, 0));
  }

  isDue({ field, kind }) {
    return !this.lines.get(field)?.hidden && (this.isComplete || kind !== "required");
  }

  showOpen(count) {
    const place = this.root.querySelector("[data-open]");
    place.hidden = !count;
    place.textContent = `${count} 项必填未填`;
  }

  showCount(style) {
    const place = this.root.querySelector(`[data-count=${style}]`);
    const count = this.shown.filter((problem) => styleOf(problem) === style).length;
    place.hidden = !count;
    place.textContent = `${count} ${style === "error" ? "错误" : "警告"}`;
  }

  /** Returns how many required fields are still empty. */
  showRail(group) {
    const lines = [...group.querySelectorAll("[data-line]:not([hidden])")];
    const needed = lines.filter((line) => line.querySelector(".req") && !line.querySelector("[data-given]"));
    const filled = needed.filter((line) => this.controls.read(line.dataset.line).length).length;
    const errors = lines.filter((line) => line.classList.contains("is-error")).length;
    const place = this.root.querySelector(`[data-rail="${group.dataset.group}"] [data-rail-state]`);
    if (place) drawRail(place, { needed: needed.length, filled, errors });
    return needed.length - filled;
  }

  /** The problems that came with the page. */
  readProblems() {
    return [...this.root.querySelectorAll("[data-line] [data-kind]")].map((element) => ({
      field: element.closest("[data-line]").dataset.line,
      kind: element.dataset.kind,
      level: element.classList.contains("is-error") ? "error" : "warning",
      message: element.textContent.trim(),
    }));
  }

  addProblem(problem) {
    this.problems = [...this.problems.filter(({ field, kind }) => field !== problem.field || kind !== problem.kind), problem];
    this.refresh();
  }

  /** The server's answer to a save. */
  take(answer, sent) {
    if (answer.status === "conflict") return this.resolve(answer, sent);
    if (answer.message && !answer.isStored) {
      this.tell("error", "这一行没有存", answer.message);
    }
    if (answer.isStored) {
      this.settleAddress(answer);
      this.adopt(answer, sent);
    }
    this.problems = (answer.problems ?? []).map((problem) => ({ kind: problem.kind ?? problem.code, ...problem }));
    return this.refresh();
  }

  /** A row that is stored has a number, a version and an address of its own. */
  settleAddress({ id, version }) {
    const { rowPage, drafts } = this.root.dataset;
    if (this.id === null && rowPage) {
      const address = rowPage.replace("{id}", id);
      history.replaceState(null, "", address);
      this.form.action = address;
      this.saving.drafts.write([]);
      this.saving.drafts = new Drafts(drafts, address);
    }
    this.id = id;
    this.version = version;
    const field = this.form.elements._version ?? make("input", { type: "hidden", name: "_version" });
    field.value = version;
    this.form.append(field);
  }

  /** Take over how the server writes the values, except where somebody types. */
  adopt(answer, sent) {
    const faulty = new Set((answer.problems ?? []).filter((p) => styleOf(p) === "error").map((p) => p.field));
    const waiting = this.saving.pending.get(KEY)?.cells ?? {};
    for (const [id, text] of Object.entries({ ...answer.cells, ...answer.computed })) {
      if (!this.spec.fields[id] || !this.lines.has(id)) continue;
      if (this.given[id] !== undefined) {
        this.showGiven(id, text ?? "");
        continue;
      }
      const isBusy = id in waiting || this.controls.elements(id).includes(document.activeElement);
      if (!isBusy && !faulty.has(id) && id in sent.cells) this.controls.write(id, text ?? "");
      if (!faulty.has(id)) this.stored[id] = id in sent.cells || !isBusy ? this.controls.read(id) : text;
    }
    for (const [id, text] of Object.entries(sent.cells)) {
      if (!(id in (answer.cells ?? {}))) this.stored[id] = text;
    }
    for (const [id, text] of Object.entries(answer.meanings ?? {})) this.showMeaning(id, text);
    const isHidden = new Set(answer.hidden ?? []);
    if (answer.hidden) for (const [id, line] of this.lines) line.hidden = isHidden.has(id);
  }

  resolve(answer, sent) {
    const box = this.root.querySelector("[data-conflict]");
    const mine = { ...sent.cells, ...this.saving.pending.get(KEY)?.cells };
    const conflict = { fields: this.spec.fields, base: { ...this.stored, ...sent.base }, mine, theirs: answer.current };
    const choose = (cells) => {
      this.saving.drop(KEY);
      this.version = answer.version;
      this.overwrite({ ...answer.current, ...cells });
      const changed = Object.keys(cells).filter((id) => !isSame(this.spec.fields[id], cells[id], answer.current[id]));
      this.stored = { ...this.stored, ...answer.current };
      if (changed.length) {
        this.saving.note(KEY, this, Object.fromEntries(changed.map((id) => [id, cells[id]])), answer.current);
        this.saving.schedule(0);
      }
      this.refresh();
    };
    const { open, merged } = compare(this.spec.fields, conflict);
    if (!open.length) {
      choose(mine);
      if (merged.length) this.tell("info", "已与别人的修改合并", "您改的和对方改的不是同样的字段，都保留了。");
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
    for (const id of this.typed()) if (id in texts) this.controls.write(id, texts[id] ?? "");
    this.problems = [];
  }

  /** Bring back what an earlier visit could not store. */
  restore() {
    const draft = this.saving.drafts.read();
    const row = draft?.rows?.find(({ key, id }) => key === KEY && (id ?? null) === this.id);
    if (!row) return;
    const cells = Object.fromEntries(
      Object.entries(row.cells).filter(([id]) => this.spec.fields[id] && this.lines.has(id)),
    );
    const ids = Object.keys(cells).filter((id) => !isSame(this.spec.fields[id], cells[id], this.stored[id]));
    if (!ids.length) return this.saving.drafts.write([]);
    for (const id of ids) this.controls.write(id, cells[id]);
    const changed = Object.fromEntries(ids.map((id) => [id, cells[id]]));
    this.saving.note(KEY, { id: this.id, version: row.version }, changed, row.base ?? {});
    const labels = ids.map((id) => `“${this.spec.fields[id].label}”`).join("、");
    this.tell("info", `已找回上次没有存的 ${ids.length} 处`, `${showTime(draft.at)} 填的 ${labels}，现在自动补存，请看一下对不对。`);
  }

  tell(style, title, text) {
    this.root.querySelector("[data-notices]").replaceChildren(makeNotice(style, title, text));
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
    if (action === "check") await this.check();
    else await this.saving.saveNow(true);
    if (action === "check") this.showFirst();
  }

  async check() {
    try {
      const rows = [{ key: KEY, id: this.id, version: this.version, cells: this.typedCells() }];
      const { rows: answers } = await this.saving.post(this.root.dataset.check, { rows });
      this.problems = (answers[0].problems ?? []).map((problem) => ({ kind: problem.kind ?? problem.code, ...problem }));
      this.refresh();
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
    const target = event.target.closest('a[href^="#f-"]');
    if (!target) return;
    event.preventDefault();
    const id = target.getAttribute("href").slice(3);
    this.lines.get(id)?.scrollIntoView({ block: "center" });
    this.controls.focus(id);
  }
}

for (const root of document.querySelectorAll("[data-record]")) new Record(root);
