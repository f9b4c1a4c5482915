// The page of a draft: its text is written in the editor of articles, without pictures.
import { watchRichTexts } from "/static/forms/js/rich_text.js";

watchRichTexts(document, {});

// The server stops reading what is too large, and with it what was written.
const files = document.querySelector("input[type=file][data-limit]");
files?.form.addEventListener("submit", (event) => {
  const size = [...files.files].reduce((sum, file) => sum + file.size, 0);
  const isTooLarge = size >= Number(files.dataset.limit) * 1024 * 1024;
  document.querySelector("[data-too-large]").hidden = !isTooLarge;
  if (!isTooLarge) return;
  event.preventDefault();
  files.focus();
});
