/** Last period's values of a grid's rows: at the focused cell, and as a tooltip. */
import { showChange } from "./values.js";

export class LastValues {
  constructor(grid) {
    this.grid = grid;
    const block = grid.root.querySelector("[data-last-values]");
    this.known = block ? JSON.parse(block.textContent) : {};
    grid.body.addEventListener("mouseover", (event) => this.explain(event.target));
  }

  find(row, field) {
    return this.known[row.dataset.row]?.[field] ?? "";
  }

  /** A row was stored: its key may be another one now. */
  take(row, texts) {
    this.known[row.dataset.row] = texts;
    this.grid.choice.refresh(row);
  }

  /** The value with the change since, as a sentence; empty where there is none. */
  describe(cell) {
    const { field } = cell.dataset;
    const text = this.find(cell.closest("tr"), field);
    if (!text) return "";
    const spec = this.grid.spec.fields[field];
    const change = spec.figure ? showChange(spec, cell.value ?? "", plain(text)) : "";
    return `上年 ${text}${change && change !== "—" ? `，${change}` : ""}`;
  }

  explain(cell) {
    if (!cell.matches(".cell")) return;
    const text = this.describe(cell);
    if (text) cell.title = text;
    else cell.removeAttribute("title");
  }
}

/** A figure as it is computed with. */
function plain(text) {
  return text.replaceAll(",", "").replace("\u2212", "-");
}
