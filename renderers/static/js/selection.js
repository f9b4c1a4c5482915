/** Rows ticked in a grid, or all rows of its filter: deleted, exported, one column set. */
import { watchPickers } from "./combobox.js";
import { make } from "./elements.js";
import { groupDigits } from "./values.js";
import { runAll } from "./whole.js";

export function watchSelection(root, grid) {
  new Selection(root, grid);
}

class Selection {
  constructor(root, grid) {
    Object.assign(this, { root, grid, isWhole: false, run: null });
    this.bar = root.querySelector("[data-bulk]");
    this.all = root.querySelector("[data-select-all]");
    this.button = this.find("[data-delete-selected]");
    this.editor = this.find("[data-fill-editor]");
    this.wholeButton = this.find("[data-select-whole]");
    this.cancel = this.find("[data-unselect]");
    root.addEventListener("change", (event) => {
      if (event.target === this.all) this.tickAll(this.all.checked);
      if (event.target === this.all || event.target.matches("[data-select]")) this.show(false);
    });
    this.cancel.addEventListener("click", () => this.giveUp());
    this.button?.addEventListener("click", () => this.delete());
    this.wholeButton.addEventListener("click", () => this.selectWhole());
    this.find("[data-export-selected]")?.addEventListener("submit", (event) => this.prepareExport(event));
    if (this.editor) this.watchEditor();
  }

  find(selector) {
    return this.bar.querySelector(selector);
  }

  rows() {
    return [...this.grid.body.querySelectorAll("[data-select]:checked")].map((box) => box.closest("tr"));
  }

  total() {
    return Number(this.root.dataset.total);
  }

  count() {
    return this.isWhole ? this.total() : this.rows().length;
  }

  tickAll(isTicked) {
    for (const box of this.grid.body.querySelectorAll("[data-select]")) box.checked = isTicked;
  }

  selectWhole() {
    this.tickAll(true);
    this.show(true);
    this.cancel.focus();
  }

  /** Stop what runs, or let the rows go. */
  giveUp() {
    if (this.run) {
      this.run.isStopped = true;
      return;
    }
    this.tickAll(false);
    this.show(false);
    this.all.focus();
  }

  show(isWhole) {
    const rows = this.rows();
    this.isWhole = isWhole;
    for (const row of this.grid.body.rows) row.classList.toggle("selected", rows.includes(row));
    this.bar.hidden = !rows.length;
    this.say(isWhole ? `已选全部 ${groupDigits(String(this.total()))} 行` : `已选 ${rows.length} 行`);
    this.find("[data-whole]").textContent = groupDigits(String(this.total()));
    this.wholeButton.hidden = isWhole || this.total() <= this.grid.body.rows.length;
    this.all.checked = rows.length > 0 && rows.length === this.grid.body.rows.length;
    this.all.indeterminate = rows.length > 0 && !this.all.checked;
    this.isAsked = false;
    if (this.button) this.button.textContent = "删除所选";
    if (!rows.length) this.closeEditor();
    this.nameFill();
  }

  say(text) {
    this.find("[data-selected]").textContent = text;
  }

  // Export.

  prepareExport(event) {
    const stored = this.rows().filter((row) => row.dataset.id);
    if (!this.isWhole && !stored.length) {
      event.preventDefault();
      this.say("所选的行还没有存，存好后再导出。");
      return;
    }
    event.target.elements.ids.value = this.isWhole ? "" : stored.map((row) => row.dataset.id).join(",");
  }

  // One column.

  watchEditor() {
    const { options } = this.root.dataset;
    this.opener = this.find("[data-fill-column]");
    this.column = this.find("[data-fill-field]");
    watchPickers(this.editor, { url: options, fields: this.grid.spec.fields });
    this.opener.addEventListener("click", () => (this.editor.hidden ? this.openEditor() : this.closeEditor()));
    this.find("[data-fill-cancel]").addEventListener("click", () => {
      this.closeEditor();
      this.opener.focus();
    });
    this.column.addEventListener("change", () => this.drawValue());
    this.editor.addEventListener("submit", (event) => {
      event.preventDefault();
      this.fill();
    });
  }

