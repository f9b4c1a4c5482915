/**
 * How much is missing before a page of several forms can be handed in, as the server
 * counts it: when the page is opened, and again whenever something of it was stored.
 */

/** Several blocks are often stored at once. */
const PAUSE = 500;

export class Missing {
  constructor(place) {
    this.place = place;
    this.asked = 0;
    this.timer = 0;
    this.ask();
  }

  /** Something was stored. */
  askSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), PAUSE);
  }

  async ask() {
    const { url } = this.place.dataset;
    if (!url) return;
    this.asked += 1;
    const asked = this.asked;
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      const content = answer.ok ? await answer.json() : { total: null };
      // An answer that was overtaken says what is no longer so.
      if (asked === this.asked) this.show(content.total);
    } catch {
      // Away from the server the count stays as it was.
    }
  }

  show(total) {
    this.place.hidden = total === null;
    this.place.textContent = total ? `还差 ${total} 处` : "各项都已填好";
    for (const [name, isOn] of [["is-error", total], ["i-error", total], ["is-good", !total], ["i-pass", !total]]) {
      this.place.classList.toggle(name, Boolean(isOn));
    }
  }
}
