/** A grid page: rows of real inputs, saved row by row, filled by keys and by paste. */
import { Answers } from "./answers.js";
import { Columns } from "./columns.js";
import { watchPickers } from "./combobox.js";
import { Drafts } from "./drafts.js";
import { makeNotice, makeState } from "./elements.js";
import { watchKeys } from "./keyboard.js";
import { LastValues } from "./last.js";
import { follow } from "./live.js";
import { Moving } from "./moving.js";
import { clearCell, closeNotes, openNote } from "./notes.js";
import { readBlock } from "./paste.js";
import { Saving } from "./saving.js";
import { watchSelection } from "./selection.js";
import { showStatus } from "./status.js";
import { Undo } from "./undo.js";
import { groupDigits, showFigure } from "./values.js";
import { recall } from "./whole.js";

/** More rows than these come faster, and are checked before they count, by import. */
const PASTE_LIMIT = 500;

const STATES = {
  saved: () => makeState("nil", "pass", "已存", true),
  unsaved: () => makeState("draft", "draft", "未存"),
  new: () => makeState("draft", "draft", "新行"),
  error: () => makeState("error", "error", "有错"),
  warn: () => makeState("warn", "warn", "警告"),
  conflict: () => makeState("back", "back", "冲突"),
};

class Grid {
  constructor(root) {
    this.root = root;
    this.body = root.querySelector("[data-rows]");
    recall(this);
    if (!this.body) return;
    this.frame = root.querySelector(".grid-box");
    this.spec = JSON.parse(root.querySelector("[data-form-data]").textContent);
    this.columns = [...root.querySelectorAll("[data-head]")].map((head) => head.dataset.head);
    this.template = root.querySelector("[data-blank-row]");
    this.isReadOnly = "readOnly" in root.dataset;
    /** Only returned cells are open: rows neither come nor go. */
    this.isNarrow = "narrow" in root.dataset;
    this.moving = new Moving(this);
    this.last = new LastValues(this);
    this.choice = new Columns(this, this.last);
    /** key -> field -> text as the server has it, of rows that were touched */
    this.stored = new Map();
    this.body.addEventListener("focusin", (event) => this.enter(event.target));
    this.body.addEventListener("focusout", (event) => this.leave(event));
    root.addEventListener("click", (event) => this.goTo(event));
    if (this.isReadOnly) watchKeys(this.body, this);
    else this.start();
  }

  start() {
    const { save, check, csrf, drafts, page, options, login } = this.root.dataset;
    this.saving = new Saving({
      url: save || check,
      tries: !save,
      csrf,
      drafts: new Drafts(drafts, page),
      onAnswer: (key, answer, sent) => this.answers.take(key, answer, sent),
      onCounts: (counts) => this.showCounts(counts),
      onStatus: (status) => showStatus(this.root.querySelector("[data-status]"), status, login),
    });
    this.answers = new Answers(this);
    this.undoing = new Undo((changes) => this.apply(changes));
    // Pickers first: an open list takes arrows and Enter before the grid does.
    watchPickers(this.body, { url: options, fields: this.spec.fields, find: (cell) => this.view(cell.closest("tr")) });
    watchKeys(this.body, this);
    if (!this.isNarrow) watchSelection(this.root, this);
    this.body.addEventListener("input", (event) => this.touch(event.target));
    this.body.addEventListener("change", (event) => this.settle(event.target));
    this.body.addEventListener("paste", (event) => this.paste(event));
    this.root.querySelector("[data-add-row]")?.addEventListener("click", (event) => {
      event.preventDefault();
      this.moving.focusFirst(this.findBlankRow() ?? this.addRow());
    });
    for (const form of this.root.querySelectorAll("[data-query], [data-turn]")) {
      form.addEventListener("change", (event) => event.target.matches("select") && form.requestSubmit());
      form.addEventListener("submit", (event) => this.storeFirst(event, () => form.submit()));
    }
    this.answers.restore();
    for (const row of this.body.rows) this.followRow(row);
    if (!this.body.rows.length && !this.isNarrow) this.addRow();
    this.root.querySelector("[data-waiting]").disabled = false;
  }

  // Rows and cells.

  findRow(key) {
    return this.body.querySelector(`[data-row="${CSS.escape(key)}"]`);
  }

  findCell(row, field) {
    return row?.querySelector(`[data-field="${CSS.escape(field)}"]`);
  }

  /** A row as pickers ask for it. */
  view(row) {
    return { id: this.identify(row).id, read: (field) => this.findCell(row, field)?.value ?? "" };
  }

