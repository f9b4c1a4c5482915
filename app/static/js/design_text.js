// The text of the file beside the table: line numbers, faulty lines, places to go to.

const DELAY = 700;

export class TextSide {
  constructor(root, saving) {
    this.area = root.querySelector("[data-code]");
    this.lines = root.querySelector("[data-lines]");
    this.saving = saving;
    this.root = root;
    this.bad = new Set();
    this.timer = null;
    this.sent = this.area.value;
    this.area.addEventListener("input", () => this.#wait());
    this.area.addEventListener("change", () => this.flush());
    this.area.addEventListener("scroll", () => (this.lines.scrollTop = this.area.scrollTop));
    this.number();
  }

  get isTyped() {
    return this.timer !== null;
  }

  #wait() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), DELAY);
    this.number();
  }

  flush() {
    clearTimeout(this.timer);
    this.timer = null;
    if (this.area.value === this.sent || this.area.readOnly) return Promise.resolve();
    const text = this.area.value;
    this.sent = text;
    return this.saving.send(this.root.dataset.text, { text });
  }

  // What somebody types meanwhile is newer than what the server has.
  show(text, faults) {
    this.bad = new Set(faults.map((fault) => fault.line));
    if (!this.isTyped && this.area.value !== text) {
      const { scrollTop, scrollLeft, selectionStart, selectionEnd } = this.area;
      this.area.value = text;
      this.area.setSelectionRange(selectionStart, selectionEnd);
      Object.assign(this.area, { scrollTop, scrollLeft });
    }
    if (!this.isTyped) this.sent = text;
    this.number();
  }

  number() {
    const count = this.area.value.split("\n").length;
    this.lines.replaceChildren(
      ...Array.from({ length: count }, (_, index) => {
        const line = document.createElement("div");
        line.textContent = index + 1;
        if (this.bad.has(index + 1)) line.className = "is-bad";
        return line;
      }),
    );
    this.lines.scrollTop = this.area.scrollTop;
  }

  select(line, column) {
    const lines = this.area.value.split("\n");
    const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    this.area.focus();
    this.area.setSelectionRange(start + column - 1, start + (lines[line - 1] ?? "").length);
    const height = this.area.scrollHeight / Math.max(lines.length, 1);
    this.area.scrollTop = Math.max(0, (line - 4) * height);
  }
}
