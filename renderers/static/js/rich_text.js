/**
 * An editor for articles over a plain text area, which stays what is sent and works without it.
 * The server keeps safe marks alone; what is dropped or pasted here loses its looks at once.
 */
import { make } from "./elements.js";

const BLOCKS = new Set(["P", "H2", "H3", "UL", "OL", "LI", "BLOCKQUOTE", "TABLE", "THEAD", "TBODY", "TR", "TD", "TH", "HR"]);
const INLINE = new Set(["STRONG", "B", "EM", "I", "U", "A", "BR", "IMG", "SUB", "SUP"]);
const KEPT = { A: ["href"], IMG: ["src", "alt"], TD: ["colspan", "rowspan"], TH: ["colspan", "rowspan"] };
const DROPPED = new Set(["SCRIPT", "STYLE", "TEMPLATE", "META", "LINK", "TITLE", "IFRAME", "OBJECT", "SVG", "MATH"]);
const OWN_PICTURE = /^\/(portal\/files|circulars\/pictures)\/[A-Za-z0-9_-]{8,64}$/;
const ARTICLES = "/portal/files/";
const MARKED = /<[a-z][a-z0-9]*(\s[^<>]*)?\/?>/i;

const TOOLS = [
  { title: "小标题", sign: "题", command: "formatBlock", value: "h2" },
  { title: "正文", sign: "文", command: "formatBlock", value: "p" },
  { title: "加粗", sign: "粗", command: "bold", keys: "Ctrl+B" },
  { title: "列表", sign: "•", command: "insertUnorderedList" },
  { title: "编号", sign: "号", command: "insertOrderedList" },
  { title: "引用", sign: "“”", command: "formatBlock", value: "blockquote" },
  { title: "链接", sign: "链", act: "link" },
  { title: "图片", sign: "图", act: "picture" },
  { title: "清除格式", sign: "清", command: "removeFormat" },
  { title: "撤销", sign: "↶", command: "undo", keys: "Ctrl+Z" },
  { title: "重做", sign: "↷", command: "redo", keys: "Ctrl+Y" },
];

/**
 * @param {{url: string, csrf: string, pictures?: string, onRefused: (field: string, message: string) => void}} options
 *   where pictures are sent, without an address there are none; and where they are fetched
 */
export function watchRichTexts(root, options) {
  for (const area of root.querySelectorAll("textarea[data-rich]")) if (!area.readOnly && !area.disabled) new RichText(area, options);
}

class RichText {
  constructor(area, options) {
    this.area = area;
    this.options = options;
    this.page = make("div", {
      class: "form-control rich-page",
      contenteditable: "true",
      role: "textbox",
      "aria-multiline": "true",
      "aria-label": area.labels?.[0]?.textContent.trim() ?? "",
      tabindex: "0",
    });
    this.bar = make("div", { class: "rich-bar", role: "toolbar", "aria-label": "格式" });
    // Without an address to send them to there are no pictures.
    for (const tool of TOOLS) if (tool.act !== "picture" || options.url) this.bar.append(this.button(tool));
    roam(this.bar);
    this.link = this.makeLink();
    this.picture = make("input", { type: "file", accept: ".jpg,.jpeg,.png,.gif", class: "visually-hidden", tabindex: "-1", "aria-label": "选图片" });
    area.before(this.bar, this.link, this.picture, this.page);
    area.classList.add("visually-hidden");
    area.tabIndex = -1;
    area.setAttribute("aria-hidden", "true");
    this.show();
    this.listen();
  }

  button(tool) {
    const name = tool.keys ? `${tool.title}（${tool.keys}）` : tool.title;
    const button = make("button", { type: "button", class: "btn btn-sm", title: name, "aria-label": tool.title }, tool.sign);
    // The selection has to stay where it is.
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", () => this.use(tool));
    return button;
  }

