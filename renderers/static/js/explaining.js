/** Reasons for warnings on a record page: written, taken over from last period, withdrawn. */
import { isComposing, make } from "./elements.js";
import { EXPLAINED, styleOf } from "./problems.js";
import { SaveError } from "./saving.js";

export class Explaining {
  constructor(record) {
    this.record = record;
    this.reasons = record.spec.reasons;
    record.form.addEventListener("click", (event) => this.press(event));
    record.form.addEventListener("keydown", (event) => this.onKey(event), true);
  }

  /** Show under a line what its warnings ask for, or what was written about them. */
  draw(line, problems) {
    const place = line.querySelector("[data-reasons]");
    if (!place) return;
    const wanted = problems.filter((problem) => ["warn", EXPLAINED].includes(styleOf(problem)));
    const old = new Map([...place.children].map((box) => [box.dataset.explain, box]));
    const boxes = wanted.map((problem) => this.renew(old.get(problem.kind), problem, wanted.length > 1));
    if (boxes.length !== old.size || boxes.some((box, index) => box !== place.children[index])) place.replaceChildren(...boxes);
  }

  /** The box of a problem; one that says the same stays, with what is typed in it. */
  renew(box, problem, several) {
    const says = JSON.stringify([problem.note, problem.last_note?.text, several]);
    const known = box && (box.dataset.says ?? says);
    if (known === says) {
      box.dataset.says = says;
      return box;
    }
    return make("div", { "data-explain": problem.kind, "data-says": says }, ...this.fill(problem, several));
  }

  /** Where a field has several warnings, each box says which one it is about. */
  fill(problem, several) {
    const object = `“${this.record.spec.fields[problem.field].label}”${several ? problem.message : ""}`;
    const parts = several ? [make("div", { class: "meta" }, problem.message)] : [];
    if (problem.note) return [...parts, this.tell("已说明：", problem.note, "撤回", `${object}的说明`, "data-withdraw")];
    parts.push(this.ask(object));
    if (problem.last_note) parts.push(this.tell("上期说明：", problem.last_note.text, "沿用", `${object}上期的说明`, "data-take"));
    return parts;
  }

  tell(head, text, action, object, mark) {
    const button = make("button", { class: "btn btn-quiet btn-sm", type: "button", [mark]: true }, action, make("span", { class: "visually-hidden" }, object));
    return make("div", { class: "explained" }, make("span", {}, make("b", {}, head), text), button);
  }

  ask(object) {
    const options = this.reasons.map(({ id, title }) => make("option", { value: id }, title));
    return make(
      "div",
      { class: "reason" },
      make("select", { class: "form-select", "aria-label": `${object}为什么是这样`, "data-reason": true }, make("option", { value: "" }, "属实的，选一条理由"), ...options),
      make("input", { class: "form-control", maxlength: "500", "aria-label": `${object}的情况说明`, placeholder: "写明情况", "data-words": true }),
      make("button", { class: "btn", type: "button", "data-confirm": true }, "确认", make("span", { class: "visually-hidden" }, `${object}的说明`)),
    );
  }

  /** Enter in the words confirms; the record's own use of the key is to move on. */
  onKey(event) {
    if (event.key !== "Enter" || isComposing(event) || !event.target.matches("[data-words]")) return;
    event.preventDefault();
    event.stopPropagation();
    event.target.closest("[data-explain]").querySelector("[data-confirm]").click();
  }

  press(event) {
    const button = event.target.closest("[data-confirm], [data-take], [data-withdraw]");
    if (!button) return;
    event.preventDefault();
    const box = button.closest("[data-explain]");
    const field = box.closest("[data-line]").dataset.line;
    const problem = this.record.shown.find((one) => one.field === field && one.kind === box.dataset.explain);
    if (!problem || this.busy) return;
    if (button.matches("[data-withdraw]")) this.send(box, problem, this.record.root.dataset.withdrawUrl, {});
    else if (button.matches("[data-take]")) this.confirm(box, problem, problem.last_note.code, problem.last_note.words);
    else this.confirm(box, problem, box.querySelector("[data-reason]").value, box.querySelector("[data-words]").value);
  }

  confirm(box, problem, reason, words) {
    return this.send(box, problem, this.record.root.dataset.explainUrl, { reason, words });
  }

  /** Store what was typed first: a reason is about values that are stored. */
  async send(box, { field, kind }, url, content) {
    const { record } = this;
    this.busy = true;
    try {
      await record.saving.flush();
      if (record.id === null || record.saving.count()) return this.refuse(box, "这一行还没有存好，请先改正上面的错误，再写说明。");
      const { rows } = await record.saving.post(url, { id: record.id, version: record.version, field, kind, ...content });
      record.answers.takeProblems(rows[0]);
      record.announce("explained");
      this.focus(field);
    } catch (error) {
      this.refuse(box, error instanceof SaveError && error.message ? error.message : "没有连上服务器，说明还没有存，请稍后再按一次。");
    } finally {
      this.busy = false;
    }
    return undefined;
  }

  refuse(box, message) {
    box.querySelector("[data-refused]")?.remove();
    box.append(make("div", { class: "problem is-error i-error", role: "alert", "data-refused": true }, make("span", {}, message)));
  }

  /** The button that was pressed is gone; what took its place is where one goes on. */
  focus(field) {
    const line = this.record.lines.get(field);
    (line.querySelector("[data-withdraw], [data-reason]") ?? this.record.controls.elements(field)[0])?.focus();
  }
}
