// What every page has: menus that close, the shortcut to the search, focus on problems.

for (const menu of document.querySelectorAll("[data-menu]")) {
  menu.addEventListener("toggle", () => {
    if (!menu.open) return;
    for (const other of document.querySelectorAll("[data-menu][open]")) {
      if (other !== menu) other.open = false;
    }
  });
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("[data-menu][open]")) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  }
  // An input method swallows keys while it composes; a field types its own slash.
  const isTyping = event.target.closest?.("input, select, textarea, [contenteditable]");
  if (event.isComposing || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
  if (search) {
    event.preventDefault();
    search.focus();
  }
});

document.querySelector("[data-focus]")?.focus();

// A page whose work goes on elsewhere asks for its state until it is done.
const progress = document.querySelector("[data-refresh]");
if (progress) {
  const again = async () => {
    try {
      const answer = await fetch(progress.dataset.refresh, {
        headers: { Accept: "application/json", "X-Requested-With": "fetch" },
      });
      if (answer.ok) {
        const state = await answer.json();
        if (state.done) return location.reload();
        const bar = progress.querySelector("progress");
        if (bar && state.total) {
          bar.max = state.total;
          bar.value = state.position;
        }
        const text = progress.querySelector("[data-progress-text]");
        if (text) text.textContent = state.text;
      }
    } catch {
      // The line is down for a moment; the work goes on without us.
    }
    setTimeout(again, 1500);
  };
  setTimeout(again, 800);
}

for (const form of document.querySelectorAll("form[data-confirm]")) {
  form.addEventListener("submit", (event) => {
    if (!window.confirm(form.dataset.confirm)) event.preventDefault();
  });
}

// What is too large is said before it is sent: a server can only break the line.
const MEGABYTE = 1024 * 1024;
for (const input of document.querySelectorAll("input[type=file][data-most-mb]")) {
  input.addEventListener("change", () => {
    const most = Number(input.dataset.mostMb);
    const size = [...input.files].reduce((sum, file) => sum + file.size, 0) / MEGABYTE;
    const what = input.files.length > 1 ? "所选的文件一共" : `“${input.files[0]?.name}”`;
    const told = `${what}有 ${size.toFixed(1)} MB，要小于 ${most} MB，不能上传。请删掉用不着的工作表和图片，或分成几份。`;
    input.setCustomValidity(size < most ? "" : told);
    input.reportValidity();
  });
}

// "Choose all of this page" in lists with check boxes.
for (const all of document.querySelectorAll("[data-check-all]")) {
  all.addEventListener("change", () => {
    for (const box of document.querySelectorAll(all.dataset.checkAll)) {
      box.checked = all.checked;
      box.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
}
