/**
 * Which columns of a grid are shown, and which have last period's values beside them.
 * The browser keeps the choice for one person and form; hidden cells stay in the row,
 * so that rules which read them go on.
 */
import { make } from "./elements.js";

export class Columns {
  constructor(grid, last) {
    this.grid = grid;
    this.last = last;
    this.panel = grid.root.querySelector("[data-columns]");
    this.opener = grid.root.querySelector("[data-columns-open]");
    this.boxes = [...this.panel.querySelectorAll("[data-column]")];
    this.lastBoxes = [...this.panel.querySelectorAll("[data-column-last]")];
    this.key = grid.root.dataset.choice ? `tianbao:columns:${grid.root.dataset.choice}` : "";
    this.hidden = new Set();
    this.compared = new Set();
    this.listen();
    this.restore();
  }

  listen() {
    this.opener.addEventListener("click", () => (this.panel.hidden ? this.open() : this.close()));
    this.panel.querySelector("[data-columns-close]").addEventListener("click", () => this.close());
    this.panel.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    this.panel.addEventListener("change", () => this.choose());
    for (const button of this.panel.querySelectorAll("[data-columns-show]")) {
      button.addEventListener("click", () => this.tickAll(button.dataset.columnsShow === "required"));
    }
    this.panel.querySelector("[data-columns-last]")?.addEventListener("click", () => {
      for (const box of this.lastBoxes) box.checked = false;
      this.choose();
    });
  }

  open() {
    this.panel.hidden = false;
    this.opener.setAttribute("aria-expanded", "true");
    this.boxes.find((box) => !box.disabled)?.focus();
  }

  close() {
    this.panel.hidden = true;
    this.opener.setAttribute("aria-expanded", "false");
    this.opener.focus();
  }

  tickAll(onlyRequired) {
    for (const box of this.boxes) box.checked = box.disabled || !onlyRequired || "required" in box.dataset;
    this.choose();
  }

  /** Take over what is ticked. */
  choose() {
    this.hidden = new Set(this.boxes.filter((box) => !box.checked).map((box) => box.value));
    this.compared = new Set(this.lastBoxes.filter((box) => box.checked).map((box) => box.value));
    this.keep();
    this.show();
  }

  /** Show a column that a link leads to. */
  reveal(field) {
    if (!this.hidden.has(field)) return;
    this.boxes.find((box) => box.value === field).checked = true;
    this.choose();
  }

  /** The fields of the columns that are shown, from left to right. */
  shown() {
    return this.grid.columns.filter((field) => !this.hidden.has(field));
  }

  isShown(cell) {
    return !this.hidden.has(cell.dataset.field);
  }

  show() {
    const heads = this.grid.root.querySelector(".grid thead tr");
    for (const head of heads.querySelectorAll("[data-head]")) {
      head.hidden = this.hidden.has(head.dataset.head);
      this.placeLastHead(head);
    }
    for (const row of this.grid.body.rows) this.dress(row);
    this.opener.querySelector("[data-columns-hidden]").textContent = this.hidden.size ? `（隐藏 ${this.hidden.size} 列）` : "";
  }

  /** Show and hide the cells of a row as the columns are. */
  dress(row) {
    for (const cell of row.querySelectorAll("[data-field]")) {
      const { field } = cell.dataset;
      const place = cell.closest("td");
      const isHidden = this.hidden.has(field);
      if (place.hidden !== isHidden) place.hidden = isHidden;
      this.placeLastCell(row, place, field);
    }
  }

  /** Last period's values of a row have changed. */
  refresh(row) {
    for (const place of row.querySelectorAll("[data-last-of]")) place.remove();
    this.dress(row);
  }

  placeLastHead(head) {
    const field = head.dataset.head;
    const next = head.nextElementSibling?.matches("[data-last-head]") ? head.nextElementSibling : null;
    if (this.isCompared(field) === Boolean(next)) return;
    if (next) return next.remove();
    const width = [...head.classList].find((name) => name.startsWith("ch-")) ?? "";
    const words = make("span", {}, "上年");
    return head.after(make("th", { scope: "col", class: `ro last-head ${width}`, "data-last-head": true }, words, make("span", { class: "unit" }, this.grid.spec.fields[field].label)));
  }

  placeLastCell(row, place, field) {
    const next = place.nextElementSibling?.matches("[data-last-of]") ? place.nextElementSibling : null;
    if (this.isCompared(field) === Boolean(next)) return;
    if (next) {
      next.remove();
      return;
    }
    const style = this.grid.spec.fields[field].figure ? "ro last-cell num" : "ro last-cell";
    const text = this.last.find(row, field);
    place.after(make("td", { class: style, "data-last-of": field, title: text || null }, text));
  }

  isCompared(field) {
    return this.compared.has(field) && !this.hidden.has(field);
  }

  // What the browser keeps.

  restore() {
    const known = this.read();
    for (const box of this.boxes) box.checked = box.disabled || !known.hidden.includes(box.value);
    for (const box of this.lastBoxes) box.checked = known.last.includes(box.value);
    this.hidden = new Set(this.boxes.filter((box) => !box.checked).map((box) => box.value));
    this.compared = new Set(this.lastBoxes.filter((box) => box.checked).map((box) => box.value));
    if (this.hidden.size || this.compared.size) this.show();
  }

  read() {
    try {
      const { hidden, last } = JSON.parse(localStorage.getItem(this.key)) ?? {};
      return { hidden: Array.isArray(hidden) ? hidden : [], last: Array.isArray(last) ? last : [] };
    } catch {
      return { hidden: [], last: [] };
    }
  }

  keep() {
    if (!this.key) return;
    try {
      localStorage.setItem(this.key, JSON.stringify({ hidden: [...this.hidden], last: [...this.compared] }));
    } catch {
      // Storage is full or forbidden: the choice holds for this page.
    }
  }
}
