/** Reads a block copied from Excel: tab-separated, with quoted cells of several lines. */

/** @returns {string[][]} rows of cells; the line break that ends the block adds none */
export function readBlock(text) {
  const rows = [[]];
  let cell = "";
  let position = 0;
  const endCell = () => {
    rows.at(-1).push(cell);
    cell = "";
  };
  while (position < text.length) {
    const character = text[position];
    if (character === '"' && cell === "" && closesCell(text, position)) {
      [cell, position] = readQuoted(text, position + 1);
    } else if (character === "\t") {
      endCell();
      position += 1;
    } else if (character === "\n" || character === "\r") {
      endCell();
      position += character === "\r" && text[position + 1] === "\n" ? 2 : 1;
      rows.push([]);
    } else {
      cell += character;
      position += 1;
    }
  }
  if (cell !== "" || rows.at(-1).length) endCell();
  if (!rows.at(-1).length) rows.pop();
  return rows;
}

/** Whether a quote at the start of a cell has its partner at the end of one. */
function closesCell(text, start) {
  const [, end] = readQuoted(text, start + 1);
  return text[end - 1] === '"' && end - 1 > start && (end === text.length || "\t\r\n".includes(text[end]));
}

function readQuoted(text, start) {
  let cell = "";
  let position = start;
  while (position < text.length) {
    if (text[position] !== '"') cell += text[position];
    else if (text[position + 1] === '"') {
      cell += '"';
      position += 1;
    } else return [cell.replace(/\r\n?/g, "\n"), position + 1];
    position += 1;
  }
  return [cell, position];
}
