/** The problems of a record page: at the fields, in the summary, on the rail, in the bar. */
import { drawProblems, drawRail, drawSummary, styleOf } from "./problems.js";
import { isSame } from "./values.js";

export class Overview {
  constructor(record) {
    this.record = record;
  }

  /** Show the server's problems and those found while typing. */
  show(broken) {
    const now = broken.length ? this.record.readAll() : {};
    const live = broken.filter((rule) => this.isAsked(rule, now)).map((rule) => this.describe(rule, now));
    const others = this.record.problems.filter((problem) => !this.record.liveKinds.has(problem.kind));
    this.record.shown = [...others, ...live].filter((problem) => this.isDue(problem));
    for (const [id, line] of this.record.lines) {
      const own = this.record.shown.filter((problem) => problem.field === id);
      drawProblems(line, own);
      this.record.explaining?.draw(line, own);
    }
    drawSummary(this.record.root.querySelector("[data-summary]"), this.record.shown, this.record.spec.fields, this.record.prefix);
    for (const style of ["error", "warn"]) this.showCount(style);
    const open = [...this.record.root.querySelectorAll("[data-group]")].map((group) => this.showRail(group));
    this.showOpen(open.reduce((sum, count) => sum + count, 0));
  }

  /** A rule found broken while typing, with what the server knows to be written of it. */
  describe({ id, level, field, message, reads }, now) {
    const kind = `rule:${id}`;
    const known = this.record.problems.find((problem) => problem.kind === kind && problem.field === field);
    const holds = reads.every((name) => isSame(this.record.spec.fields[name], now[name], this.record.judged[name]));
    return { field, level, message, kind, note: holds ? known?.note : undefined, last_note: known?.last_note };
  }

  /** What nobody wrote yet is not held against a page on which nothing is stored. */
  isAsked({ reads }, now) {
    return this.record.id !== null || this.record.isComplete || reads.some((name) => now[name]?.length);
  }

  isDue({ field, kind }) {
    return !this.record.lines.get(field)?.hidden && (this.record.isComplete || kind !== "required");
  }

  showOpen(count) {
    const place = this.record.root.querySelector("[data-open]");
    place.hidden = !count;
    place.textContent = `${count} 项必填未填`;
  }

  showCount(style) {
    const place = this.record.root.querySelector(`[data-count=${style}]`);
    const count = this.record.shown.filter((problem) => styleOf(problem) === style).length;
    place.hidden = !count;
    place.textContent = `${count} ${style === "error" ? "错误" : "警告"}`;
  }

  /** Returns how many required fields are still empty. */
  showRail(group) {
    const lines = [...group.querySelectorAll("[data-line]:not([hidden])")];
    const needed = lines.filter((line) => line.querySelector(".req") && !line.querySelector("[data-given]"));
    const filled = needed.filter((line) => this.record.controls.read(line.dataset.line).length).length;
    const errors = lines.filter((line) => line.classList.contains("is-error")).length;
    // A page of several forms has one rail for all of them.
    const page = this.record.root.closest("[data-booklet]") ?? this.record.root;
    const place = page.querySelector(`[data-rail="${CSS.escape(group.dataset.group)}"] [data-rail-state]`);
    if (place) drawRail(place, { needed: needed.length, filled, errors });
    return needed.length - filled;
  }
}
