// The page of a review: counts what is ticked to be returned, keeps it while one turns
// pages, and bars the approval meanwhile. What may be decided the server judges.

const form = document.querySelector("[data-decide]");
if (form) {
  const boxes = [...document.querySelectorAll("[data-return]")];
  const approve = document.querySelector("[data-approve]");
  const isBarred = approve && "barred" in approve.dataset;

  const listMarks = () => {
    const elsewhere = [...form.querySelectorAll("[data-elsewhere]")].map((input) => input.value);
    const ticked = boxes.filter((box) => box.checked).map((box) => box.value);
    return [...new Set([...elsewhere, ...ticked])];
  };

  const show = () => {
    const { length } = listMarks();
    const count = document.querySelector("[data-count]");
    count.textContent = length ? `${count.dataset.word} ${length} 处` : "没有选格";
    const button = document.querySelector("[data-return-now]");
    if (button) {
      button.disabled = !length;
      button.querySelector("[data-return-count]").textContent = length ? ` ${length} 处` : "勾选的格";
    }
    const ask = document.querySelector("[data-ask]");
    if (ask) ask.disabled = !length;
    if (approve) approve.disabled = isBarred || length > 0;
  };

  // The same cell may stand among the changes and among the warnings.
  const mirror = (box) => {
    for (const other of boxes) if (other !== box && other.value === box.value) other.checked = box.checked;
  };

  for (const box of boxes) {
    box.addEventListener("change", () => {
      mirror(box);
      show();
    });
  }

  // Turning pages must not lose what is ticked.
  for (const link of document.querySelectorAll("a[data-keep]")) {
    link.addEventListener("click", () => {
      const address = new URL(link.href);
      address.searchParams.delete("cell");
      for (const mark of listMarks()) address.searchParams.append("cell", mark);
      link.href = address.href;
    });
  }
  if (document.querySelector("[data-count]")) show();
}

// The list of what waits: how many forms are chosen.
const list = document.querySelector("[data-choose]");
if (list?.querySelector("[data-choose-now]")) {
  const count = () => {
    const { length } = list.querySelectorAll("[name=form]:checked");
    list.querySelector("[data-count]").textContent = length ? `选了 ${length} 张` : "勾选要一起通过的表";
    list.querySelector("[data-choose-now]").disabled = !length;
  };
  list.addEventListener("change", count);
  count();
}
