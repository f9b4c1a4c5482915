/** Sends files as soon as they are chosen and lists what is stored, ready to be kept or not. */
import { make } from "./elements.js";

/**
 * @param {{url: string, csrf: string, onStored: (field: string) => void,
 *   onRefused: (field: string, message: string) => void}} options
 */
export function watchUploads(root, options) {
  root.addEventListener("change", async (event) => {
    const input = event.target;
    if (!input.matches("input[type=file][data-upload]") || !options.url) return;
    event.stopPropagation();
    const field = input.dataset.field;
    for (const file of [...input.files]) {
      try {
        const stored = await send(file, field, options);
        list(root, input, field, stored);
        options.onStored(field);
      } catch (error) {
        options.onRefused(field, `“${file.name}”没有上传成功：${error.message || "连不上服务器，请再选一次。"}`);
      }
    }
    input.value = "";
  });
}

async function send(file, field, { url, csrf }) {
  const body = new FormData();
  body.append("field", field);
  body.append("file", file);
  const answer = await fetch(url, {
    method: "POST",
    body,
    headers: { "X-CSRFToken": csrf, Accept: "application/json" },
    credentials: "same-origin",
  });
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(content.message ?? "");
  return content;
}

function list(root, input, field, { token, name, url }) {
  const place = root.querySelector(`[data-files="${CSS.escape(field)}"]`);
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
