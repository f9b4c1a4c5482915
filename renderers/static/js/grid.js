/** A grid page: rows of real inputs, saved row by row, filled by keys and by paste. */
import { watchPickers } from "./combobox.js";
import { compare, showConflict } from "./conflict.js";
import { Drafts } from "./drafts.js";
import { makeNotice, makeState } from "./elements.js";
import { watchKeys } from "./keyboard.js";
import { follow } from "./live.js";
import { clearCell, closeNotes, listProblems, markRow, openNote } from "./notes.js";
import { readBlock } from "./paste.js";
import { styleOf, worst } from "./problems.js";
import { Saving } from "./saving.js";
import { watchSelection } from "./selection.js";
import { showStatus, showTime } from "./status.js";
import { Undo } from "./undo.js";
import { groupDigits, isSame, showFigure } from "./values.js";

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
    if (!this.body) return;
    this.frame = root.querySelector(".grid-box");
    this.spec = JSON.parse(root.querySelector("[data-form-data]").textContent);
    this.columns = [...root.querySelectorAll("[data-head]")].map((head) => head.dataset.head);
    this.template = root.querySelector("[data-blank-row]");
    this.isReadOnly = "readOnly" in root.dataset;
    /** key -> field -> text as the server has it, of rows that were touched */
    this.stored = new Map();
    this.conflicts = [];
    this.body.addEventListener("focusin", (event) => this.enter(event.target));
    this.body.addEventListener("focusout", (event) => this.leave(event));
    root.addEventListener("click", (event) => this.goTo(event));
    if (this.isReadOnly) watchKeys(this.body, this);
    else this.start();
  }

  start() {
    const { save, csrf, drafts, page, options, login } = this.root.dataset;
    this.saving = new Saving({
      url: save,
      csrf,
      drafts: new Drafts(drafts, page),
      onAnswer: (key, answer, sent) => this.take(key, answer, sent),
      onStatus: (status) => showStatus(this.root.querySelector("[data-status]"), status, login),
    });
    this.undoing = new Undo((changes) => this.apply(changes));
    // Pickers first: an open list takes arrows and Enter before the grid does.
    watchPickers(this.body, { url: options, fields: this.spec.fields });
    watchKeys(this.body, this);
    watchSelection(this.root, this);
    this.body.addEventListener("input", (event) => this.touch(event.target));
    this.body.addEventListener("change", (event) => this.settle(event.target));
    this.body.addEventListener("paste", (event) => this.paste(event));
    this.root.querySelector("[data-add-row]")?.addEventListener("click", (event) => {
      event.preventDefault();
      this.focusFirst(this.findBlankRow() ?? this.addRow());
    });
    for (const form of this.root.querySelectorAll("[data-query], [data-turn]")) {
      form.addEventListener("change", (event) => event.target.matches("select") && form.requestSubmit());
      form.addEventListener("submit", (event) => this.storeFirst(event, () => form.submit()));
    }
    this.restore();
    for (const row of this.body.rows) this.followRow(row);
    if (!this.body.rows.length) this.addRow();
  }

  // Rows and cells.

  findRow(key) {
    return this.body.querySelector(`[data-row="${CSS.escape(key)}"]`);
  }

  findCell(row, field) {
    return row?.querySelector(`[data-field="${CSS.escape(field)}"]`);
  }

  addRow() {
    const key = `n${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
    const holder = document.createElement("tbody");
    const number = this.nextNumber();
    holder.innerHTML = this.template.innerHTML.trim().replaceAll("{n}", number).replaceAll("{key}", key);
    const row = holder.firstElementChild;
    this.body.append(row);
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

  // Moving.

  focusAt(rowIndex, columnIndex) {
    const row = [...this.body.rows].at(rowIndex);
    this.findCell(row, this.columns.at(columnIndex))?.focus();
  }

  /** Move by rows and columns; cells that cannot take the focus are passed over. */
  move(cell, rows, columns, grows = false) {
    const row = cell.closest("tr");
    const all = [...this.body.rows];
    const wanted = all.indexOf(row) + rows;
    if (grows && wanted >= all.length && !this.isReadOnly && this.root.dataset.lastPage === "true") {
      this.findCell(this.addRow(), cell.dataset.field)?.focus();
      return;
    }
    const target = all[Math.max(0, Math.min(all.length - 1, wanted))];
    const step = Math.sign(columns);
    let index = this.columns.indexOf(cell.dataset.field) + (Number.isFinite(columns) ? columns : step * this.columns.length);
    index = Math.max(0, Math.min(this.columns.length - 1, index));
    let next = this.findCell(target, this.columns[index]);
    while (next?.disabled && step && this.columns[index + step]) next = this.findCell(target, this.columns[(index += step)]);
    next?.focus();
    next?.closest("td")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** The next cell that takes typing, over the ends of rows; null outside the grid. */
  findNext(cell, step) {
    const cells = [...this.body.querySelectorAll(".cell")].filter((one) => one === cell || (!one.readOnly && !one.disabled));
    return cells[cells.indexOf(cell) + step] ?? null;
  }

  focusFirst(row) {
    const cell = [...row.querySelectorAll(".cell")].find((one) => this.isOpen(one));
    cell?.focus();
    cell?.scrollIntoView({ block: "nearest" });
  }

  enter(cell) {
    if (!cell.matches(".cell")) return;
    const row = cell.closest("tr");
    const field = this.spec.fields[cell.dataset.field];
    this.before = cell.value;
    openNote(cell, this.frame);
    const number = row.querySelector(".row-head > span").textContent.trim();
    this.root.querySelector("[data-foot-place]").textContent = `${number} 行 · ${field.label}`;
    this.root.querySelector("[data-foot-hint]").textContent = [field.required && "必填", field.unit, field.hint].filter(Boolean).join("，");
    this.saving?.postpone(row.dataset.id ? "" : row.dataset.row);
  }

  leave(event) {
    const cell = event.target;
    closeNotes(this.frame);
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
    if (!cell || this.spec.fields[cell.dataset.field].given) return;
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
    const start = this.columns.indexOf(cell.dataset.field);
    const changes = [];
    let added = 0;
    block.forEach((line, down) => {
      let row = this.body.rows[first + down];
      if (!row) {
        row = this.addRow();
        added += 1;
      }
      line.forEach((text, right) => {
        const target = this.findCell(row, this.columns[start + right] ?? "");
        if (target) changes.push({ cell: target, text: target.matches("textarea") ? text : text.replace(/\s*\n\s*/g, " ").trim() });
      });
    });
    this.change(changes);
    // A pasted row is as complete as its source.
    this.saving.postpone("");
    return added;
  }

  // Answers.

  take(key, answer, sent) {
    const row = this.findRow(key);
    if (!row) return;
    if (answer.status === "conflict") {
      this.showState(row, "conflict");
      this.conflicts.push({ key, answer, sent });
      this.resolveNext();
      return;
    }
    if (answer.isStored) this.adopt(row, answer, sent);
    const problems = answer.problems ?? [];
    markRow(row, problems);
    this.listProblems();
    if (document.activeElement?.closest("tr") === row) openNote(document.activeElement, this.frame);
    if (this.saving.isUnsaved(key) && answer.isStored) this.showState(row, "unsaved");
    else if (answer.isStored) this.showState(row, worst(problems) === "info" ? "saved" : worst(problems) || "saved");
    else {
      this.showState(row, "error");
      if (answer.message) this.tell("error", `${this.place(row)}没有存`, answer.message);
    }
  }

  listProblems() {
    const box = this.root.querySelector("[data-problem-summary]");
    listProblems(box, [...this.body.rows], (row, field) => `${this.place(row)} ${this.spec.fields[field].label}`);
  }

  place(row) {
    return `第 ${row.querySelector(".row-head > span").textContent.trim()} 行`;
  }

  adopt(row, answer, sent) {
    const isNew = !row.dataset.id;
    row.dataset.id = answer.id;
    row.dataset.version = answer.version;
    row.classList.remove("new");
    if (isNew) this.linkRow(row, answer.id);
    const faulty = new Set((answer.problems ?? []).filter((p) => styleOf(p) === "error").map((p) => p.field));
    const waiting = this.saving.pending.get(row.dataset.row)?.cells ?? {};
    const texts = { ...sent.cells };
    for (const [field, text] of Object.entries({ ...answer.cells, ...answer.computed })) {
      const cell = this.findCell(row, field);
      if (!cell || !("value" in cell) || faulty.has(field)) continue;
      texts[field] = text ?? "";
      if (field in waiting || (cell === document.activeElement && !cell.readOnly)) continue;
      this.fill(cell, Array.isArray(text) ? text.join("、") : String(text ?? ""));
      if (this.spec.fields[field].given && this.spec.fields[field].figure) cell.value = showFigure(cell.value);
    }
    this.stored.set(row.dataset.row, texts);
    this.followRow(row);
  }

  /** A row that is stored has a page of its own. */
  linkRow(row, id) {
    const pattern = this.root.dataset.rowPage;
    this.root.dataset.total = Number(this.root.dataset.total) + 1;
    this.root.querySelector("[data-total-shown]").textContent = groupDigits(this.root.dataset.total);
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
    const box = this.root.querySelector("[data-conflict]");
    if (!box.hidden || !this.conflicts.length) return;
    const { key, answer, sent } = this.conflicts.shift();
    const row = this.findRow(key);
    const mine = { ...sent.cells, ...this.saving.pending.get(key)?.cells };
    const conflict = {
      fields: this.spec.fields,
      base: { ...this.stored.get(key), ...sent.base },
      mine,
      theirs: answer.current,
    };
    const choose = (cells) => {
      this.saving.drop(key);
      row.dataset.version = answer.version;
      this.settleConflict(row, answer.current, cells);
      this.resolveNext();
    };
    const { open, merged } = compare(this.spec.fields, conflict);
    if (!open.length) {
      choose(mine);
      if (merged.length) this.tell("info", `${this.place(row)}已与别人的修改合并`, "您改的和对方改的不是同样的格子，都保留了。");
      return;
    }
    showConflict(box, { ...conflict, place: this.place(row), onChoose: choose, onGiveUp: () => choose({}) });
  }

  settleConflict(row, theirs, cells) {
    const key = row.dataset.row;
    this.stored.set(key, { ...theirs });
    const changed = {};
    for (const [field, text] of Object.entries({ ...theirs, ...cells })) {
      const cell = this.findCell(row, field);
      if (!cell || !("value" in cell)) continue;
      this.fill(cell, Array.isArray(text) ? text.join("、") : String(text ?? ""));
      if (field in cells && !isSame(this.spec.fields[field], text, theirs[field])) changed[field] = text;
    }
    markRow(row, []);
    if (Object.keys(changed).length) {
      this.saving.note(key, this.identify(row), changed, theirs);
      this.saving.schedule(0);
    }
    this.showState(row, Object.keys(changed).length ? "unsaved" : "saved");
    this.followRow(row);
  }

  /** Bring back rows that an earlier visit could not store. */
  restore() {
    const draft = this.saving.drafts.read();
    let count = 0;
    for (const { key, id, version, cells, base } of draft?.rows ?? []) {
      const row = id === null ? this.addRow() : this.findRow(`r${id}`);
      const name = row?.dataset.row ?? key;
      const kept = Object.entries(cells).filter(([field]) => this.spec.fields[field]);
      const changed = {};
      for (const [field, text] of kept) {
        const cell = this.findCell(row, field);
        if (cell && isSame(this.spec.fields[field], cell.value, text)) continue;
        if (cell) {
          this.remember(row, field, base?.[field] ?? cell.value);
          this.fill(cell, String(text));
        }
        changed[field] = text;
      }
      count += Object.keys(changed).length;
      if (!Object.keys(changed).length) continue;
      this.saving.note(name, { id, version }, changed, base ?? {});
      if (row) this.showState(row, id === null ? "new" : "unsaved");
    }
    if (count) this.tell("info", `已找回上次没有存的 ${count} 格`, `${showTime(draft.at)} 填的，现在自动补存，请看一下对不对。`);
    else if (draft) this.saving.drafts.write([]);
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
    this.listProblems();
    this.root.querySelector("[data-total-shown]").textContent = groupDigits(this.root.dataset.total);
    if (!this.body.rows.length) this.addRow();
  }
}

for (const root of document.querySelectorAll("[data-grid]")) new Grid(root);
