// The page of a form in the designer: what is typed and clicked becomes an act, and what
// the server draws is put in place. What a form may be the server alone decides.

import { morph, unsent } from "./design_morph.js";
import { watchMoving } from "./design_moving.js";
import { PreviewSide } from "./design_preview.js";
import { Saving } from "./design_saving.js";
import { TextSide } from "./design_text.js";
import { Trying } from "./design_trying.js";

const DELAY = 450;

const root = document.querySelector("[data-design]");
const saving = new Saving(root, draw);
const text = new TextSide(root, saving);
const trying = new Trying(root, saving);
const previewPanel = root.querySelector("[data-preview]");
const preview = previewPanel ? new PreviewSide(previewPanel) : { soon() {}, turn() {} };
const isLocked = root.dataset.locked !== undefined;
const undoButton = document.querySelector("[data-undo]");
const timers = new Map();
const turns = new WeakMap();
const earlier = [];
let latest = text.area.value;
let wantsFocus = null;

function draw(told) {
  for (const [name, html] of Object.entries(told.parts)) {
    for (const holder of document.querySelectorAll(`[data-part="${name}"]`)) morph(holder, html);
  }
  if (told.text !== latest) earlier.push(latest);
  if (earlier.length > 100) earlier.shift();
  latest = told.text;
  if (undoButton) undoButton.disabled = !earlier.length;
  text.show(told.text, told.faults);
  preview.soon();
  if (wantsFocus) document.getElementById(wantsFocus)?.focus();
  wantsFocus = null;
}

// Acts.

function act(name, told, options = {}) {
  return saving.send(root.dataset.act, { act: name, ...told }, options);
}

const number = (value) => (value === undefined ? undefined : Number(value));

function readTold(element) {
  const { field, word, at, group, rule, step, json, not } = element.dataset;
  let value = element.type === "checkbox" ? element.checked !== (not !== undefined) : element.value;
  if (json !== undefined) value = JSON.parse(json);
  return { field, word, at, group: number(group), rule: number(rule), step: number(step), value };
}

// Until the server has answered, and as long as it refuses, what stands in the element
// is newer than whatever it draws.
function sendInput(element) {
  clearTimeout(timers.get(element));
  timers.delete(element);
  unsent.add(element);
  const turn = (turns.get(element) ?? 0) + 1;
  turns.set(element, turn);
  const slot = element.parentElement.querySelector("[data-refused]");
  if (slot) slot.hidden = true;
  const refuse = (message) => {
    if (!slot) return saving.say(message);
    slot.querySelector("span").textContent = message;
    slot.hidden = false;
    saving.say("刚才的改动没有存");
  };
  return act(element.dataset.set, readTold(element), { refuse }).then((told) => {
    if (told && turns.get(element) === turn && !timers.has(element)) unsent.delete(element);
    return told;
  });
}

// Whatever was typed goes before whatever is clicked.
function flush() {
  for (const element of [...timers.keys()]) sendInput(element);
  return text.flush();
}

root.addEventListener("input", (event) => {
  const element = event.target;
  const box = element.closest("[data-expr]");
  if (box && element.matches("[data-expr-text]")) trying.soon(box);
  if (!element.dataset.set || element.dataset.onChange !== undefined) return;
  if (element.matches("select, [type=checkbox]")) return;
  unsent.add(element);
  clearTimeout(timers.get(element));
  if (!event.isComposing) timers.set(element, setTimeout(() => sendInput(element), DELAY));
});

root.addEventListener("compositionend", (event) => {
  const element = event.target;
  if (element.dataset.set && element.dataset.onChange === undefined) {
    timers.set(element, setTimeout(() => sendInput(element), DELAY));
  }
});

root.addEventListener("change", (event) => {
  const element = event.target;
  if (element.matches("[data-insert]")) return insert(element);
  if (element.matches("[data-picked]")) return pick(element);
  if (element.dataset.set && (element.matches("select, [type=checkbox]") || element.dataset.onChange !== undefined || timers.has(element))) {
    sendInput(element);
  }
});

root.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { dataset } = button;
  if (dataset.do) flush().then(() => act(dataset.do, readTold(button))).then((told) => told && dataset.note && dismiss(dataset.note));
  else if (dataset.dismiss) dismiss(dataset.dismiss);
  else if (dataset.open !== undefined) open(button);
  else if (dataset.sign) write(button.closest("[data-expr]").querySelector("[data-expr-text]"), ` ${dataset.sign} `);
  else if (dataset.delete) askDelete(dataset.delete);
  else if (dataset.adopt) adopt(Number(dataset.adopt));
  else if (dataset.side) showSide(dataset.side);
});

// Notes that drafting from a workbook left.

function dismiss(note) {
  return saving.send(root.dataset.dismissUrl, { note: Number(note) });
}

// Opening a field, a rule, the form.

async function open(button) {
  const [kind, name] = button.dataset.open.split(":", 2);
  flush();
  const { line, column } = button.dataset;
  const isText = root.querySelector('[data-side="text"]')?.getAttribute("aria-pressed") === "true";
  if (line && isText) return text.select(Number(line), Number(column));
  showSide("panel");
  await saving.send(root.dataset.look, { focus: [kind, name ?? ""] }, { changes: false });
  for (const box of root.querySelectorAll("[data-part=side] [data-expr]")) {
    box.querySelector("[data-told]").replaceChildren();
    if (box.querySelector("[data-expr-text]").value.trim()) trying.now(box);
  }
  if (line && root.dataset.plain !== undefined) return text.select(Number(line), Number(column));
  const panel = root.querySelector("[data-side-body=panel]");
  if (matchMedia("(max-width: 1100px)").matches) panel.scrollIntoView({ block: "start" });
  panel.querySelector("input:not([readonly]), textarea, select")?.focus();
}

