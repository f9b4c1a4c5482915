// Sends what is done on the page of a form, one act after the other, each upon the
// version that the one before left. What is refused says why; nothing typed is lost.

const PAUSE = 3000;

export class Saving {
  constructor(root, draw) {
    this.root = root;
    this.draw = draw;
    this.version = Number(root.dataset.version);
    this.focus = ["form", ""];
    this.waiting = Promise.resolve();
    this.open = 0;
    this.isStale = false;
    this.status = document.querySelector("[data-saved]");
    addEventListener("beforeunload", (event) => {
      if (this.open) event.preventDefault();
    });
  }

  // Gives what the server answered; null where it refused.
  send(address, body, { refuse, changes = true } = {}) {
    this.open += 1;
    if (changes) this.say("正在存…");
    const sent = this.waiting.then(() => this.#send(address, body, refuse, changes));
    this.waiting = sent.catch(() => null).finally(() => (this.open -= 1));
    return sent;
  }

  async #send(address, body, refuse, changes) {
    if (this.isStale) return null;
    const content = typeof body === "function" ? body() : body;
    const answer = await this.#post(address, { ...content, version: this.version, focus: content.focus ?? this.focus });
    if (!answer.ok) return this.#refuse(answer, refuse);
    const told = await answer.json();
    if (told.parts) {
      this.version = told.version;
      this.focus = told.focus;
      this.draw(told);
    }
    if (changes) {
      const now = new Date().toLocaleTimeString("zh-CN", { hour12: false });
      this.say(told.notes?.length ? `已存 ${now}；${told.notes.join("")}` : `已存 ${now}`);
    }
    return told;
  }

  async #post(address, content) {
    for (;;) {
      try {
        return await fetch(address, {
          method: "POST",
          headers: {
            "Content-Type": "application/json",
            Accept: "application/json",
            "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content,
          },
          body: JSON.stringify(content),
        });
      } catch {
        this.say("连不上，输入的内容还在，正在重试");
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
  }

  async #refuse(answer, refuse) {
    let message = "没有存，请刷新页面再试。";
    try {
      message = (await answer.json()).message ?? message;
    } catch {
      // A page instead of JSON: the login has run out, or a proxy answers.
    }
    const isLost = answer.status === 401 || answer.status === 403 || message.includes("别的窗口");
    if (isLost) this.trouble(message);
    else if (refuse) refuse(message);
    this.say(isLost || refuse ? "刚才的改动没有存" : message);
    return null;
  }

  trouble(message) {
    this.isStale = true;
    const box = document.querySelector("[data-trouble]");
    box.querySelector("[data-trouble-text]").textContent = message;
    box.hidden = false;
    box.scrollIntoView({ block: "nearest" });
  }

  say(text) {
    if (this.status) this.status.textContent = text;
  }
}
