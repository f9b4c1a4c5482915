/** Remembers changes of cells, so that they can be taken back and made again. */

const LIMIT = 200;

export class Undo {
  constructor(apply) {
    this.apply = apply;
    this.done = [];
    this.undone = [];
  }

  /** @param {Array<{key: string, field: string, before: string, after: string}>} changes */
  add(changes) {
    const real = changes.filter(({ before, after }) => before !== after);
    if (!real.length) return;
    this.done.push(real);
    if (this.done.length > LIMIT) this.done.shift();
    this.undone = [];
  }

  undo() {
    this.move(this.done, this.undone, "before");
  }

  redo() {
    this.move(this.undone, this.done, "after");
  }

  move(from, to, side) {
    const changes = from.pop();
    if (!changes) return;
    to.push(changes);
    this.apply(changes.map(({ key, field, [side]: text }) => ({ key, field, text })));
  }
}