function showSide(name) {
  if (root.dataset.plain !== undefined) return;
  for (const button of root.querySelectorAll("[data-side]")) {
    button.setAttribute("aria-pressed", String(button.dataset.side === name));
  }
  for (const body of root.querySelectorAll("[data-side-body]")) body.hidden = body.dataset.sideBody !== name;
  root.classList.toggle("is-wide", name !== "panel");
  if (name === "text") text.number();
  preview.turn(name === "preview");
}

// Expressions by clicks: at the caret, or behind what stands there.

const visited = new WeakSet();
root.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-expr-text]")) visited.add(event.target);
});

function insert(select) {
  const area = select.closest("[data-expr], [data-insert-box]").querySelector("[data-expr-text]");
  if (select.value) write(area, select.value);
  select.value = "";
}

function write(area, piece) {
  // What a new rule starts with says nothing: the first click takes its place.
  if (area.value.trim() === "true") area.select();
  else if (!visited.has(area)) area.setSelectionRange(area.value.length, area.value.length);
  const before = area.value.slice(0, area.selectionStart);
  const joined = /[\w)]$/.test(before) && /^\w/.test(piece) ? ` ${piece}` : piece;
  area.setRangeText(joined, area.selectionStart, area.selectionEnd, "end");
  area.focus();
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

// The fields of a rule: the order in which they were chosen stays.

function pick(box) {
  const list = box.closest("[data-pick], [data-pick-at]");
  const chosen = [...list.querySelectorAll(":checked")].sort(
    (one, other) => Number(one.dataset.place ?? 999) - Number(other.dataset.place ?? 999),
  );
  const value = chosen.map((one) => one.value);
  if (list.dataset.pickAt) return act("put_at", { at: list.dataset.pickAt, value });
  if (value.length) act("set_rule", { rule: Number(list.dataset.pick), word: "fields", value });
  else box.checked = true;
}

async function adopt(rule) {
  await flush();
  const boxes = [...root.querySelectorAll("[data-part=side] [data-expr]")];
  const told = await Promise.all(boxes.map((box) => trying.now(box)));
  const value = [...new Set(told.flatMap((one) => (one?.fields ?? []).map(([id]) => id)))];
  if (value.length) await act("set_rule", { rule, word: "fields", value });
  else saving.say("条件里还没有用到字段");
}

// Deleting says first what would miss the field.

async function askDelete(field) {
  await flush();
  const place = root.querySelector("[data-ask-delete]");
  const answer = await fetch(`${root.dataset.names}?field=${encodeURIComponent(field)}`, { headers: { Accept: "application/json" } });
  const mentions = answer.ok ? (await answer.json()).mentions : [];
  if (!mentions.length) return act("delete_field", { field });
  const words = document.createElement("p");
  words.textContent = `还有 ${mentions.length} 处用到它，删除以后要改好：`;
  const list = document.createElement("ul");
  for (const mention of mentions) list.append(Object.assign(document.createElement("li"), { textContent: mention }));
  const yes = makeButton("仍然删除", () => act("delete_field", { field }));
  const no = makeButton("不删除", () => (place.hidden = true));
  const bar = document.createElement("div");
  bar.className = "bar";
  bar.append(yes, no);
  place.replaceChildren(words, list, bar);
  place.hidden = false;
  no.focus();
}

function makeButton(label, click) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-sm", textContent: label });
  button.addEventListener("click", click);
  return button;
}

// Adding fields, one after the other.

const adding = document.querySelector("[data-add]");
adding?.addEventListener("submit", async (event) => {
  event.preventDefault();
  await flush();
  const label = adding.elements.label;
  if (!label.value.trim()) {
    label.focus();
    return saving.say("请先写新字段的名称");
  }
  const [kind, name] = saving.focus;
  const told = await act(
    "add_field",
    { label: label.value, kind: adding.elements.kind.value, target: adding.elements.target.value, after: kind === "field" ? name : "" },
    { refuse: (message) => saving.say(message) },
  );
  if (told) label.value = "";
  label.focus();
});
adding?.elements.kind.addEventListener("change", () => {
  adding.querySelector("[data-add-target]").hidden = adding.elements.kind.value !== "ref";
});

// Moving, undoing.

const outline = document.querySelector("[data-part=outline]");
if (!isLocked && outline) {
  watchMoving(outline, async (told) => {
    wantsFocus = document.activeElement?.id || null;
    await flush();
    await act("move_field", told);
  });
}

async function undo() {
  await flush();
  const before = earlier.pop();
  if (before === undefined) return;
  await saving.send(root.dataset.text, { text: before });
  // Undoing is not undone by undoing once more.
  earlier.pop();
  undoButton.disabled = !earlier.length;
}

undoButton?.addEventListener("click", undo);
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, textarea");
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && !event.shiftKey && !isTyping && undoButton) {
    event.preventDefault();
    undo();
  }
});
document.querySelector("[data-reload]")?.addEventListener("click", () => location.reload());
