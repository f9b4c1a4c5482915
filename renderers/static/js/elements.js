/** Makes elements; texts never become markup. */

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** A state: shape, word and colour, as in the column of row states. */
export function makeState(style, icon, word, hidden = false) {
  const text = hidden ? make("span", { class: "visually-hidden" }, word) : word;
  return make("span", { class: `state plain is-${style} i-${icon}` }, text);
}

/** A message of the page, with buttons given as [label, action]. */
export function makeNotice(style, title, text, actions = []) {
  const buttons = actions.map(([label, action, kind = "btn-sm"]) => {
    const button = make("button", { class: `btn ${kind}`, type: "button" }, label);
    button.addEventListener("click", action);
    return button;
  });
  return make(
    "div",
    { class: `notice is-${style} mb-3`, role: "status" },
    make("i", { class: `i i-${style}`, "aria-hidden": "true" }),
    make("div", {}, make("h2", {}, title), make("div", {}, text)),
    buttons.length ? make("div", { class: "bar" }, ...buttons) : null,
  );
}

/** Whether a key belongs to an input method: it must never be handled here. */
export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}
