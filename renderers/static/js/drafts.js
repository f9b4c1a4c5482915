/** Keeps what is typed but not yet stored in the browser, for one user and page. */

export class Drafts {
  constructor(scope, page) {
    this.key = scope ? `tianbao:draft:${scope}:${page}` : "";
  }

  /** @returns {{at: number, rows: Array}|null} */
  read() {
    if (!this.key) return null;
    try {
      return JSON.parse(localStorage.getItem(this.key));
    } catch {
      return null;
    }
  }

  write(rows) {
    if (!this.key) return;
    try {
      if (rows.length) {
        localStorage.setItem(this.key, JSON.stringify({ at: Date.now(), rows }));
      } else localStorage.removeItem(this.key);
    } catch {
      // Storage is full or forbidden: saving itself goes on.
    }
  }
}
