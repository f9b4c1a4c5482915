/** A page of several forms: one rail, one foot bar, check lists, one act that hands it in. */
import { Checklist } from "./checklist.js";
import { Missing } from "./missing.js";
import { watchRail } from "./rail.js";
import { records } from "./record.js";
import { showStatus } from "./status.js";

/** The worst of what the forms report is what the page says. */
const ORDER = ["refused", "login", "offline", "waiting", "sending", "saved", "idle"];

class Booklet {
  constructor(root) {
    this.root = root;
    this.form = root.querySelector("[data-booklet-form]");
    this.status = root.querySelector("[data-booklet-status]");
    this.states = new Map();
    this.missing = new Missing(root.querySelector("[data-booklet-open]"));
    watchRail(root);
    const options = { onSaved: (savedAt) => this.note(root, { state: "saved", savedAt, count: 0, held: 0 }) };
    for (const section of root.querySelectorAll("[data-checklist]")) new Checklist(section, options);
    root.addEventListener("record:saving", (event) => this.note(event.target, event.detail));
    root.addEventListener("record:explained", () => this.missing.askSoon());
    this.form.addEventListener("submit", (event) => this.submit(event));
  }

  note(place, status) {
    this.states.delete(place);
    this.states.set(place, status);
    const all = [...this.states.values()];
    const state = ORDER.find((name) => all.some((one) => one.state === name)) ?? "idle";
    if (status.state === "saved") this.missing.askSoon();
    const told = all.filter((one) => one.state === state).at(-1);
    const sum = (name) => all.reduce((total, one) => total + (one[name] ?? 0), 0);
    showStatus(this.status, { ...told, count: sum("count"), held: sum("held") }, told?.login);
  }

  /** What is typed is stored first; where that fails, nothing is handed in. */
  async submit(event) {
    const typed = records.filter((record) => record.saving?.count());
    if (!typed.length) return;
    event.preventDefault();
    await Promise.all(typed.map((record) => record.saving.flush()));
    const left = typed.find((record) => record.saving.count());
    if (!left) return event.submitter.click();
    left.showFirst();
    left.root.scrollIntoView({ block: "start" });
  }
}

for (const root of document.querySelectorAll("[data-booklet]")) new Booklet(root);