  makeLink() {
    const address = make("input", { class: "form-control", type: "url", "aria-label": "链接的地址", placeholder: "https://" });
    const done = make("button", { type: "button", class: "btn btn-sm btn-primary" }, "加上链接");
    const none = make("button", { type: "button", class: "btn btn-sm" }, "去掉链接");
    const box = make("div", { class: "rich-link bar" }, address, done, none);
    box.hidden = true;
    const close = (act) => {
      box.hidden = true;
      this.restore();
      act();
      this.keep();
    };
    const set = () => close(() => /^(https?:|mailto:|tel:|\/)/i.test(address.value.trim()) && document.execCommand("createLink", false, address.value.trim()));
    done.addEventListener("click", set);
    none.addEventListener("click", () => close(() => document.execCommand("unlink")));
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close(() => {});
      if (event.key !== "Enter" || event.target !== address) return;
      event.preventDefault();
      set();
    });
    // What is typed here is no value of the form.
    for (const name of ["input", "change"]) box.addEventListener(name, (event) => event.stopPropagation());
    this.address = address;
    return box;
  }

  listen() {
    this.page.addEventListener("input", () => this.keep());
    this.page.addEventListener("blur", () => this.area.dispatchEvent(new Event("change", { bubbles: true })));
    this.page.addEventListener("paste", (event) => {
      event.preventDefault();
      const { clipboardData: board } = event;
      const html = board.getData("text/html");
      const text = html ? write(html) : lines(board.getData("text/plain"));
      document.execCommand("insertHTML", false, text);
    });
    this.page.addEventListener("drop", (event) => event.preventDefault());
    this.picture.addEventListener("change", (event) => {
      event.stopPropagation();
      this.send(this.picture.files[0]);
      this.picture.value = "";
    });
    // Somebody else's value, or the one of before, came into the area.
    this.area.addEventListener("rich:show", () => this.show());
    this.area.addEventListener("focus", () => this.page.focus());
  }

  use(tool) {
    this.page.focus();
    if (tool.act === "picture") this.picture.click();
    else if (tool.act === "link") {
      const found = getSelection();
      this.range = found.rangeCount ? found.getRangeAt(0).cloneRange() : null;
      this.address.value = found.anchorNode?.parentElement?.closest("a")?.getAttribute("href") ?? "";
      this.link.hidden = false;
      this.address.focus();
    } else {
      document.execCommand(tool.command, false, tool.value);
      this.keep();
    }
  }

  restore() {
    this.page.focus();
    if (!this.range) return;
    const found = getSelection();
    found.removeAllRanges();
    found.addRange(this.range);
  }

  /** Puts an element where one writes: the browser's own command would add inline styles. */
  place(element) {
    const found = getSelection();
    const isInside = found.rangeCount && this.page.contains(found.anchorNode);
    const range = isInside ? found.getRangeAt(0) : document.createRange();
    if (!isInside) range.selectNodeContents(this.page.lastElementChild ?? this.page);
    range.collapse(false);
    range.insertNode(element);
    range.setStartAfter(element);
    found.removeAllRanges();
    found.addRange(range);
  }

  async send(file) {
    if (!file || !this.options.url) return;
    const field = this.area.dataset.field;
    const body = new FormData();
    body.append("field", field);
    body.append("file", file);
    try {
      const answer = await fetch(this.options.url, {
        method: "POST",
        body,
        headers: { "X-CSRFToken": this.options.csrf, Accept: "application/json" },
        credentials: "same-origin",
      });
      const content = await answer.json().catch(() => ({}));
      if (!answer.ok) throw new Error(content.message ?? "");
      this.page.focus();
      const words = content.name.replace(/\.[^.]*$/, "");
      this.place(make("img", { src: `${this.options.pictures ?? ARTICLES}${content.token}`, alt: words }));
      this.keep();
    } catch (error) {
      this.options.onRefused(field, `“${file.name}”没有放进去：${error.message || "连不上服务器，请再选一次。"}`);
    }
  }

  /** The page as the area has it. */
  show() {
    document.execCommand("styleWithCSS", false, false);
    const text = this.area.value;
    this.page.innerHTML = MARKED.test(text) ? write(text) : lines(text);
  }

  /** The area as the page has it. */
  keep() {
    const isEmpty = !this.page.textContent.trim() && !this.page.querySelector("img, hr, table");
    const text = isEmpty ? "" : write(this.page.innerHTML);
    if (text === this.area.value) return;
    this.area.value = text;
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** One stop of the Tab key for all buttons of a bar; arrows go on from there. */
function roam(bar) {
  const buttons = [...bar.children];
  const stop = (chosen) => buttons.forEach((button) => { button.tabIndex = button === chosen ? 0 : -1; });
  stop(buttons[0]);
  bar.addEventListener("focusin", (event) => stop(event.target));
  bar.addEventListener("keydown", (event) => {
    const here = buttons.indexOf(event.target);
    const next = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: -1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    buttons.at(next % buttons.length).focus();
  });
}

const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const lines = (text) =>
  text
    .split(/\r?\n/)
    .filter((line) => line.trim())
    .map((line) => `<p>${escape(line)}</p>`)
    .join("");

/** HTML with what an article may have, and nothing else; nothing of it is run or loaded meanwhile. */
function write(html) {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  return [...body.childNodes].map((node) => writeNode(node)).join("");
}

function writeNode(node) {
  if (node.nodeType === Node.TEXT_NODE) return escape(node.data);
  if (node.nodeType !== Node.ELEMENT_NODE || DROPPED.has(node.tagName.toUpperCase())) return "";
  const inner = [...node.childNodes].map(writeNode).join("");
  let name = node.tagName.toUpperCase();
  if (name === "H1") name = "H2";
  if (name === "DIV") name = node.querySelector("p, div, ul, ol, table, h1, h2, h3, blockquote") ? "" : "P";
  if (!BLOCKS.has(name) && !INLINE.has(name)) return inner;
  if (name === "IMG" && !OWN_PICTURE.test(node.getAttribute("src") ?? "")) return "";
  if (name === "A" && !/^(https?:|mailto:|tel:|\/[^/])/i.test(node.getAttribute("href") ?? "")) return inner;
  const tag = name.toLowerCase();
  const told = (KEPT[name] ?? [])
    .filter((word) => node.hasAttribute(word))
    .map((word) => ` ${word}="${escape(node.getAttribute(word))}"`)
    .join("");
  return ["BR", "IMG", "HR"].includes(name) ? `<${tag}${told}>` : `<${tag}${told}>${inner}</${tag}>`;
}
