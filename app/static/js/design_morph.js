// Brings a part of the page to what the server drew, and leaves alone what somebody is
// typing into: an element that has the focus, or was typed into and not sent yet.

export const unsent = new WeakSet();

export function morph(holder, html) {
  const drawn = document.createElement(holder.tagName);
  drawn.innerHTML = html;
  morphChildren(holder, drawn);
}

function morphChildren(now, drawn) {
  const known = new Map();
  for (const child of now.children) if (child.id) known.set(child.id, child);
  let here = now.firstChild;
  for (const wanted of [...drawn.childNodes]) {
    let fitting = wanted.id ? known.get(wanted.id) : fits(here, wanted) ? here : null;
    if (fitting && fitting !== here) now.insertBefore(fitting, here);
    else if (fitting) here = here.nextSibling;
    if (fitting && fits(fitting, wanted)) {
      morphNode(fitting, wanted);
      continue;
    }
    now.insertBefore(wanted, here);
    if (fitting) fitting.remove();
  }
  while (here) {
    const next = here.nextSibling;
    here.remove();
    here = next;
  }
}

function fits(node, wanted) {
  if (!node || node.nodeType !== wanted.nodeType || node.nodeName !== wanted.nodeName) return false;
  return node.nodeType !== Node.ELEMENT_NODE || node.id === wanted.id;
}

function morphNode(node, wanted) {
  if (node.nodeType !== Node.ELEMENT_NODE) {
    if (node.data !== wanted.data) node.data = wanted.data;
    return;
  }
  if (node.dataset.keep !== undefined) return;
  const isBusy = node === document.activeElement || unsent.has(node);
  const isOpen = node.nodeName === "DETAILS" && node.open;
  morphAttributes(node, wanted);
  if (isOpen) node.open = true;
  if (node.nodeName === "TEXTAREA" || node.nodeName === "INPUT") {
    if (!isBusy) putValue(node, wanted);
    return;
  }
  if (node.nodeName === "SELECT" && isBusy && node.options.length === wanted.options.length) return;
  morphChildren(node, wanted);
  if (node.nodeName === "SELECT") node.value = wanted.value;
}

function putValue(node, wanted) {
  node.checked = wanted.checked;
  if (node.value !== wanted.value) node.value = wanted.value;
}

function morphAttributes(node, wanted) {
  for (const { name } of [...node.attributes]) {
    if (!wanted.hasAttribute(name)) node.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }
}
