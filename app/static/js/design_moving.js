// Moves fields: by dragging their rows, and by Alt with the arrow keys.

const KIND = "application/x-design-field";

export function watchMoving(holder, move) {
  let dragged = null;

  holder.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const row = event.target.closest("[data-row]");
    if (!step || !event.altKey || !row) return;
    event.preventDefault();
    move({ field: row.dataset.row, step });
  });

  holder.addEventListener("dragstart", (event) => {
    const row = event.target.closest?.("[data-row]");
    if (!row) return;
    dragged = row.dataset.row;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData(KIND, dragged);
  });

  holder.addEventListener("dragover", (event) => {
    const place = event.target.closest?.("[data-drop]");
    if (dragged === null || !place) return;
    event.preventDefault();
    mark(holder, place);
  });

  holder.addEventListener("drop", (event) => {
    const place = event.target.closest?.("[data-drop]");
    if (dragged === null || !place) return;
    event.preventDefault();
    if (place.dataset.drop !== dragged) move({ field: dragged, before: place.dataset.drop });
  });

  holder.addEventListener("dragend", () => {
    dragged = null;
    mark(holder, null);
  });
}

function mark(holder, place) {
  for (const row of holder.querySelectorAll(".drop-here")) row.classList.remove("drop-here");
  place?.classList.add("drop-here");
}
