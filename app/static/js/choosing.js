/** A list of rows to choose from: all, none, how many. */

for (const form of document.querySelectorAll("[data-choosing]")) {
  const boxes = [...form.querySelectorAll("input[name=row]:not(:disabled)")];
  const told = form.querySelector("[data-chosen]");
  const show = () => {
    const count = boxes.filter((box) => box.checked).length;
    told.textContent = count ? `已选 ${count} 行` : "";
  };
  for (const [mark, value] of [["[data-all]", true], ["[data-none]", false]]) {
    const button = form.querySelector(mark);
    button.hidden = false;
    button.addEventListener("click", () => {
      for (const box of boxes) box.checked = value;
      show();
    });
  }
  form.addEventListener("change", show);
  show();
}