  addRow() {
    const key = `n${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
    const holder = document.createElement("tbody");
    const number = this.nextNumber();
    holder.innerHTML = this.template.innerHTML.trim().replaceAll("{n}", number).replaceAll("{key}", key);
    const row = holder.firstElementChild;
    this.body.append(row);
    this.choice.dress(row);
    this.root.querySelector(".grid-empty")?.remove();
    this.followRow(row);
    return row;
  }

  /** A new row that nothing was typed into yet. */
  findBlankRow() {
    const last = this.body.rows[this.body.rows.length - 1];
    return last?.matches(".new") && !this.saving.isUnsaved(last.dataset.row) ? last : null;
  }

  nextNumber() {
    return Number(this.root.dataset.total) + this.body.querySelectorAll("tr.new").length + 1;
  }

  /** Put a text into a cell as if it were typed; a menu learns texts it does not offer. */
  fill(cell, text) {
    if (cell.matches("select")) {
      const options = [...cell.options];
      const found = options.find((option) => option.value === text.trim()) ?? options.find((option) => option.text === text.trim());
      if (!found) cell.add(new Option(text, text));
      cell.value = found ? found.value : text;
    } else cell.value = this.spec.fields[cell.dataset.field].figure ? groupDigits(text) : text;
  }

  isOpen(cell) {
    return cell && "value" in cell && !cell.readOnly && !cell.disabled;
  }

  /** Write one cell and remember it for undo. */
  write(cell, text) {
    this.change([{ cell, text }]);
  }

  change(changes) {
    const steps = [];
    for (const { cell, text } of changes) {
      if (!this.isOpen(cell)) continue;
      const row = cell.closest("tr");
      const before = cell.value;
      this.remember(row, cell.dataset.field, before);
      this.fill(cell, text);
      steps.push({ key: row.dataset.row, field: cell.dataset.field, before, after: cell.value });
      if (cell.value !== before) this.note(cell);
    }
    this.undoing.add(steps);
    if (document.activeElement?.matches(".cell")) this.before = document.activeElement.value;
  }

  /** Undo and redo: cells of rows that left the page stay as they are. */
  apply(changes) {
    let last = null;
    for (const { key, field, text } of changes) {
      const cell = this.findCell(this.findRow(key), field);
      if (!this.isOpen(cell)) continue;
      this.fill(cell, text);
      this.note(cell);
      last ??= cell;
    }
    last?.focus();
    this.before = last?.value ?? this.before;
    last?.select?.();
  }

  undo() {
    this.undoing?.undo();
  }

  redo() {
    this.undoing?.redo();
  }

  enter(cell) {
    if (!cell.matches(".cell")) return;
    const row = cell.closest("tr");
    const field = this.spec.fields[cell.dataset.field];
    this.before = cell.value;
    openNote(cell, this.frame);
    const number = row.querySelector(".row-head > span").textContent.trim();
    this.root.querySelector("[data-foot-place]").textContent = `${number} 行 · ${field.label}`;
    this.root.querySelector("[data-foot-hint]").textContent =
      "locked" in cell.dataset ? row.dataset.frozen || "没有退回，不能改。" : [field.required && "必填", field.unit, field.hint].filter(Boolean).join("，");
    this.root.querySelector("[data-foot-last]").textContent = this.last.describe(cell);
    describeCell(cell, true);
    this.saving?.postpone(row.dataset.id ? "" : row.dataset.row);
  }

  leave(event) {
    const cell = event.target;
    closeNotes(this.frame);
    if (cell.matches(".cell")) describeCell(cell, false);
    if (!cell.matches(".cell") || this.isReadOnly) return;
    if (this.before !== cell.value && "value" in cell) {
      const row = cell.closest("tr");
      this.undoing.add([{ key: row.dataset.row, field: cell.dataset.field, before: this.before, after: cell.value }]);
    }
    if (!this.body.contains(event.relatedTarget)) this.saving.postpone("");
  }

  closeNote() {
    closeNotes(this.frame);
  }

  goTo(event) {
    const link = event.target.closest("a[data-goto]");
    if (link) {
      event.preventDefault();
      const [, key, field] = /^#row-([^/]+)\/(.+)$/.exec(link.getAttribute("href"));
      this.choice.reveal(field);
      this.findCell(this.findRow(key), field)?.focus();
      return;
    }
    const leaving = event.target.closest("a[href]:not([data-add-row])");
    if (leaving && !this.isReadOnly) this.storeFirst(event, () => location.assign(leaving.href));
  }

  /** Store what waits before the page is left. */
  async storeFirst(event, go) {
    if (event.defaultPrevented || this.saving.count() === this.saving.countHeld()) return;
    event.preventDefault();
    await this.saving.saveNow(true);
    go();
  }

  // Changes.

  remember(row, field, text) {
    const key = row.dataset.row;
    if (!this.stored.has(key)) this.stored.set(key, {});
    const texts = this.stored.get(key);
    if (!(field in texts)) texts[field] = text;
  }

  touch(cell) {
    if (!cell.matches(".cell")) return;
    this.remember(cell.closest("tr"), cell.dataset.field, this.before);
    this.note(cell);
  }

  settle(cell) {
    if (this.spec.fields[cell.dataset?.field]?.figure) cell.value = groupDigits(cell.value);
  }

  /** A cell differs from what is stored: send it with its row. */
  note(cell) {
    const row = cell.closest("tr");
    const key = row.dataset.row;
    clearCell(cell.parentElement);
    if (cell === document.activeElement) this.closeNote();
    this.saving.note(key, this.identify(row), { [cell.dataset.field]: cell.value }, this.stored.get(key));
    this.showState(row, row.dataset.id ? "unsaved" : "new");
    this.followRow(row);
  }

  identify(row) {
    const number = (text) => (text === "" ? null : Number(text));
    return { id: number(row.dataset.id), version: number(row.dataset.version) };
  }

  showState(row, state) {
    row.querySelector("[data-state]").replaceChildren(STATES[state]());
  }

  /** How many rows of all pages have errors or warnings, as the server counts. */
  showCounts(counts) {
    for (const chip of counts ? this.root.querySelectorAll("[data-chip]") : []) {
      const count = counts[chip.dataset.chip] ?? 0;
      chip.hidden = !count && !chip.hasAttribute("aria-current");
      chip.querySelector("[data-chip-count]").textContent = groupDigits(String(count));
    }
  }

  /** Close the cells that a row's values hide, and show what they compute. */
  followRow(row) {
    if (!this.spec.steps.length || this.isReadOnly) return;
    const texts = Object.fromEntries([...row.querySelectorAll("[data-field]")].map((cell) => [cell.dataset.field, cell.value ?? ""]));
    const { hidden, computed } = follow(this.spec, texts);
    for (const [field, isHidden] of hidden) this.closeCell(this.findCell(row, field), isHidden);
    for (const [field, value] of computed) {
      const cell = this.findCell(row, field);
      const text = value === null ? "" : String(value);
      if (cell) cell.value = this.spec.fields[field].figure ? showFigure(text) : text;
    }
  }

  closeCell(cell, isHidden) {
    if (!cell || this.spec.fields[cell.dataset.field].given || "locked" in cell.dataset) return;
    cell.parentElement.classList.toggle("ro", isHidden);
    cell.parentElement.classList.toggle("void", isHidden);
    if (cell.matches("select")) cell.disabled = isHidden;
    else cell.readOnly = isHidden;
  }

  paste(event) {
    const cell = event.target;
    const block = readBlock(event.clipboardData.getData("text/plain"));
    const isOne = block.length === 1 && block[0].length === 1;
    if (!cell.matches(".cell") || !block.length || (isOne && !cell.matches("select"))) return;
    event.preventDefault();
    const room = block.slice(0, PASTE_LIMIT);
    const added = this.placeBlock(cell, room);
    const parts = [`已粘贴 ${room.length} 行 ${Math.max(...room.map((line) => line.length))} 列`];
    if (added) parts.push(`新增 ${added} 行`);
    if (room.length < block.length) parts.push(`余下 ${block.length - room.length} 行没有粘贴，请用导入`);
    this.root.querySelector("[data-foot-hint]").textContent = `${parts.join("，")}。`;
  }

  /** Lay the block over the cells from `cell` on; returns how many rows were added. */
  placeBlock(cell, block) {
    const first = [...this.body.rows].indexOf(cell.closest("tr"));
    // What is pasted goes where one sees it go.
    const columns = this.choice.shown();
    const start = columns.indexOf(cell.dataset.field);
    const changes = [];
    let added = 0;
    block.forEach((line, down) => {
      let row = this.body.rows[first + down];
      if (!row && this.isNarrow) return;
      if (!row) {
        row = this.addRow();
        added += 1;
      }
      line.forEach((text, right) => {
        const target = this.findCell(row, columns[start + right] ?? "");
        if (target) changes.push({ cell: target, text: target.matches("textarea") ? text : text.replace(/\s*\n\s*/g, " ").trim() });
      });
    });
    this.change(changes);
    // A pasted row is as complete as its source.
    this.saving.postpone("");
    return added;
  }

  place(row) {
    return `第 ${row.querySelector(".row-head > span").textContent.trim()} 行`;
  }

  tell(style, title, text) {
    const place = this.root.querySelector("[data-notices]");
    place.replaceChildren(makeNotice(style, title, text, [["知道了", () => place.replaceChildren()]]));
  }

  /** Rows were deleted on the server, or were never stored. */
  removeRows(rows) {
    for (const row of rows) {
      this.saving.drop(row.dataset.row);
      if (row.dataset.id) this.root.dataset.total = Number(this.root.dataset.total) - 1;
      row.remove();
    }
    this.answers.listProblems();
    this.root.querySelector("[data-total-shown]").textContent = groupDigits(this.root.dataset.total);
    if (!this.body.rows.length) this.addRow();
  }
}

/** The foot line says what a cell is for: screen readers hear it while it has the focus. */
function describeCell(cell, isFocused) {
  const note = cell.parentElement.querySelector(".notes")?.id;
  const ids = [note, ...(isFocused ? ["foot-hint", "foot-last"] : [])].filter(Boolean);
  if (ids.length) cell.setAttribute("aria-describedby", ids.join(" "));
  else cell.removeAttribute("aria-describedby");
}

for (const root of document.querySelectorAll("[data-grid]")) new Grid(root);
