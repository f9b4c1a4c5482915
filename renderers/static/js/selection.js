/** Rows ticked in a grid, and deleting them: asked again in place, refusals by row. */
import { make } from "./elements.js";

export function watchSelection(root, grid) {
  new Selection(root, grid);
}

class Selection {
  constructor(root, grid) {
    Object.assign(this, { root, grid });
    this.bar = root.querySelector("[data-bulk]");
    this.all = root.querySelector("[data-select-all]");
    root.addEventListener("change", (event) => {
      if (event.target === this.all) this.tickAll(this.all.checked);
      if (event.target === this.all || event.target.matches("[data-select]")) this.show();
    });
    this.bar.querySelector("[data-unselect]").addEventListener("click", () => {
      this.tickAll(false);
      this.show();
    });
    this.button = this.bar.querySelector("[data-delete-selected]");
    this.button?.addEventListener("click", () => this.delete());
  }

  rows() {
    return [...this.grid.body.querySelectorAll("[data-select]:checked")].map((box) => box.closest("tr"));
  }

  tickAll(isTicked) {
    for (const box of this.grid.body.querySelectorAll("[data-select]")) box.checked = isTicked;
  }

  show() {
    const rows = this.rows();
    for (const row of this.grid.body.rows) row.classList.toggle("selected", rows.includes(row));
    this.bar.hidden = !rows.length;
    this.say(`已选 ${rows.length} 行`);
    this.all.checked = rows.length > 0 && rows.length === this.grid.body.rows.length;
    this.all.indeterminate = rows.length > 0 && !this.all.checked;
    this.isAsked = false;
    if (this.button) this.button.textContent = "删除所选";
  }

  say(text) {
    this.bar.querySelector("[data-selected]").textContent = text;
  }

  async delete() {
    const rows = this.rows();
    if (!this.isAsked) {
      this.isAsked = true;
      this.say(`要删除 ${rows.length} 行吗？删除后不能撤销。`);
      this.button.textContent = `确定删除 ${rows.length} 行`;
      return;
    }
    const stored = rows.filter((row) => row.dataset.id);
    try {
      const refused = stored.length ? await this.send(stored) : [];
      const kept = new Set(refused.map(({ id }) => String(id)));
      this.grid.removeRows(rows.filter((row) => !kept.has(row.dataset.id)));
      this.show();
      if (refused.length) this.tellRefused(refused);
    } catch (error) {
      this.isAsked = false;
      this.say(error.message || "连不上服务器，没有删除，请再试一次。");
      this.button.textContent = "删除所选";
    }
  }

  async send(rows) {
    const body = { rows: rows.map((row) => this.grid.identify(row)) };
    const { refused = [] } = await this.grid.saving.post(this.root.dataset.delete, body);
    return refused;
  }

  tellRefused(refused) {
    const items = refused.map(({ id, message }) => {
      const row = this.grid.findRow(`r${id}`) ?? this.grid.body.querySelector(`[data-id="${id}"]`);
      return make("li", {}, `${row ? this.grid.place(row) : ""}：${message}`);
    });
    this.grid.tell("error", `有 ${refused.length} 行没有删除`, make("ul", {}, ...items));
  }
}
