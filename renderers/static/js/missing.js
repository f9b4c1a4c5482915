/**
 * How much is missing before a page of several forms can be handed in, as the server
 * counts it: when the page is opened, and again whenever something of it was stored.
 */
import { make, makeState } from "./elements.js";
import { drawRail } from "./problems.js";

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
      if (asked !== this.asked) return;
      this.show(content.total);
      if (content.total !== null) this.showPlaces(content.places);
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

  /** What blocks cannot tell by themselves: what lists lack, and what waits for a reason. */
  showPlaces(counts) {
    for (const link of this.place.closest("[data-booklet]").querySelectorAll("[data-rail]")) {
      const state = link.querySelector("[data-rail-state]");
      const errors = counts[link.dataset.rail] ?? 0;
      if ("counted" in link.dataset) drawRail(state, { needed: 0, filled: 0, errors });
      else if (errors && state.querySelector(".is-pass")) {
        const warning = makeState("warn", "warn", String(errors));
        warning.append(make("span", { class: "visually-hidden" }, " 处要处理"));
        state.replaceChildren(warning);
      }
    }
  }
}
