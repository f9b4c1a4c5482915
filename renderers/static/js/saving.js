/**
 * Saves rows as one goes: collects changed cells, sends them after a pause, one request
 * at a time, and tries again while the server cannot be reached. Pages tell it what
 * changed and show what it reports; what is not stored yet also stands in the drafts.
 */

const PAUSE = 1200;
/** A new row is sent when it is left, or when nothing was typed for so long. */
const LONG_PAUSE = 10000;
/** Rows of one request: a pasted block may have hundreds. */
const BATCH = 100;
const RETRIES = [2000, 4000, 8000, 15000, 30000];
/** How it stands where nothing is stored. */
const TRIED = { idle: "tried", waiting: "tried", sending: "tried", saved: "tried" };

export class Saving {
  /**
   * @param {{url: string, csrf: string, drafts: import("./drafts.js").Drafts,
   *   onCounts?: (counts: object) => void,
   *   asks?: object what the page wants to know beside what became of its rows
   *   tries?: boolean whether rows are only judged, as in previews
   *   onAnswer: (key: string, answer: object, sent: object) => void,
   *   onStatus: (status: object) => void}} options
   */
  constructor(options) {
    Object.assign(this, options);
    this.pending = new Map();
    this.sending = new Map();
    this.failures = 0;
    this.timer = 0;
    addEventListener("online", () => this.failures && this.saveNow());
    addEventListener("pagehide", () => this.leave());
  }

  /** Cells of a row changed. `base` is what the cells held before, for conflicts. */
  note(key, row, cells, base = {}) {
    const known = this.pending.get(key) ?? { id: row.id, version: row.version, cells: {}, base: {} };
    Object.assign(known.cells, cells);
    known.base = { ...base, ...known.base };
    known.held = false;
    this.pending.set(key, known);
    this.keep();
    this.report("waiting");
    this.schedule();
    clearTimeout(this.idleTimer);
    if (key === this.postponed) this.idleTimer = setTimeout(() => this.saveNow(true), LONG_PAUSE);
  }

  /** Wait with a row that is still being entered. */
  postpone(key) {
    if (key !== this.postponed) {
      this.postponed = key;
      if (!key) this.schedule();
    }
  }

  drop(key) {
    this.pending.delete(key);
    this.keep();
    this.report(this.count() ? "waiting" : "idle");
  }

  isUnsaved(key) {
    return this.pending.has(key) || this.sending.has(key);
  }

  /** Number of cells that are not stored yet. */
  count() {
    const rows = [...this.pending.values(), ...this.sending.values()];
    return rows.reduce((sum, row) => sum + Object.keys(row.cells).length, 0);
  }

  /** Cells of rows that were answered with a fault or a conflict and wait for a person. */
  countHeld() {
    const rows = [...this.pending.values()].filter((row) => row.held);
    return rows.reduce((sum, row) => sum + Object.keys(row.cells).length, 0);
  }

  schedule(pause = PAUSE) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.saveNow(), pause);
  }

  /** Send all that waits; `everything` also sends a postponed row. */
  async saveNow(everything = false) {
    clearTimeout(this.timer);
    if (this.sending.size) return this.schedule(300);
    for (const [key, row] of this.pending) {
      if (row.held || (!everything && key === this.postponed)) continue;
      if (this.sending.size === BATCH) break;
      this.sending.set(key, row);
    }
    for (const key of this.sending.keys()) this.pending.delete(key);
    if (!this.sending.size) return undefined;
    this.report("sending");
    try {
      this.take(await this.post(this.url, { rows: this.toRows(this.sending), ...this.asks }));
    } catch (error) {
      this.putBack(error);
    }
    return undefined;
  }

  /** Store all that can be stored, and wait for it; rows that wait for a person stay. */
  async flush() {
    while (this.count() > this.countHeld()) {
      await this.saveNow(true);
      if (["offline", "login", "refused"].includes(this.state)) return;
      if (this.sending.size) await new Promise((done) => setTimeout(done, 50));
    }
  }

  async post(url, body, options = {}) {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.csrf, Accept: "application/json" },
      body: JSON.stringify(body),
      credentials: "same-origin",
      ...options,
    });
    const isJson = (answer.headers.get("Content-Type") ?? "").includes("json");
    // An expired session answers 401, or leads to the page of the login form.
    if (answer.status === 401 || (answer.ok && !isJson)) throw new SaveError("login");
    const content = isJson ? await answer.json() : {};
    if (!answer.ok) throw new SaveError(answer.status >= 500 ? "offline" : "refused", content.message);
    return content;
  }

  toRows(rows) {
    return [...rows].map(([key, { id, version, cells }]) => ({ key, id, version, cells }));
  }

  take(content) {
    const sent = new Map(this.sending);
    const isFull = sent.size === BATCH;
    this.sending.clear();
    this.failures = 0;
    this.savedAt = content.saved_at;
    this.onCounts?.(content.counts);
    for (const answer of content.rows ?? []) {
      const row = sent.get(answer.key);
      if (!row) continue;
      sent.delete(answer.key);
      this.takeRow(answer, row);
    }
    for (const [key, row] of sent) this.merge(key, row, true);
    this.keep();
    this.report(this.count() > this.countHeld() ? "waiting" : "saved");
    if (this.count() > this.countHeld()) this.schedule(isFull ? 0 : PAUSE);
  }

  takeRow(answer, row) {
    const isStored =
      answer.status === "saved" || (answer.status === "faulty" && answer.version != null && answer.version !== row.version);
    if (isStored) {
      const later = this.pending.get(answer.key);
      if (later) Object.assign(later, { id: answer.id, version: answer.version, base: {} });
    } else this.merge(answer.key, row, true);
    this.onAnswer(answer.key, { ...answer, isStored }, row);
  }

  putBack(error) {
    for (const [key, row] of this.sending) this.merge(key, row, false);
    this.sending.clear();
    this.keep();
    const state = error instanceof SaveError ? error.state : "offline";
    this.report(state, error instanceof SaveError ? error.message : "");
    if (state === "offline") {
      this.schedule(RETRIES[Math.min(this.failures, RETRIES.length - 1)]);
      this.failures += 1;
    }
  }

  /** Put a row that was not stored under what was typed since. */
  merge(key, row, held) {
    const later = this.pending.get(key);
    this.pending.set(key, {
      ...row,
      cells: { ...row.cells, ...later?.cells },
      base: { ...later?.base, ...row.base },
      held: held && !later,
    });
  }

  keep() {
    const rows = [...this.sending, ...this.pending].map(([key, row]) => ({ key, ...row }));
    this.drafts.write(rows);
  }

  report(reported, message = "") {
    const state = this.tries && reported in TRIED ? TRIED[reported] : reported;
    this.state = state;
    this.onStatus({ state, message, count: this.count(), held: this.countHeld(), savedAt: this.savedAt });
  }

  /** The page is being left: one last attempt; the draft stays until it is answered. */
  leave() {
    if (!this.pending.size || this.tries) return;
    const rows = this.toRows([...this.pending].filter(([, row]) => !row.held));
    if (!rows.length || rows.some((row) => row.id === null)) return;
    this.post(this.url, { rows }, { keepalive: true }).then(() => this.drafts.write([]), () => {});
  }
}

export class SaveError extends Error {
  constructor(state, message = "") {
    super(message);
    this.state = state;
  }
}
