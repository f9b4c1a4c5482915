/**
 * Keys of a grid, as in a workbook. A cell one moves into is selected: what is typed
 * replaces it, arrows go on. F2, a double click or typing starts editing: arrows then
 * move the caret. Cells are real inputs, so the first key of an input method is theirs.
 */
import { isComposing } from "./elements.js";

const PAGE_ROWS = 10;

export function watchKeys(body, grid) {
  new Keys(body, grid);
}

class Keys {
  constructor(body, grid) {
    this.grid = grid;
    this.editing = null;
    body.addEventListener("keydown", (event) => this.onKey(event));
    body.addEventListener("compositionstart", (event) => (this.editing = event.target));
    body.addEventListener("input", (event) => (this.editing = event.target));
    body.addEventListener("mousedown", (event) => this.onMouse(event));
    body.addEventListener("dblclick", (event) => this.edit(event.target));
    body.addEventListener("focusin", (event) => this.enter(event.target));
    body.addEventListener("focusout", () => (this.editing = null));
  }

  enter(cell) {
    if (!cell.matches(".cell")) return;
    if (cell.select && !this.clicked) cell.select();
  }

  /** The first click selects the cell, the second one sets the caret. */
  onMouse(event) {
    const cell = event.target;
    if (!cell.matches("input.cell, textarea.cell")) return;
    if (cell === document.activeElement) {
      this.editing = cell;
      return;
    }
    event.preventDefault();
    cell.focus();
  }

  edit(cell) {
    if (!cell.matches("input.cell, textarea.cell") || cell.readOnly) return;
    this.editing = cell;
    cell.setSelectionRange(cell.value.length, cell.value.length);
  }

  onKey(event) {
    if (isComposing(event) || !event.target.matches(".cell")) return;
    const action = event.ctrlKey || event.metaKey ? this.withControl(event) : this.plain(event);
    if (!action) return;
    event.preventDefault();
    action();
  }

  withControl(event) {
    const untouched = event.target.value === this.grid.before;
    const keys = {
      z: untouched ? () => (event.shiftKey ? this.grid.redo() : this.grid.undo()) : null,
      y: untouched ? () => this.grid.redo() : null,
      Home: () => this.grid.moving.focusAt(0, 0),
      End: () => this.grid.moving.focusAt(-1, -1),
    };
    return keys[event.key] ?? keys[event.key.toLowerCase()] ?? null;
  }

  plain(event) {
    const cell = event.target;
    const go = (rows, columns) => () => this.grid.moving.move(cell, rows, columns);
    const isEditing = this.editing === cell;
    const isArea = cell.matches("textarea");
    const isMenu = cell.matches("select");
    if (event.altKey) return event.key === "Enter" && isArea ? () => this.breakLine(cell) : null;
    const keys = {
      Enter: cell.matches("a") ? null : () => this.grid.moving.move(cell, event.shiftKey ? -1 : 1, 0, true),
      Tab: this.tab(event),
      Escape: () => this.revert(cell),
      F2: isMenu ? null : () => this.edit(cell),
      ArrowUp: isEditing && isArea ? null : go(-1, 0),
      ArrowDown: isEditing && isArea ? null : go(1, 0),
      ArrowLeft: isEditing && !isMenu ? null : go(0, -1),
      ArrowRight: isEditing && !isMenu ? null : go(0, 1),
      PageUp: go(-PAGE_ROWS, 0),
      PageDown: go(PAGE_ROWS, 0),
      Home: isEditing ? null : () => this.grid.moving.move(cell, 0, -Infinity),
      End: isEditing ? null : () => this.grid.moving.move(cell, 0, Infinity),
      Delete: isMenu ? () => this.grid.write(cell, "") : null,
      Backspace: isMenu ? () => this.grid.write(cell, "") : null,
    };
    return keys[event.key] ?? null;
  }

  /** Tab follows the cells; at the end of a row it goes to the next one, then out. */
  tab(event) {
    const next = this.grid.moving.findNext(event.target, event.shiftKey ? -1 : 1);
    return next ? () => next.focus() : null;
  }

  revert(cell) {
    if (cell.value !== this.grid.before && "value" in cell) this.grid.write(cell, this.grid.before);
    this.editing = null;
    cell.select?.();
    this.grid.closeNote();
  }

  breakLine(cell) {
    cell.setRangeText("\n", cell.selectionStart, cell.selectionEnd, "end");
    cell.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
