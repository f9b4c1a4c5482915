/**
 * A form whose rows are ticked: a check box for each code of the key, what is below it in
 * a dialog. Without script the names lead to the ordinary pages of the rows.
 */
import { make, makeState } from "./elements.js";

export class Checklist {
  constructor(section, { onSaved }) {
    this.section = section;
    this.onSaved = onSaved;
    section.addEventListener("click", (event) => this.press(event));
  }

  press(event) {
    const opener = event.target.closest("[data-box], [data-open]");
    if (opener) return this.open(event, opener.closest("[data-tick]"));
    const button = event.target.closest("[data-all], [data-none], [data-keep], [data-remove]");
    if (!button) return undefined;
    const dialog = button.closest("dialog");
    if ("all" in button.dataset || "none" in button.dataset) return this.tickAll(dialog, "all" in button.dataset);
    const line = this.find(dialog.dataset.dialog);
    return "keep" in button.dataset ? this.keep(line, dialog) : this.remove(line, dialog);
  }

  find(code) {
    return this.section.querySelector(`[data-tick="${CSS.escape(code)}"]`);
  }

  /** The box follows what is stored, not the click. */
  open(event, line) {
    if (event.target.closest("a") && (event.ctrlKey || event.metaKey)) return;
    const dialog = this.section.querySelector(`[data-dialog="${CSS.escape(line.dataset.tick)}"]`);
    if (!dialog && "readOnly" in this.section.dataset) return;
    event.preventDefault();
    if (!dialog) {
      if (line.dataset.row) this.remove(line);
      else this.keep(line);
      return;
    }
    this.say(dialog, "");
    this.before = this.read(dialog);
    dialog.addEventListener("close", () => this.close(line, dialog), { once: true });
    dialog.showModal();
  }

  /** Closed without being saved: the boxes go back to what is stored. */
  close(line, dialog) {
    for (const box of dialog.querySelectorAll("[name=chosen]")) box.checked = this.before.includes(box.value);
    line.querySelector("[data-box]").focus();
  }

  tickAll(dialog, ticked) {
    for (const box of dialog.querySelectorAll("[name=chosen]")) box.checked = ticked;
  }

  read(dialog) {
    return [...(dialog?.querySelectorAll("[name=chosen]:checked") ?? [])].map((box) => box.value);
  }

  say(dialog, text) {
    const place = dialog?.querySelector("[data-note]");
    if (!place) return;
    place.hidden = !text;
    place.textContent = text;
  }

  async keep(line, dialog) {
    const { key, below, save } = this.section.dataset;
    const chosen = this.read(dialog);
    const cells = { [key]: line.dataset.tick, ...(below ? { [below]: chosen } : {}) };
    const content = await this.post(save, { rows: [{ key: "tick", id: numberOf(line.dataset.row), version: numberOf(line.dataset.version), cells }] }, dialog);
    if (!content) return;
    const [answer] = content.rows;
    if (answer.status === "conflict") {
      line.dataset.row = answer.id;
      line.dataset.version = answer.version;
      this.say(dialog, `${answer.message}您勾的还在下面。再按一次“保存”，就以您勾的为准；按“关闭”，就保留对方的。`);
      return;
    }
    if (!answer.id || answer.status === "refused") {
      this.say(dialog, `没有保存：${answer.message || answer.problems?.[0]?.message || "请核对后再存。"}`);
      return;
    }
    this.before = chosen;
    line.dataset.row = answer.id;
    line.dataset.version = answer.version;
    this.show(line, chosen.length, (answer.problems ?? []).find(({ level }) => level === "error"));
    this.onSaved(content.saved_at);
    dialog?.close();
  }

  async remove(line, dialog) {
    const rows = [{ id: Number(line.dataset.row), version: Number(line.dataset.version) }];
    const content = await this.post(this.section.dataset.delete, { rows }, dialog);
    if (!content) return;
    if (content.refused.length) {
      this.say(dialog, `没有取消：${content.refused[0].message}`);
      return;
    }
    this.before = [];
    line.dataset.row = "";
    line.dataset.version = "";
    this.show(line, 0);
    this.onSaved(new Date().toISOString());
    dialog?.close();
  }

  show(line, count, problem) {
    const isTicked = Boolean(line.dataset.row);
    line.querySelector("[data-box]").checked = isTicked;
    const place = line.querySelector("[data-chosen]");
    const { below, belowLabel } = this.section.dataset;
    place.hidden = !isTicked;
    place.replaceChildren(problem ? makeState("error", "error", count || !below ? problem.message : `未选${belowLabel}`) : below ? `${count} 个${belowLabel}` : "已勾选");
    this.section.querySelector(`[data-dialog="${CSS.escape(line.dataset.tick)}"] [data-remove]`)?.toggleAttribute("hidden", !isTicked);
    this.showRail();
  }

  showRail() {
    const place = this.section.closest("[data-booklet]").querySelector(`[data-rail="${CSS.escape(this.section.dataset.group)}"] [data-rail-state]`);
    const faulty = this.section.querySelectorAll("[data-tick] .is-error").length;
    const ticked = this.section.querySelectorAll('[data-tick]:not([data-row=""])').length;
    if (faulty) place.replaceChildren(makeState("error", "error", String(faulty)));
    else if (ticked) place.replaceChildren(makeState("pass", "pass", "填好", true));
    else place.replaceChildren(make("span", { class: "meta num" }, "未选"));
  }

  async post(url, body, dialog) {
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": this.section.dataset.csrf, Accept: "application/json" },
        body: JSON.stringify(body),
        credentials: "same-origin",
      });
      const content = await answer.json();
      if (answer.ok) return content;
      this.say(dialog, `没有保存：${content.message ?? "服务器没有接受。"}您勾的还在这里。`);
    } catch {
      this.say(dialog, "连不上服务器，没有保存。您勾的还在这里，请稍后再按“保存”。");
    }
    return null;
  }
}

function numberOf(text) {
  return text ? Number(text) : null;
}
