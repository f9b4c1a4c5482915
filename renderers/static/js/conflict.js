/** Two people changed one row: shows both values of a field and lets the second choose. */
import { make } from "./elements.js";
import { isSame } from "./values.js";

/**
 * What has to be chosen and what only one side changed.
 * @param {{base: object, mine: object, theirs: object}} texts by field id
 */
export function compare(fields, { base, mine, theirs }) {
  const differs = (id) => !isSame(fields[id], mine[id], theirs[id]);
  const changedByThem = (id) => !isSame(fields[id], base[id], theirs[id]);
  const ids = Object.keys(mine).filter(differs);
  return {
    open: ids.filter(changedByThem),
    merged: ids.filter((id) => !changedByThem(id)),
  };
}

/**
 * Show the fields that both changed.
 * @param {HTMLElement} box
 * @param {{place: string, fields: object, base: object, mine: object, theirs: object,
 *   onChoose: (cells: object) => void, onGiveUp: () => void, takesFocus: boolean}} conflict
 */
export function showConflict(box, conflict) {
  const { open } = compare(conflict.fields, conflict);
  const chosen = new Map();
  const rest = make("span", { class: "state plain is-warn i-warn", role: "status" });
  const save = make("button", { class: "btn btn-primary", type: "button", disabled: true }, "保存这一行");
  const rows = open.map((id) => drawChoice(id, conflict, (side) => choose(id, side)));

  function choose(id, side) {
    chosen.set(id, side);
    refresh();
  }
  function chooseAll(side) {
    for (const input of box.querySelectorAll(`input[value="${side}"]`)) input.checked = true;
    for (const id of open) chosen.set(id, side);
    refresh();
  }
  function refresh() {
    for (const label of box.querySelectorAll(".choice")) {
      label.classList.toggle("chosen", label.querySelector("input").checked);
    }
    const missing = open.filter((id) => !chosen.has(id)).map((id) => conflict.fields[id].label);
    save.disabled = missing.length > 0;
    rest.hidden = !missing.length;
    rest.textContent = `还有 ${missing.length} 个字段没有选：${missing.join("、")}`;
  }
  function close() {
    box.hidden = true;
    box.replaceChildren();
  }
  save.addEventListener("click", () => {
    const cells = { ...conflict.mine };
    for (const [id, side] of chosen) cells[id] = conflict[side][id] ?? "";
    close();
    conflict.onChoose(cells);
  });

  box.replaceChildren(
    make(
      "div",
      { class: "panel-head" },
      make("h2", { role: "alert" }, `${conflict.place}刚被别人改过：您的修改还没有存，也没有丢`),
      make(
        "div",
        { class: "bar end" },
        button("全用对方的", "btn-sm", () => chooseAll("theirs")),
        button("全用我的", "btn-sm", () => chooseAll("mine")),
      ),
    ),
    drawTable(rows),
    make(
      "div",
      { class: "panel-foot" },
      rest,
      make("span", { class: "ms-auto" }),
      button("放弃我的修改", "btn-quiet", () => {
        close();
        conflict.onGiveUp();
      }),
      save,
    ),
  );
  box.hidden = false;
  refresh();
  // In a grid somebody is typing in another row by now.
  if (conflict.takesFocus) box.focus();
}

function drawTable(rows) {
  const heads = ["字段", "您打开时", "对方存的", "您现在填的"];
  return make(
    "div",
    { class: "scroll" },
    make(
      "table",
      { class: "data" },
      make("caption", { class: "visually-hidden" }, "冲突的字段"),
      make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
      make("tbody", {}, ...rows),
    ),
  );
}

function drawChoice(id, conflict, onChoose) {
  const field = conflict.fields[id];
  const choice = (side, who) => {
    const input = make("input", { class: "form-check-input", type: "radio", name: `conflict-${id}`, value: side });
    input.addEventListener("change", () => onChoose(side));
    const text = show(conflict[side][id]);
    return make("label", { class: "choice" }, input, text, make("span", { class: "visually-hidden" }, who));
  };
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, make("b", { class: "fw-semibold" }, field.label), field.unit ? make("span", { class: "unit" }, ` ${field.unit}`) : null),
    make("td", {}, make("span", { class: "muted num" }, show(conflict.base[id]))),
    make("td", {}, choice("theirs", "（对方）")),
    make("td", {}, choice("mine", "（您）")),
  );
}

function show(text) {
  const line = Array.isArray(text) ? text.join("、") : (text ?? "");
  return line === "" ? "空" : line;
}

function button(label, kind, action) {
  const element = make("button", { class: `btn ${kind}`, type: "button" }, label);
  element.addEventListener("click", action);
  return element;
}
