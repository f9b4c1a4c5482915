/** Moves the focus between the cells of a grid. */

export class Moving {
  constructor(grid) {
    this.grid = grid;
  }

  focusAt(rowIndex, columnIndex) {
    const row = [...this.grid.body.rows].at(rowIndex);
    this.grid.findCell(row, this.grid.choice.shown().at(columnIndex))?.focus();
  }

  /** Move by rows and columns; cells that cannot take the focus are passed over. */
  move(cell, rows, columns, grows = false) {
    const row = cell.closest("tr");
    const all = [...this.grid.body.rows];
    const wanted = all.indexOf(row) + rows;
    if (grows && wanted >= all.length && !this.grid.isReadOnly && !this.grid.isNarrow && this.grid.root.dataset.lastPage === "true") {
      this.grid.findCell(this.grid.addRow(), cell.dataset.field)?.focus();
      return;
    }
    const target = all[Math.max(0, Math.min(all.length - 1, wanted))];
    const step = Math.sign(columns);
    const shown = this.grid.choice.shown();
    let index = shown.indexOf(cell.dataset.field) + (Number.isFinite(columns) ? columns : step * shown.length);
    index = Math.max(0, Math.min(shown.length - 1, index));
    let next = this.grid.findCell(target, shown[index]);
    while (next?.disabled && step && shown[index + step]) next = this.grid.findCell(target, shown[(index += step)]);
    next?.focus();
    next?.closest("td")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** The next cell that takes typing, over the ends of rows; null outside the grid. */
  findNext(cell, step) {
    const cells = [...this.grid.body.querySelectorAll(".cell")].filter((one) => one === cell || (!one.readOnly && !one.disabled && this.grid.choice.isShown(one)));
    return cells[cells.indexOf(cell) + step] ?? null;
  }

  focusFirst(row) {
    const cell = [...row.querySelectorAll(".cell")].find((one) => this.grid.isOpen(one) && this.grid.choice.isShown(one));
    cell?.focus();
    cell?.scrollIntoView({ block: "nearest" });
  }
}
