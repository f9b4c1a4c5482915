/** Sends files as soon as they are chosen, in pieces, and lists what is stored, ready to be kept or not. */
import { make } from "./elements.js";
import { sendInPieces } from "./pieces.js";

const MEGABYTE = 1024 * 1024;
/** Screen readers hear of every quarter only. */
const TOLD_PERCENT = 25;
/** Input -> the line of its file that is under way. */
const underWay = new WeakMap();

/**
 * @param {{url: string, csrf: string, onStored: (field: string) => void,
 *   onRefused: (field: string, message: string) => void}} options
 *   url: where uploads are begun
 */
export function watchUploads(root, options) {
  root.addEventListener("change", async (event) => {
    const input = event.target;
    if (!input.matches("input[type=file][data-upload]") || !options.url) return;
    event.stopPropagation();
    const files = [...input.files];
    input.value = "";
    for (const file of files) await take(root, input, file, options);
  });
}

async function take(root, input, file, options) {
  const { field } = input.dataset;
  const place = root.querySelector(`[data-files="${CSS.escape(field)}"]`);
  const line = new ProgressLine(file);
  // Where there is one file, another one takes the place of what is still asked about.
  if (!input.multiple) underWay.get(input)?.stop();
  underWay.set(input, line);
  place.after(line.element);
  try {
    const stored = await sendInPieces(file, field, {
      ...options,
      signal: line.signal,
      onProgress: (sent) => line.show(sent),
      onBroken: () => line.tellBroken(),
      onCoarse: (message, dpi) => line.ask(message, dpi),
    });
    list(place, input, field, stored);
    options.onStored(field);
  } catch (error) {
    if (!line.signal.aborted) options.onRefused(field, error.message);
  } finally {
    line.element.remove();
    input.focus();
  }
}

/** How far a file has come, with a button to stop. */
class ProgressLine {
  constructor(file) {
    this.file = file;
    this.told = 0;
    this.controller = new AbortController();
    this.bar = make("progress", { max: "100", value: "0", "aria-label": `“${file.name}”的上传进度` });
    this.words = make("span", { class: "meta" }, `正在上传“${file.name}”`);
    this.live = make("span", { class: "visually-hidden", role: "status" });
    const stop = make("button", { class: "btn btn-sm", type: "button", "aria-label": `取消上传 ${file.name}` }, "取消");
    stop.addEventListener("click", () => this.stop());
    this.question = make("div", { class: "upload-question", hidden: true, role: "alert" });
    this.moving = make("div", { class: "upload-line" }, this.bar, this.words, stop);
    this.element = make("div", { class: "upload-progress" }, this.moving, this.live, this.question);
  }

  get signal() {
    return this.controller.signal;
  }

  stop() {
    this.controller.abort();
  }

  show(sent) {
    const percent = Math.floor((100 * sent) / this.file.size);
    const [done, all] = [sent, this.file.size].map((size) => (size / MEGABYTE).toFixed(1));
    this.bar.value = percent;
    this.words.textContent = `正在上传“${this.file.name}”：${percent}%（${done} / ${all} MB）`;
    if (percent >= this.told + TOLD_PERCENT) {
      this.told = percent - (percent % TOLD_PERCENT);
      this.live.textContent = `“${this.file.name}”已上传 ${this.told}%`;
    }
  }

  tellBroken() {
    const text = `网络断了，“${this.file.name}”传到 ${this.bar.value}%，连上后自动接着传。关掉本页也不要紧：一天内再选这个文件会接着传。`;
    this.words.textContent = text;
    this.live.textContent = text;
  }

  /** Whether the picture's resolution is to be written anew. */
  ask(message, dpi) {
    this.moving.hidden = true;
    const yes = make("button", { class: "btn btn-sm btn-primary", type: "button" }, `替我标为 ${dpi} dpi`);
    const no = make("button", { class: "btn btn-sm", type: "button" }, "不用，换一张");
    this.question.replaceChildren(make("p", {}, message), make("div", { class: "bar" }, yes, no));
    this.question.hidden = false;
    yes.focus();
    return new Promise((resolve) => {
      yes.addEventListener("click", () => resolve(true));
      no.addEventListener("click", () => this.stop());
      this.signal.addEventListener("abort", () => resolve(false));
    });
  }
}

function list(place, input, field, { token, name, url }) {
  if (!input.multiple) place.replaceChildren();
  const box = make("input", {
    class: "form-check-input",
    type: "checkbox",
    name: field,
    value: token,
    "aria-label": `保留 ${name}`,
  });
  box.checked = true;
  place.append(make("li", {}, make("label", {}, box), make("a", { class: "link", href: url ?? "#" }, name)));
}
