/** Acts on all rows of a grid's filter: batch after batch, then the page is shown anew. */
import { make } from "./elements.js";
import { groupDigits } from "./values.js";

const KEPT = "tianbao-told";
/** Refusals that are told in words. */
const TOLD = 20;

/**
 * Ask the server batch by batch until all rows are done, or the person stops it.
 *
 * @param {{url: string, body: object, word: string, total: number,
 *   run: {isStopped: boolean}, onStep: (text: string) => void}} options
 */
export async function runAll(grid, { url, body, word, total, run, onStep }) {
  const sum = { done: 0, refused: 0, told: [], problem: "" };
  if (!(await storeAll(grid))) {
    onStep("还有没存的行，请先改正，再处理全部行。");
    return;
  }
  let cursor = { after: null, until: null };
  try {
    do {
      onStep(`正在${word}：${groupDigits(String(sum.done + sum.refused))} / ${groupDigits(String(total))} 行`);
      const answer = await grid.saving.post(url, { ...body, ...cursor });
      sum.done += answer.done;
      sum.refused += answer.refused;
      sum.told.push(...answer.told.slice(0, TOLD - sum.told.length));
      cursor = { after: answer.after, until: answer.until };
    } while (cursor.after !== null && !run.isStopped);
  } catch (error) {
    sum.problem = error.message || "连不上服务器，其余的行没有动，请再试一次。";
  }
  if (sum.problem && !sum.done) {
    onStep(sum.problem);
    return;
  }
  keep(sum, word, cursor.after !== null && run.isStopped);
  const rest = new URLSearchParams(body.query);
  rest.delete("page");
  location.assign(`${grid.root.dataset.page}?${rest}`);
}

/** Show what came of the act before the page was shown anew. */
export function recall(grid) {
  const text = take();
  if (!text) return;
  const { page, style, title, lines } = JSON.parse(text);
  if (page !== location.pathname) return;
  grid.tell(style, title, lines.length ? make("ul", {}, ...lines.map((line) => make("li", {}, line))) : "");
}

/** Whether nothing is left unsaved; a request that is under way is waited for. */
async function storeAll(grid) {
  for (let round = 0; round < 20 && grid.saving.count() > grid.saving.countHeld(); round += 1) {
    await grid.saving.saveNow(true);
    if (grid.saving.count()) await new Promise((resolve) => setTimeout(resolve, 150));
  }
  return grid.saving.count() === 0;
}

function keep({ done, refused, told, problem }, word, isStopped) {
  const parts = [`已${word} ${groupDigits(String(done))} 行`];
  if (refused) parts.push(`${groupDigits(String(refused))} 行没有${word}`);
  if (isStopped) parts.push("其余的没有动");
  const lines = told.map(({ name, message }) => `${name}：${message}`);
  if (refused > told.length) lines.push(`另有 ${groupDigits(String(refused - told.length))} 行。`);
  if (problem) lines.push(problem);
  const style = refused || problem ? "error" : "good";
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ page: location.pathname, style, title: parts.join("，"), lines }));
  } catch {
    // Without storage the page itself shows what is left.
  }
}

function take() {
  try {
    const text = sessionStorage.getItem(KEPT);
    sessionStorage.removeItem(KEPT);
    return text;
  } catch {
    return null;
  }
}
