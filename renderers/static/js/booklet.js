/** A page of several forms: one rail, one foot bar, check lists, one act that hands it in. */
import { Checklist } from "./checklist.js";
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
    watchRail(root);
    const options = { onSaved: (savedAt) => this.note(root, { state: "saved", savedAt, count: 0, held: 0 }) };
    this.lists = [...root.querySelectorAll("[data-checklist]")].map((section) => new Checklist(section, options));
    root.addEventListener("record:saving", (event) => this.note(event.target, event.detail));
    root.addEventListener("record:judged", () => this.count());
    root.addEventListener("checklist:changed", () => this.count());
    this.form.addEventListener("submit", (event) => this.submit(event));
    this.count();
  }

  note(place, status) {
    this.states.delete(place);
    this.states.set(place, status);
    const all = [...this.states.values()];
    const state = ORDER.find((name) => all.some((one) => one.state === name)) ?? "idle";
    const told = all.filter((one) => one.state === state).at(-1);
    const sum = (name) => all.reduce((total, one) => total + (one[name] ?? 0), 0);
    showStatus(this.status, { ...told, count: sum("count"), held: sum("held") }, told?.login);
  }

  /** How much is open, as far as the page itself can tell. */
  count() {
    const open = records.reduce((sum, { overview }) => sum + (overview.open ?? 0) + (overview.errors ?? 0), 0);
    const lists = this.lists.reduce((sum, list) => sum + list.countOpen(), 0);
    const place = this.root.querySelector("[data-booklet-open]");
    place.hidden = !(open + lists);
    place.textContent = `还差 ${open + lists} 处`;
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
