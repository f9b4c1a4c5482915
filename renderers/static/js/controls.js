/** Reads and writes the controls of a record page by field id. */
import { groupDigits } from "./values.js";

export class Controls {
  constructor(form, fields) {
    this.form = form;
    this.fields = fields;
  }

  elements(id) {
    return [...this.form.querySelectorAll(`[name="${CSS.escape(id)}"]`)];
  }

  /** The text of a control; an array where several values may be ticked or uploaded. */
  read(id) {
    const elements = this.elements(id);
    const boxes = elements.filter((element) => element.type === "checkbox");
    if (boxes.length || elements.some((element) => element.type === "file")) {
      const ticked = boxes.filter((box) => box.checked).map((box) => box.value);
      return this.fields[id].list ? ticked : (ticked[0] ?? "");
    }
    if (elements[0]?.type === "radio") return elements.find((radio) => radio.checked)?.value ?? "";
    return elements[0]?.value ?? "";
  }

  write(id, text) {
    for (const element of this.elements(id)) {
      if (element.type === "file") continue;
      if (element.type === "radio") element.checked = element.value === text;
      else if (element.type === "checkbox") element.checked = toList(text).includes(element.value);
      else element.value = this.fields[id]?.figure ? groupDigits(String(text)) : toLine(text);
      if ("rich" in element.dataset) element.dispatchEvent(new Event("rich:show"));
    }
  }

  focus(id) {
    const elements = this.elements(id);
    (elements.find((element) => element.checked) ?? elements[0])?.focus();
  }
}

function toList(text) {
  return Array.isArray(text) ? text : String(text ?? "").split(/[、，,；;]/);
}

function toLine(text) {
  return Array.isArray(text) ? text.join("、") : (text ?? "");
}
