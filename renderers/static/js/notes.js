/** What is wrong with the cells of a grid: marks, and a note at the focused cell. */
import { make } from "./elements.js";
import { STYLES, styleOf, worst } from "./problems.js";

const MARKS = Object.values(STYLES).map((style) => `is-${style}`);

/** Mark the cells of a row; cells without a problem lose their mark. */
export function markRow(row, problems) {
  for (const place of row.querySelectorAll("td:has(.notes), td.is-error, td.is-warn, td.is-info")) clearCell(place);
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
    make("span", { "data-style": styleOf(problem) }, problem.message),
  );
  cell.after(make("span", { class: "notes", id, hidden: true }, ...sentences));
}

/** Open the note of a cell, on the side where the grid has room. */
export function openNote(cell, frame) {
  closeNotes(frame);
  const sentences = [...cell.parentElement.querySelectorAll(".notes > span")];
  if (!sentences.length) return;
  const lines = sentences.map((sentence) => {
    const style = sentence.dataset.style;
    return make("div", { class: `problem is-${style} i-${style}` }, make("span", {}, sentence.textContent));
  });
  const style = sentences[0].dataset.style;
  const note = make("div", { class: `cell-note is-${style}`, role: "tooltip", "aria-hidden": "true" }, ...lines);
  cell.parentElement.append(note);
  cell.parentElement.classList.add("open");
  const room = frame.getBoundingClientRect();
  const box = cell.getBoundingClientRect();
  note.classList.toggle("above", box.bottom + note.offsetHeight > room.bottom && box.top - room.top > note.offsetHeight + 48);
  note.classList.toggle("to-left", box.left + note.offsetWidth > room.right);
}

export function closeNotes(frame) {
  for (const note of frame.querySelectorAll(".cell-note")) {
    note.parentElement.classList.remove("open");
    note.remove();
  }
}
