// Counts what nobody agreed to yet, so that the button opens when all is decided.

const form = document.querySelector("[data-plan]");
const lines = [...document.querySelectorAll("[data-agree]")];
const button = form?.querySelector("[data-execute]");
const told = form?.querySelector("[data-undecided]");

function isDecided(line) {
  const [box, reason] = line.querySelectorAll("input");
  return box.checked && reason.value.trim() !== "";
}

function count() {
  const left = lines.filter((line) => !isDecided(line)).length;
  told.hidden = left === 0;
  told.querySelector("[data-undecided-count]").textContent = left;
  button.disabled = left > 0;
}

if (told && button) {
  document.addEventListener("input", count);
  document.addEventListener("change", count);
  // Nobody executes a plan twice with a second click.
  form.addEventListener("submit", () => setTimeout(() => { button.disabled = true; }));
  count();
}
