// The page of a draft: its text is written in the editor of articles; files are sent as soon as they are chosen.
import { watchRichTexts } from "/static/forms/js/rich_text.js";
import { watchUploads } from "/static/forms/js/upload.js";

const form = document.querySelector("form[data-pieces]");
const csrf = document.querySelector('meta[name="csrf-token"]').content;
const refused = form.querySelector("[data-refused]");

function tell(text) {
  refused.hidden = !text;
  refused.querySelector("span").textContent = text;
}

watchRichTexts(form, {
  url: form.dataset.picture,
  pictures: form.dataset.pictures,
  csrf,
  onRefused: (field, message) => tell(message),
});

watchUploads(form, {
  url: form.dataset.pieces,
  csrf,
  onStored: () => tell(""),
  onRefused: (field, message) => tell(message),
});

// What was said of an earlier file is over.
form.addEventListener("change", (event) => event.target.type === "file" && tell(""), true);

// What is still on its way would stay behind.
form.addEventListener("submit", (event) => {
  const coming = form.querySelector(".upload-progress");
  if (!coming) return;
  event.preventDefault();
  tell("还有附件正在传，没有保存。请等它传完，或取消它，再按一次。");
  coming.querySelector("button").focus();
});