  openEditor() {
    this.editor.hidden = false;
    this.opener.setAttribute("aria-expanded", "true");
    this.drawValue();
    this.column.focus();
  }

  closeEditor() {
    if (!this.editor) return;
    this.editor.hidden = true;
    this.opener.setAttribute("aria-expanded", "false");
  }

  nameFill() {
    if (this.editor) this.find("[data-fill]").textContent = `填入 ${groupDigits(String(this.count()))} 行`;
  }

  /** The control that the column's cells have. */
  drawValue() {
    const field = this.column.value;
    const cell = this.grid.template.content.querySelector(`[data-field="${CSS.escape(field)}"]`).cloneNode(true);
    cell.className = cell.matches("select") ? "form-select form-select-sm" : "form-control form-control-sm";
    cell.setAttribute("aria-label", `${this.grid.spec.fields[field].label}，都改为`);
    cell.value = "";
    const place = this.find("[data-fill-value]");
    place.classList.toggle("picker", cell.matches("[data-picker]"));
    place.replaceChildren(cell);
  }

  async fill() {
    const field = this.column.value;
    const text = this.find("[data-fill-value] [data-field]").value;
    if (this.isWhole) {
      await this.runWhole(this.root.dataset.fillAll, { field, text }, "改");
      return;
    }
    const cells = this.rows().map((row) => this.grid.findCell(row, field));
    this.grid.change(cells.filter(Boolean).map((cell) => ({ cell, text })));
    this.grid.saving.postpone("");
    this.closeEditor();
    this.opener.focus();
    this.say(`已填入 ${cells.length} 行，自动保存`);
  }

  // Deleting.

  async delete() {
    const rows = this.rows();
    const count = groupDigits(String(this.count()));
    if (!this.isAsked) {
      this.isAsked = true;
      this.say(`要删除 ${count} 行吗？删除后不能撤销。`);
      this.button.textContent = `确定删除 ${count} 行`;
      return;
    }
    if (this.isWhole) {
      await this.runWhole(this.root.dataset.deleteAll, {}, "删除");
      return;
    }
    const stored = rows.filter((row) => row.dataset.id);
    try {
      const refused = stored.length ? await this.send(stored) : [];
      const kept = new Set(refused.map(({ id }) => String(id)));
      this.grid.removeRows(rows.filter((row) => !kept.has(row.dataset.id)));
      this.show(false);
      if (refused.length) this.tellRefused(refused);
    } catch (error) {
      this.isAsked = false;
      this.say(error.message || "连不上服务器，没有删除，请再试一次。");
      this.button.textContent = "删除所选";
    }
  }

  async send(rows) {
    const body = { rows: rows.map((row) => this.grid.identify(row)) };
    const { refused = [], counts } = await this.grid.saving.post(this.root.dataset.delete, body);
    this.grid.showCounts(counts);
    return refused;
  }

  tellRefused(refused) {
    const items = refused.map(({ id, message }) => {
      const row = this.grid.findRow(`r${id}`) ?? this.grid.body.querySelector(`[data-id="${id}"]`);
      return make("li", {}, `${row ? this.grid.place(row) : ""}：${message}`);
    });
    this.grid.tell("error", `有 ${refused.length} 行没有删除`, make("ul", {}, ...items));
  }

  // All rows of the filter.

  async runWhole(url, body, word) {
    this.run = { isStopped: false };
    this.lock(true);
    await runAll(this.grid, {
      url,
      body: { ...body, query: this.root.dataset.asked },
      word,
      total: this.total(),
      run: this.run,
      onStep: (text) => this.say(text),
    });
    this.run = null;
    this.lock(false);
  }

  lock(isLocked) {
    for (const button of this.bar.querySelectorAll("button")) button.disabled = isLocked && button !== this.cancel;
    this.cancel.textContent = isLocked ? "停下" : "取消选择";
    if (isLocked) this.cancel.focus();
  }
}
