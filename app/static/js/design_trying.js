// Below an expression: where its fault stands, or what it says and comes to. Whether it
// is right the server judges.

const DELAY = 250;

export class Trying {
  constructor(root, saving) {
    this.root = root;
    this.saving = saving;
    this.timers = new WeakMap();
    this.numbers = new WeakMap();
  }

  soon(box) {
    clearTimeout(this.timers.get(box));
    this.timers.set(box, setTimeout(() => this.now(box), DELAY));
  }

  // Gives what the server tells; it is shown unless a later question was asked meanwhile.
  async now(box) {
    const text = box.querySelector("[data-expr-text]").value;
    const number = (this.numbers.get(box) ?? 0) + 1;
    this.numbers.set(box, number);
    const content = { text, purpose: box.dataset.expr, field: box.dataset.exprField };
    const told = await this.saving.send(this.root.dataset.try, content, { changes: false });
    if (told && this.numbers.get(box) === number) show(box, text, told);
    return told;
  }
}

function show(box, text, told) {
  const area = box.querySelector("[data-expr-text]");
  const place = box.querySelector("[data-told]");
  area.classList.toggle("bad", Boolean(told.message));
  area.setAttribute("aria-invalid", String(Boolean(told.message)));
  if (!text.trim()) return place.replaceChildren();
  if (told.message) return place.replaceChildren(...showFault(text, told));
  place.replaceChildren(...showMeaning(told));
}

function showFault(text, { message, position }) {
  const at = Math.min(position, text.length);
  const end = at + (/^\w+|^./u.exec(text.slice(at))?.[0].length ?? 0);
  const line = make("div", "expr-line mono", text.slice(0, at));
  line.append(make("mark", "", text.slice(at, end) || " "), text.slice(end));
  const said = make("div", "problem is-error i-error");
  said.append(make("span", "", `第 ${at + 1} 个字符：${message}`));
  return [line, said];
}

function showMeaning({ words, when, fields, examples }) {
  const found = [];
  if (words) found.push(make("div", "", `意思：${words}`));
  const read = fields.map(([, label]) => `“${label}”`).join("、");
  found.push(make("div", "muted", [when, read && `用到${read}`].filter(Boolean).join("；")));
  if (examples.length) {
    const list = make("ul", "expr-examples");
    for (const [name, value] of examples) list.append(make("li", "", `例子“${name}”：${value}`));
    found.push(list);
  }
  return found;
}

function make(tag, className, text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}
