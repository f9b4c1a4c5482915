/** Texts of controls as values for expressions, and figures as texts for reading. */

const MINUS = "\u2212";
const FULL_WIDTH = /[\uff01-\uff5e]/g;
const YES = new Set(["是", "有", "√", "y", "yes", "true", "1", "对"]);
const NO = new Set(["否", "无", "×", "n", "no", "false", "0", "错"]);

/** Half-width letters and digits, no blanks around. */
function fold(text) {
  return text.replace(FULL_WIDTH, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0)).trim();
}

function readNumber(text) {
  const plain = fold(text).replace(/,(?=\d{3})/g, "").replace(MINUS, "-").replace(/%$/, "");
  return /^[-+]?(\d+\.?\d*|\.\d+)$/.test(plain) ? plain.replace(/\.$/, "").replace(/^([-+]?)\./, "$10.") : null;
}

function readDate(text) {
  const found = /^(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))$/.exec(fold(text));
  return found ? joinDate([found[1], found[2] ?? found[4], found[3] ?? found[5]]) : null;
}

function readMonth(text) {
  const found = /^(\d{4})(?:[-/.年](\d{1,2})月?|(\d{2}))$/.exec(fold(text));
  return found ? joinDate([found[1], found[2] ?? found[3]]) : null;
}

function joinDate(parts) {
  return parts.map((part) => part.padStart(2, "0")).join("-");
}

function readBoolean(text) {
  const word = fold(text).toLowerCase();
  return YES.has(word) ? true : NO.has(word) ? false : null;
}

const READERS = {
  number: readNumber,
  text: (text) => text.trim() || null,
  date: readDate,
  month: readMonth,
  boolean: readBoolean,
  list: (text) => readList(text),
  file: (text) => text || null,
  any: (text) => text.trim() || null,
};

function readList(text, separator) {
  const marks = separator && !"、，,；;".includes(separator) ? [separator] : ["、", "，", ",", "；", ";"];
  const items = marks.reduce((parts, mark) => parts.flatMap((part) => part.split(mark)), [text]);
  return items.map((item) => item.trim()).filter(Boolean);
}

/**
 * The value of a text, as expressions take it: numbers as decimal texts, dates as ISO
 * texts, several values as an array, null where there is none or it cannot be read.
 */
export function toValue(field, text) {
  if (Array.isArray(text)) return text.length ? (field.list ? text : text[0]) : null;
  if (text == null || text.trim() === "") return null;
  if (field.list && field.type === "list") {
    const items = readList(text, field.separator);
    return items.length ? items : null;
  }
  return READERS[field.type](text);
}

/** A figure with separators between thousands, as it stands in a control. */
export function groupDigits(text) {
  const number = readNumber(text);
  if (number === null) return text;
  const [, sign, whole, rest] = /^([-+]?)(\d*)(.*)$/.exec(number);
  return (sign === "+" ? "" : sign) + whole.replace(/\B(?=(\d{3})+$)/g, ",") + rest;
}

/** A figure for reading: separators and a true minus. */
export function showFigure(text) {
  return groupDigits(text).replace("-", MINUS);
}

/** How much a figure differs from last period's, as the server writes it. */
export function showChange(field, text, last) {
  const now = Number(readNumber(text ?? "") ?? NaN);
  const before = Number(last === "" ? NaN : last);
  if (Number.isNaN(now) || Number.isNaN(before)) return "";
  if (now === before) return now ? "持平" : "—";
  if (field.kind === "percent") return `${signed(now - before, 2)} 点`;
  return before ? `${signed(((now - before) / Math.abs(before)) * 100, 1)}%` : "—";
}

function signed(number, places) {
  const text = groupDigits(Math.abs(number).toFixed(places));
  return (number < 0 ? MINUS : "+") + text;
}

/** Whether two texts of a control say the same. */
export function isSame(field, one, other) {
  const [a, b] = [one ?? "", other ?? ""].map((text) => (Array.isArray(text) ? text.join("、") : text.trim()));
  return a === b || (Boolean(field?.figure) && a !== "" && readNumber(a) !== null && groupDigits(a) === groupDigits(b));
}
