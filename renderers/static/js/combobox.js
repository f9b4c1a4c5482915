/**
 * Search pickers: a text input that lists what is found for the text typed. Options come
 * from the server, or from the form where it has few. Input methods stay undisturbed.
 */
import { isComposing, make } from "./elements.js";

const PAUSE = 200;
const SEPARATORS = /[、，,；;]/;
let lists = 0;

/**
 * Make all pickers below `root` work; later ones too. `find` tells the row that a picker
 * is for, as {id, read(field)}: what some pickers offer depends on its other values.
 */
export function watchPickers(root, { url, fields, find = () => null }) {
  new Pickers(root, { url, fields, findRow: find });
}

class Pickers {
  constructor(root, given) {
    Object.assign(this, given, { root });
    this.input = null;
    this.request = 0;
    // In the capture phase: an open list takes keys before the grid moves the focus.
    root.addEventListener("keydown", (event) => this.onKey(event), true);
    root.addEventListener("input", (event) => this.onInput(event));
    root.addEventListener("compositionend", (event) => this.onInput(event));
    root.addEventListener("focusout", (event) => this.isPicker(event.target) && this.close());
    root.addEventListener("click", (event) => {
      if (this.isPicker(event.target) && event.target === document.activeElement && event.detail === 2) this.search(event.target);
    });
  }

  isPicker(element) {
    return element.matches?.("[data-picker]") && !element.readOnly;
  }

  onInput(event) {
    if (!this.isPicker(event.target) || event.isComposing || event.picked) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(event.target), PAUSE);
  }

  onKey(event) {
    if (!this.isPicker(event.target) || isComposing(event)) return;
    const action = this.isOpen(event.target) ? this.openKeys(event) : this.closedKeys(event);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  closedKeys(event) {
    const asks = event.key === "ArrowDown" && (event.altKey || event.target.closest(".picker"));
    return asks ? () => this.search(event.target) : null;
  }

  openKeys(event) {
    const keys = {
      ArrowDown: () => this.move(1),
      ArrowUp: () => this.move(-1),
      Escape: () => this.close(),
      Enter: this.active ? () => this.pick(this.active) : null,
    };
    return keys[event.key] ?? null;
  }

  isOpen(input) {
    return this.input === input && this.list != null;
  }

  async search(input, page = 1) {
    if (document.activeElement !== input) return;
    const field = input.dataset.field;
    const request = ++this.request;
    const text = currentItem(input, this.fields[field]).text;
    const found = await this.find(field, text, page, this.findRow(input));
    // A later question, or a focus that moved on, makes this answer stale.
    if (request !== this.request || document.activeElement !== input || !found) return;
    if (page > 1) this.addOptions(found);
    else this.open(input, found);
  }

  async find(field, text, page, row) {
    const options = this.fields[field]?.options ?? [];
    if (options.length) {
      const hits = options.filter((option) => option.includes(text));
      return { options: hits.map((value) => ({ value, label: value })), more: false };
    }
    if (!this.url) return null;
    const asked = this.fields[field]?.asks ?? [];
    const words = { field, q: text, page };
    if (row && asked.length) {
      words.row = row.id ?? "";
      for (const other of asked) words[`this.${other}`] = row.read(other);
    }
    const address = `${this.url}${this.url.includes("?") ? "&" : "?"}${new URLSearchParams(words)}`;
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  }

  open(input, found) {
    this.close();
    this.input = input;
    this.page = 1;
    this.list = make("ul", { class: "options", role: "listbox", id: `options-${++lists}`, "aria-label": "查到的选项" });
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.pick(option);
    });
    this.addOptions(found);
    input.parentElement.append(this.list);
    input.closest("td")?.classList.add("open");
    this.place(input);
    input.setAttribute("aria-expanded", "true");
    input.setAttribute("aria-controls", this.list.id);
  }

  /** Open upwards or to the left where the window ends. */
  place(input) {
    const frame = input.closest(".grid-box")?.getBoundingClientRect() ?? { bottom: innerHeight, right: innerWidth };
    const box = input.getBoundingClientRect();
    this.list.classList.toggle("above", box.bottom + this.list.offsetHeight > frame.bottom && box.top > this.list.offsetHeight + 48);
    this.list.classList.toggle("to-left", box.left + this.list.offsetWidth > frame.right);
  }

  addOptions({ options, more, needs = [] }) {
    this.list.querySelector("[data-more]")?.remove();
    for (const { value, label, hint } of options) {
      const id = `${this.list.id}-${this.list.childElementCount}`;
      const parts = [make("span", { class: "name" }, label || value)];
      if (label && label !== value) parts.push(make("span", { class: "code" }, value));
      if (hint) parts.push(make("span", { class: "meta" }, hint));
      this.list.append(make("li", { role: "option", id, "data-value": value, "data-label": label ?? value, "aria-selected": "false" }, ...parts));
    }
    if (!this.list.childElementCount) {
      const advice = needs.length ? `没有可选的：请先填${needs.map((label) => `“${label}”`).join("、")}` : "没有查到，换个词试试";
      this.list.append(make("li", { class: "muted", role: "option", "aria-disabled": "true" }, advice));
    }
    if (more) {
      this.list.append(make("li", { class: "more", role: "option", "data-more": true, "aria-selected": "false", id: `${this.list.id}-more-${this.page}` }, "更多…"));
    }
  }

  get active() {
    return this.list?.querySelector("[aria-selected=true]") ?? null;
  }

  move(step) {
    const options = [...this.list.querySelectorAll("[role=option]:not([aria-disabled])")];
    if (!options.length) return;
    const next = (options.indexOf(this.active) + step + options.length) % options.length;
    for (const option of options) option.setAttribute("aria-selected", String(option === options[next]));
    options[next].scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", options[next].id);
  }

  pick(option) {
    if (option.hasAttribute("aria-disabled")) return;
    const input = this.input;
    if (option.hasAttribute("data-more")) {
      this.page += 1;
      this.search(input, this.page);
      return;
    }
    const { value, label } = option.dataset;
    const { before, after } = currentItem(input, this.fields[input.dataset.field]);
    input.value = before + value + after;
    this.close();
    const event = new Event("input", { bubbles: true });
    event.picked = true;
    input.dispatchEvent(event);
    input.dispatchEvent(new CustomEvent("picked", { bubbles: true, detail: { value, label } }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  close() {
    clearTimeout(this.timer);
    this.request += 1;
    if (!this.list) return;
    this.list.remove();
    this.list = null;
    this.input.closest("td")?.classList.remove("open");
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-controls");
    this.input.removeAttribute("aria-activedescendant");
    this.input = null;
  }
}

/** The value being typed; where several are taken, the one at the caret. */
function currentItem(input, field) {
  if (!field?.list) return { before: "", text: input.value.trim(), after: "" };
  const caret = input.selectionStart ?? input.value.length;
  const starts = [...input.value.slice(0, caret)].map((c, i) => (SEPARATORS.test(c) ? i + 1 : 0));
  const start = Math.max(0, ...starts);
  const rest = input.value.slice(caret).search(SEPARATORS);
  const end = rest < 0 ? input.value.length : caret + rest;
  return { before: input.value.slice(0, start), text: input.value.slice(start, end).trim(), after: input.value.slice(end) };
}
