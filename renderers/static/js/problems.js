/** Draws problems beside the fields of a record page, in its summary and on its rail. */
import { make, makeState } from "./elements.js";

/** Level of a problem -> class; what somebody explained asks for nothing any more. */
export const STYLES = { error: "error", warning: "warn", manual: "info" };
export const EXPLAINED = "nil";
const LISTED = ["error", "warn", "info"];
const ORDER = [...LISTED, EXPLAINED];

export function styleOf(problem) {
  return problem.note ? EXPLAINED : (STYLES[problem.level] ?? "error");
}

export function iconOf(style) {
  return style === EXPLAINED ? "pass" : style;
}

/** The text with what was written about it, where no room is for more. */
export function tell({ message, note, last_note: last }) {
  if (note) return `${message}已说明：${note}`;
  return last ? `${message}上期说明：${last.text}` : message;
}

/** The worst style among problems, or an empty text. */
export function worst(problems) {
  const styles = problems.map(styleOf);
  return ORDER.find((style) => styles.includes(style)) ?? "";
}

export function drawLine(problem) {
  const style = styleOf(problem);
  return make("div", { class: `problem is-${style} i-${iconOf(style)}` }, make("span", {}, problem.message));
}

/** line -> what was drawn there last */
const drawn = new WeakMap();

/** Show a field's problems, all others go. */
export function drawProblems(line, problems) {
  const seen = JSON.stringify(problems.map((problem) => [styleOf(problem), problem.message]));
  // A keystroke changes few lines of many.
  if (drawn.get(line) === seen) return;
  drawn.set(line, seen);
  const style = worst(problems);
  line.classList.remove(...ORDER.map((name) => `is-${name}`));
  if (style) line.classList.add(`is-${style}`);
  line.querySelector("[data-problems]").replaceChildren(...problems.map(drawLine));
  const isBad = style === "error";
  for (const control of line.querySelectorAll(".form-control, .form-select, .segments")) {
    control.classList.toggle("bad", isBad);
    if (isBad) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }
}

/** The summary on top: one link a problem, errors first. */
export function drawSummary(box, problems, fields, prefix = "") {
  const sorted = LISTED.flatMap((style) => problems.filter((problem) => styleOf(problem) === style));
  if (!sorted.length) return box.replaceChildren();
  const count = (style) => sorted.filter((problem) => styleOf(problem) === style).length;
  const style = count("error") ? "error" : "warn";
  const parts = [count("error") && `${count("error")} 处错误`, count("warn") && `${count("warn")} 处警告`];
  const title = `${count("error") ? "还有 " : ""}${parts.filter(Boolean).join("、") || "请核对"}`;
  const items = sorted.map((problem) =>
    make(
      "li",
      { class: styleOf(problem) === "error" ? null : `muted is-${styleOf(problem)}` },
      styleOf(problem) === "error" ? null : make("i", { class: `i i-${styleOf(problem)}`, "aria-hidden": "true" }),
      problem.field
        ? make("a", { class: "link", href: `#f-${prefix}${problem.field}` }, `${fields[problem.field].label}：${problem.message}`)
        : make("span", {}, problem.message),
    ),
  );
  const notice = make(
    "div",
    { class: `notice is-${style} mb-3`, tabindex: "-1", "data-problem-summary": true },
    make("i", { class: `i i-${style}`, "aria-hidden": "true" }),
    make("div", {}, make("h2", {}, title), make("ol", {}, ...items)),
  );
  return box.replaceChildren(notice);
}

/** What is open in a group: errors, else required fields still empty, else a tick. */
export function drawRail(place, { errors, filled, needed }) {
  if (errors) {
    const state = makeState("error", "error", String(errors));
    state.append(make("span", { class: "visually-hidden" }, " 处错误"));
    place.replaceChildren(state);
  } else if (filled === needed) place.replaceChildren(makeState("pass", "pass", "必填项已填好", true));
  else {
    const rest = make("span", { class: "visually-hidden" }, " 项必填已填");
    place.replaceChildren(make("span", { class: "meta num" }, `${filled}/${needed}`, rest));
  }
}
