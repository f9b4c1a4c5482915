// What the form will look like, drawn anew after every change while the side is open. It
// is to be looked at only: whoever wants to type opens the preview's own page.

const DELAY = 400;

export class PreviewSide {
  constructor(panel) {
    this.panel = panel;
    this.body = panel.querySelector("[data-preview-body]");
    this.name = "page";
    this.isOpen = false;
    this.timer = null;
    this.number = 0;
    panel.addEventListener("click", (event) => {
      const button = event.target.closest("[data-look]");
      if (!button) return;
      this.name = button.dataset.look;
      for (const one of panel.querySelectorAll("[data-look]")) one.setAttribute("aria-pressed", String(one === button));
      this.draw();
    });
  }

  turn(isOpen) {
    this.isOpen = isOpen;
    if (isOpen) this.draw();
  }

  soon() {
    clearTimeout(this.timer);
    if (this.isOpen) this.timer = setTimeout(() => this.draw(), DELAY);
  }

  async draw() {
    const number = ++this.number;
    let answer;
    try {
      answer = await fetch(this.panel.dataset[this.name], { headers: { Accept: "text/html" } });
    } catch {
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (number !== this.number) return;
    const main = page.querySelector("main");
    const { scrollTop, scrollLeft } = this.body;
    // Names and ids of the preview must not meet those of this page.
    for (const element of main.querySelectorAll("[id], [for], [name]")) {
      for (const word of ["id", "for", "name"]) element.removeAttribute(word);
    }
    this.body.replaceChildren(...main.childNodes);
    Object.assign(this.body, { scrollTop, scrollLeft });
  }
}
