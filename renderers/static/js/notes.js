/** What is wrong with the cells of a grid: marks, and a note at the focused cell. */
import { make, makeState } from "./elements.js";
import { EXPLAINED, STYLES, iconOf, styleOf, tell, worst } from "./problems.js";

const MARKS = [...Object.values(STYLES), EXPLAINED].map((style) => `is-${style}`);

/** Mark the cells of a row; cells without a problem lose their mark. */
export function markRow(row, problems) {
  for (const place of row.querySelectorAll("td:has(.notes), td.is-error, td.is-warn, td.is-info, td.is-nil")) clearCell(place);
  const cells = row.querySelectorAll("[data-field]");
  for (const cell of cells) {
    const own = problems.filter(({ field }) => (field || cells[0].dataset.field) === cell.dataset.field);
    if (own.length) markCell(cell, own, row.dataset.row);
  }
}

export function clearCell(place) {
  place.classList.remove(...MARKS);
  place.querySelector(".notes")?.remove();
  place.querySelector(".cell-note")?.remove();
  const cell = place.querySelector("[data-field]");
  cell?.removeAttribute("aria-invalid");
  cell?.removeAttribute("aria-describedby");
}

function markCell(cell, problems, key) {
  const id = `n-${key}-${cell.dataset.field}`;
  cell.parentElement.classList.add(`is-${worst(problems)}`);
  if (worst(problems) === "error") cell.setAttribute("aria-invalid", "true");
  cell.setAttribute("aria-describedby", id);
  const sentences = problems.map((problem) =>
    make("span", { "data-style": styleOf(problem) }, tell(problem)),
  );
  cell.after(make("span", { class: "notes", id, hidden: true }, ...sentences));
}

/** List what is wrong on the page, as links to the cells. */
export function listProblems(box, rows, describe, limit = 20) {
  const found = rows.flatMap((row) =>
    [...row.querySelectorAll(`.notes > span:not([data-style=${EXPLAINED}])`)].map((sentence) => ({
      row,
      field: sentence.closest("td").querySelector("[data-field]").dataset.field,
      style: sentence.dataset.style,
      text: sentence.textContent,
    })),
  );
  box.hidden = !found.length;
  for (const style of ["error", "warn"]) {
    const count = found.filter((problem) => problem.style === style).length;
    const place = box.querySelector(`[data-count=${style}]`);
    place.hidden = !count;
    place.textContent = `${count} 处${style === "error" ? "错误" : "警告"}`;
  }
  const items = found.slice(0, limit).map(({ row, field, text }) => {
    const link = make("a", { class: "link", href: `#row-${row.dataset.row}/${field}`, "data-goto": true }, describe(row, field));
    return make("li", {}, link, ` ${text}`);
  });
  if (found.length > limit) items.push(make("li", { class: "muted" }, `另有 ${found.length - limit} 处，见各行。`));
  box.querySelector("ol").replaceChildren(...items);
}

/** Open the note of a cell, on the side where the grid has room. */
export function openNote(cell, frame) {
  closeNotes(frame);
  const { asked } = cell.parentElement.dataset;
  const sentences = [...cell.parentElement.querySelectorAll(".notes > span")];
  if (!sentences.length && !asked) return;
  const lines = sentences.map((sentence) => {
    const style = sentence.dataset.style;
    return make("div", { class: `problem is-${style} i-${iconOf(style)}` }, make("span", {}, sentence.textContent));
  });
  // What a reviewer asks stays until he closes it, whatever is typed meanwhile.
  if (asked) lines.unshift(make("div", { class: "problem is-back i-back" }, make("span", {}, asked)));
  const address = findReasons(cell);
  if (address) lines.push(make("a", { class: "link", href: address, tabindex: "-1" }, "填写说明"));
  const style = sentences[0]?.dataset.style ?? "back";
  const note = make("div", { class: `cell-note is-${style}`, role: "tooltip", "aria-hidden": "true" }, ...lines);
  cell.parentElement.append(note);
  cell.parentElement.classList.add("open");
  const room = frame.getBoundingClientRect();
  const box = cell.getBoundingClientRect();
  note.classList.toggle("above", box.bottom + note.offsetHeight > room.bottom && box.top - room.top > note.offsetHeight + 48);
  note.classList.toggle("to-left", box.left + note.offsetWidth > room.right);
}

/** The state of a row with warnings, as a link to where their reasons are written. */
export function linkState(row, problems) {
  const style = worst(problems);
  const page = row.querySelector(".row-head a")?.getAttribute("href");
  if (!page || !["warn", EXPLAINED].includes(style)) return;
  const { field } = problems.find((problem) => styleOf(problem) === style);
  const state = style === "warn" ? makeState("warn", "warn", "警告") : makeState("nil", "pass", "已说明");
  row.querySelector("[data-state]").replaceChildren(make("a", { class: "state-link", href: `${page}#f-${field}` }, state));
}

/** Where the reason for a cell's warning is written; empty where there is none. */
export function findReasons(cell) {
  const page = cell.closest("tr").querySelector(".row-head a")?.getAttribute("href");
  const isOpen = page && cell.parentElement.querySelector(".notes > [data-style=warn]");
  return isOpen ? `${page}#f-${cell.dataset.field}` : "";
}

export function closeNotes(frame) {
  for (const note of frame.querySelectorAll(".cell-note")) {
    note.parentElement.classList.remove("open");
    note.remove();
  }
}
